"""What people were told, and what they are still to be told. Nothing in it is personal."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update
from sqlalchemy.dialects import postgresql, sqlite

from access_service.notices import Event
from access_service.storage.tables import notices

# Older news is none any more.
STALE = timedelta(days=7)


class Way(StrEnum):
    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell: what it is of (a run, or None), and by what it is known again tomorrow."""

    event: Event
    day: date
    run_id: int | None
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """News for one way of telling; `told` once it was heard."""

    notice: int
    way: Way
    news: News
    told: bool


def of(connection: Connection, district: str) -> list[Notice]:
    """All of a district, the oldest first."""
    statement = select(notices).where(notices.c.district == district).order_by(notices.c.notice)
    return [_notice(row) for row in connection.execute(statement).mappings()]


def keep(connection: Connection, district: str, way: Way, news: Iterable[News], now: datetime) -> None:
    """To be told; where an event was noted for the same day already, that stays."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for each in news:
        values = {**asdict(each), "district": district, "way": way, "try_after": now}
        connection.execute(dialect.insert(notices).values(**values).on_conflict_do_nothing())


def waiting(connection: Connection, district: str, now: datetime) -> set[Way]:
    """The ways by which something is still to be told."""
    return {Way(way) for way in connection.execute(select(notices.c.way).where(*_due(district, now))).scalars()}


def claim(connection: Connection, district: str, way: Way, now: datetime, until: datetime) -> list[Notice]:
    """What is still to be told by a way: nobody else gets it before `until`."""
    mine = notices.c.way == way
    statement = update(notices).where(mine, *_due(district, now)).values(try_after=until).returning(notices)
    return sorted(map(_notice, connection.execute(statement).mappings()), key=lambda notice: notice.notice)


def told(connection: Connection, heard: Sequence[Notice], now: datetime) -> None:
    """These were heard."""
    statement = update(notices).where(notices.c.notice.in_([each.notice for each in heard]))
    connection.execute(statement.values(told_at=now))


def _due(district: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    fresh = notices.c.day >= (now - STALE).date()
    return notices.c.district == district, notices.c.told_at.is_(None), notices.c.try_after <= now, fresh


def _notice(row: RowMapping) -> Notice:
    news = News(Event(row["event"]), row["day"], row["run_id"], row["about"], row["text"])
    return Notice(row["notice"], Way(row["way"]), news, row["told_at"] is not None)
