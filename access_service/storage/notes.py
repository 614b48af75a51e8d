"""Notes of the desk on patrons."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from access_service.storage.tables import notes


class Note(NamedTuple):
    """What somebody wrote down, and when. `note` is its number, 0 before it has one."""

    note: int
    patron_id: int
    text: str
    by: str
    at: datetime

    def __repr__(self) -> str:
        return f"Note({self.note})"


def of_cards(connection: Connection, patron_ids: Collection[int]) -> list[Note]:
    """All notes on these cards of one person, newest first."""
    columns = (notes.c[name] for name in Note._fields)
    mine = select(*columns).where(notes.c.patron_id.in_(patron_ids)).order_by(notes.c.note.desc())
    return [Note._make((*row[:-1], _utc(row.at))) for row in connection.execute(mine)]


def add(connection: Connection, district: str, note: Note) -> int:
    """Write a note down; its number."""
    facts = {name: value for name, value in note._asdict().items() if name != "note"}
    statement = insert(notes).values(district=district, **facts).returning(notes.c.note)
    return int(connection.execute(statement).scalar_one())


def remove(connection: Connection, patron_ids: Collection[int], note: int) -> bool:
    """Delete a note on one of these cards; whether there was one."""
    mine = notes.c.note == note, notes.c.patron_id.in_(patron_ids)
    return bool(connection.execute(delete(notes).where(*mine)).rowcount)


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no zone; what we store is UTC.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
