"""What became of one patron, run by run: what an image says is aged, which columns it had stays."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from access_service.storage.runs import REFRESH
from access_service.storage.tables import changes, patrons, runs


class Step(NamedTuple):
    """A change of a patron by a run, a person or an undo; values are None once they were let go of."""

    run_id: int
    kind: str
    at: datetime
    by: str
    report: Mapping[str, Any]
    undoes: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Step({self.run_id})"


def steps(connection: Connection, patron_id: int, most: int) -> list[Step]:
    """The newest `most` changes of a patron, newest first."""
    run = runs.c.run_id, changes.c.kind, runs.c.started_at, runs.c.started_by, runs.c.report, runs.c.undoes
    joined = select(*run, changes.c.before, changes.c.after).join_from(changes, runs, runs.c.run_id == changes.c.run_id)
    mine = joined.where(changes.c.patron_id == patron_id, changes.c.kind != REFRESH)
    found: list[Step] = []
    for row in connection.execute(mine.order_by(changes.c.run_id.desc()).limit(most)):
        run_id, kind, at, by, report, undoes, before, after = row
        # SQLite keeps no zone; what we store is UTC.
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        images = (json.loads(side) for side in (before, after))
        found.append(Step(run_id, kind, at, by, json.loads(report), undoes, *images))
    return found


def touches(connection: Connection, patron_id: int) -> Iterator[tuple[int, frozenset[str]]]:
    """The runs that changed a patron, newest first, and which columns."""
    statement = select(changes.c.run_id, changes.c.after)
    mine = changes.c.patron_id == patron_id, changes.c.kind != REFRESH
    for run_id, after in connection.execute(statement.where(*mine).order_by(changes.c.run_id.desc())):
        yield run_id, frozenset(json.loads(after))


def created_run(connection: Connection, patron_id: int) -> int:
    """The run that made a patron."""
    return int(connection.execute(select(patrons.c.created_run).where(patrons.c.patron_id == patron_id)).scalar_one())
