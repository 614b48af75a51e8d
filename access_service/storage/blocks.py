"""The library's own blocks. A lookup reads the last day alone, with the patron; why and by whom stands beside."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from access_service.storage.tables import blocks, patrons

UNTIL_LIFTED = date.max


class Block(NamedTuple):
    """Why somebody is blocked, and through which day."""

    until: date
    reason: str
    by: str
    at: datetime


def of_cards(connection: Connection, patron_ids: Collection[int]) -> Block | None:
    """The block of any of these cards of one person: the one that holds longest."""
    both = blocks.join(patrons, patrons.c.patron_id == blocks.c.patron_id)
    columns = patrons.c.blocked_until, blocks.c.reason, blocks.c.by, blocks.c.at
    mine = blocks.c.patron_id.in_(patron_ids)
    longest = select(*columns).select_from(both).where(mine).order_by(patrons.c.blocked_until.desc()).limit(1)
    row = connection.execute(longest).one_or_none()
    return Block(row.blocked_until, row.reason, row.by, _utc(row.at)) if row else None


def put(connection: Connection, patron_id: int, district: str, block: Block) -> None:
    """Block a card that has no block."""
    connection.execute(update(patrons).where(patrons.c.patron_id == patron_id).values(blocked_until=block.until))
    facts = {"reason": block.reason, "by": block.by, "at": block.at}
    connection.execute(insert(blocks).values(patron_id=patron_id, district=district, **facts))


def drop(connection: Connection, patron_ids: Collection[int]) -> None:
    """Lift the blocks of these cards."""
    connection.execute(update(patrons).where(patrons.c.patron_id.in_(patron_ids)).values(blocked_until=None))
    connection.execute(delete(blocks).where(blocks.c.patron_id.in_(patron_ids)))


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no zone; what we store is UTC.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
