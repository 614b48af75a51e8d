"""The audit's rows. They are written once; nothing here changes or removes one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text

from access_service.storage.tables import audit


class Entry(NamedTuple):
    """One deed: who did what to what, and why. `before` and `after` are JSON; `mac` binds it to the entry before."""

    seq: int
    at: datetime
    by: str
    action: str
    district: str
    subject: str
    reason: str
    before: str
    after: str
    key_id: str
    mac: bytes


def last(connection: Connection) -> tuple[int, bytes]:
    """Number and mac of the newest entry, (0, b"") before the first; nobody else appends until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('audit'))"))
    row = connection.execute(select(audit.c.seq, audit.c.mac).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    return (row.seq, row.mac) if row else (0, b"")


def append(connection: Connection, entry: Entry) -> None:
    connection.execute(insert(audit).values(**entry._asdict()))


def entries(connection: Connection, newest: int | None = None) -> Iterator[Entry]:
    """All entries in their order, or the `newest` so many, newest first."""
    statement = select(audit).order_by(audit.c.seq.desc()).limit(newest) if newest else select(audit).order_by("seq")
    for row in connection.execute(statement):
        facts = row._asdict()
        # SQLite keeps no zone; what we store is UTC.
        at = facts.pop("at")
        yield Entry(at=at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC), **facts)
