"""The cards of the ILS, as its newest extract has them. The caller owns the transaction."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from access_service.storage import bulk
from access_service.storage.patrons import BATCH
from access_service.storage.tables import ils_cards, ils_extracts

STREAM = 10_000


class CardRow(NamedTuple):
    """A card as it is stored; `expires` is ISO text. `patron_id` is set where it is an account of ours."""

    folded: str
    number: str
    key: str
    patron_type: str
    branch: str
    expires: str | None
    blocked: bool
    patron_id: int | None


class LastRead(NamedTuple):
    """The newest file of a kind ("extract" or "rejects") that was read, and how many of its rows are ours."""

    kind: str
    written_at: datetime
    read_at: datetime
    sha256: str
    rows: int
    ours: int


def last_read(connection: Connection, kind: str) -> LastRead | None:
    row = connection.execute(select(ils_extracts).where(ils_extracts.c.kind == kind)).first()
    if row is None:
        return None
    last = LastRead._make(row)
    return last._replace(written_at=_utc(last.written_at), read_at=_utc(last.read_at))


def note_read(connection: Connection, read: LastRead) -> None:
    connection.execute(delete(ils_extracts).where(ils_extracts.c.kind == read.kind))
    connection.execute(insert(ils_extracts).values(read._asdict()))


def cards(connection: Connection) -> Iterator[CardRow]:
    """All of them, without holding them all. Wants a `snapshot` connection."""
    statement = select(*(ils_cards.c[name] for name in CardRow._fields))
    for batch in connection.execute(statement, execution_options={"yield_per": STREAM}).partitions():
        yield from map(_row, batch)


def replace_cards(connection: Connection, gone: Iterable[CardRow], new: Iterable[CardRow]) -> None:
    """Delete cards, then write others."""
    bulk.delete(connection, ils_cards, ("folded", "number"), [(row.folded, row.number) for row in gone])
    bulk.insert(connection, ils_cards, CardRow._fields, new)


def find(connection: Connection, folded: Sequence[str]) -> dict[str, list[CardRow]]:
    """The cards under these folded numbers."""
    statement = select(*(ils_cards.c[name] for name in CardRow._fields)).where(
        ils_cards.c.folded.in_(bindparam("keys", expanding=True))
    )
    found: dict[str, list[CardRow]] = {}
    if last_read(connection, "extract") is None:
        return found
    for start in range(0, len(folded), BATCH):
        for row in connection.execute(statement, {"keys": folded[start : start + BATCH]}):
            found.setdefault(row.folded, []).append(_row(row))
    return found


def _row(row: Iterable[Any]) -> CardRow:
    return CardRow._make(value.isoformat() if isinstance(value, date) else value for value in row)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
