"""What a run leaves behind: its row, whatever happened, and what the next night starts from."""

from contextlib import suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from access_service.audit import Action, Deed
from access_service.domain.patron import HERE
from access_service.errors import OperatorError, StorageError
from access_service.storage import runs
from access_service.storage.runs import DistrictState, Outcome
from sync.arrival import written
from sync.feedback import file_name
from sync.findings import Findings
from sync.guard import Verdict
from sync.order import Job
from sync.plan import ChangeKind, Plan
from sync.planner import Planned
from sync.quarantine import Staged
from sync.report import Report
from sync.rules import rules_of
from sync.sftp import Landed


def close(job: Job, report: Report, outcome: Outcome, found: Findings | None = None) -> None:
    """End a run that publishes nothing."""
    report.outcome = outcome
    staged = found.staged(report) if found else Staged()
    with job.databases.writer.begin() as connection:
        runs.finish(connection, report.run_id or 0, outcome, job.now(), **ledger_entry(report))
        staged.write(connection)


def fail(job: Job, report: Report, found: Findings, error: str) -> None:
    """Note the failure where the ledger can be reached; what went wrong is told either way."""
    with suppress(StorageError, SQLAlchemyError), job.databases.reader.connect() as connection:
        if not runs.under_way(connection, report.run_id or 0):
            # It went wrong after the run was applied, which no failure may hide: nobody could undo it.
            return
    report.error = error
    # Without the rows where they are what cannot be written.
    for kept in (found, None):
        with suppress(StorageError, SQLAlchemyError):
            close(job, report, Outcome.FAILED, kept)
            return


def ledger_entry(report: Report) -> dict[str, Any]:
    """The columns of a run's row that its report fills."""
    names = {"file_name": report.file["name"], "file_sha256": report.file["sha256"]} if report.file else {}
    return {**names, "report": report.as_json()}


def deed(job: Job, report: Report) -> Deed:
    """What the audit says of a run that is applied: of an approval, which run was approved, and why."""
    what = {"run": report.run_id, "rules": rules_of(job.district).version, **report.facts["counts"]}
    if approval := job.approval:
        return Deed(Action.APPROVE, f"run {approval.run_id}", approval.reason, job.code, after=what)
    return Deed(Action.RUN, f"run {report.run_id}", "", job.code, after=what)


def tell_district(job: Job, report: Report, found: Findings, error: OperatorError | None = None) -> None:
    """Only of what the district itself delivered."""
    if not job.delivered or not found.tell(job.district.feed, file_name(job.now()), report, error):
        return
    with suppress(SQLAlchemyError), job.databases.writer.begin() as connection:
        runs.retell(connection, report.run_id or 0, report.as_json())


def left_behind(
    job: Job, landed: Landed, planned: Planned, state: DistrictState | None, found: Verdict
) -> dict[str, Any]:
    """What the next night starts from: the columns of district_state."""
    whole = state is None or not planned.plan.partial
    after = {
        "basis": planned.basis,
        "file_sha256": landed.sha256,
        "file_size": landed.size if state is None or whole else state.file_size,
        "content": planned.content,
        "population": _population_after(planned.plan, state),
        "seen_at": written(job, landed),
        "profile": planned.profile.as_json() if planned.profile else "",
    }
    if job.replay and state:
        # Kept rows are no newer word of the district's.
        after |= {"file_sha256": state.file_sha256, "seen_at": state.seen_at}
    if found is Verdict.REMOVALS_WAIT and state:
        # The file was not accepted: tomorrow it is looked at again, against the last one that was.
        after |= {name: getattr(state, name) for name in ("file_sha256", "file_size", "content", "profile")}
    return after


def outcome(plan: Plan, state: DistrictState | None, found: Verdict) -> Outcome:
    """How a night ends that got as far as a plan."""
    if found is not Verdict.CLEAR:
        return Outcome.HELD if found is Verdict.HELD else Outcome.HELD_IN_PART
    # A first roster of which nobody is served has the same students as no other.
    return Outcome.APPLIED if plan.changes_patrons or state is None else Outcome.SAME_STUDENTS


def _population_after(plan: Plan, state: DistrictState | None) -> int:
    counts = plan.counts
    arrived = counts["create"] + counts[ChangeKind.RETURN]
    gone = counts[ChangeKind.LEAVE] + counts[ChangeKind.GRADUATE] + sum(one.presence in HERE for one in plan.forgotten)
    return (state.population if state else 0) + arrived - gone
