"""The audit's rows. They are written once; nothing here changes or removes one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select, text

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

    def facts(self, side: str) -> dict[str, Any]:
        """`before` or `after` as values."""
        found: dict[str, Any] = json.loads(getattr(self, side))
        return found


class Wanted(NamedTuple):
    """Which entries are looked for: older than `before`, of an action, by and about something with these words in it,
    and where `districts` are named about one of those."""

    before: int | None = None
    action: str = ""
    by: str = ""
    subject: str = ""
    districts: frozenset[str] = frozenset()


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
    yield from map(_entry, connection.execute(statement))


def of_subject(connection: Connection, subject: str, but: str, most: int) -> list[Entry]:
    """The newest `most` entries of a subject, newest first, without those of the action `but`."""
    mine = audit.c.subject == subject, audit.c.action != but
    newest = select(audit).where(*mine).order_by(audit.c.seq.desc()).limit(most)
    return list(map(_entry, connection.execute(newest)))


def page(connection: Connection, wanted: Wanted, most: int) -> list[Entry]:
    """The newest of those that are wanted."""
    statement = select(audit).order_by(audit.c.seq.desc()).limit(most)
    if wanted.before is not None:
        statement = statement.where(audit.c.seq < wanted.before)
    if wanted.action:
        statement = statement.where(audit.c.action == wanted.action)
    if wanted.districts:
        statement = statement.where(audit.c.district.in_(wanted.districts))
    for column, words in ((audit.c.by, wanted.by), (audit.c.subject, wanted.subject)):
        if words:
            statement = statement.where(column.icontains(words, autoescape=True))
    return list(map(_entry, connection.execute(statement)))


def last_of(connection: Connection, action: str) -> dict[str, datetime]:
    """When something was last done, by its subject."""
    newest = select(func.max(audit.c.seq)).where(audit.c.action == action).group_by(audit.c.subject)
    rows = connection.execute(select(audit.c.subject, audit.c.at).where(audit.c.seq.in_(newest)))
    return {row.subject: _utc(row.at) for row in rows}


def _entry(row: Row[Any]) -> Entry:
    facts = row._asdict()
    return Entry(at=_utc(facts.pop("at")), **facts)


def _utc(at: datetime) -> datetime:
    """SQLite keeps no zone; what we store is UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
