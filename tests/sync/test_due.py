"""When nights are due: both nights of the clocks, blackouts, agreements, outages, and what alarms of."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.due import is_owed, next_due
from access_service.settings import District, load
from access_service.storage.runs import DistrictState, Outcome, Run
from sync.alarms import AlarmCode, alarms
from sync.schedule.shift import Nights

DEMO = load(Path("config")).district("demo")
BLACKOUT = [{"first": date(2026, 12, 21), "last": date(2027, 1, 3)}]
SPRING, FALL = date(2027, 3, 14), date(2026, 11, 1)


def at(text: str) -> datetime:
    """A moment in UTC, such as "2026-11-01 05:30"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def district(cron: str | list[str] = "30 3 * * *", zone: str = "America/New_York", **schedule: Any) -> District:
    raw = DEMO.model_dump()
    raw["district"]["timezone"] = zone
    raw["schedule"] = {"cron": [cron] if isinstance(cron, str) else cron, **schedule}
    return District.model_validate(raw)


def nights(of: District, first: date, days: int) -> list[str]:
    """Every due time of so many days in their zone, as the scheduler goes from one to the next."""
    trigger, found = Nights(of), []
    moment = datetime.combine(first, datetime.min.time(), of.zone).astimezone(UTC)
    end = datetime.combine(first + timedelta(days), datetime.min.time(), of.zone)
    previous = None
    while (due := trigger.get_next_fire_time(previous, moment)) and due < end:
        found.append(f"{due.astimezone(of.zone):%m-%d %H:%M%z}")
        previous, moment = due, due + timedelta(milliseconds=1)
    return found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 1 * * *", ["03-14 01:30-0500", "03-15 01:30-0400"]),
        ("0 2 * * *", ["03-14 03:00-0400", "03-15 02:00-0400"]),
        ("30 2 * * *", ["03-14 03:30-0400", "03-15 02:30-0400"]),
        ("59 2 * * *", ["03-14 03:59-0400", "03-15 02:59-0400"]),
        ("0 3 * * *", ["03-14 03:00-0400", "03-15 03:00-0400"]),
        ("30 2,3 * * *", ["03-14 03:30-0400", "03-15 02:30-0400", "03-15 03:30-0400"]),
    ],
)
def test_the_night_that_skips_an_hour(cron: str, expected: list[str]) -> None:
    """A time that there is not that night is run once, an hour late by the clock; one that two times mean, once."""
    assert nights(district(cron), SPRING, 2) == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 0 * * *", ["11-01 00:30-0400", "11-02 00:30-0500"]),
        ("0 1 * * *", ["11-01 01:00-0400", "11-02 01:00-0500"]),
        ("30 1 * * *", ["11-01 01:30-0400", "11-02 01:30-0500"]),
        ("0 2 * * *", ["11-01 02:00-0500", "11-02 02:00-0500"]),
    ],
)
def test_the_night_that_doubles_an_hour(cron: str, expected: list[str]) -> None:
    """A time that there is twice that night is run once, the first time."""
    assert nights(district(cron), FALL, 2) == expected


@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from([SPRING, FALL]), st.integers(0, 3 * 86400))
def test_a_start_at_any_second_of_such_nights_changes_nothing(hour: int, minute: int, day: date, late: int) -> None:
    """Whenever a scheduler starts, the next due time is the one that it would have come to."""
    of = district(f"{minute} {hour} * * *")
    begin = datetime.combine(day - timedelta(1), datetime.min.time(), UTC)
    due, start = begin, begin + timedelta(seconds=late)
    while due <= start:
        following = next_due(of, due)
        assert following and following > due
        due = following
    assert next_due(of, start) == due


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata", "Pacific/Auckland"])
@pytest.mark.parametrize("cron", ["0 2 * * *", "15 2 * * *", "45 1 * * *"])
def test_once_a_day_in_every_zone(zone: str, cron: str) -> None:
    """Also where clocks move by half an hour, or in the other half of the year."""
    found = nights(district(cron, zone), date(2026, 1, 1), 365)
    assert [night[:5] for night in found] == [f"{date(2026, 1, 1) + timedelta(n):%m-%d}" for n in range(365)]


def test_several_times_are_one_row() -> None:
    """Whichever comes first, and one for both at the same moment."""
    of = district(["0 6 * * *", "0 22 * * mon-fri", "0 6 1 * *"])
    assert [night[:11] for night in nights(of, date(2026, 11, 29), 3)] == [
        "11-29 06:00",
        "11-30 06:00",
        "11-30 22:00",
        "12-01 06:00",
        "12-01 22:00",
    ]


def test_jitter_is_later_and_never_a_second_time() -> None:
    """Each night within its hour, and one a day."""
    found = nights(district(jitter_seconds=3600), date(2026, 6, 1), 30)
    assert len({night[:5] for night in found}) == len(found) == 30
    assert {night[6:8] for night in found} == {"03", "04"}


def test_no_night_on_a_day_of_the_blackout_or_after_the_agreement() -> None:
    """Days by the district's clock, both ends included."""
    of = district(blackout=BLACKOUT)
    due = next_due(of, at("2026-12-20 12:00"))
    assert due == at("2027-01-04 08:30")
    assert next_due(of, at("2034-06-30 00:00")) == at("2034-06-30 07:30")
    assert next_due(of, at("2034-06-30 12:00")) is None
    assert next_due(DEMO, at("2026-12-20 12:00")) is None


@pytest.mark.parametrize(
    ("last", "now", "owed"),
    [
        (None, "2026-11-22 12:00", False),
        ("2026-11-22 08:30", "2026-11-22 12:00", False),
        ("2026-11-21 08:31", "2026-11-22 08:29", False),
        ("2026-11-21 08:31", "2026-11-22 08:30", True),
        ("2026-11-10 08:31", "2026-11-22 12:00", True),
        # Run by hand in the afternoon, after the outage.
        ("2026-11-22 18:00", "2026-11-22 19:00", False),
        ("2026-12-20 09:00", "2026-12-22 12:00", False),
        ("2034-06-29 09:00", "2034-07-01 12:00", False),
    ],
)
def test_what_is_owed_after_an_outage(last: str | None, now: str, owed: bool) -> None:
    """A night, if one was due since the last run; none on a day without nights."""
    of = district(blackout=BLACKOUT)
    assert is_owed(of, at(last) if last else None, at(now)) is owed


def good(when: str) -> Run:
    return Run(1, "demo", "", at(when), at(when), Outcome.APPLIED, "", None, None, {}, None, None, None)


def file_of(when: str) -> DistrictState:
    return DistrictState(1, "", "", 0, b"", 0, at(when), "")


@pytest.mark.parametrize(
    ("last", "now", "late"),
    [
        ("2026-11-23 08:30", "2026-11-24 10:30", False),
        ("2026-11-23 08:30", "2026-11-24 10:31", True),
        ("2026-11-24 08:31", "2026-11-24 23:00", False),
        # Nothing is due on a weekend, nor in the blackout.
        ("2026-11-27 08:31", "2026-11-30 08:00", False),
        ("2026-12-18 08:31", "2027-01-03 08:00", False),
        ("2026-12-18 08:31", "2027-01-04 11:00", True),
    ],
)
def test_a_late_night_is_one_that_was_due(last: str, now: str, late: bool) -> None:
    """The alarm comes `late_hours` after the time of the night, and not for one that was not to be."""
    of = district("30 3 * * 1-5", blackout=BLACKOUT)
    codes = [alarm.code for alarm in alarms(of, good(last), None, at(now))]
    assert codes == ([AlarmCode.LATE_NIGHT] if late else [])


@pytest.mark.parametrize(("now", "old"), [("2026-11-24 09:00", False), ("2026-11-25 09:00", True)])
def test_an_export_that_died_is_told_though_nights_are_good(now: str, old: bool) -> None:
    """The same file every night is a good night, until it was so too many times."""
    codes = [alarm.code for alarm in alarms(district(), good(now), file_of("2026-11-22 04:00"), at(now))]
    assert codes == ([AlarmCode.NO_NEW_FILE] if old else [])


def test_the_end_of_an_agreement_comes_in_time() -> None:
    """60 and 30 days before, daily in the last week, and every day after."""
    days: dict[AlarmCode, list[int]] = {}
    for left in range(90, -3, -1):
        now = at("2034-06-30 20:00") - timedelta(left)
        for alarm in alarms(district(), None, None, now):
            days.setdefault(alarm.code, []).append(left)
    assert days == {
        AlarmCode.AGREEMENT_ENDING: [60, 30, 7, 6, 5, 4, 3, 2, 1, 0],
        AlarmCode.AGREEMENT_ENDED: [-1, -2],
    }
