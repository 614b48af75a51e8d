"""The names at a school."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from access_service.storage.tables import patrons


class Named(NamedTuple):
    """Somebody's name. `presence` is a Presence."""

    patron_id: int
    given_name: str
    family_name: str
    presence: str

    def __repr__(self) -> str:
        return f"Named({self.patron_id})"


def of_school(connection: Connection, district: str, school: str) -> Iterator[Named]:
    """Everybody at a school, and who was there last when they left."""
    columns = (patrons.c[name] for name in Named._fields)
    mine = patrons.c.district == district, patrons.c.school == school, patrons.c.forgotten_on.is_(None)
    yield from map(Named._make, connection.execute(select(*columns).where(*mine)))
