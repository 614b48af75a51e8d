"""Pages for those who keep the service running.

Open to all who reach the port: they hold counts, district codes and ages, and nothing personal. Where even that is
too much, a reverse proxy in front can keep them in.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST

from access_service.errors import StorageError
from access_service.metrics import Metrics
from access_service.storage import runs, schema
from access_service.storage.engine import Databases, read


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
        return Response(metrics.text(_ages_if_known(databases, now())), content_type=CONTENT_TYPE_LATEST)

    return pages


def roster_ages(databases: Databases, now: datetime) -> Mapping[str, int]:
    """Seconds since a roster was last accepted, by district."""
    states = read(databases.reader, runs.states)
    return {district: int((now - state.seen_at).total_seconds()) for district, state in states.items()}


def _ages_if_known(databases: Databases, now: datetime) -> Mapping[str, int]:
    # The counts are needed most when the database is away; /readyz says that it is.
    try:
        return roster_ages(databases, now)
    except StorageError:
        return {}
