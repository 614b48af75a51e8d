"""Patrons and the numbers that find them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Dialect, FromClause, and_, bindparam, select
from sqlalchemy.dialects import sqlite

from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import ChosenPin, Patron, PatronRecord, Presence
from access_service.domain.student import Role
from access_service.storage.engine import rows
from access_service.storage.tables import attempts, guesses, identifiers, patrons, traffic

BATCH = 500

_RECORD = [
    patrons.c.patron_id,
    *(patrons.c[name] for name in Patron.__dataclass_fields__),
    *(
        patrons.c[name]
        for name in ("presence", "left_on", "created_on", "updated_on", "pin_key", "pin_digest", "person", "blocked")
    ),
    *(patrons.c[name] for name in ("chosen_key", "chosen_hash", "chosen_on", "blocked_until")),
]


@dataclass(frozen=True, slots=True)
class Attempts:
    """What stands of one patron at one client (domain/guessing.py), and of that client."""

    failures: int
    good_day: int
    guesses: int
    tight_until: int


NOTHING = Attempts(0, 0, 0, 0)
# What no statement finds.
_NOBODY = (
    *(IdentifierKind.FORMER, "", "", 0, 0, 0, 0),
    *(0, "", "", Role.STUDENT, *["0"] * 9, "2000-01-01", Presence.PRESENT, None, "2000-01-01", "2000-01-01"),
    *("", b"", None, False, None, None, None, None),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An identifier that a typed number reads as. `record` is None for a contested number."""

    kind: IdentifierKind
    key: str
    district: str
    record: PatronRecord | None
    attempts: Attempts


@dataclass(frozen=True, slots=True)
class Card:
    """One of the cards of a person, and its failures at one client."""

    record: PatronRecord
    attempts: Attempts


_ATTEMPTS = [attempts.c.failures, attempts.c.good_day, guesses.c.guesses, traffic.c.tight_until]


_OF_ONE = """
    SELECT failures, good_day, guesses, tight_until FROM (SELECT 1 AS one) AS one
    LEFT JOIN day.attempts ON attempts.patron_id = {0}patron_id{1} AND attempts.client = {0}client{1}
    LEFT JOIN day.guesses ON guesses.patron_id = {0}patron_id{1}
    LEFT JOIN day.traffic ON traffic.client = {0}client{1}
"""
_ATTEMPTS_OF = {"sqlite": _OF_ONE.format(":", ""), "postgresql": _OF_ONE.format("%(", ")s")}


def _with_attempts(found: FromClause, client: Any) -> FromClause:
    """Patrons, and beside them what stands of each at a client."""
    here = and_(attempts.c.patron_id == patrons.c.patron_id, attempts.c.client == client)
    everywhere = guesses.c.patron_id == patrons.c.patron_id
    return found.outerjoin(attempts, here).outerjoin(guesses, everywhere).outerjoin(traffic, traffic.c.client == client)


@cache
def _lookup(dialect: Dialect, keys: int) -> str:
    """The statement that finds a number, put together once for each number of readings it can have."""
    found = identifiers.outerjoin(patrons, patrons.c.patron_id == identifiers.c.patron_id)
    statement = (
        select(identifiers.c.kind, identifiers.c.key, identifiers.c.district, *_ATTEMPTS, *_RECORD)
        .select_from(_with_attempts(found, bindparam("client")))
        .where(identifiers.c.key.in_([bindparam(f"key_{n}") for n in range(keys)]))
    )
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect))


def find(connection: Connection, keys: Collection[str], client: str) -> list[Hit]:
    """All identifiers under any of `keys`, with their patrons and the failures each has at `client`."""
    named = {f"key_{n}": key for n, key in enumerate(keys)}
    found = rows(connection, _lookup(connection.dialect, len(keys)), {"client": client, **named})
    records: dict[int | None, PatronRecord | None] = {None: None}
    hits: list[Hit] = []
    # A clock is not to tell who is known, so nobody is taken apart like somebody.
    for kind, key, district, failures, good_day, guessed, tight, *facts in found or [_NOBODY]:
        if facts[0] not in records:
            records[facts[0]] = _record(facts)
        seen = Attempts(failures or 0, good_day or 0, guessed or 0, tight or 0)
        hits.append(Hit(IdentifierKind(kind), key, district, records[facts[0]], seen))
    return hits if found else []


def of_persons(connection: Connection, persons: Collection[int], client: str) -> list[Card]:
    """Every card of these people (PatronRecord.person), with its failures at `client`. The PIN that a person chose
    last is that of all their cards, and a block of the library's own counts for all."""
    statement = select(*_ATTEMPTS, *_RECORD).select_from(_with_attempts(patrons, client))
    known = patrons.c.person.in_(persons), patrons.c.forgotten_on.is_(None)
    cards = [
        Card(_record(row[4:]), Attempts(*(count or 0 for count in row[:4])))
        for row in connection.execute(statement.where(*known))
    ]
    chosen: dict[int | None, ChosenPin] = {}
    blocked: dict[int | None, date] = {}
    for record in sorted((card.record for card in cards), key=lambda record: record.patron_id):
        if record.chosen and (record.person not in chosen or chosen[record.person].since <= record.chosen.since):
            chosen[record.person] = record.chosen
        if record.blocked_until:
            blocked[record.person] = max(record.blocked_until, blocked.get(record.person, date.min))
    return [
        replace(card, record=replace(card.record, chosen=chosen.get(who), blocked_until=blocked.get(who)))
        for card in cards
        for who in [card.record.person]
    ]


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


def students(connection: Connection, district: str, school: str, grade: str, most: int) -> Iterator[PatronRecord]:
    """Students of a school and grade ("": of every one), whatever their standing, in no order, `most` of them."""
    mine = [patrons.c.district == district, patrons.c.forgotten_on.is_(None), patrons.c.role == Role.STUDENT]
    mine += [patrons.c[name] == value for name, value in (("school", school), ("grade", grade)) if value]
    yield from map(_record, connection.execute(select(*_RECORD).where(*mine).limit(most)))


def attempts_of(connection: Connection, patron_id: int, client: str) -> Attempts:
    """What stands of one patron at a client, who need not be one of ours."""
    values = {"patron_id": patron_id, "client": client}
    return Attempts(*(count or 0 for count in rows(connection, _ATTEMPTS_OF[connection.dialect.name], values)[0]))


def ids(connection: Connection, district: str) -> Iterator[int]:
    """The patron ids of a district, in order, but for those who are forgotten."""
    mine = patrons.c.district == district, patrons.c.forgotten_on.is_(None)
    yield from connection.execute(select(patrons.c.patron_id).where(*mine).order_by(patrons.c.patron_id)).scalars()


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
    pin_key, pin_digest, person, blocked, chosen_key, chosen_hash, chosen_on, blocked_until = row[18:]
    chosen = ChosenPin(patron_id, chosen_key, chosen_hash, _day(chosen_on)) if chosen_hash else None
    facts.append(_day(expires))
    patron = Patron(district, source_id, Role(role), *facts)
    others = pin_key, pin_digest, person, bool(blocked), chosen, _day(blocked_until)
    return PatronRecord(patron_id, patron, Presence(presence), left_on, created_on, updated_on, *others)


def _day(value: Any) -> Any:
    # As `rows` has it from SQLite.
    return date.fromisoformat(value) if isinstance(value, str) else value


NOBODY = Hit(IdentifierKind.FORMER, "", "", _record(_NOBODY[7:]), NOTHING)
