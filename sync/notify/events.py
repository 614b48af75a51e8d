"""What there is to tell of a district today: from the ledger, the agreement and what was told before. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from access_service.notices import Event
from access_service.settings import District
from access_service.storage.notices import News, Notice
from access_service.storage.runs import GOOD_NIGHTS, Outcome, Run
from sync.alarms import late_night
from sync.guard import Finding
from sync.notify.words import ending, load_late, missed, recovered, trouble

TROUBLE = {Outcome.FAILED: Event.FAILED, Outcome.HELD: Event.HELD, Outcome.HELD_IN_PART: Event.HELD_IN_PART}
DRIFT = {Finding.BLANKS, Finding.GRADE_MIX, Finding.ID_SHAPE, Finding.SCHOOLS_GONE}
# Of what a good night is the end.
BAD_NEWS = (*TROUBLE.values(), Event.DRIFT, Event.MISSED, Event.LOAD_LATE)
# Days before the end of an agreement.
WARNINGS = (0, 7, 30, 60)


@dataclass(frozen=True, slots=True)
class Situation:
    """`newest` is the last night that ended, however, and `good` the last one that ended well. `known` is what was
    told or is to be, the oldest first."""

    district: District
    now: datetime
    newest: Run | None
    good: Run | None
    known: Sequence[Notice]

    @property
    def today(self) -> date:
        return self.now.astimezone(self.district.zone).date()

    def last(self, *events: Event) -> News | None:
        return next((each.news for each in reversed(self.known) if each.news.event in events), None)


def due(of: Situation) -> Iterator[News]:
    """All that people are to know today, told already or not."""
    wanted = of.district.notify.on
    agreed = of.today <= of.district.agreement.ends
    for events, news in [*(_nights(of) if agreed else ()), *_agreement(of)]:
        if chosen := [event for event in Event if event in events & wanted]:
            run_id, about, text = news
            yield News(chosen[0], of.today, run_id, about, text)


Told = tuple[set[Event], tuple[int | None, str, str]]


def _nights(of: Situation) -> Iterator[Told]:
    newest, patience = of.newest, timedelta(hours=of.district.notify.missed_hours)
    if newest is None:
        return
    recent = of.now - _ended(newest) <= patience
    if newest.outcome in TROUBLE and recent:
        yield _trouble(of, newest, TROUBLE[newest.outcome])
    elif of.good and _is_missed(of, of.good):
        yield {Event.MISSED}, (of.good.run_id, "", missed(of.good, of.now))
    elif late := _late_load(newest):
        if newest.outcome in GOOD_NIGHTS and recent:
            yield {Event.LOAD_LATE}, (newest.run_id, late, load_late(newest, late))
    elif newest.outcome in GOOD_NIGHTS and _heard_of_trouble(of, newest):
        yield {Event.RECOVERED}, (newest.run_id, "", recovered(newest))


def _late_load(run: Run) -> str:
    """Why the ILS does not know yet what a run did, or ""."""
    return str(run.report.get("ils_load", {}).get("late", ""))


def _is_missed(of: Situation, good: Run) -> bool:
    """By the times of the schedule, which knows weekends and blackouts; by hours alone where there is none."""
    if of.district.schedule:
        return late_night(of.district, good.started_at, of.now) is not None
    return of.now - _ended(good) > timedelta(hours=of.district.notify.missed_hours)


def _trouble(of: Situation, run: Run, event: Event) -> Told:
    codes = sorted({finding["code"] for finding in run.report.get("findings", [])})
    about = f"{run.outcome} {run.file_sha256} {' '.join(codes)} {run.report.get('error') or ''}"
    before = of.last(*TROUBLE.values(), Event.DRIFT)
    same = before if before and before.about == about and before.day < of.today else None
    events = {event, Event.DRIFT} if DRIFT.intersection(codes) else {event}
    return events, (run.run_id, about, trouble(run, of.good, same))


def _heard_of_trouble(of: Situation, newest: Run) -> bool:
    """Whether the last thing that was heard of the nights is a trouble, and this one came after it."""
    heard = [each.news for each in of.known if each.told and each.news.event in (*BAD_NEWS, Event.RECOVERED)]
    return bool(heard) and heard[-1].event in BAD_NEWS and newest.run_id > (heard[-1].run_id or 0)


def _agreement(of: Situation) -> Iterator[Told]:
    ends = of.district.agreement.ends
    stage = next((days for days in WARNINGS if (ends - of.today).days <= days), None)
    about = f"{ends} {stage}"
    told_before = [each.news for each in of.known if each.news.about == about and each.news.day < of.today]
    if stage is not None and not told_before:
        yield {Event.AGREEMENT_ENDING}, (None, about, ending(of.district, of.today))


def _ended(run: Run) -> datetime:
    return (run.finished_at or run.started_at).astimezone(UTC)
