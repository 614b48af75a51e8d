"""The night: fetch, read, plan, guard, apply. Preview is the same code without the last step."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection

from access_service.errors import OperatorError, OvertakenError
from access_service.opt_outs import Ledger
from access_service.storage import opt_outs, requests, runs, schema
from access_service.storage.engine import database_errors
from access_service.storage.runs import DistrictState, Outcome
from sync.acceptance import settle
from sync.ageing import age
from sync.apply import Publication, apply, exclusively
from sync.arrival import arrived, known_freezes, written
from sync.at_once import opt_out_at_once
from sync.endings import end
from sync.findings import Findings
from sync.guard import Verdict
from sync.held import HeldFile
from sync.ils import ask_ils, tell_ils
from sync.judgement import last_state, plan_for, same_file
from sync.ledger import close, deed, fail, ledger_entry, left_behind, outcome, tell_district
from sync.night import Night
from sync.order import Job, auditor, sync_key, timed
from sync.progress import watched
from sync.quarantine import Seal, Shelf
from sync.report import Report
from sync.rules import rules_of
from sync.sftp import Landed

# How often a night is planned, where each time somebody changes a patron meanwhile.
TRIES = 3

__all__ = ["Job", "preview", "run", "sync_key"]


def preview(job: Job) -> Report:
    """What a run would do now. Writes nothing; errors are OperatorError."""
    report = Report(job.code, preview=True)
    alone = exclusively(job.databases, job.settings.service.spool, job.code)
    with database_errors(), alone, _collector_at_rest(), arrived(job, report) as (landed, night):
        state = last_state(job)
        if same_file(job, landed, night, state):
            report.outcome = Outcome.SAME_FILE
        else:
            planned = plan_for(job, night, landed, state, report, Findings(job.replay))
            report.outcome = outcome(planned.plan, state, report.verdict)
    return report


def run(job: Job) -> Report:
    """One night: a row in the ledger whatever happens, and either all of the plan or none of it."""
    report = Report(job.code, preview=False)
    if approval := job.approval:
        report.approved = approval.findings
        report.facts |= {"approves": approval.run_id, "reason": approval.reason}
    with watched(job, report) as seen:
        _night(seen, report)
    return report


def _night(job: Job, report: Report) -> None:
    with database_errors():
        schema.check(job.databases)
        rules_version = rules_of(job.district).version
        with exclusively(job.databases, job.settings.service.spool, job.code):
            with job.databases.writer.begin() as connection:
                report.run_id = runs.begin(connection, job.code, job.started_by, rules_version, job.now())
                if not (job.file or job.replay):
                    requests.take(connection, job.code, report.run_id, job.now())
            found = Findings(job.replay)
            try:
                if aged := age(job):
                    report.facts["aged"] = aged
                report.facts |= end(job)
                _run(job, report, found)
            except OperatorError as error:
                fail(job, report, found, str(error))
                tell_district(job, report, found, error)
                tell_ils(job, report)
                raise
            except BaseException as error:
                fail(job, report, found, error.__class__.__name__)
                raise
            tell_district(job, report, found)
        tell_ils(job, report)


def _run(job: Job, report: Report, found: Findings) -> None:
    with _collector_at_rest():
        ask_ils(job, report)
    with _collector_at_rest(), arrived(job, report) as (landed, arrival):
        for left in reversed(range(TRIES)):
            state, night = last_state(job), replace(arrival, freezes=known_freezes(job))
            try:
                _publish(job, report, found, (landed, night, state))
                break
            except OvertakenError:
                # Somebody changed a patron or froze the district meanwhile: planned again. After another night it would
                # be an older roster.
                if not left or not _only_edited(job, state):
                    raise


def _only_edited(job: Job, state: DistrictState | None) -> bool:
    with job.databases.reader.connect() as connection:
        return runs.only_edited(connection, job.code, state.applied_run if state else 0)


def _publish(job: Job, report: Report, found: Findings, given: tuple[Landed, Night, DistrictState | None]) -> None:
    landed, night, state = given
    held = HeldFile(job.settings.service.spool, job.code, night.key)
    if same_file(job, landed, night, state):
        with job.databases.writer.begin() as connection:
            runs.seen_again(connection, job.code, written(job, landed))
        close(job, report, Outcome.SAME_FILE)
        held.forget()
        return
    found.shelf = Shelf(job.databases, Seal(night.key), job.code, night.today)
    planned = plan_for(job, night, landed, state, report, found)
    if report.verdict is not Verdict.CLEAR and not job.replay:
        held.keep(landed.path, report.run_id or 0)
    if report.verdict is Verdict.HELD:
        opt_out_at_once(job, night, planned.opted_out, report)
        close(job, report, Outcome.HELD, found)
        return
    after = left_behind(job, landed, planned, state, report.verdict)
    with timed(job, report, "apply"):
        report.outcome = outcome(planned.plan, state, report.verdict)
        staged = found.staged(report)
        ledger, entry = ledger_entry(report), deed(job, report)
        opted = planned.opted_out
        publication = Publication(
            report.run_id or 0, job.code, state, after, ledger, auditor(job), entry, opted.version
        )

        def beside(connection: Connection) -> None:
            staged.write(connection)
            settle(connection, job, report)
            opted.write(connection, Ledger.read(connection, night.vault, job.code), job.started_by, night.today)

        apply(job.databases, night, publication, planned.plan, report.outcome, beside)
    if opted.gone:
        opt_outs.forget_use(job.databases)
    if report.verdict is Verdict.CLEAR and not job.replay:
        # Another file has come and was applied: nobody decides on the last one any more.
        held.forget()


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A million rows make millions of objects that live to the end; collections would walk them for nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
