"""What became of one patron, run by run, as far as the ledger still knows."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, exists, func, select

from access_service.storage.runs import PUBLISHED, REFRESH
from access_service.storage.tables import changes, patrons, runs, states_before


def touches(connection: Connection, patron_id: int) -> Iterator[tuple[int, frozenset[str]]]:
    """The runs that changed a patron, newest first, and which columns."""
    statement = select(changes.c.run_id, changes.c.after)
    mine = changes.c.patron_id == patron_id, changes.c.kind != REFRESH
    for run_id, after in connection.execute(statement.where(*mine).order_by(changes.c.run_id.desc())):
        yield run_id, frozenset(json.loads(after))


def created_run(connection: Connection, patron_id: int) -> int:
    """The run that made a patron."""
    return int(connection.execute(select(patrons.c.created_run).where(patrons.c.patron_id == patron_id)).scalar_one())


def forgotten(connection: Connection, district: str, since: int) -> int | None:
    """The newest run after `since` of which nobody knows any more what it changed: that is kept as long as what an
    undo of it needs."""
    kept = exists(select(states_before.c.run_id).where(states_before.c.run_id == runs.c.run_id))
    # Of what is aged the columns are still known.
    later = runs.c.district == district, runs.c.aged_on.is_(None), runs.c.outcome.in_(PUBLISHED), runs.c.run_id > since
    found = connection.execute(select(func.max(runs.c.run_id)).where(*later, ~kept)).scalar_one()
    return None if found is None else int(found)
