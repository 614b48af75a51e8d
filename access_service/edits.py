"""A change of patrons by a person, outside a night: one transaction, fenced, on record, with before and after.

It is a row of the ledger like a run's. A night that was planned before it is overtaken and planned again; an undo of a
run before it leaves these patrons alone.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, update

from access_service.audit import Auditor, Deed
from access_service.errors import OperatorError, OvertakenError
from access_service.storage import rosters, runs
from access_service.storage import tables as t
from access_service.storage.engine import Databases

Facts = Mapping[str, Any]


@dataclass(slots=True)
class Edit:
    """A transaction under way, and what it changed so far. `run_id` is its row in the ledger."""

    connection: Connection
    run_id: int
    today: date
    changed: dict[int, tuple[Facts, Facts]] = field(default_factory=dict)

    def change(self, patron_id: int, kind: str, before: Facts, after: Facts) -> None:
        """Set columns of a patron, once in an edit. `before` has the same columns as they are.

        Where none differs that is on record all the same: what a person confirmed, no undo of an older run changes.
        """
        differing = [name for name in after if after[name] != before[name]]
        values = {name: after[name] for name in differing}
        mine = t.patrons.c.patron_id == patron_id
        self.connection.execute(update(t.patrons).where(mine).values(**values, updated_on=self.today))
        then = {name: before[name] for name in differing}
        self.changed[patron_id] = (then, values)
        images = {side: json.dumps(facts, default=_plain) for side, facts in (("before", then), ("after", values))}
        self.connection.execute(insert(t.changes).values(run_id=self.run_id, patron_id=patron_id, kind=kind, **images))


@contextmanager
def editing(databases: Databases, auditor: Auditor, deed: Deed, today: date) -> Iterator[Edit]:
    """Everything that the block does through its Edit, or nothing. OvertakenError where a run of the district was
    applied this very moment; OperatorError before its first roster.

    `today` is the day in the district. The entry in the audit has what was changed of one patron, or how many.
    """
    auditor.check_heads()
    with databases.writer.begin() as connection:
        state = runs.state(connection, deed.district)
        if state is None:
            raise OperatorError(f"no roster of {deed.district} was applied yet, so there is nobody to change")
        facts = {"district": deed.district, "action": deed.action, "subject": deed.subject, "reason": deed.reason}
        run_id = runs.edit(connection, deed.district, auditor.by, facts, auditor.now())
        if not rosters.fence(connection, deed.district, run_id, state, {}):
            raise OvertakenError(f"a roster of {deed.district} was applied this moment; do it again")
        edit = Edit(connection, run_id, today)
        yield edit
        head = auditor.note(connection, _with_changes(deed, edit))
    auditor.checkpoint(head)


def _with_changes(deed: Deed, edit: Edit) -> Deed:
    if len(edit.changed) == 1:
        ((before, after),) = edit.changed.values()
    else:
        before, after = {}, {"patrons": len(edit.changed)} if edit.changed else {}
    plain = ({name: _plain(value) for name, value in side.items()} for side in (before, after))
    then, now = plain
    return Deed(deed.action, deed.subject, deed.reason, deed.district, {**deed.before, **then}, {**deed.after, **now})


def _plain(value: object) -> object:
    """A column's value as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date | datetime) else value
