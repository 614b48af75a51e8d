"""Put back what a run changed. An undo is a run itself, and can be undone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from time import perf_counter
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from access_service.audit import Action, Auditor, Deed
from access_service.errors import OperatorError, StorageError
from access_service.pin_vault import PinVault
from access_service.settings import Settings
from access_service.storage import ils, opt_outs, runs, schema, undone
from access_service.storage.engine import Databases, database_errors, snapshot
from access_service.storage.runs import DistrictState, Outcome, Run
from access_service.storage.undone import Published
from sync.apply import Publication, exclusively, publishing, write
from sync.ils import tell_ils
from sync.order import Job
from sync.report import Report
from sync.reversal import Reversal, Target, check_way_back, reverse, stage


@dataclass(frozen=True, slots=True)
class Order:
    """An undo of one run, as somebody asks for it. `phase` hears what goes on."""

    settings: Settings
    databases: Databases
    run_id: int
    started_by: str
    reason: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    phase: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Planned:
    """What an undo would do, the state that it is planned against, and the one that it leaves behind."""

    reversal: Reversal
    state: DistrictState | None
    after: dict[str, Any] | None
    opt_outs: int


def preview(order: Order) -> Report:
    """What an undo would do now. Writes nothing; errors are OperatorError."""
    with database_errors(), _alone(order) as (report, today):
        report.preview = True
        _plan(order, report, today)
        report.outcome = Outcome.APPLIED
    return report


def undo(order: Order) -> Report:
    """Put back what a run changed, all of it or nothing: a run of its own in the ledger, whatever happens."""
    with database_errors(), _alone(order) as (report, today):
        with order.databases.writer.begin() as connection:
            report.run_id = runs.begin(connection, report.district, order.started_by, "", order.now())
            undone.begin(connection, report.run_id, order.run_id)
        try:
            _undo(order, report, today)
        except BaseException as error:
            _fail(order, report, str(error) if isinstance(error, OperatorError) else error.__class__.__name__)
            raise
    tell_ils(Job(order.settings, order.databases, report.district, order.started_by, now=order.now), report)
    return report


@contextmanager
def _alone(order: Order) -> Iterator[tuple[Report, date]]:
    """No other run of the district while the block lasts: an empty report, and today where the district is."""
    schema.check(order.databases)
    district = order.settings.district(_undoable(order))
    with exclusively(order.databases, order.settings.service.spool, district.code):
        # Somebody else may have undone it meanwhile.
        _undoable(order)
        report = Report(district.code, preview=False)
        report.facts = {"undoes": order.run_id, "reason": order.reason}
        yield report, order.now().astimezone(district.zone).date()


def _undoable(order: Order) -> str:
    """The district of a run that can be undone; OperatorError of any other."""
    with order.databases.reader.connect() as connection:
        run = runs.get(connection, order.run_id)
        again = _again(connection, run) if run else None
    if run is None:
        raise OperatorError(f"run {order.run_id}: there is no such run; a report says which run it is of")
    check_way_back(run)
    if run.outcome is Outcome.EDITED:
        raise OperatorError(f"run {order.run_id}: was no night but a change by hand; docs/commands.md has the way back")
    if run.outcome not in runs.CHANGING:
        raise OperatorError(f"run {order.run_id}: changed nothing ({run.outcome}); only an applied run can be undone")
    if again:
        by = again.undone_by
        raise OperatorError(f"run {order.run_id}: what it applied again was undone since by run {by}; undo that first")
    return run.district


def _again(connection: Connection, run: Run | None) -> Run | None:
    """The run that an undo of an undo applied again, if that was undone since."""
    while run and not run.undone_by:
        undone = runs.get(connection, run.undoes) if run.undoes else None
        run = runs.get(connection, undone.undoes) if undone and undone.undoes else None
    return run


def _undo(order: Order, report: Report, today: date) -> None:
    planned = _plan(order, report, today)
    run_id, report.outcome = report.run_id or 0, Outcome.APPLIED
    with _timed(order, report, "apply"):
        staged = stage(planned.reversal, run_id, today)
        ledger = {"report": report.as_json()}
        deed = Deed(Action.UNDO, f"run {order.run_id}", order.reason, report.district, after={"run": run_id})
        before, after = planned.state, planned.after
        run = Publication(run_id, report.district, before, after, ledger, _auditor(order), deed, planned.opt_outs)
        with publishing(order.databases, run, report.outcome) as connection:
            write(connection, report.district, staged)
            ils.prune_pins(connection, report.district)
            undone.mark(connection, run_id, order.run_id)


def _auditor(order: Order) -> Auditor:
    return Auditor(PinVault.from_environment(), order.started_by, order.settings.service.audit_heads, order.now)


def _plan(order: Order, report: Report, today: date) -> Planned:
    with _timed(order, report, "plan"), snapshot(order.databases) as connection:
        state, ledger = runs.state(connection, report.district), opt_outs.version(connection)
        applied = undone.published(connection, report.district)
        pairs = _pairs(applied, order.run_id)
        void = frozenset(run_id for pair in pairs for run_id in pair)
        newest = order.run_id == max(run.run_id for run in applied if run.run_id not in void)
        before = undone.state_before(connection, order.run_id)
        # What stood before a run is no truth any more where a later one counts, or an earlier one came or went since.
        whole = before is not None and newest and not any(run_id < order.run_id < by for run_id, by in pairs)
        contested = before.contested if before and whole else None
        owner = order.settings.service.pins.owner
        reversal = reverse(connection, Target(report.district, order.run_id, void, contested, owner), today)
    report.facts |= {"counts": reversal.counts, "left_alone": list(reversal.left_alone)}
    then = before.state if before else None
    after = _after(then if whole else state or then, state, reversal.arrivals, whole=whole)
    return Planned(reversal, state, after, ledger)


def _pairs(applied: list[Published], run_id: int) -> set[tuple[int, int]]:
    """Runs that count no more, each with its undo, which then does not count either: as it will be when `run_id` is
    undone, which is as it was before that. An undo that is undone gives back its run, and so on."""
    undoes = {run.run_id: run.undoes for run in applied}
    undone_by = {run.run_id: run.undone_by for run in applied}
    target, by = undoes[run_id], None
    while target is not None:
        undone_by[target] = by
        target, by = undoes[target], None if by else target
    return {(run, by) for run, by in undone_by.items() if by}


def _after(
    left: DistrictState | None, state: DistrictState | None, arrivals: int, *, whole: bool
) -> dict[str, Any] | None:
    """The columns of district_state after an undo: as `left` says, None where nothing had been before. Unless that is
    the whole truth about the patrons, the next night works every row out."""
    if left is None:
        return None
    facts = asdict(left) | {"population": (state.population if state else 0) + arrivals}
    del facts["applied_run"]
    return facts if whole else facts | {"basis": ""}


def _fail(order: Order, report: Report, error: str) -> None:
    """Note the failure where the ledger can be reached; what went wrong is told either way."""
    report.error, report.outcome = error, Outcome.FAILED
    with suppress(StorageError, SQLAlchemyError), order.databases.writer.begin() as connection:
        if runs.under_way(connection, report.run_id or 0):
            runs.finish(connection, report.run_id or 0, Outcome.FAILED, order.now(), report=report.as_json())


@contextmanager
def _timed(order: Order, report: Report, phase: str) -> Iterator[None]:
    order.phase(phase)
    began = perf_counter()
    try:
        yield
    finally:
        report.durations[phase] = perf_counter() - began
