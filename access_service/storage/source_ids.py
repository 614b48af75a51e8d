"""Whose source id is whose, and another one for the same patron. Everything else of a patron stays."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, and_, select, update

from access_service.domain.mapping import Exclusion
from access_service.domain.patron import HERE, Presence
from access_service.domain.student import Role
from access_service.storage import bulk
from access_service.storage.seen import Seen
from access_service.storage.tables import changes, district_state, exclusions, patrons, seen

# A row with a patron's id that may be somebody else's.
STRANGERS = (Exclusion.ID_RECYCLED, Exclusion.ROLE_CHANGED)
# The kind of the change.
KIND = "rekey"
# Begins no roster's source id, for rows with a control character are rejected.
_NOBODYS = "\x1f"


class Known(NamedTuple):
    """A stored patron as a roster may have them. `marks` are those of `seen`, b"" where nothing is known."""

    patron_id: int
    source_id: str
    role: str
    student_number: str
    library_number: str
    given_name: str
    family_name: str
    presence: Presence
    marks: bytes


class Move(NamedTuple):
    """Another source id for a patron, and the marks that go with it."""

    patron_id: int
    old: str
    new: str
    marks_before: bytes
    marks: bytes


def freed(known: Known) -> Move:
    """A patron's source id is somebody else's by now: theirs is in no roster any more."""
    return Move(known.patron_id, known.source_id, f"{_NOBODYS}{known.patron_id}", known.marks, known.marks)


def stored(connection: Connection, district: str) -> Iterator[Known]:
    """Every patron of a district, those who left among them and those forgotten not, nor test cards."""
    same = and_(seen.c.district == patrons.c.district, seen.c.source_id == patrons.c.source_id)
    columns = (patrons.c[name] for name in Known._fields if name != "marks")
    statement = select(*columns, seen.c.marks).select_from(patrons.outerjoin(seen, same))
    left = _marks_of_leavers(connection, district)
    mine = patrons.c.district == district, patrons.c.forgotten_on.is_(None)
    for row in connection.execute(statement.where(*mine, patrons.c.role != Role.TEST_CARD)):
        known = Known._make(row)
        found = known.marks or left.get(known.patron_id, b"")
        yield known._replace(presence=Presence(known.presence), marks=found)


def _marks_of_leavers(connection: Connection, district: str) -> dict[int, bytes]:
    """As the last change says that had any."""
    joined = changes.join(patrons, patrons.c.patron_id == changes.c.patron_id)
    mine = patrons.c.district == district, patrons.c.presence.not_in(HERE)
    statement = select(changes.c.patron_id, changes.c.before).select_from(joined).where(*mine)
    images = ((one, json.loads(before)) for one, before in connection.execute(statement.order_by(changes.c.run_id)))
    return {patron_id: bytes.fromhex(before["marks"]) for patron_id, before in images if before.get("marks")}


def move(connection: Connection, district: str, run_id: int, moves: Sequence[Move], today: date) -> None:
    """Give these patrons other source ids, all at once, so that two can swap theirs."""
    # An id must be free before the next one takes it.
    for rows in ([(m.patron_id, f"{_NOBODYS}{_NOBODYS}{m.patron_id}") for m in moves], [(m[0], m.new) for m in moves]):
        days = ((*row, today.isoformat()) for row in rows)
        bulk.update(connection, patrons, ("patron_id", "source_id", "updated_on"), days)
    by_old = {m.old: m for m in moves}
    mine = select(*(seen.c[name] for name in Seen._fields)).where(seen.c.district == district)
    said = [row for row in map(Seen._make, connection.execute(mine)) if row.source_id in by_old]
    bulk.delete(connection, seen, ("district", "source_id"), [(district, row.source_id) for row in said])
    moved = (row._replace(source_id=by_old[row.source_id].new, marks=by_old[row.source_id].marks) for row in said)
    bulk.insert(connection, seen, ("district", *Seen._fields), ((district, *_plain(row)) for row in moved))
    images = ((run_id, m.patron_id, KIND, _image(m.old, m.marks_before), _image(m.new, m.marks)) for m in moves)
    bulk.insert(connection, changes, ("run_id", "patron_id", "kind", "before", "after"), images)


def look_anew(connection: Connection, district: str, profile: str) -> None:
    """Have the next night work every row out, though they are the same, and compare its roster with this profile."""
    mine = update(district_state).where(district_state.c.district == district)
    connection.execute(mine.values(basis="", content=b"", profile=profile))


def moved(connection: Connection, run_id: int) -> list[Move]:
    """What a run moved."""
    mine = select(changes).where(changes.c.run_id == run_id, changes.c.kind == KIND)
    found = []
    for row in connection.execute(mine):
        (old, then), (new, now) = (json.loads(side).values() for side in (row.before, row.after))
        found.append(Move(row.patron_id, old, new, bytes.fromhex(then), bytes.fromhex(now)))
    return found


def holders(connection: Connection, district: str, source_ids: Sequence[str]) -> dict[str, int]:
    """Whose patron id each of these source ids is."""
    wanted = set(source_ids)
    mine = select(patrons.c.source_id, patrons.c.patron_id).where(patrons.c.district == district)
    return {source_id: patron_id for source_id, patron_id in connection.execute(mine) if source_id in wanted}


def recycled(connection: Connection, district: str) -> set[str]:
    """What the last roster's exclusions say of ids that another person has now, or another role."""
    mine = exclusions.c.district == district, exclusions.c.code.in_(STRANGERS)
    return set(connection.execute(select(exclusions.c.detail).where(*mine)).scalars())


def _image(source_id: str, found: bytes) -> str:
    return json.dumps({"source_id": source_id, "marks": found.hex()})


def _plain(row: Seen) -> bulk.Row:
    return row._replace(absent_since=row.absent_since.isoformat() if row.absent_since else None)  # type: ignore[arg-type]
