"""Runs that somebody asked for: the one word from the day to the night."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from access_service.storage.tables import requests


def ask(connection: Connection, district: str, asked_by: str, now: datetime) -> int:
    """Ask for a run; returns the number of the request."""
    values = {"district": district, "asked_by": asked_by, "asked_at": now}
    return int(connection.execute(insert(requests).values(**values).returning(requests.c.request_id)).scalar_one())


def waiting(connection: Connection) -> Mapping[str, list[str]]:
    """Who asked, by district, the first first; only of requests that no run has taken."""
    statement = select(requests.c.district, requests.c.asked_by).where(requests.c.taken_run.is_(None))
    found: dict[str, list[str]] = {}
    for district, asked_by in connection.execute(statement.order_by(requests.c.request_id)):
        found.setdefault(district, []).append(asked_by)
    return found


def take(connection: Connection, district: str, run_id: int, now: datetime) -> int:
    """A run that starts answers all requests of its district that wait; returns how many there were."""
    mine = requests.c.district == district, requests.c.taken_run.is_(None)
    return connection.execute(update(requests).where(*mine).values(taken_run=run_id, taken_at=now)).rowcount
