"""What the ledger knows of tonight's file: undone, older than the last one, or an old one come back."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection

from access_service.storage import runs, undone
from access_service.storage.runs import GOOD_NIGHTS, DistrictState, Outcome
from sync.arrival import written
from sync.guard import Finding, Reason
from sync.order import Job
from sync.sftp import Landed

# By how much a district's clock may go back between two exports.
CLOCK_SKEW = timedelta(minutes=5)


def file_reasons(
    connection: Connection, job: Job, landed: Landed, state: DistrictState | None, *, partial: bool
) -> Iterator[Reason]:
    """The reasons to hold a file that was there before. A partial one that is older is refused, and one that came
    before says what is so already."""
    if run := undone.of_file(connection, job.code, landed.sha256):
        # The district may send it every night.
        text = f"this file, applied by run {run.run_id}, was undone by run {run.undone_by}"
        yield Reason(Finding.UNDONE_FILE, f"{text}; to have it applied, undo run {run.undone_by}")
    if partial or job.replay or state is None or state.file_sha256 == landed.sha256:
        return
    if earlier := runs.of_file(connection, job.code, landed.sha256):
        text = f"run {earlier.run_id} of {earlier.started_at:%Y-%m-%d} applied this very file"
        yield Reason(Finding.REPLAYED_FILE, f"{text}, and newer ones came since")
    elif (wrote := written(job, landed)) < state.seen_at - CLOCK_SKEW:
        last = runs.latest(connection, job.code, (*GOOD_NIGHTS, Outcome.HELD_IN_PART))
        text = f"the file was written {wrote:%Y-%m-%d %H:%M} UTC, before that of {state.seen_at:%Y-%m-%d %H:%M} UTC"
        yield Reason(Finding.OLDER_FILE, f"{text}, which run {last.run_id} had" if last else text)
