"""What an undo reads of the ledger, and what it leaves there."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, insert, select, update

from access_service.domain.identifiers import IdentifierKind
from access_service.storage import library_numbers
from access_service.storage.patrons import BATCH
from access_service.storage.runs import CHANGING, PUBLISHED, DistrictState
from access_service.storage.tables import changes, identifiers, patrons, runs, seen, states_before

SEEN_FACTS = ("fingerprint", "missed", "absent_since", "marks")


class Published(NamedTuple):
    """A run that was applied; by `undone_by` it counts no more, and what it `undoes` counts no more by it."""

    run_id: int
    undoes: int | None
    undone_by: int | None


class Changed(NamedTuple):
    """A patron that a run changed or made: the images as the ledger has them ("" of one it made), the columns of
    patrons and seen as they are now, and whether a later run changed it again."""

    patron_id: int
    kind: str
    before: str
    after: str
    now: Mapping[str, Any]
    newer: bool


@dataclass(frozen=True, slots=True)
class StateBefore:
    """What stood before a run was applied: the district's state, None before its first, and contested numbers."""

    state: DistrictState | None
    contested: tuple[str, ...]


def keep_state(connection: Connection, run_id: int, district: str, state: DistrictState | None) -> None:
    """Keep what stands before a run is applied."""
    mine = identifiers.c.district == district, identifiers.c.kind == IdentifierKind.CONTESTED
    contested = list(connection.execute(select(identifiers.c.key).where(*mine)).scalars())
    plain = state and asdict(state) | {"content": state.content.hex(), "seen_at": state.seen_at.isoformat()}
    values = {"run_id": run_id, "state": json.dumps(plain), "contested": json.dumps(contested)}
    connection.execute(insert(states_before).values(**values))


def state_before(connection: Connection, run_id: int) -> StateBefore | None:
    """What stood before a run was applied, or None where that was not kept."""
    row = connection.execute(select(states_before).where(states_before.c.run_id == run_id)).one_or_none()
    if row is None:
        return None
    if facts := json.loads(row.state):
        facts |= {"content": bytes.fromhex(facts["content"]), "seen_at": datetime.fromisoformat(facts["seen_at"])}
    return StateBefore(DistrictState(**facts) if facts else None, tuple(json.loads(row.contested)))


def published(connection: Connection, district: str) -> list[Published]:
    """All runs of a district that were applied, undos among them."""
    statement = select(runs.c.run_id, runs.c.undoes, runs.c.undone_by)
    mine = runs.c.district == district, runs.c.outcome.in_(PUBLISHED)
    return [Published(*row) for row in connection.execute(statement.where(*mine))]


def changed(connection: Connection, run_id: int, void: Collection[int]) -> Iterator[Changed]:
    """The patrons that a run changed. Later runs in `void` count as if they had not been."""
    mine = changes.join(patrons, patrons.c.patron_id == changes.c.patron_id)
    images = changes.c.kind, changes.c.before, changes.c.after
    statement = select(*images, _newer(run_id, void), patrons, *_SEEN).select_from(mine.outerjoin(seen, _SAME))
    for row in connection.execute(statement.where(changes.c.run_id == run_id)):
        yield _changed(row)


def created(connection: Connection, district: str, run_id: int, void: Collection[int]) -> Iterator[Changed]:
    """The patrons that a run made, as `changed` has them."""
    statement = select(_newer(run_id, void), patrons, *_SEEN).select_from(patrons.outerjoin(seen, _SAME))
    for row in connection.execute(statement.where(patrons.c.district == district, patrons.c.created_run == run_id)):
        yield _changed(row)


def images_before(
    connection: Connection, run_id: int, void: Collection[int], patron_ids: Sequence[int]
) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
    """All that earlier runs changed of these patrons: id, before, after."""
    statement = select(changes.c.patron_id, changes.c.before, changes.c.after).where(
        changes.c.patron_id.in_(bindparam("ids", expanding=True)),
        changes.c.run_id < run_id,
        changes.c.run_id.not_in(void),
    )
    for start in range(0, len(patron_ids), BATCH):
        for patron_id, before, after in connection.execute(statement, {"ids": patron_ids[start : start + BATCH]}):
            yield patron_id, json.loads(before), json.loads(after)


def of_file(connection: Connection, district: str, sha256: str) -> Published | None:
    """The run that applied this file last, if that was undone."""
    statement = select(runs.c.run_id, runs.c.undoes, runs.c.undone_by).where(
        runs.c.district == district, runs.c.file_sha256 == sha256, runs.c.outcome.in_(CHANGING)
    )
    row = connection.execute(statement.order_by(runs.c.run_id.desc()).limit(1)).one_or_none()
    return Published(*row) if row and row.undone_by else None


def begin(connection: Connection, undo: int, run_id: int) -> None:
    """Note of a run that it is an undo."""
    connection.execute(update(runs).where(runs.c.run_id == undo).values(undoes=run_id))


def mark(connection: Connection, undo: int, run_id: int) -> None:
    """Note that a run was undone. If it was an undo itself, what that undid counts again, and so on."""
    by: int | None = undo
    target: int | None = run_id
    while target is not None:
        connection.execute(update(runs).where(runs.c.run_id == target).values(undone_by=by))
        by = None if by else target
        target = connection.execute(select(runs.c.undoes).where(runs.c.run_id == target)).scalar_one()


_SEEN = [seen.c[name] for name in SEEN_FACTS]
_SAME = and_(seen.c.district == patrons.c.district, seen.c.source_id == patrons.c.source_id)


def _newer(run_id: int, void: Collection[int]) -> ColumnElement[bool]:
    later = changes.alias("later")
    return exists(
        select(later.c.run_id).where(
            later.c.patron_id == patrons.c.patron_id,
            later.c.run_id > run_id,
            later.c.run_id.not_in(void),
            # No night sets a library number, so neither stands in the other's way.
            later.c.kind != library_numbers.KIND,
        )
    ).label("newer")


def _changed(row: Row[Any]) -> Changed:
    now = row._asdict()
    kind, before, after = (now.pop(name, "") for name in ("kind", "before", "after"))
    return Changed(row.patron_id, kind, before, after, now, bool(now.pop("newer")))
