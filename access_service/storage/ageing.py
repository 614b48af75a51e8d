"""What is kept no longer: what an undo would need, and who a patron was. The caller owns the transaction."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, not_, or_, select, text, update

from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import Presence
from access_service.storage import bulk, chosen_pins, ils
from access_service.storage.patrons import BATCH
from access_service.storage.runs import PUBLISHED, REFRESH, Outcome
from access_service.storage.tables import (
    attempts,
    blocks,
    changes,
    district_state,
    exceptions,
    exclusions,
    guesses,
    identifiers,
    ils_matches,
    ils_pins,
    notes,
    overrides,
    patron_use,
    patrons,
    retired_numbers,
    runs,
    seen,
    states_before,
)

# Of an image the names of its columns stay, which say what a run changed, and the keyed marks of somebody who left: by
# them it is known that the id is another child's.
_NAMES = {
    "sqlite": "(SELECT json_group_object(key, NULL) FROM json_each(changes.after))",
    "postgresql": "(SELECT coalesce(json_object_agg(name, NULL::text)::text, '{}')"
    " FROM json_object_keys(changes.after::json) AS name)",
}
_MARKS = {
    "sqlite": "CASE WHEN json_extract(changes.before, '$.marks') IS NULL THEN '{}'"
    " ELSE json_object('marks', json_extract(changes.before, '$.marks')) END",
    "postgresql": "CASE WHEN changes.before::json ->> 'marks' IS NULL THEN '{}'"
    " ELSE json_build_object('marks', changes.before::json ->> 'marks')::text END",
}
# Begins no roster's source id, for rows with a control character are rejected.
_NOBODY = "\x1f"


class Forgettable(NamedTuple):
    """A patron whose time has come, and what must be marked before it is forgotten."""

    patron_id: int
    source_id: str
    student_number: str
    library_number: str


def age_images(connection: Connection, district: str, before: datetime, today: date) -> int:
    """Forget what runs that ended `before` changed, but for which columns and marks; says of how many runs."""
    ended = runs.c.district == district, runs.c.finished_at < before, runs.c.aged_on.is_(None)
    wrote = runs.c.outcome.in_((*PUBLISHED, Outcome.EDITED))
    aged = list(connection.execute(select(runs.c.run_id).where(wrote, *ended)).scalars())
    for run_id in aged:
        mine = changes.c.run_id == run_id
        connection.execute(delete(changes).where(mine, changes.c.kind == REFRESH))
        blank = {"before": text(_MARKS[connection.dialect.name]), "after": text(_NAMES[connection.dialect.name])}
        connection.execute(update(changes).where(mine).values(blank))
        connection.execute(delete(states_before).where(states_before.c.run_id == run_id))
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(aged_on=today))
    return len(aged)


def forgettable(connection: Connection, district: str, left_before: date, *, everybody: bool) -> list[Forgettable]:
    """Who left before that day and is not forgotten yet; with `everybody` all others too, but for those whose card
    became the library's own."""
    columns = (patrons.c[name] for name in Forgettable._fields)
    # A graduate is served until the card's own date.
    served = and_(patrons.c.presence == Presence.GRADUATED, patrons.c.expires >= left_before)
    gone = patrons.c.presence.in_((Presence.LEFT, Presence.GRADUATED)), patrons.c.left_on < left_before, not_(served)
    mine = patrons.c.district == district, patrons.c.forgotten_on.is_(None), patrons.c.presence != Presence.CONVERTED
    statement = select(*columns).where(*mine, *(() if everybody else gone))
    return [Forgettable(*row) for row in connection.execute(statement)]


def forget(
    connection: Connection, forgotten: Sequence[Forgettable], retired: Mapping[bytes, bytes], left_on: date, today: date
) -> None:
    """Leave nothing of these patrons but what can be counted. `retired` are the marks of their library numbers and
    of who had them; `left_on` is the day for those who had not left."""
    ids = [(each.patron_id,) for each in forgotten]
    columns = ("patron_id", "source_id", "forgotten_on")
    rows = [(each.patron_id, f"{_NOBODY}{each.patron_id}", today.isoformat()) for each in forgotten]
    bulk.delete(connection, retired_numbers, ("mark",), [(mark,) for mark in retired])
    bulk.insert(connection, retired_numbers, ("mark", "holder"), retired.items())
    for table in (identifiers, seen, changes, overrides, exceptions, blocks, notes, ils_matches, ils_pins):
        bulk.delete(connection, table, ("patron_id",), ids)
    _forget_accounts(connection, [each.patron_id for each in forgotten], today)
    bulk.update(connection, patrons, columns, rows)
    nobody = patrons.c.forgotten_on.is_not(None)
    connection.execute(
        update(patrons)
        .where(nobody, or_(patrons.c.library_number != "", patrons.c.student_number != ""))
        .values(student_number="", library_number="", given_name="", family_name="")
        .values(pin_key=None, pin_digest=None, blocked_until=None, **chosen_pins.NONE)
    )
    connection.execute(
        update(patrons)
        .where(nobody, patrons.c.presence != Presence.LEFT)
        .values(presence=Presence.LEFT, left_on=func.coalesce(patrons.c.left_on, left_on))
    )


def _forget_accounts(connection: Connection, patron_ids: Sequence[int], today: date) -> None:
    """Of accounts that expired in the ILS, or are staff's, nothing stays; of others what it takes to expire them."""
    known = ils.accounts(connection, patron_ids)
    expires = {patron_id: json.loads(row.told).get("expires") for patron_id, row in known.items()}
    kept = [
        row._replace(told=json.dumps({"expires": told}) if (told := expires[row.patron_id]) else "{}", theirs="[]")
        for row in known.values()
        if row.made and row.state != ils.AccountState.THEIRS and (expires[row.patron_id] or "9") >= today.isoformat()
    ]
    ils.drop_accounts(connection, known)
    ils.replace_accounts(connection, kept)


def forget_roster(connection: Connection, district: str) -> None:
    """Leave nothing of a district's last roster: its next one is a first one."""
    for table in (seen, exclusions, exceptions, district_state):
        connection.execute(delete(table).where(table.c.district == district))
    mine = identifiers.c.district == district
    connection.execute(delete(identifiers).where(mine, identifiers.c.kind == IdentifierKind.CONTESTED))


def forget_use(connection: Connection, patron_ids: Collection[int]) -> None:
    """Leave no failed PIN and no day of use. `connection` is a reader's, for these are rows of the day."""
    ids = sorted(patron_ids)
    for table in (attempts, guesses, patron_use):
        statement = delete(table).where(table.c.patron_id.in_(bindparam("ids", expanding=True)))
        for start in range(0, len(ids), BATCH):
            connection.execute(statement, {"ids": ids[start : start + BATCH]})


def holders(connection: Connection, marks: Collection[bytes]) -> dict[bytes, bytes]:
    """Who had which of these retired numbers, by marks."""
    asked = list(marks)
    statement = select(retired_numbers).where(retired_numbers.c.mark.in_(bindparam("marks", expanding=True)))
    found: dict[bytes, bytes] = {}
    for start in range(0, len(asked), BATCH):
        rows = connection.execute(statement, {"marks": asked[start : start + BATCH]})
        found |= {row.mark: row.holder for row in rows}
    return found


def any_retired(connection: Connection) -> bool:
    """Whether there is any retired number."""
    return connection.execute(select(retired_numbers.c.mark).limit(1)).first() is not None
