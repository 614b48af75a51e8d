"""Patrons and the numbers that find them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, and_, bindparam, select
from sqlalchemy.dialects import sqlite

from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import ChosenPin, Patron, PatronRecord, Presence
from access_service.domain.student import Role
from access_service.storage.engine import rows
from access_service.storage.tables import attempts, identifiers, patrons

BATCH = 500

_RECORD = [
    patrons.c.patron_id,
    *(patrons.c[name] for name in Patron.__dataclass_fields__),
    *(
        patrons.c[name]
        for name in ("presence", "left_on", "created_on", "updated_on", "pin_key", "pin_digest", "person", "blocked")
    ),
    *(patrons.c[name] for name in ("chosen_key", "chosen_hash", "chosen_on")),
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


@dataclass(frozen=True, slots=True)
class Card:
    """One of the cards of a person, and its failures at one client."""

    record: PatronRecord
    attempts: Attempts | None


@cache
def _lookup(dialect: Dialect, keys: int) -> str:
    """The statement that finds a number, put together once for each number of readings it can have."""
    failed = and_(attempts.c.patron_id == patrons.c.patron_id, attempts.c.client == bindparam("client"))
    statement = (
        select(identifiers.c.kind, identifiers.c.key, identifiers.c.district)
        .add_columns(attempts.c.failures, attempts.c.locked_until, attempts.c.wrong_mark, *_RECORD)
        .select_from(
            identifiers.outerjoin(patrons, patrons.c.patron_id == identifiers.c.patron_id).outerjoin(attempts, failed)
        )
        .where(identifiers.c.key.in_([bindparam(f"key_{n}") for n in range(keys)]))
    )
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect))


def find(connection: Connection, keys: Collection[str], client: str) -> list[Hit]:
    """All identifiers under any of `keys`, with their patrons and the failures each has at `client`."""
    named = {f"key_{n}": key for n, key in enumerate(keys)}
    hits: list[Hit] = []
    found: dict[int | None, PatronRecord | None] = {None: None}
    for kind, key, district, failures, locked_until, wrong_mark, *facts in rows(
        connection, _lookup(connection.dialect, len(keys)), {"client": client, **named}
    ):
        if facts[0] not in found:
            found[facts[0]] = _record(facts)
        failed = None if failures is None else Attempts(failures, locked_until, wrong_mark)
        hits.append(Hit(IdentifierKind(kind), key, district, found[facts[0]], failed))
    return hits


def of_persons(connection: Connection, persons: Collection[int], client: str) -> list[Card]:
    """Every card of these people (PatronRecord.person), with its failures at `client`. The PIN that a person chose
    last is that of all their cards."""
    failed = and_(attempts.c.patron_id == patrons.c.patron_id, attempts.c.client == client)
    failures = [attempts.c[name] for name in Attempts.__dataclass_fields__]
    statement = select(*failures, *_RECORD).select_from(patrons.outerjoin(attempts, failed))
    known = patrons.c.person.in_(persons), patrons.c.forgotten_on.is_(None)
    cards = [
        Card(_record(row[3:]), Attempts(*row[:3]) if row[0] is not None else None)
        for row in connection.execute(statement.where(*known))
    ]
    chosen: dict[int | None, ChosenPin] = {}
    for record in sorted((card.record for card in cards), key=lambda record: record.patron_id):
        if record.chosen and (record.person not in chosen or chosen[record.person].since <= record.chosen.since):
            chosen[record.person] = record.chosen
    return [replace(card, record=replace(card.record, chosen=chosen.get(card.record.person))) for card in cards]


def records(connection: Connection, patron_ids: Sequence[int]) -> Iterator[PatronRecord]:
    """The stored patrons with these ids, in no order."""
    statement = select(*_RECORD).where(patrons.c.patron_id.in_(bindparam("ids", expanding=True)))
    for start in range(0, len(patron_ids), BATCH):
        for row in connection.execute(statement, {"ids": patron_ids[start : start + BATCH]}):
            yield _record(row)


def of_district(connection: Connection, district: str) -> Iterator[PatronRecord]:
    """Every patron of a district that is not forgotten, in no order."""
    mine = patrons.c.district == district, patrons.c.forgotten_on.is_(None)
    yield from map(_record, connection.execute(select(*_RECORD).where(*mine)))


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


def _record(row: Sequence[Any]) -> PatronRecord:
    patron_id, district, source_id, role, *facts, expires = row[:14]
    presence, *days = row[14:18]
    left_on, created_on, updated_on = map(_day, days)
    pin_key, pin_digest, person, blocked, chosen_key, chosen_hash, chosen_on = row[18:]
    chosen = ChosenPin(patron_id, chosen_key, chosen_hash, _day(chosen_on)) if chosen_hash else None
    facts.append(_day(expires))
    patron = Patron(district, source_id, Role(role), *facts)
    others = pin_key, pin_digest, person, bool(blocked), chosen
    return PatronRecord(patron_id, patron, Presence(presence), left_on, created_on, updated_on, *others)


def _day(value: Any) -> Any:
    # As `rows` has it from SQLite.
    return date.fromisoformat(value) if isinstance(value, str) else value
