"""How far the run of a district is. Each call is a statement of its own, on a connection of the reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from access_service.storage.runs import utc
from access_service.storage.tables import progress


@dataclass(frozen=True, slots=True)
class Progress:
    """The phase that a run is in, and when it came there."""

    run_id: int
    phase: str
    at: datetime


def note(connection: Connection, district: str, reached: Progress) -> None:
    """A run has come to a phase."""
    told = {"run_id": reached.run_id, "phase": reached.phase, "at": reached.at}
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(progress).values(district=district, **told)
    connection.execute(statement.on_conflict_do_update(index_elements=["district"], set_=told))


def forget(connection: Connection, district: str, run_id: int) -> None:
    """A run has ended."""
    connection.execute(delete(progress).where(progress.c.district == district, progress.c.run_id == run_id))


def read(connection: Connection) -> Mapping[str, Progress]:
    """By district. One that was killed stands here until the next run."""
    return {row.district: Progress(row.run_id, row.phase, utc(row.at)) for row in connection.execute(select(progress))}
