"""Fields that a person set by hand, which no night changes."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, or_, select

from access_service.storage.tables import overrides


class Override(NamedTuple):
    """A field of a patron, set by hand. `until` is the last day that it is held; None: until it is released."""

    patron_id: int
    field: str
    district: str
    by: str
    set_on: date
    reason: str
    until: date | None


def put(connection: Connection, override: Override) -> None:
    """Hold a field, in place of how it was held before."""
    drop(connection, override.patron_id, override.field)
    connection.execute(insert(overrides).values(**override._asdict()))


def drop(connection: Connection, patron_id: int, field: str) -> bool:
    """Let a field go; whether it was held."""
    mine = overrides.c.patron_id == patron_id, overrides.c.field == field
    return connection.execute(delete(overrides).where(*mine)).rowcount == 1


def of_patron(connection: Connection, patron_id: int) -> dict[str, Override]:
    """What is held of a patron, by field."""
    found = connection.execute(select(overrides).where(overrides.c.patron_id == patron_id))
    return {row.field: Override(**row._asdict()) for row in found}


def of_district(connection: Connection, district: str) -> list[Override]:
    """All that is held in a district, the first to end first."""
    statement = select(overrides).where(overrides.c.district == district)
    found = [Override(**row._asdict()) for row in connection.execute(statement)]
    return sorted(found, key=lambda held: (held.until or date.max, held.patron_id, held.field))


def held(connection: Connection, district: str, today: date) -> Mapping[int, frozenset[str]]:
    """The fields that are held today, by patron id."""
    lasting = or_(overrides.c.until.is_(None), overrides.c.until >= today)
    statement = select(overrides.c.patron_id, overrides.c.field).where(overrides.c.district == district, lasting)
    found: dict[int, set[str]] = defaultdict(set)
    for patron_id, field in connection.execute(statement):
        found[patron_id].add(field)
    return {patron_id: frozenset(fields) for patron_id, fields in found.items()}
