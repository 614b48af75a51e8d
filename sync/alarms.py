"""What nobody has noticed yet: a night that did not come, a file that did not, an agreement that ends."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from access_service.due import next_due
from access_service.settings import District
from access_service.storage.runs import DistrictState, Run

# Days before the end of an agreement on which it is told, and daily in the last week.
AHEAD = (60, 30, *range(8))


class AlarmCode(StrEnum):
    LATE_NIGHT = "late_night"
    NO_NEW_FILE = "no_new_file"
    AGREEMENT_ENDING = "agreement_ending"
    AGREEMENT_ENDED = "agreement_ended"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a person should see to; the text names it."""

    code: AlarmCode
    text: str


def alarms(district: District, last_good: Run | None, state: DistrictState | None, now: datetime) -> list[Alarm]:
    """All that is wrong with a scheduled district now. Before its first good night only the agreement can be."""
    found = [_agreement(district, now)]
    if last_good:
        found.append(late_night(district, last_good.started_at, now))
    if state:
        found.append(_no_file(district, state.seen_at, now))
    return [alarm for alarm in found if alarm]


def _agreement(district: District, now: datetime) -> Alarm | None:
    ends = district.agreement.ends
    left = (ends - now.astimezone(district.zone).date()).days
    if left < 0:
        return Alarm(AlarmCode.AGREEMENT_ENDED, f"the agreement ended on {ends}; no night is run any more")
    if left in AHEAD:
        return Alarm(AlarmCode.AGREEMENT_ENDING, f"the agreement ends on {ends}, in {left} days")
    return None


def late_night(district: District, last_good: datetime, now: datetime) -> Alarm | None:
    """Of a scheduled district: a night was due since the last good one, and too long ago."""
    due = next_due(district, last_good)
    if due and district.schedule and now - due > timedelta(hours=district.schedule.late_hours):
        text = f"a night was due at {due:%Y-%m-%d %H:%M} UTC; the last good one was at {last_good:%Y-%m-%d %H:%M} UTC"
        return Alarm(AlarmCode.LATE_NIGHT, text)
    return None


def _no_file(district: District, written: datetime, now: datetime) -> Alarm | None:
    """So many days on which a night was due, and the district wrote nothing newer."""
    most = district.schedule.stale_nights if district.schedule else 0
    nights: set[date] = set()
    moment = written
    while (due := next_due(district, moment)) and due <= now and len(nights) <= most:
        nights.add(due.astimezone(district.zone).date())
        moment = due
    if len(nights) > most:
        text = f"more than {most} nights since the district wrote its newest file, at {written:%Y-%m-%d %H:%M} UTC"
        return Alarm(AlarmCode.NO_NEW_FILE, text)
    return None
