"""Patrons, clients and districts for tests: made up, and stored as a night would store them."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from access_service import answering
from access_service.clients import key_sha256
from access_service.directory import PatronDirectory
from access_service.domain.client import Client, DialectName, Release
from access_service.domain.identifiers import IdentifierKind, fold
from access_service.domain.patron import Patron, PatronRecord, Presence
from access_service.domain.student import Role
from access_service.pin_vault import PinVault
from access_service.settings import District, Settings
from access_service.slow_hash import Cost, SlowHash
from access_service.storage import chosen_pins, clients
from access_service.storage.engine import Databases
from access_service.storage.tables import identifiers, patrons
from access_service.usage import UsageCounter
from access_service.web.app import create_app

CONFIG = Path(__file__).parents[2] / "config"
NOON = datetime(2026, 11, 3, 17, tzinfo=UTC)
TODAY = NOON.date()
PEPPER = bytes(range(32))
# Tests fail to sign in thousands of times.
CHEAP = SlowHash(Cost(memory=8, passes=1))
VAULT = PinVault([PEPPER], CHEAP)
KEY = "key-of-the-vendor"
EVERYTHING = frozenset(Release)


def district(code: str = "demo", library_number: str = "29{student_number}") -> District:
    """The demo district, perhaps under another code and template."""
    table: dict[str, Any] = tomllib.loads((CONFIG / "districts" / "demo.toml").read_text(encoding="utf-8"))
    table["district"]["code"] = code
    table["rules"]["library_number"] = library_number
    return District.model_validate(table)


def settings(*districts: District) -> Settings:
    chosen = districts or (district(),)
    return Settings.model_validate({"service": {}, "districts": {one.code: one for one in chosen}})


def patron(patron_id: int = 1, student_number: str = "0012345", **facts: Any) -> PatronRecord:
    """A student in good standing; `facts` change any field of Patron or PatronRecord."""
    card = Patron(
        district="demo",
        source_id=f"sis-{patron_id}",
        role=Role.STUDENT,
        student_number=student_number,
        library_number=f"29{student_number}",
        patron_type="STU-ELEM",
        profile="starter",
        branch="MAPLE",
        school="101",
        grade="03",
        given_name="Ada",
        family_name="Lovelace",
        expires=date(2027, 9, 15),
    )
    on_card = {name: facts.pop(name) for name in list(facts) if name in Patron.__dataclass_fields__}
    stored = PatronRecord(patron_id, card, Presence.PRESENT, None, date(2026, 8, 20), date(2026, 10, 1), None, None)
    return replace(stored, patron=replace(card, **on_card), **facts)


def store(databases: Databases, record: PatronRecord, pin: str | None = "0412") -> PatronRecord:
    """Insert a patron with both numbers and the PIN (None: none was issued)."""
    if pin is not None:
        record = replace(record, pin_key=VAULT.key_id, pin_digest=VAULT.digest(record.patron_id, pin))
    card = {name: getattr(record.patron, name) for name in Patron.__dataclass_fields__}
    days = "presence", "left_on", "created_on", "updated_on"
    of_record = ("patron_id", *days, "pin_key", "pin_digest", "blocked", "blocked_until")
    with databases.writer.begin() as connection:
        facts = {name: getattr(record, name) for name in of_record}
        connection.execute(insert(patrons).values(**card, **facts, created_run=1))
    name_as(databases, IdentifierKind.STUDENT_NUMBER, record.patron.student_number, record)
    name_as(databases, IdentifierKind.LIBRARY_NUMBER, record.patron.library_number, record)
    return record


def choose(databases: Databases, record: PatronRecord, pin: str) -> PatronRecord:
    """Give a stored patron a chosen PIN."""
    chosen = VAULT.choose(record.patron_id, pin, TODAY)
    with databases.writer.begin() as connection:
        chosen_pins.put(connection, chosen)
    return replace(record, chosen=chosen)


def crowd(databases: Databases, size: int, first: int = 1) -> list[str]:
    """So many patrons at once, with the PIN 0412, and their student numbers."""
    people = [patron(patron_id, f"{patron_id:07}") for patron_id in range(first, first + size)]
    on_card = tuple(Patron.__dataclass_fields__)
    rows = [
        {name: getattr(each.patron, name) for name in on_card}
        | {name: getattr(each, name) for name in ("patron_id", "presence", "created_on", "updated_on", "blocked")}
        | {"pin_key": VAULT.key_id, "pin_digest": VAULT.digest(each.patron_id, "0412"), "created_run": 1}
        for each in people
    ]
    kind = IdentifierKind.STUDENT_NUMBER
    names = [
        {"kind": kind, "key": fold(each.patron.student_number), "district": "demo", "patron_id": each.patron_id}
        for each in people
    ]
    with databases.writer.begin() as connection:
        connection.execute(insert(patrons), rows)
        connection.execute(insert(identifiers), names)
    return [each.patron.student_number for each in people]


def name_as(databases: Databases, kind: IdentifierKind, number: str, record: PatronRecord) -> None:
    """One more number that finds a patron."""
    owner = 0 if kind is IdentifierKind.CONTESTED else record.patron_id
    row = {"kind": kind, "key": fold(number), "district": record.patron.district, "patron_id": owner}
    with databases.writer.begin() as connection:
        connection.execute(insert(identifiers).values(**row))


def client(name: str = "vendor", **facts: Any) -> Client:
    """One that may ask everything from loopback, about the demo district."""
    everything = Client(
        name=name,
        dialects=frozenset(DialectName),
        districts=frozenset({"demo"}),
        networks=(ip_network("127.0.0.0/8"),),
        releases=EVERYTHING,
    )
    return replace(everything, **facts)


def admit(databases: Databases, asker: Client, key: str | None = KEY) -> Client:
    """Store a client."""
    with databases.writer.begin() as connection:
        clients.add(connection, asker, key_sha256(key) if key else None, NOON)
    return asker


def at_noon() -> datetime:
    return NOON


@dataclass
class Clock:
    """The time that a test says it is."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


def usage_counter(databases: Databases, now: Callable[[], datetime] = at_noon) -> UsageCounter:
    return UsageCounter(databases.reader, lambda: now().date(), lambda: now().timestamp())


def directory(
    databases: Databases,
    configured: Settings | None = None,
    now: Callable[[], datetime] = at_noon,
    vault: PinVault = VAULT,
    usage: UsageCounter | None = None,
) -> PatronDirectory:
    counter = usage or usage_counter(databases, now)
    return answering.directory(configured or settings(), databases, vault, counter, now)


def app(databases: Databases, configured: Settings | None = None, now: Callable[[], datetime] = at_noon) -> Flask:
    return create_app(configured or settings(), databases, VAULT, usage_counter(databases, now), now)


def web(databases: Databases, configured: Settings | None = None, now: Callable[[], datetime] = at_noon) -> FlaskClient:
    return app(databases, configured, now).test_client()
