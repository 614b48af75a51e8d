"""What became of one patron, run by run: what an image says is aged, which columns it had stays."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, select

from access_service.storage.runs import REFRESH
from access_service.storage.tables import changes, patrons


def touches(connection: Connection, patron_id: int) -> Iterator[tuple[int, frozenset[str]]]:
    """The runs that changed a patron, newest first, and which columns."""
    statement = select(changes.c.run_id, changes.c.after)
    mine = changes.c.patron_id == patron_id, changes.c.kind != REFRESH
    for run_id, after in connection.execute(statement.where(*mine).order_by(changes.c.run_id.desc())):
        yield run_id, frozenset(json.loads(after))


def created_run(connection: Connection, patron_id: int) -> int:
    """The run that made a patron."""
    return int(connection.execute(select(patrons.c.created_run).where(patrons.c.patron_id == patron_id)).scalar_one())
