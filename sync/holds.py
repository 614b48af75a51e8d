"""What a person decides on a held night: look, approve, discard. It stands until another file has come."""

from dataclasses import replace

from access_service import decisions
from access_service.audit import Action, Deed
from access_service.errors import OperatorError
from access_service.settings import Settings
from access_service.storage import runs
from access_service.storage.engine import Databases, database_errors
from access_service.storage.runs import Outcome, Run
from sync import job as night
from sync.apply import exclusively
from sync.guard import Finding
from sync.held import HeldFile
from sync.order import Approval, Job, auditor
from sync.report import Report
from sync.rules import rules_of

SECOND = "a second person, who approves it as well"


def standing(settings: Settings, databases: Databases) -> list[Run]:
    """The held run of each district that has one, whose file is still kept."""
    with database_errors(), databases.reader.connect() as connection:
        found = [decisions.held(connection, code) for code in settings.districts]
    spool = settings.service.spool
    return [run for run in found if run and HeldFile(spool, run.district, b"").path.exists()]


def look(job: Job, run_id: int) -> Report:
    """What the held file would do now. Writes nothing; errors are OperatorError."""
    _held(job, run_id)
    return night.preview(replace(job, held=run_id))


def approve(job: Job, run_id: int, reason: str) -> Report:
    """Plan again from the held file, and apply it: what it was held for goes, and nothing else. Held as it
    was where this is the first of two people's words. Errors as `run`."""
    run = _held(job, run_id)
    most = job.district.limits.second_person_removals
    if most is not None and decisions.removals(run) > most and not _is_second(job, run, reason):
        return Report(job.code, preview=False, run_id=run_id, outcome=Outcome.HELD, facts={"waits_for": SECOND})
    findings = frozenset(finding["code"] for finding in run.report["findings"])
    if run.rules_version != rules_of(job.district).version:
        # These rules are not the ones that were looked at.
        findings -= {Finding.RULES_CHANGED}
    return night.run(replace(job, held=run_id, approval=Approval(run_id, findings, reason)))


def _is_second(job: Job, run: Run, reason: str) -> bool:
    """Whether another person has approved the run before; where nobody has, this is now the first word, on record."""
    with database_errors(), exclusively(job.databases, job.settings.service.spool, job.code):
        run = _held(job, run.run_id)
        if first := decisions.approved_first(run):
            if first == job.started_by:
                raise OperatorError(
                    f"run {run.run_id}: you have approved it already; it has {decisions.removals(run):,} removals, so"
                    " another person has to as well ([limits] second_person_removals)"
                )
            return True
        said = {"by": job.started_by, "reason": reason, "at": job.now().isoformat(timespec="seconds")}
        with auditor(job).transaction(job.databases) as record:
            runs.retell(record.connection, run.run_id, {**run.report, "approved_first": said})
            record.note(Deed(Action.APPROVE_FIRST, f"run {run.run_id}", reason, job.code))
    return False


def discard(job: Job, run_id: int, reason: str) -> Run:
    """Throw the held file away. The next one is looked at as ever, the same bytes too."""
    with database_errors(), exclusively(job.databases, job.settings.service.spool, job.code):
        run = _held(job, run_id)
        said = {"by": job.started_by, "reason": reason, "at": job.now().isoformat(timespec="seconds")}
        with auditor(job).transaction(job.databases) as record:
            finished, report = run.finished_at or job.now(), {**run.report, "discarded": said}
            runs.finish(record.connection, run_id, Outcome.DISCARDED, finished, report=report)
            record.note(Deed(Action.DISCARD, f"run {run_id}", reason, job.code))
        HeldFile(job.settings.service.spool, job.code, b"").forget()
    return run


def of_district(job: Job) -> Job:
    """The job with the file that is held of its district. Errors: OperatorError."""
    run = next((run for run in standing(job.settings, job.databases) if run.district == job.code), None)
    if run is None:
        raise OperatorError(f"no file of {job.code} is held; `--file` takes one on this machine")
    return replace(job, held=run.run_id)


def _held(job: Job, run_id: int) -> Run:
    found = [run for run in standing(job.settings, job.databases) if run.run_id == run_id]
    if found:
        return found[0]
    with database_errors(), job.databases.reader.connect() as connection:
        decided, newest = decisions.decision(connection, run_id), decisions.held(connection, job.code)
    if decided:
        raise OperatorError(f"run {run_id} {decided}; nothing was done")
    if newest and newest.run_id == run_id:
        raise OperatorError(
            f"run {run_id}: its file was kept for [agreement] raw_days and is gone; let a run fetch it again"
        )
    raise OperatorError(f"run {run_id} is not held, or no more; `roster-sync holds` lists those that are")
