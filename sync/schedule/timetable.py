"""What runs when, for `roster-sync schedule --list`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from access_service.due import next_due
from access_service.settings import District, Settings
from access_service.storage import requests, runs
from access_service.storage.engine import Databases, database_errors
from access_service.storage.runs import GOOD_NIGHTS


@dataclass(frozen=True, slots=True)
class Line:
    """One district; `next_due` and `last_good` are UTC, `asked_by` are those whose requests wait."""

    district: District
    next_due: datetime | None
    last_good: datetime | None
    asked_by: Sequence[str]


def timetable(settings: Settings, databases: Databases, now: datetime) -> list[Line]:
    """A line for each district. Starts nothing. Errors: StorageError."""
    with database_errors(), databases.reader.connect() as connection:
        waiting = requests.waiting(connection)
        good = {code: runs.latest(connection, code, GOOD_NIGHTS) for code in settings.districts}
    return [
        Line(district, next_due(district, now), night.started_at if night else None, waiting.get(code, ()))
        for code, district in settings.districts.items()
        for night in [good[code]]
    ]


def as_json(line: Line, today: date) -> dict[str, Any]:
    """One object; times as ISO 8601, the next one in the district's zone and in UTC."""
    schedule, zone = line.district.schedule, line.district.zone
    facts: dict[str, Any] = {"district": line.district.code, "scheduled": schedule is not None}
    if schedule:
        facts |= {
            "cron": list(schedule.cron),
            "next": line.next_due.astimezone(zone).isoformat() if line.next_due else None,
            "next_utc": line.next_due.isoformat() if line.next_due else None,
            "jitter_seconds": schedule.jitter_seconds,
            "poll_minutes": schedule.poll_minutes,
            "poll_from": f"{schedule.poll_from:%H:%M}",
            "poll_until": f"{schedule.poll_until:%H:%M}",
            "blackout": [
                {"first": str(days.first), "last": str(days.last)} for days in schedule.blackout if days.last >= today
            ],
        }
    last = line.last_good.isoformat() if line.last_good else None
    return facts | {"last_good_night": last, "asked_by": list(line.asked_by)}


def as_text(line: Line, today: date) -> str:
    """Some lines for a person."""
    schedule, zone = line.district.schedule, line.district.zone
    said = [line.district.code]
    if not schedule:
        said.append("  not scheduled: it has no [schedule] table")
    elif due := line.next_due:
        jitter = f", up to {schedule.jitter_seconds} s later" if schedule.jitter_seconds else ""
        local = due.astimezone(zone)
        said.append(f"  next       {local:%a %Y-%m-%d %H:%M} {local.tzname()} ({due:%Y-%m-%d %H:%M} UTC){jitter}")
    else:
        said.append(f"  next       never: the agreement ends on {line.district.agreement.ends}")
    if schedule and schedule.poll_minutes:
        hours = f"from {schedule.poll_from:%H:%M} until {schedule.poll_until:%H:%M}"
        whole = schedule.poll_from == schedule.poll_until
        said.append(f"  poll       every {schedule.poll_minutes:g} min, {'all day' if whole else hours}")
    if schedule and (out := [f"{days.first} to {days.last}" for days in schedule.blackout if days.last >= today]):
        said.append(f"  blackout   {', '.join(out)}")
    said.append(f"  last good  {line.last_good:%Y-%m-%d %H:%M} UTC" if line.last_good else "  last good  none yet")
    if line.asked_by:
        said.append(f"  asked for  by {', '.join(line.asked_by)}")
    return "\n".join(said)
