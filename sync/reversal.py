"""The way back from a run: which patrons become what they were, which are left alone, and the rows that say so."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table

from access_service.domain.identifiers import BADGES, IdentifierKind, fold
from access_service.domain.patron import HERE, Presence, number_kind
from access_service.domain.pins import PinOwner
from access_service.domain.student import Role
from access_service.errors import OperatorError
from access_service.storage import patrons, undone
from access_service.storage import tables as t
from access_service.storage.runs import REFRESH, Run
from access_service.storage.undone import SEEN_FACTS, Changed
from sync.apply import Row, Staged, image, plain


class Return(StrEnum):
    """What an undo does with a patron that the run changed, with one that it made, with one that it withdrew (for an
    undo is a run), and with one changed since."""

    PUT_BACK = "put_back"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    LEFT_ALONE = "left_alone"


PIN_FACTS = frozenset({"pin_key", "pin_digest"})
# Whose number somebody else can have got.
AWAY = frozenset(Presence) - HERE

# The kind of the step back, by the kind of the change.
BACK = {REFRESH: REFRESH, Return.WITHDRAW: Return.RESTORE, Return.RESTORE: Return.WITHDRAW}


@dataclass(frozen=True, slots=True)
class Target:
    """A run to be undone. Later runs in `void` count as if they had not been. `contested` are the numbers that were
    contested before it; None where a later roster has settled that."""

    district: str
    run_id: int
    void: frozenset[int]
    contested: tuple[str, ...] | None
    pin_owner: PinOwner


@dataclass(frozen=True, slots=True)
class Step:
    """One patron's way back: this undo's images, and the columns it sets. `takes` is the folded number of the badge
    that becomes theirs again, `gives` the one that does no longer; both of this `number_kind`."""

    patron_id: int
    source_id: str
    number_kind: IdentifierKind
    kind: str
    images: tuple[str, str]
    sets: Mapping[str, Any]
    seen_now: Mapping[str, Any]
    takes: str | None = None
    gives: str | None = None

    @property
    def seen_then(self) -> dict[str, Any]:
        return {name: self.sets.get(name, value) for name, value in self.seen_now.items()}


@dataclass(frozen=True, slots=True)
class Reversal:
    """All that an undo would do. `left_alone` are patron ids; `former` those of patrons to whom the number that they
    give up had belonged before."""

    target: Target
    steps: tuple[Step, ...]
    left_alone: tuple[int, ...]
    former: frozenset[int]

    @property
    def counts(self) -> dict[str, int]:
        kinds = Counter(step.kind for step in self.steps)
        counts = {kind.value: kinds[kind] for kind in (Return.PUT_BACK, Return.WITHDRAW, Return.RESTORE)}
        return counts | {Return.LEFT_ALONE.value: len(self.left_alone)}

    @property
    def arrivals(self) -> int:
        """By how many more patrons are here afterwards."""
        return sum(
            (step.seen_then["fingerprint"] is not None) - (step.seen_now["fingerprint"] is not None)
            for step in self.steps
        )


def check_way_back(run: Run) -> None:
    """OperatorError where a run was undone already, or what it changed is not known any more."""
    if run.undone_by:
        raise OperatorError(f"run {run.run_id}: already undone by run {run.undone_by}")
    if run.aged_on:
        raise OperatorError(f"run {run.run_id}: too old; what it changed was forgotten after [agreement] undo_days")


def reverse(connection: Connection, target: Target, today: date) -> Reversal:
    """The way back from a run. `connection` is a snapshot; nothing is written."""
    steps: dict[int, Step] = {}
    alone: set[int] = set()
    changed = undone.changed(connection, target.run_id, target.void)
    for row in changed if target.pin_owner is PinOwner.SERVICE else map(_without_pins, changed):
        before, after = json.loads(row.before), json.loads(row.after)
        if not row.newer and all(plain(row.now[name]) == value for name, value in after.items()):
            steps[row.patron_id] = _put_back(row, before, after)
        elif row.kind != REFRESH:
            alone.add(row.patron_id)
    for row in undone.created(connection, target.district, target.run_id, target.void):
        if row.newer:
            alone.add(row.patron_id)
        elif row.now["presence"] != Presence.LEFT:
            steps[row.patron_id] = _withdraw(row, today)
    for patron_id in _taken(connection, target.district, steps):
        alone.add(patron_id)
        del steps[patron_id]
    return Reversal(target, tuple(steps.values()), tuple(sorted(alone)), _former(connection, target, steps))


def _without_pins(row: Changed) -> Changed:
    """As if the run had set no PIN: those that it knew are the ILS's by now."""
    sides = (json.loads(side) for side in (row.before, row.after))
    before, after = (json.dumps({name: side[name] for name in side if name not in PIN_FACTS}) for side in sides)
    return row._replace(before=before, after=after)


def _put_back(row: Changed, before: Mapping[str, Any], after: Mapping[str, Any]) -> Step:
    number = row.now["student_number"]
    then = before.get("student_number", number)
    returns = after.get("presence") in AWAY
    kind = BACK.get(row.kind, Return.PUT_BACK)
    return Step(
        row.patron_id,
        row.now["source_id"],
        number_kind(Role(row.now["role"])),
        kind,
        images=(row.after, row.before),
        sets=before,
        seen_now=_seen_now(row),
        takes=fold(then) if returns or then != number else None,
        # Who is withdrawn once more frees the number on the badge once more.
        gives=fold(number) if then != number or kind is Return.WITHDRAW else None,
    )


def _withdraw(row: Changed, today: date) -> Step:
    """A patron that the run made leaves. The number on the badge is free for whom it belongs to."""
    gone = {"presence": Presence.LEFT, "left_on": today.isoformat(), **dict.fromkeys(SEEN_FACTS)}
    _, _, *images = image(row.patron_id, Return.WITHDRAW, {name: row.now[name] for name in gone}, gone)
    return Step(
        row.patron_id,
        row.now["source_id"],
        number_kind(Role(row.now["role"])),
        Return.WITHDRAW,
        images=(images[0], images[1]),
        sets=gone,
        seen_now=_seen_now(row),
        gives=fold(row.now["student_number"]),
    )


def _seen_now(row: Changed) -> dict[str, Any]:
    return {name: plain(row.now[name]) for name in SEEN_FACTS}


def _taken(connection: Connection, district: str, steps: Mapping[int, Step]) -> set[int]:
    """Who would take back a number that is somebody else's by now. Who is left alone gives no number up, which can
    keep one more from theirs: so until none is."""
    takes = {patron_id: (step.number_kind, step.takes) for patron_id, step in steps.items() if step.takes}
    owners = {
        (kind, key): owner
        for kind in BADGES
        for key, owner in patrons.owners(
            connection, kind, [key for of, key in takes.values() if of is kind], district
        ).items()
    }
    found: set[int] = set()
    while True:
        given = {
            ((step.number_kind, step.gives), patron_id) for patron_id, step in steps.items() if patron_id not in found
        }
        more = {
            patron_id
            for patron_id, key in takes.items()
            if key in owners and (owner := owners[key][1]) != patron_id and (key, owner) not in given
        }
        if more <= found:
            return found
        found |= more


def _former(connection: Connection, target: Target, steps: Mapping[int, Step]) -> frozenset[int]:
    renumbered = [patron_id for patron_id, step in steps.items() if step.takes and step.gives]
    earlier = undone.images_before(connection, target.run_id, target.void, renumbered)
    return frozenset(
        patron_id
        for patron_id, *sides in earlier
        if any(fold(side.get("student_number") or "") == steps[patron_id].gives for side in sides)
    )


def stage(reversal: Reversal, undo: int, today: date) -> Staged:
    """Every row that an undo writes. Of the newest roster it forgets who got no card; of an older one a later roster
    has said that."""
    target = reversal.target
    district, contested = target.district, target.contested
    gone, taken = _identifiers(reversal)
    changed: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    seen, seen_gone = [], []
    for step in reversal.steps:
        if step.kind != REFRESH:
            names = tuple(sorted(name for name in step.sets if name not in SEEN_FACTS))
            values = (_value(t.patrons, name, step.sets[name]) for name in names)
            changed["patron_id", *names, "updated_on"].append((step.patron_id, *values, today.isoformat()))
        if (then := step.seen_then) != step.seen_now:
            seen_gone.append((district, step.source_id))
            if then["fingerprint"] is not None:
                facts = (_value(t.seen, name, value) for name, value in then.items())
                seen.append((district, step.source_id, step.patron_id, *facts))
    return Staged(
        patrons=[],
        changed=changed,
        identifiers=sorted(taken),
        identifiers_gone=gone,
        seen=seen,
        seen_gone=seen_gone,
        changes=[(undo, step.patron_id, step.kind, *step.images) for step in reversal.steps],
        exclusions=[],
        contested=[(key, IdentifierKind.CONTESTED, district, 0) for key in contested or ()],
        settled=[] if contested is None else None,
    )


def _value(table: Table, name: str, value: Any) -> Any:
    return bytes.fromhex(value) if value is not None and isinstance(table.c[name].type, LargeBinary) else value


def _identifiers(reversal: Reversal) -> tuple[list[Row], list[Row]]:
    """Rows to delete, and rows to insert."""
    gone: list[Row] = []
    new: list[Row] = []
    for step in reversal.steps:
        district, patron_id = reversal.target.district, step.patron_id
        gone += [(key, step.number_kind, district, patron_id) for key in (step.takes, step.gives) if key]
        if step.takes:
            gone.append((step.takes, IdentifierKind.FORMER, district, patron_id))
            new.append((step.takes, step.number_kind, district, patron_id))
        if step.kind == Return.WITHDRAW or (step.gives != step.takes and patron_id in reversal.former):
            new.append((step.gives, IdentifierKind.FORMER, district, patron_id))
    # A number that was withdrawn before can be a former one already.
    return [*gone, *new], list(set(new))
