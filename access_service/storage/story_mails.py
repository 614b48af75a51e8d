"""The report of each month by mail: whether it went, to whom, and what is in its way."""

from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from access_service.storage.tables import story_mails


class StoryMail(NamedTuple):
    """Of a month; `told_at` once it was taken, `error` while it waits for another try."""

    month: date
    told_at: datetime | None
    told_to: str
    error: str


def newest(connection: Connection, district: str) -> list[StoryMail]:
    """The last that went, and one that waits; the newer first."""
    columns = story_mails.c.month, story_mails.c.told_at, story_mails.c.told_to, story_mails.c.error
    statement = select(*columns).where(story_mails.c.district == district).order_by(story_mails.c.month.desc()).limit(2)
    return [StoryMail(row.month, _utc(row.told_at), row.told_to, row.error) for row in connection.execute(statement)]


def is_due(connection: Connection, district: str, month: date, now: datetime) -> bool:
    """Whether it was not sent yet, and nobody is sending it."""
    mine = story_mails.c.district == district, story_mails.c.month == month
    row = connection.execute(select(story_mails.c.told_at, story_mails.c.try_after).where(*mine)).one_or_none()
    return row is None or (row.told_at is None and (_utc(row.try_after) or now) <= now)


def claim(connection: Connection, district: str, month: date, now: datetime, until: datetime) -> bool:
    """Take it on, so that nobody else does before `until`. False: somebody has, or it went."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"district": district, "month": month, "try_after": now}
    connection.execute(dialect.insert(story_mails).values(**values).on_conflict_do_nothing())
    mine = story_mails.c.district == district, story_mails.c.month == month
    waits = story_mails.c.told_at.is_(None), story_mails.c.try_after <= now
    statement = update(story_mails).where(*mine, *waits).values(try_after=until)
    return bool(connection.execute(statement.returning(story_mails.c.month)).all())


def ended(connection: Connection, district: str, of: StoryMail) -> None:
    """What came of a try."""
    mine = story_mails.c.district == district, story_mails.c.month == of.month
    values = {"told_at": of.told_at, "told_to": of.told_to, "error": of.error}
    connection.execute(update(story_mails).where(*mine).values(**values))


def _utc(moment: datetime | None) -> datetime | None:
    # SQLite keeps no zone; what we store is UTC.
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
