"""Other library numbers for the same patrons. The ones that they had still find them."""

import json
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from access_service.domain.identifiers import IdentifierKind, fold
from access_service.storage import bulk
from access_service.storage.tables import changes, identifiers, patrons

# The kind of the change.
KIND = "renumber"


class Move(NamedTuple):
    """Another library number for a patron."""

    patron_id: int
    old: str
    new: str


def move(connection: Connection, district: str, run_id: int, moves: Sequence[Move], today: date) -> None:
    """Give these patrons other library numbers, all at once, so that two can swap theirs."""
    days = ((one.patron_id, one.new, today.isoformat()) for one in moves)
    bulk.update(connection, patrons, ("patron_id", "library_number", "updated_on"), days)
    now, former = IdentifierKind.LIBRARY_NUMBER, IdentifierKind.FORMER
    columns = ("key", "kind", "district", "patron_id")
    # A number that comes back is a former one no longer, and one that goes can have been one of the badge before.
    gone = [
        (fold(number), kind, district, one.patron_id)
        for one in moves
        for number, kind in ((one.old, now), (one.old, former), (one.new, former))
    ]
    bulk.delete(connection, identifiers, columns, gone)
    rows = [(fold(one.new), now, district, one.patron_id) for one in moves]
    # Only its spelling is another: nothing that anybody types was theirs before.
    rows += [(fold(one.old), former, district, one.patron_id) for one in moves if fold(one.old) != fold(one.new)]
    bulk.insert(connection, identifiers, columns, sorted(rows))
    images = ((run_id, one.patron_id, KIND, _image(one.old), _image(one.new)) for one in moves)
    bulk.insert(connection, changes, ("run_id", "patron_id", "kind", "before", "after"), images)


def moved(connection: Connection, run_id: int) -> list[Move]:
    """What a run moved."""
    mine = select(changes).where(changes.c.run_id == run_id, changes.c.kind == KIND)
    return [
        Move(row.patron_id, *(json.loads(side)["library_number"] for side in (row.before, row.after)))
        for row in connection.execute(mine.order_by(changes.c.patron_id))
    ]


def is_by(connection: Connection, run_id: int) -> bool:
    """Whether a run moved any."""
    mine = changes.c.run_id == run_id, changes.c.kind == KIND
    return connection.execute(select(changes.c.run_id).where(*mine).limit(1)).first() is not None


def _image(library_number: str) -> str:
    return json.dumps({"library_number": library_number})
