"""The last nights at a glance: a square each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from access_service.storage.runs import GOOD_NIGHTS, HOLDS, Brief, Outcome
from access_service.web.admin.nights.words import MISSED, NONE, OUTCOMES, UNDONE, Word

NIGHTS = 60
# Of several runs of one day the first of these tells how it went.
ORDER = (*GOOD_NIGHTS, *HOLDS, Outcome.DISCARDED, Outcome.RUNNING, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Square:
    """A day where the district is. `run_id` is that of the run that tells how it went, if there was one."""

    day: date
    word: Word
    run_id: int | None


def strip(found: Iterable[Brief], due: frozenset[date], today: date, zone: ZoneInfo) -> list[Square]:
    """The oldest first. An undo and a change by hand are no nights; today's night may still come."""
    nights: dict[date, list[Brief]] = {}
    for run in found:
        if run.undoes is None and run.outcome in ORDER:
            nights.setdefault(run.started_at.astimezone(zone).date(), []).append(run)
    first = min(nights, default=today)
    days = [today - timedelta(days=n) for n in reversed(range(NIGHTS))]
    return [_square(day, nights.get(day, []), missed=first < day < today and day in due) for day in days]


def _square(day: date, nights: list[Brief], *, missed: bool) -> Square:
    if not nights:
        return Square(day, MISSED if missed else NONE, None)
    told = min(nights, key=lambda run: (bool(run.undone_by), ORDER.index(run.outcome), -run.run_id))
    return Square(day, UNDONE if told.undone_by else OUTCOMES[told.outcome], told.run_id)
