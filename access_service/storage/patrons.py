"""Patrons and the numbers that find them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select

from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import Patron, PatronRecord, Presence
from access_service.domain.student import Role
from access_service.storage.tables import attempts, identifiers, patrons

BATCH = 500

_RECORD = [
    patrons.c.patron_id,
    *(patrons.c[name] for name in Patron.__dataclass_fields__),
    *(patrons.c[name] for name in ("presence", "left_on", "created_on", "updated_on", "pin_key", "pin_digest")),
]


@dataclass(frozen=True, slots=True)
class Attempts:
    """The failures of one patron at one client. `locked_until` is in seconds since 1970."""

    failures: int
    locked_until: int
    wrong_mark: bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """An identifier that a typed number reads as. `record` is None for a contested number."""

    kind: IdentifierKind
    key: str
    district: str
    record: PatronRecord | None
    attempts: Attempts | None


_LOOKUP = (
    select(identifiers.c.kind, identifiers.c.key, identifiers.c.district, *_RECORD)
    .add_columns(attempts.c.failures, attempts.c.locked_until, attempts.c.wrong_mark)
    .select_from(
        identifiers.outerjoin(patrons, patrons.c.patron_id == identifiers.c.patron_id).outerjoin(
            attempts,
            and_(attempts.c.patron_id == patrons.c.patron_id, attempts.c.client == bindparam("client")),
        )
    )
    .where(identifiers.c.key.in_(bindparam("keys", expanding=True)))
)


def find(connection: Connection, keys: Collection[str], client: str) -> list[Hit]:
    """All identifiers under any of `keys`, with their patrons and the failures each has at `client`."""
    rows = connection.execute(_LOOKUP, {"keys": sorted(keys), "client": client})
    return [_hit(row) for row in rows]


def records(connection: Connection, patron_ids: Sequence[int]) -> Iterator[PatronRecord]:
    """The stored patrons with these ids, in no order."""
    statement = select(*_RECORD).where(patrons.c.patron_id.in_(bindparam("ids", expanding=True)))
    for start in range(0, len(patron_ids), BATCH):
        for row in connection.execute(statement, {"ids": patron_ids[start : start + BATCH]}):
            yield _record(row)


def by_source_id(connection: Connection, district: str, source_ids: Sequence[str]) -> Mapping[str, PatronRecord]:
    """The stored patrons of a district with these source ids, by source id."""
    statement = select(*_RECORD).where(
        patrons.c.district == district, patrons.c.source_id.in_(bindparam("ids", expanding=True))
    )
    found: dict[str, PatronRecord] = {}
    if connection.execute(select(patrons.c.patron_id).where(patrons.c.district == district).limit(1)).first() is None:
        return found
    for start in range(0, len(source_ids), BATCH):
        for row in connection.execute(statement, {"ids": source_ids[start : start + BATCH]}):
            record = _record(row)
            found[record.patron.source_id] = record
    return found


def owners(
    connection: Connection, kind: IdentifierKind, keys: Sequence[str], district: str | None = None
) -> Mapping[str, tuple[str, int]]:
    """Who owns which of `keys` now, in one district or in all: key -> (district, patron id)."""
    statement = select(identifiers.c.key, identifiers.c.district, identifiers.c.patron_id).where(
        identifiers.c.kind == kind, identifiers.c.key.in_(bindparam("keys", expanding=True))
    )
    if district:
        statement = statement.where(identifiers.c.district == district)
    found: dict[str, tuple[str, int]] = {}
    for start in range(0, len(keys), BATCH):
        for key, owner, patron_id in connection.execute(statement, {"keys": keys[start : start + BATCH]}):
            found[key] = (owner, patron_id)
    return found


def _hit(row: Sequence[Any]) -> Hit:
    kind, key, district, *record = row[:-3]
    failures, locked_until, wrong_mark = row[-3:]
    failed = None if failures is None else Attempts(failures, locked_until, wrong_mark)
    return Hit(IdentifierKind(kind), key, district, None if record[0] is None else _record(record), failed)


def _record(row: Sequence[Any]) -> PatronRecord:
    patron_id, district, source_id, role, *facts = row[:14]
    patron = Patron(district, source_id, Role(role), *facts)
    presence, left_on, created_on, updated_on, pin_key, pin_digest = row[14:]
    return PatronRecord(patron_id, patron, Presence(presence), left_on, created_on, updated_on, pin_key, pin_digest)
