"""New source ids for the same students: a roster says which, a person says so. Card, PIN and usage stay theirs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from access_service.audit import Action, Deed
from access_service.edits import Edit, editing
from access_service.errors import OperatorError
from access_service.storage import runs, source_ids, undone
from access_service.storage.engine import database_errors, snapshot
from access_service.storage.runs import Outcome, Run
from access_service.storage.source_ids import Move
from sync.apply import exclusively
from sync.arrival import arrived, opened
from sync.formats import read_package
from sync.night import Night
from sync.order import Job, auditor
from sync.pairing import Pairing, pair
from sync.plan import had_the_id
from sync.profile import Profile
from sync.report import Report
from sync.reversal import check_way_back
from sync.roster import Roster


@dataclass(frozen=True, slots=True)
class Reversion:
    """The way back of an edit of source ids. `left_alone` are patron ids: the id is another one since, or was
    somebody else's before they could have it again."""

    run_id: int
    moves: tuple[Move, ...]
    left_alone: tuple[int, ...]


def preview(job: Job) -> Pairing:
    """Whom the job's file has under other source ids. Writes nothing; errors are OperatorError."""
    with _read(job) as (night, roster), snapshot(job.databases) as connection:
        return pair(source_ids.stored(connection, job.code), roster, night.district, night.key)


def rekey(job: Job, reason: str) -> tuple[int, Pairing]:
    """Give them those, all or none; also the row of it in the ledger. Errors are OperatorError."""
    deed = Deed(Action.REKEY, "source ids", reason, job.code)
    with _read(job) as (night, roster), editing(job.databases, auditor(job), deed, night.today) as edit:
        found = pair(source_ids.stored(edit.connection, job.code), roster, night.district, night.key)
        if not found.pairs:
            raise OperatorError(f"{job.code}: nobody is in this file under another source id; nothing was changed")
        if found.of_another_district:
            raise OperatorError(
                f"{job.code}: of {found.missing:,} missing patrons {len(found.pairs):,} match by their student number"
                f" and {len(found.contradicting):,} contradict: this looks like another district's file, so nothing"
                " was changed; ask the district"
            )
        _move(edit, job.code, found.moves)
    return edit.run_id, found


def recycle(job: Job, patron_ids: Sequence[int], reason: str) -> int:
    """Take the source ids of these patrons from them, for the district has given them to others: they are missing
    from the next roster, and its rows make new patrons. Returns the row in the ledger; errors are OperatorError."""
    today = job.now().astimezone(job.district.zone).date()
    deed = Deed(Action.RECYCLE, ", ".join(f"patron {patron_id}" for patron_id in patron_ids), reason, job.code)
    with _alone(job), editing(job.databases, auditor(job), deed, today) as edit:
        said = source_ids.recycled(edit.connection, job.code)
        known = {one.patron_id: one for one in source_ids.stored(edit.connection, job.code)}
        for patron_id in patron_ids:
            if patron_id not in known or had_the_id(patron_id) not in said:
                raise OperatorError(
                    f"patron {patron_id}: the last roster of {job.code} gives nobody else this patron's id;"
                    " its report names those of whom it does (id_recycled)"
                )
        _move(edit, job.code, [source_ids.freed(known[patron_id]) for patron_id in dict.fromkeys(patron_ids)])
    return edit.run_id


def is_one(run: Run | None) -> bool:
    """Whether a row of the ledger is such an edit, or the way back of one."""
    if not run or run.outcome is not Outcome.EDITED:
        return False
    action = run.report.get("action")
    return action in (Action.REKEY, Action.RECYCLE) or (action == Action.UNDO and run.undoes is not None)


def preview_back(job: Job, run_id: int) -> Reversion:
    """What the way back would do. Writes nothing; errors are OperatorError."""
    with _alone(job), snapshot(job.databases) as connection:
        return _back(connection, job.code, run_id)


def back(job: Job, run_id: int, reason: str) -> Reversion:
    """Give the patrons of an edit the source ids that they had. An edit of its own, with a way back too."""
    today = job.now().astimezone(job.district.zone).date()
    deed = Deed(Action.UNDO, f"run {run_id}", reason, job.code)
    with _alone(job), editing(job.databases, auditor(job), deed, today) as edit:
        found = _back(edit.connection, job.code, run_id)
        _move(edit, job.code, found.moves)
        undone.begin(edit.connection, edit.run_id, run_id)
        undone.mark(edit.connection, edit.run_id, run_id)
    return replace(found, run_id=edit.run_id)


def _back(connection: Connection, district: str, run_id: int) -> Reversion:
    if run := runs.get(connection, run_id):
        check_way_back(run)
    made = source_ids.moved(connection, run_id)
    holders = source_ids.holders(connection, district, [name for move in made for name in (move.old, move.new)])
    ours = {move.patron_id: move for move in made if holders.get(move.new) == move.patron_id}
    left = -1
    # Who is left alone keeps an id that another one would have again.
    while left != (left := len(ours)):
        ours = {one: move for one, move in ours.items() if holders.get(move.old, one) in ours}
    moves = (Move(one, move.new, move.old, move.marks, move.marks_before) for one, move in ours.items())
    return Reversion(run_id, tuple(moves), tuple(sorted(move.patron_id for move in made if move.patron_id not in ours)))


def _move(edit: Edit, district: str, moves: Sequence[Move]) -> None:
    source_ids.move(edit.connection, district, edit.run_id, moves, edit.today)
    if (state := runs.state(edit.connection, district)) and state.profile:
        last = Profile.from_json(state.profile)
        # What ids looked like is no measure of those that come.
        shapes = {name: shares for name, shares in last.shapes.items() if name != "source_id"}
        source_ids.look_anew(edit.connection, district, replace(last, shapes=shapes).as_json())
    edit.changed.update({m.patron_id: ({"source_id": m.old}, {"source_id": m.new}) for m in moves})


@contextmanager
def _read(job: Job) -> Iterator[tuple[Night, Roster]]:
    """The job's file, as a night would read it."""
    with _alone(job), arrived(job, Report(job.code, preview=True)) as (landed, night):
        with opened(job, landed) as package:
            roster = read_package(package, night.district, night.today, {}, partial=False)
        if roster.partial:
            raise OperatorError(f"{job.code}: this file says only what changed; take a complete one")
        yield night, roster


@contextmanager
def _alone(job: Job) -> Iterator[None]:
    with database_errors(), exclusively(job.databases, job.settings.service.spool, job.code):
        yield
