"""Pages for those who keep the service running.

Open to all who reach the port: they hold counts, district codes and ages, and nothing personal. Where even that is
too much, a reverse proxy in front can keep them in.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from access_service.domain.traffic import Alarm
from access_service.errors import StorageError
from access_service.metrics import Metrics
from access_service.storage import runs, schema, traffic
from access_service.storage.engine import Databases, read

K = TypeVar("K")


def blueprint(databases: Databases, metrics: Metrics, now: Callable[[], datetime]) -> Blueprint:
    """/healthz (this process lives), /readyz (it can answer) and /metrics."""
    pages = Blueprint("health", __name__)

    @pages.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "alive"}

    @pages.get("/readyz")
    def ready() -> dict[str, object]:
        """A stale roster is a number here, never a 503: the last good night still serves."""
        schema.check(databases)
        return {"status": "ready", "roster_age_seconds": roster_ages(databases, now())}

    @pages.get("/metrics")
    def exposition() -> Response:
        ages = _if_known(lambda: roster_ages(databases, now()))
        text = metrics.text(ages, _if_known(lambda: alarms(databases, now())))
        return Response(text, content_type=CONTENT_TYPE_LATEST)

    return pages


def roster_ages(databases: Databases, now: datetime) -> Mapping[str, int]:
    """Seconds since a roster was last accepted, by district."""
    states = read(databases.reader, runs.states)
    return {district: int((now - state.seen_at).total_seconds()) for district, state in states.items()}


def alarms(databases: Databases, now: datetime) -> Mapping[Alarm, int]:
    """How many clients have each alarm of guessing today."""
    asked = read(databases.reader, lambda connection: traffic.everyone(connection, int(now.timestamp())))
    return Counter(alarm for one in asked.values() for alarm in one.raised)


def _if_known(ask: Callable[[], Mapping[K, int]]) -> Mapping[K, int]:
    # The counts are needed most when the database is away; /readyz says that it is.
    try:
        return ask()
    except StorageError:
        return {}
