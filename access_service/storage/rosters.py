"""What applying a roster writes besides patrons: ids, the fence, exclusions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text, update

from access_service.domain.identifiers import IdentifierKind
from access_service.storage import bulk
from access_service.storage.engine import Databases
from access_service.storage.runs import DistrictState
from access_service.storage.tables import district_state, exclusions, identifiers

_RESERVE = text(
    "INSERT INTO counters (name, next) VALUES ('patron_id', 1 + :amount)"
    " ON CONFLICT (name) DO UPDATE SET next = counters.next + :amount RETURNING next"
)


def reserve_patron_ids(databases: Databases, amount: int) -> int:
    """The first of `amount` patron ids that nobody else will get. Unused ones are never given again."""
    if not amount:
        return 0
    with databases.writer.begin() as connection:
        return int(connection.execute(_RESERVE, {"amount": amount}).scalar_one()) - amount


def fence(
    connection: Connection, district: str, run_id: int, before: DistrictState | None, after: Mapping[str, Any] | None
) -> bool:
    """Set the district's state (None: as before the first roster); False if it is not what this run was planned
    against."""
    values = {"applied_run": run_id, **(after or {})}
    if before is not None:
        expected = district_state.c.district == district, district_state.c.applied_run == before.applied_run
        statement = delete(district_state) if after is None else update(district_state).values(**values)
        return connection.execute(statement.where(*expected)).rowcount == 1
    if connection.execute(select(district_state.c.district).where(district_state.c.district == district)).first():
        return False
    if after is not None:
        connection.execute(insert(district_state).values(district=district, **values))
    return True


def replace_exclusions(
    connection: Connection, district: str, excluded: Sequence[bulk.Row], contested: Sequence[bulk.Row]
) -> None:
    """Set who of the last roster got no card, and the numbers that this district's rows contest."""
    connection.execute(delete(exclusions).where(exclusions.c.district == district))
    bulk.insert(connection, exclusions, ("district", "mark", "code", "detail"), excluded)
    mine = identifiers.c.district == district
    connection.execute(delete(identifiers).where(mine, identifiers.c.kind == IdentifierKind.CONTESTED))
    bulk.insert(connection, identifiers, ("key", "kind", "district", "patron_id"), contested)


def add_exclusions(
    connection: Connection,
    excluded: Sequence[bulk.Row],
    contested: Sequence[bulk.Row],
    settled: Sequence[bulk.Row],
) -> None:
    """Note who of a partial roster got no card. `settled` (district, mark) are those of whom it says otherwise now."""
    columns, keys = ("district", "mark", "code", "detail"), ("key", "kind", "district", "patron_id")
    bulk.delete(connection, exclusions, columns[:2], [*settled, *(row[:2] for row in excluded)])
    bulk.insert(connection, exclusions, columns, excluded)
    bulk.delete(connection, identifiers, keys, contested)
    bulk.insert(connection, identifiers, keys, contested)


def checkpoint(databases: Databases) -> None:
    """Fold SQLite's write-ahead log back after a large write, so that it does not stay large."""
    if databases.reader.dialect.name == "sqlite":
        with databases.reader.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
