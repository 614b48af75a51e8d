"""What the last accepted roster said of each source id: the narrow table that every night reads whole."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from access_service.storage.tables import district_state, seen

STREAM = 10_000
# Of a row that is worked out again, whatever it says.
VOID = b""


class Seen(NamedTuple):
    """`missed` counts the rosters this id was missing from, since the day `absent_since`. `marks` are keyed ones of
    name and birth date, empty or None where they are not known."""

    source_id: str
    patron_id: int
    fingerprint: bytes
    missed: int
    absent_since: date | None
    marks: bytes | None = None


def stream(connection: Connection, district: str) -> Iterator[Seen]:
    """Every source id of a district, without holding them all. Wants a `snapshot` connection."""
    statement = select(*(seen.c[name] for name in Seen._fields)).where(seen.c.district == district)
    for batch in connection.execute(statement, execution_options={"yield_per": STREAM}).partitions():
        yield from map(Seen._make, batch)


def let_go(connection: Connection, district: str, source_id: str) -> None:
    """Count somebody no more among those whom the rosters keep."""
    mine = seen.c.district == district, seen.c.source_id == source_id
    gone = connection.execute(delete(seen).where(*mine)).rowcount
    here = district_state.c.population - gone
    connection.execute(update(district_state).where(district_state.c.district == district).values(population=here))


def void(connection: Connection, district: str, patron_ids: Collection[int]) -> None:
    """Have the next night that has these patrons work their rows out again, though they say the same."""
    mine = seen.c.district == district, seen.c.patron_id.in_(patron_ids)
    connection.execute(update(seen).where(*mine).values(fingerprint=VOID))


def anyone_due(connection: Connection, district: str) -> bool:
    """Whether somebody is another by now though the file is the same: one who is missing may have left, and a field
    that was set by hand be the roster's again."""
    due = or_(seen.c.missed > 0, seen.c.fingerprint == VOID)
    statement = select(seen.c.source_id).where(seen.c.district == district, due)
    return connection.execute(statement.limit(1)).first() is not None
