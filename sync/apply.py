"""Write a plan: staged first, then one transaction, fenced so that a run that was overtaken cannot publish."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from access_service.audit import Auditor, Deed
from access_service.domain.identifiers import IdentifierKind, fold
from access_service.domain.patron import HERE, Patron, Presence
from access_service.domain.pins import PinOwner
from access_service.domain.student import Role
from access_service.errors import OvertakenError
from access_service.storage import bulk, freezes, ils, opt_outs, peppers, rosters, runs, undone
from access_service.storage import tables as t
from access_service.storage.engine import Databases
from access_service.storage.runs import DistrictState, Outcome
from sync.alone import alone
from sync.awaited import PinSeal
from sync.night import Night
from sync.plan import Change, ChangeKind, Create, Plan

PATRON_FIELDS = tuple(Patron.__dataclass_fields__)
STATE_COLUMNS = ("presence", "left_on", "pin_key", "pin_digest", "updated_on")
CHANGED_COLUMNS = ("patron_id", *PATRON_FIELDS, *STATE_COLUMNS)
SEEN_COLUMNS = ("district", "source_id", "patron_id", "fingerprint", "missed", "absent_since", "marks")
IDENTIFIER_COLUMNS = ("key", "kind", "district", "patron_id")

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """A run about to be written: what the last one left behind, what this one will (columns of district_state, or
    None: nothing), what its row in the ledger says, and its entry in the audit. `opt_outs` is the version of the
    opt-out ledger that it was planned by."""

    run_id: int
    district: str
    before: DistrictState | None
    after: Mapping[str, Any] | None
    ledger: Mapping[str, Any]
    auditor: Auditor
    deed: Deed
    opt_outs: int


@dataclass(frozen=True, slots=True)
class Staged:
    """Every row of a plan, ready to write. `changed` are by the columns that they set, the patron id first.
    `settled` is None for a complete roster, which settles everything. `pins` wait for the ILS, sealed, by patron id."""

    patrons: list[Row]
    changed: Mapping[tuple[str, ...], list[Row]]
    identifiers: list[Row]
    identifiers_gone: list[Row]
    seen: list[Row]
    seen_gone: list[Row]
    changes: list[Row]
    exclusions: list[Row]
    contested: list[Row]
    settled: list[Row] | None
    pins: Mapping[int, bytes | None] = field(default_factory=dict, repr=False)


def exclusively(databases: Databases, spool: Path, district: str) -> AbstractContextManager[object]:
    """Let no other run of this district in while the block lasts; BusyError where one is under way."""
    return alone(databases, spool, district, f"another run of {district!r} is under way; wait for it to end")


def apply(  # noqa: PLR0913, PLR0917 - all that a publication is made of
    databases: Databases,
    night: Night,
    run: Publication,
    plan: Plan,
    outcome: Outcome,
    beside: Callable[[Connection], None],
) -> None:
    """Publish a plan and close its run in one transaction; `beside` writes what else belongs into it.

    Errors: OvertakenError, or what the database refuses; then nothing is changed.
    """
    staged = stage(night, run, plan, rosters.reserve_patron_ids(databases, len(plan.creates)))
    with publishing(databases, run, outcome) as connection:
        write(connection, run.district, staged)
        peppers.keep(connection, night.vault.key_id)
        _settle_pins(connection, run.district, night.pin_owner, staged)
        if freezes.read(connection).get(run.district, ()) != night.freezes:
            raise OvertakenError("the district was frozen or thawed meanwhile; nothing was changed, so run it again")
        beside(connection)


def _settle_pins(connection: Connection, district: str, owner: PinOwner, staged: Staged) -> None:
    """PINs are kept by their owner alone."""
    if owner is PinOwner.ILS:
        ils.drop_digests(connection, district)
        ils.forget_pins(connection, [patron_id for patron_id, sealed in staged.pins.items() if sealed is None])
        ils.keep_pins(connection, [(patron_id, sealed) for patron_id, sealed in staged.pins.items() if sealed])
    ils.prune_pins(connection, district, every=owner is PinOwner.SERVICE)


@contextmanager
def publishing(databases: Databases, run: Publication, outcome: Outcome) -> Iterator[Connection]:
    """The one transaction of a run, from the fence to its end in the ledger. Errors are as with `apply`."""
    run.auditor.check_heads()
    with databases.writer.begin() as connection:
        if opt_outs.claim(connection, 0) != run.opt_outs:
            raise OvertakenError("somebody opted out or in again meanwhile; this run changed nothing, so run it again")
        undone.keep_state(connection, run.run_id, run.district, run.before)
        if not rosters.fence(connection, run.district, run.run_id, run.before, run.after):
            raise OvertakenError("another run was applied meanwhile; this one changed nothing")
        yield connection
        runs.finish(connection, run.run_id, outcome, run.auditor.now(), **run.ledger)
        head = run.auditor.note(connection, run.deed)
    run.auditor.checkpoint(head)
    # The run is in: where there is no room to fold the log back, that is the next one's trouble.
    with suppress(DBAPIError):
        rosters.checkpoint(databases)


def write(connection: Connection, district: str, staged: Staged) -> None:
    """All rows of a plan. The caller owns the transaction."""
    bulk.insert(connection, t.patrons, (*CHANGED_COLUMNS, "created_run", "created_on"), staged.patrons)
    for columns, rows in staged.changed.items():
        bulk.update(connection, t.patrons, columns, rows)
    if staged.identifiers_gone:
        bulk.delete(connection, t.identifiers, IDENTIFIER_COLUMNS, staged.identifiers_gone)
    bulk.insert(connection, t.identifiers, IDENTIFIER_COLUMNS, staged.identifiers)
    if staged.seen_gone:
        bulk.delete(connection, t.seen, ("district", "source_id"), staged.seen_gone)
    bulk.insert(connection, t.seen, SEEN_COLUMNS, staged.seen)
    bulk.insert(connection, t.changes, ("run_id", "patron_id", "kind", "before", "after"), staged.changes)
    if staged.settled is None:
        rosters.replace_exclusions(connection, district, staged.exclusions, staged.contested)
    else:
        rosters.add_exclusions(connection, staged.exclusions, staged.contested, staged.settled)


def stage(night: Night, run: Publication, plan: Plan, first_id: int) -> Staged:
    """Every row a plan writes, worked out before the database is locked."""
    # In the order of the index that every night reads: inserts then run along it.
    creates = sorted(plan.creates, key=lambda create: create.patron.source_id)
    new = list(enumerate(creates, start=first_id))
    identifiers = [row for patron_id, create in new for row in _identifiers(patron_id, create.patron)]
    seen = [
        (run.district, create.patron.source_id, patron_id, create.fingerprint, 0, None, create.marks)
        for patron_id, create in new
    ]
    # Who returns after an undo has the number only as a former one.
    renumbered = [
        change
        for change in plan.changes
        if change.kind is ChangeKind.RETURN or change.patron.student_number != change.before.patron.student_number
    ]
    return Staged(
        patrons=[_new_row(night, run, patron_id, create) for patron_id, create in new],
        changed={CHANGED_COLUMNS: [_changed_row(night, change) for change in plan.changes]} if plan.changes else {},
        identifiers=sorted([*identifiers, *(row for change in renumbered for row in _new_numbers(change))]),
        identifiers_gone=[row for change in renumbered for row in _old_numbers(change)],
        seen=[
            *seen,
            *(_seen_row(change) for change in plan.changes if change.fingerprint is not None),
            *((run.district, *row) for _, row in plan.refreshed),
        ],
        seen_gone=[
            *((run.district, change.patron.source_id) for change in plan.changes),
            *((run.district, row.source_id) for row, _ in plan.refreshed),
        ],
        changes=[(run.run_id, *row) for row in _images(night, plan)],
        exclusions=_exclusions(night, plan),
        contested=[(key, IdentifierKind.CONTESTED, run.district, 0) for key in sorted(plan.contested)],
        settled=_settled(night, plan) if plan.partial else None,
        pins=dict(_waiting_pins(night, plan, new)),
    )


def _new_row(night: Night, run: Publication, patron_id: int, create: Create) -> Row:
    """All columns of a patron who is made tonight."""
    today = night.today.isoformat()
    pin = _pin(night, patron_id, create.pin)
    return (patron_id, *_patron_row(create.patron), Presence.PRESENT, None, *pin, today, run.run_id, today)


def _patron_row(patron: Patron) -> Row:
    return (
        patron.district,
        patron.source_id,
        patron.role,
        patron.student_number,
        patron.library_number,
        patron.patron_type,
        patron.profile,
        patron.branch,
        patron.school,
        patron.grade,
        patron.given_name,
        patron.family_name,
        patron.expires.isoformat(),
    )


def _pin(night: Night, patron_id: int, pin: str | None) -> tuple[str | None, bytes | None]:
    if not pin or night.pin_owner is PinOwner.ILS:
        return None, None
    return night.vault.key_id, night.vault.digest(patron_id, pin)


def _waiting_pins(
    night: Night, plan: Plan, created: Iterable[tuple[int, Create]]
) -> Iterator[tuple[int, bytes | None]]:
    """PINs that the ILS will own; None where none waits any more."""
    if night.pin_owner is not PinOwner.ILS:
        return
    seal = PinSeal(night.key)
    issued: list[tuple[int, str | None]] = [(patron_id, create.pin) for patron_id, create in created if create.pin]
    issued += [(change.before.patron_id, change.pin) for change in plan.changes if change.new_pin]
    yield from ((patron_id, seal.seal(patron_id, pin) if pin else None) for patron_id, pin in issued)


def _state(night: Night, change: Change) -> dict[str, Any]:
    """Presence and PIN of a patron after a change."""
    before = change.before
    pin = _pin(night, before.patron_id, change.pin) if change.new_pin else (before.pin_key, before.pin_digest)
    left_on = None if change.presence in HERE else (before.left_on or night.today).isoformat()
    return {"presence": change.presence, "left_on": left_on, "pin_key": pin[0], "pin_digest": pin[1]}


def _changed_row(night: Night, change: Change) -> Row:
    state = _state(night, change).values()
    return (change.before.patron_id, *_patron_row(change.patron), *state, night.today.isoformat())


def _identifiers(patron_id: int, patron: Patron) -> Iterator[Row]:
    yield (fold(patron.student_number), patron.number_kind, patron.district, patron_id)
    yield (fold(patron.library_number), IdentifierKind.LIBRARY_NUMBER, patron.district, patron_id)


def _new_numbers(change: Change) -> Iterator[Row]:
    """A changed student number is a further identifier; the old one still finds its student."""
    patron_id, district = change.before.patron_id, change.patron.district
    new, old = fold(change.patron.student_number), fold(change.before.patron.student_number)
    yield (new, change.patron.number_kind, district, patron_id)
    if old != new:
        yield (old, IdentifierKind.FORMER, district, patron_id)


def _old_numbers(change: Change) -> Iterator[Row]:
    patron_id, district = change.before.patron_id, change.patron.district
    yield (fold(change.before.patron.student_number), change.patron.number_kind, district, patron_id)
    # A number that comes back is a former one no longer.
    yield (fold(change.patron.student_number), IdentifierKind.FORMER, district, patron_id)
    yield (fold(change.before.patron.student_number), IdentifierKind.FORMER, district, patron_id)


def _seen_row(change: Change) -> Row:
    since = change.absent_since.isoformat() if change.absent_since else None
    key = change.patron.district, change.patron.source_id, change.before.patron_id
    return (*key, change.fingerprint, change.missed, since, change.marks)


def _images(night: Night, plan: Plan) -> Iterator[Row]:
    """Of every patron whose row in patrons or seen changes: id, kind, and the columns that differ, before and after."""
    for change in plan.changes:
        yield image(change.before.patron_id, change.kind, *_sides(night, change))
    for old, new in plan.refreshed:
        sides = ({"fingerprint": row.fingerprint, "marks": row.marks} for row in (old, new))
        yield image(old.patron_id, runs.REFRESH, *sides)


def image(patron_id: int, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Row:
    """The columns that differ, before and after, as two JSON objects."""
    differing = [name for name in before if before[name] != after[name]]
    images = (json.dumps({name: plain(side[name]) for name in differing}) for side in (before, after))
    return (patron_id, kind, *images)


def plain(value: object) -> object:
    """A column's value as an image has it."""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date) else value


def _sides(night: Night, change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    """All columns of a patron and of the roster's last word, before and after."""
    record, seen = change.before, change.seen_before
    before = {
        **dict(zip(PATRON_FIELDS, _patron_row(record.patron), strict=True)),
        "presence": record.presence,
        "left_on": record.left_on.isoformat() if record.left_on else None,
        "pin_key": record.pin_key,
        "pin_digest": record.pin_digest,
        "fingerprint": seen.fingerprint if seen else None,
        "missed": seen.missed if seen else None,
        "absent_since": seen.absent_since.isoformat() if seen and seen.absent_since else None,
        "marks": seen.marks if seen else None,
    }
    kept = change.fingerprint is not None
    after = {
        **dict(zip(PATRON_FIELDS, _patron_row(change.patron), strict=True)),
        **_state(night, change),
        "fingerprint": change.fingerprint,
        "missed": change.missed if kept else None,
        "absent_since": change.absent_since.isoformat() if change.absent_since else None,
        "marks": change.marks if kept else None,
    }
    return before, after


def _settled(night: Night, plan: Plan) -> list[Row]:
    carded = [*(create.patron for create in plan.creates), *(change.patron for change in plan.changes)]
    return [(night.district.code, _mark(night, fold(patron.student_number))) for patron in carded]


def _mark(night: Night, key: str) -> bytes:
    return night.vault.mark("excluded", night.district.code, key)


def _exclusions(night: Night, plan: Plan) -> list[Row]:
    """Who got no card and why, under a keyed mark of the number in place of the number."""
    # As the card would have it, for that is what `explain` is asked about; else as it was sent.
    terms = night.district.rules.terms
    clean = {role: terms[role].number.apply if role in terms else str for role in Role}
    numbers = ((fold(clean[row.role](row.student_number) or row.student_number), row) for row in plan.excluded.values())
    marked = {_mark(night, key): row for key, row in numbers if key}
    return [(night.district.code, mark, row.code, row.detail) for mark, row in marked.items()]
