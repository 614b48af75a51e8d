"""Other library numbers for a district's patrons, after its template was changed. All else stays theirs."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection

from access_service.audit import Action, Deed
from access_service.domain.identifiers import IdentifierKind, fold
from access_service.domain.patron import PatronRecord, Presence
from access_service.edits import Edit, editing
from access_service.errors import OperatorError
from access_service.examples import check_examples
from access_service.overlaps import check_overlaps
from access_service.storage import library_numbers, patrons, rule_versions, runs, undone
from access_service.storage.engine import database_errors, snapshot
from access_service.storage.library_numbers import Move
from sync.apply import exclusively
from sync.held_numbers import in_ils
from sync.order import Job, auditor, sync_key
from sync.retired import claimed
from sync.reversal import check_way_back
from sync.rules import rules_of


class Clash(StrEnum):
    """Why a patron cannot have the number that the template makes."""

    TOO_LONG = "longer than [rules] number_max_length"
    TWICE = "another patron's of this district"
    OTHER_DISTRICT = "a patron's of another district"
    OF_THE_ILS = "a card in the ILS that is none of ours"
    FORGOTTEN = "was that of a student who is forgotten"


@dataclass(frozen=True, slots=True)
class Renumbering:
    """Who gets which number, and who cannot have theirs. `same` have it already; `left_alone` are patrons who left and
    whose number is another's; `passed_on` numbers were another patron's until now; `accepted` is whether the rules
    that say so are."""

    moves: tuple[Move, ...]
    clashes: tuple[tuple[Move, Clash], ...]
    same: int
    left_alone: int
    passed_on: int
    accepted: bool

    @property
    def counts(self) -> dict[str, int]:
        counted = {name: getattr(self, name) for name in ("same", "left_alone", "passed_on")}
        return {"renumbered": len(self.moves), **counted, "clashing": len(self.clashes)}


@dataclass(frozen=True, slots=True)
class Reversion:
    """The way back. `left_alone` are patron ids: the number is another one since, or the old one somebody else's."""

    run_id: int
    moves: tuple[Move, ...]
    left_alone: tuple[int, ...]


def preview(job: Job) -> Renumbering:
    """Who would get which number. Writes nothing; errors are OperatorError."""
    with _alone(job), snapshot(job.databases) as connection:
        return _find(connection, job)


def renumber(job: Job, reason: str, listed: Callable[[Renumbering], None] = lambda _: None) -> tuple[int, Renumbering]:
    """Give them those, all or none; also the row of it in the ledger. `listed` takes old and new numbers before they
    are in force: where it fails nobody is renumbered. Errors are OperatorError."""
    with _editing(job, Deed(Action.RENUMBER, "library numbers", reason, job.code)) as edit:
        found = _find(edit.connection, job)
        if not found.accepted:
            raise OperatorError(
                f"{job.code}: its rules are not those that were accepted; `roster-sync rules accept {job.code}` first"
            )
        if found.clashes:
            (move, clash), *_ = found.clashes
            raise OperatorError(
                f"{job.code}: {len(found.clashes):,} numbers clash, such as {move.new}: {clash}; nobody was renumbered,"
                " and --preview lists all"
            )
        if not found.moves:
            raise OperatorError(f"{job.code}: everybody has the number that the template makes; nothing was changed")
        _move(edit, job.code, found.moves)
        listed(found)
    return edit.run_id, found


def preview_back(job: Job, run_id: int) -> Reversion:
    """What the way back would do. Writes nothing; errors are OperatorError."""
    with _alone(job), snapshot(job.databases) as connection:
        return _back(connection, run_id)


def back(job: Job, run_id: int, reason: str) -> Reversion:
    """Give the patrons of a renumbering the numbers that they had. An edit of its own, with a way back too."""
    with _editing(job, Deed(Action.UNDO, f"run {run_id}", reason, job.code)) as edit:
        found = _back(edit.connection, run_id)
        _move(edit, job.code, found.moves)
        undone.begin(edit.connection, edit.run_id, run_id)
        undone.mark(edit.connection, edit.run_id, run_id)
    return replace(found, run_id=edit.run_id)


def _find(connection: Connection, job: Job) -> Renumbering:
    check_examples(job.district)
    check_overlaps(job.settings.districts)
    minted = dict(_minted(connection, job))
    clashes = _clashes(connection, job, minted)
    left_alone = 0
    # Who left gives way to those who are here, and keeps a number that another one would have then.
    while leavers := [one for one in clashes if minted[one][0].presence is Presence.LEFT]:
        left_alone += len(leavers)
        for one in leavers:
            del minted[one]
        clashes = _clashes(connection, job, minted)
    all_moves = {one: Move(one, record.patron.library_number, new) for one, (record, new) in minted.items()}
    moves = tuple(move for move in all_moves.values() if move.old != move.new)
    had = {fold(move.old) for move in moves}
    standing = rule_versions.standing(connection, job.code)
    return Renumbering(
        moves=moves,
        clashes=tuple((all_moves[one], clash) for one, clash in clashes.items()),
        same=len(all_moves) - len(moves),
        left_alone=left_alone,
        passed_on=sum(fold(move.new) in had and fold(move.new) != fold(move.old) for move in moves),
        accepted=standing is None or standing.version == rules_of(job.district).version,
    )


Minted = Mapping[int, tuple[PatronRecord, str]]


def _minted(connection: Connection, job: Job) -> Iterator[tuple[int, tuple[PatronRecord, str]]]:
    """By patron id the number that the template makes. A full library card is the library's, a test card nobody's."""
    terms = job.district.rules.terms
    for record in patrons.of_district(connection, job.code):
        if record.presence is not Presence.CONVERTED and (mine := terms.get(record.patron.role)):
            yield record.patron_id, (record, mine.template.mint(record.patron.student_number))


def _clashes(connection: Connection, job: Job, minted: Minted) -> dict[int, Clash]:
    keys = {one: fold(number) for one, (_, number) in minted.items()}
    claims = Counter(keys.values())
    owners = patrons.owners(connection, IdentifierKind.LIBRARY_NUMBER, list(claims))
    arriving = [
        (record.patron.source_id, replace(record.patron, library_number=number))
        for record, number in minted.values()
        if number != record.patron.library_number
    ]
    forgotten = claimed(connection, sync_key(), arriving)
    ils = job.settings.service.ils
    held = in_ils(connection, ils.key if ils and ils.extract else "", dict(arriving))
    longest = job.district.rules.number_max_length
    found: dict[int, Clash] = {}
    for one, key in keys.items():
        district, owner = owners.get(key, (job.code, one))
        if len(minted[one][1]) > longest:
            found[one] = Clash.TOO_LONG
        elif district != job.code:
            found[one] = Clash.OTHER_DISTRICT
        elif claims[key] > 1 or owner not in minted:
            found[one] = Clash.TWICE
        elif minted[one][0].patron.source_id in held:
            found[one] = Clash.OF_THE_ILS
        elif minted[one][0].patron.source_id in forgotten:
            found[one] = Clash.FORGOTTEN
    return found


def _back(connection: Connection, run_id: int) -> Reversion:
    if run := runs.get(connection, run_id):
        check_way_back(run)
    made = library_numbers.moved(connection, run_id)
    keys = [fold(number) for move in made for number in (move.old, move.new)]
    owners = patrons.owners(connection, IdentifierKind.LIBRARY_NUMBER, keys)
    holders = {key: patron_id for key, (_, patron_id) in owners.items()}
    ours = {move.patron_id: move for move in made if holders.get(fold(move.new)) == move.patron_id}
    left = -1
    # Who is left alone keeps a number that another one would have again.
    while left != (left := len(ours)):
        ours = {one: move for one, move in ours.items() if holders.get(fold(move.old), one) in ours}
    moves = tuple(Move(one, move.new, move.old) for one, move in ours.items())
    return Reversion(run_id, moves, tuple(sorted(move.patron_id for move in made if move.patron_id not in ours)))


def _move(edit: Edit, district: str, moves: tuple[Move, ...]) -> None:
    library_numbers.move(edit.connection, district, edit.run_id, moves, edit.today)
    edit.changed.update({m.patron_id: ({"library_number": m.old}, {"library_number": m.new}) for m in moves})


@contextmanager
def _editing(job: Job, deed: Deed) -> Iterator[Edit]:
    today = job.now().astimezone(job.district.zone).date()
    with _alone(job), editing(job.databases, auditor(job), deed, today) as edit:
        yield edit


@contextmanager
def _alone(job: Job) -> Iterator[None]:
    with database_errors(), exclusively(job.databases, job.settings.service.spool, job.code):
        yield
