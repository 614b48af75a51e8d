"""Exceptions end by themselves on their day; the night that comes after clears them away, and says so."""

from access_service.audit import Action, Deed
from access_service.storage import exceptions, overrides, seen
from access_service.storage.exceptions import ExceptionKind, Granted
from access_service.storage.overrides import Override
from sync.order import Job, auditor

# So many days ahead a night says what will end.
DAYS_AHEAD = 14

Facts = dict[str, dict[str, list[str]]]


def end(job: Job) -> Facts:
    """Clear away what ended before today, in one transaction that is on record; what the report says of it, and of
    what ends soon. The caller has the district to itself."""
    today = job.now().astimezone(job.district.zone).date()
    with job.databases.reader.connect() as connection:
        granted = exceptions.of_district(connection, job.code)
        held = overrides.of_district(connection, job.code)
        overtaken = exceptions.overtaken(connection, job.code)
    over = [each for each in granted if each.until < today]
    let_go = [each for each in held if each.until and each.until < today]
    if over or let_go:
        _clear(job, over, let_go)
    soon = [
        *map(_told, exceptions.ending(granted, today, DAYS_AHEAD)),
        *map(_told_field, (each for each in held if each.until and 0 <= (each.until - today).days <= DAYS_AHEAD)),
    ]
    facts = {
        "ended": [*map(_told, over), *map(_told_field, let_go)],
        "ending": soon,
        "overtaken": [_told(each) for each in granted if each.patron_id in overtaken and each not in over],
    }
    found = {what: lines for what, lines in facts.items() if lines}
    return {"exceptions": found} if found else {}


def _clear(job: Job, over: list[Granted], let_go: list[Override]) -> None:
    what = f"{len(over)} exceptions and {len(let_go)} fields set by hand"
    before = {"exceptions": [each.exception for each in over], "fields": [_told_field(each) for each in let_go]}
    with auditor(job).transaction(job.databases) as record:
        exceptions.remove(record.connection, over)
        for each in let_go:
            overrides.drop(record.connection, each.patron_id, each.field)
        freed = {each.patron_id for each in over if each.patron_id} | {each.patron_id for each in let_go}
        seen.void(record.connection, job.code, freed)
        record.note(Deed(Action.EXCEPTION_END, what, "their last day is over", job.code, before=before))


def _told(granted: Granted) -> str:
    whom = f" of patron {granted.patron_id}" if granted.patron_id and granted.kind is ExceptionKind.SKIP else ""
    return f"exception {granted.exception} ({granted.kind.replace('_', ' ')}{whom}, until {granted.until})"


def _told_field(override: Override) -> str:
    return f"{override.field} of patron {override.patron_id} (set by hand, until {override.until})"
