"""Opt-outs are never held: those of a held night go through at once, where its file can be believed."""

from dataclasses import replace

from access_service.audit import Action, Deed
from access_service.domain.patron import HERE
from access_service.errors import OvertakenError
from access_service.opt_outs import Ledger
from access_service.storage import opt_outs, runs
from sync.guard import Finding
from sync.night import Night
from sync.opted_out import OptedOut
from sync.order import Job, auditor
from sync.report import Report

# With any other finding a column may not be what its header says.
BELIEVED = frozenset(
    {
        *(Finding.CREATES, Finding.RETURNS, Finding.REMOVALS, Finding.FILE_SHRUNK, Finding.SCHOOLS_GONE),
        Finding.OPT_OUTS_SHRANK,
    }
)


def opt_out_at_once(job: Job, night: Night, opted: OptedOut, report: Report) -> None:
    """Forget whom a held roster opts out, in a transaction of its own; nobody opts in by one."""
    opted = replace(opted, ended=())
    if not opted.gone or not {reason.finding for reason in report.reasons} <= BELIEVED:
        return
    by = auditor(job)
    with by.transaction(job.databases) as record:
        connection = record.connection
        if opt_outs.claim(connection, 0) != opted.version:
            raise OvertakenError("somebody opted out or in again meanwhile; this run changed nothing, so run it again")
        facts = {"action": Action.OPT_OUT_ADD, "held": report.run_id}
        opt_outs.overtake(connection, job.code, runs.edit(connection, job.code, by.by, facts, job.now()))
        opt_outs.depopulate(connection, job.code, sum(one.presence in HERE for one in opted.gone))
        opted.write(connection, Ledger.read(connection, night.vault, job.code), job.started_by, night.today)
        after = {"patrons": len(opted.gone)}
        record.note(Deed(Action.OPT_OUT_ADD, f"run {report.run_id}", "the roster's column", job.code, after=after))
    opt_outs.forget_use(job.databases)
    report.facts["opted_out_at_once"] = len(opted.gone)
