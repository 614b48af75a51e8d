"""Freezes of districts: from when to when nobody expires or leaves, who said so and why."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from access_service.domain.calendar import Freeze
from access_service.storage.tables import freezes


@dataclass(frozen=True, slots=True)
class Order:
    """Who freezes or thaws a district, when by the clock and by its calendar, and why."""

    district: str
    by: str
    at: datetime
    today: date
    reason: str


def read(connection: Connection) -> Mapping[str, tuple[Freeze, ...]]:
    """All freezes by district, the oldest first. The day on which one is ended belongs to it no more."""
    found: dict[str, list[Freeze]] = defaultdict(list)
    for row in connection.execute(select(freezes).order_by(freezes.c.freeze_id)):
        ended = row.thawed_on - timedelta(days=1) if row.thawed_on else None
        last = min((day for day in (row.until, ended) if day), default=None)
        if last is None or row.first_day <= last:
            found[row.district].append(Freeze(row.first_day, last, row.reason))
    return {district: tuple(each) for district, each in found.items()}


def freeze(connection: Connection, order: Order, until: date | None, first: date | None = None) -> Freeze:
    """Freeze a district from `first` on, by default today; one that is frozen already stays so until the new day, for
    the new reason, and one that was to be frozen later is frozen from `first` on instead."""
    first = first or order.today
    values = {"until": until, "reason": order.reason, "frozen_by": order.by, "frozen_at": order.at}
    if held := _in_force(connection, order):
        begun = min(held.values())
        first = begun if begun <= order.today else first
        mine = freezes.c.freeze_id.in_(held)
        connection.execute(update(freezes).where(mine).values(first_day=first, **values))
    else:
        connection.execute(insert(freezes).values(district=order.district, first_day=first, **values))
    return Freeze(first, until, order.reason)


def thaw(connection: Connection, order: Order) -> date | None:
    """End the freeze of a district today, or call off the one to come. The day it began or would, None for none."""
    if not (held := _in_force(connection, order)):
        return None
    values = {"thawed_on": order.today, "thawed_by": order.by, "thaw_reason": order.reason}
    connection.execute(update(freezes).where(freezes.c.freeze_id.in_(held)).values(**values))
    return min(held.values())


def _in_force(connection: Connection, order: Order) -> dict[int, date]:
    """Those that hold now or later, with their first days: two, where two people froze it in the same moment."""
    statement = select(freezes.c.freeze_id, freezes.c.first_day).where(
        freezes.c.district == order.district,
        freezes.c.thawed_on.is_(None),
        freezes.c.until.is_(None) | (freezes.c.until >= order.today),
    )
    return {row.freeze_id: row.first_day for row in connection.execute(statement)}
