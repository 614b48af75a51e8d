"""When a district's nights are due. A time of day that the clocks skip or double is one moment all the same."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

from access_service.domain.cron import Cron
from access_service.settings import District

DAY = timedelta(days=1)


def next_due(district: District, after: datetime) -> datetime | None:
    """The first moment later than `after` at which a night is due, UTC; None where the agreement ends before."""
    if not district.schedule:
        return None
    firsts = (next(_moments(district, cron, after), None) for cron in district.schedule.times)
    return min((moment for moment in firsts if moment), default=None)


def is_owed(district: District, last_run: datetime | None, now: datetime) -> bool:
    """Whether a due time has passed since the last run, and a night may be now. Never before the first run."""
    due = next_due(district, last_run) if last_run else None
    return bool(due and due <= now and is_open(district, now.astimezone(district.zone).date()))


def is_open(district: District, day: date) -> bool:
    """Whether the schedule may start anything on a day."""
    agreement = district.agreement
    out = district.schedule and district.schedule.is_out(day)
    return agreement.starts <= day <= agreement.ends and not out


def due_days(district: District, after: datetime, until: datetime) -> frozenset[date]:
    """The days, by the district's clock, on which nights were due, later than `after` and not later than `until`."""
    crons = district.schedule.times if district.schedule else ()
    moments = (takewhile(lambda moment: moment <= until, _moments(district, cron, after)) for cron in crons)
    return frozenset(moment.astimezone(district.zone).date() for each in moments for moment in each)


def _moments(district: District, cron: Cron, after: datetime) -> Iterator[datetime]:
    """Of a doubled hour it is the first one. A time that was skipped is as late as the clocks were put forward."""
    # From as early as the wall showed by either offset, for a skipped time's moment is read by the old one.
    walls = [moment.astimezone(district.zone).replace(tzinfo=None) for moment in (after, after - DAY)]
    start = min(walls[0], walls[1] + DAY)
    times = takewhile(lambda wall: wall.date() <= district.agreement.ends, cron.times(start))
    for wall in times:
        moment = wall.replace(tzinfo=district.zone).astimezone(UTC)
        if moment > after and is_open(district, wall.date()):
            yield moment
