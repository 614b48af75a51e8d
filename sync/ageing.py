"""What the agreement lets nobody keep any longer, with or without a run."""

from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from access_service.audit import Action, Deed
from access_service.storage import ageing, attempts, runs, schema
from access_service.storage.engine import database_errors, day_transaction
from access_service.storage.runs import GOOD_NIGHTS, HOLDS, Outcome
from sync.apply import exclusively
from sync.held import HeldFile
from sync.order import Job, auditor, sync_key
from sync.quarantine import age_out
from sync.retired import retire
from sync.shred import shred


class Aged(StrEnum):
    """What went: sealed files of holds, rows of the quarantine, what undos of old runs need, and who patrons were."""

    HELD_FILES = "held_files"
    QUARANTINE_ROWS = "quarantine_rows"
    UNDOS = "undos"
    PATRONS = "patrons"


def age(job: Job) -> dict[str, int]:
    """Let go of what is too old in a district; counts by Aged, those of nothing left out. The caller has the district
    to itself. Errors: OperatorError."""
    today = job.now().astimezone(job.district.zone).date()
    entry = auditor(job)
    entry.check_heads()
    head = None
    with day_transaction(job.databases.reader) as day:
        attempts.age(day, int(job.now().timestamp()))
    held = _held_too_long(job)
    with job.databases.writer.begin() as connection:
        counts = {
            Aged.HELD_FILES: int(held),
            Aged.QUARANTINE_ROWS: age_out(connection, job.settings.districts, job.now().date()),
            Aged.UNDOS: _age_images(job, connection, today),
            Aged.PATRONS: _forget(job, connection, today),
        }
        went = {kind.value: count for kind, count in counts.items() if count}
        if went:
            head = entry.note(connection, Deed(Action.AGE, f"district {job.code}", district=job.code, after=went))
    if head:
        entry.checkpoint(head)
    if held:
        # Only now that it is on record: no transaction that is taken back brings a shredded file back.
        HeldFile(job.settings.service.spool, job.code, b"").forget()
    return went


def age_alone(job: Job) -> dict[str, int]:
    """The same without a run, and whatever one that was killed left. Errors: BusyError where one is under way."""
    with database_errors():
        schema.check(job.databases)
        with exclusively(job.databases, job.settings.service.spool, job.code):
            _sweep(job)
            return age(job)


def _sweep(job: Job) -> None:
    """Shred what a run that was killed left in the spool."""
    left = job.settings.service.spool / job.code
    if left.exists():
        shred(left)


def _held_too_long(job: Job) -> bool:
    if not HeldFile(job.settings.service.spool, job.code, b"").path.exists():
        return False
    with job.databases.reader.connect() as connection:
        run = runs.latest(connection, job.code, HOLDS)
    oldest = job.now() - timedelta(days=job.district.agreement.raw_days)
    return run is None or (run.finished_at or run.started_at) < oldest


def _age_images(job: Job, connection: Connection, today: date) -> int:
    # An undo would bring back those who are all forgotten.
    days = 0 if _over(job, today) else job.district.agreement.undo_days
    before = job.now() - timedelta(days=days)
    return ageing.age_images(connection, job.code, before, today)


def _over(job: Job, today: date) -> bool:
    """Whether the agreement ended so long ago that nobody of the district is known any more.

    Not sooner after the last good night either: a wrong date in a file must not forget everybody at once.
    """
    agreement = job.district.agreement
    forgets = timedelta(days=agreement.forget_days)
    if agreement.last_day + forgets >= today:
        return False
    with job.databases.reader.connect() as connection:
        last = runs.latest(connection, job.code, (*GOOD_NIGHTS, Outcome.HELD_IN_PART))
    return last is None or last.started_at + forgets < job.now()


def _forget(job: Job, connection: Connection, today: date) -> int:
    agreement = job.district.agreement
    before = today - timedelta(days=agreement.forget_days)
    over = _over(job, today)
    forgotten = ageing.forgettable(connection, job.code, before, everybody=over)
    if over:
        ageing.forget_roster(connection, job.code)
    if forgotten:
        with job.databases.reader.connect() as day:
            ageing.forget_use(day, [each.patron_id for each in forgotten])
        retired = retire(sync_key(), job.code, forgotten)
        ageing.forget(connection, forgotten, retired, agreement.last_day + timedelta(days=1), today)
    return len(forgotten)
