"""What a client asks in an hour and on a day: its budget of wrong PINs, and what an operator should see to.

Hours and days are counted since 1970, UTC; moments are in seconds.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

HOUR, DAY = 3600, 86400
# A client's budget of wrong PINs, and that for each such number of new right ones there is one more.
WRONG_AN_HOUR, WRONG_A_DAY, GOOD_FOR_ONE = 60, 300, 2
# So much of it is kept for PINs that other processes check just now and count after it.
UNDER_WAY = 16
LOCKS_AN_HOUR, GOOD_FOR_ONE_LOCK = 20, 20
# From so many questions on, no more than this part may be about numbers of nobody.
ENOUGH_ASKED, UNKNOWN_PART = 100, 0.2


class Alarm(StrEnum):
    """What an operator should see to, each once a day and client."""

    HALF_SPENT = "half_spent"
    SPENT = "spent"
    UNKNOWN_NUMBERS = "unknown_numbers"
    MANY_LOCKS = "many_locks"
    KNOWN_PATRONS = "known_patrons"
    PATRON_STOPPED = "patron_stopped"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one client asked in this hour and on this day. `good` are right PINs of patrons who were not known good,
    `exempt` wrong ones of patrons who are; until `tight_until` a PIN is counted before it is checked."""

    hour: int = 0
    hour_wrong: int = 0
    hour_good: int = 0
    hour_locks: int = 0
    day: int = 0
    asked: int = 0
    unknown: int = 0
    wrong: int = 0
    good: int = 0
    exempt: int = 0
    refused: int = 0
    alarms: int = 0
    tight_until: int = 0

    @property
    def hour_budget(self) -> int:
        return WRONG_AN_HOUR + self.hour_good // GOOD_FOR_ONE

    @property
    def day_budget(self) -> int:
        return WRONG_A_DAY + self.good // GOOD_FOR_ONE

    @property
    def hour_limit(self) -> int:
        """With so many wrong PINs this hour no more of new patrons are tried; those under way come on top."""
        return self.hour_budget - UNDER_WAY

    @property
    def day_limit(self) -> int:
        return self.day_budget - UNDER_WAY

    @property
    def spent_until(self) -> int:
        """The moment at which PINs of new patrons are tried again; 0 where they are now."""
        if self.wrong >= self.day_limit:
            return (self.day + 1) * DAY
        return (self.hour + 1) * HOUR if self.hour_wrong >= self.hour_limit else 0

    @property
    def locks_too_many(self) -> bool:
        """Whether it locked so many people this hour that it may lock no more."""
        return self.hour_locks >= LOCKS_AN_HOUR + self.hour_good // GOOD_FOR_ONE_LOCK

    @property
    def seeks_numbers(self) -> bool:
        """Whether it asks of too many numbers that are nobody's."""
        return self.asked >= ENOUGH_ASKED and self.unknown > UNKNOWN_PART * self.asked

    @property
    def raised(self) -> tuple[Alarm, ...]:
        """Today's alarms."""
        return tuple(alarm for bit, alarm in enumerate(Alarm) if self.alarms >> bit & 1)


def rolled(traffic: Traffic, now: int) -> Traffic:
    """The counts as they stand now: those of another hour or day are none."""
    if traffic.day != now // DAY:
        return Traffic(hour=now // HOUR, day=now // DAY)
    if traffic.hour != now // HOUR:
        return replace(traffic, hour=now // HOUR, hour_wrong=0, hour_good=0, hour_locks=0)
    return traffic


def with_questions(traffic: Traffic, asked: int, unknown: int, good: int) -> Traffic:
    """The traffic with so many more questions, so many of numbers that are nobody's, and patrons who are new here."""
    more = {"asked": traffic.asked + asked, "unknown": traffic.unknown + unknown, "good": traffic.good + good}
    seen = replace(traffic, hour_good=traffic.hour_good + good, **more)
    alarm = seen.seeks_numbers << list(Alarm).index(Alarm.UNKNOWN_NUMBERS)
    return replace(seen, alarms=seen.alarms | alarm)


def watched(traffic: Traffic, *, refused: bool, stopped: bool) -> Traffic:
    """After a guess: the traffic with the alarms that it gives, and how long PINs are to be counted first."""
    hour_tight, day_tight = traffic.hour_wrong * 2 >= traffic.hour_budget, traffic.wrong * 2 >= traffic.day_budget
    holds = {
        Alarm.HALF_SPENT: hour_tight or day_tight,
        Alarm.SPENT: refused,
        Alarm.UNKNOWN_NUMBERS: traffic.seeks_numbers,
        Alarm.MANY_LOCKS: traffic.locks_too_many,
        Alarm.KNOWN_PATRONS: traffic.exempt >= traffic.day_budget,
        Alarm.PATRON_STOPPED: stopped,
    }
    alarms = traffic.alarms | sum(1 << bit for bit, alarm in enumerate(Alarm) if holds[alarm])
    ends = (traffic.hour + 1) * HOUR * hour_tight, (traffic.day + 1) * DAY * day_tight
    refusals = traffic.refused + refused
    return replace(traffic, refused=refusals, alarms=alarms, tight_until=max(traffic.tight_until, *ends))
