"""Patrons of every standing, and of each thing that can be the matter with a PIN."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from access_service.audit import Auditor
from access_service.domain.access import PinResult, Standing
from access_service.domain.client import Client
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import PatronRecord, Presence
from access_service.opting_out import Given, Office
from access_service.storage.engine import Databases
from access_service.storage.tables import traffic
from tests.access_service import seed

NEXT_WEEK, YESTERDAY = date(2026, 11, 10), date(2026, 11, 2)
LONG_AGO = date(1960, 1, 1)
# Ways to be of a standing.
CARDS: list[tuple[Standing, dict[str, Any]]] = [
    (Standing.ACTIVE, {}),
    (Standing.ACTIVE, {"expires": seed.TODAY}),
    (Standing.ACTIVE, {"expires": date.max}),
    (Standing.ABSENT, {"presence": Presence.ABSENT}),
    (Standing.GRADUATED, {"presence": Presence.GRADUATED}),
    (Standing.EXPIRED, {"expires": LONG_AGO}),
    (Standing.EXPIRED, {"expires": YESTERDAY, "blocked": True}),
    (Standing.LEFT, {"presence": Presence.LEFT, "left_on": seed.TODAY}),
    (Standing.LEFT, {"presence": Presence.LEFT, "left_on": YESTERDAY, "expires": NEXT_WEEK}),
    (Standing.BLOCKED, {"blocked": True}),
    (Standing.BLOCKED, {"blocked_until": seed.TODAY}),
    (Standing.ACTIVE, {"blocked_until": YESTERDAY}),
]
# Who have no card, and so no PIN.
WITHOUT_CARD = frozenset({Standing.UNKNOWN, Standing.AMBIGUOUS, Standing.OPTED_OUT})
# Facts that occur nowhere else.
FACTS = {
    "given_name": "Quillonia",
    "family_name": "Vandermarkt",
    "patron_type": "TYPE-QV",
    "profile": "profile-qv",
    "branch": "BRANCH-QV",
    "school": "SCHOOL-QV",
    "grade": "GRD-QV",
}
FIRST_ID = 31_337_001
CONTESTED, NOBODYS = "5550001", "5550002"

PIN, WRONG = "0412", "9999"
# What is sent, by what is the matter with it.
SENT: dict[str, str | None] = {
    "right": PIN,
    "wrong": WRONG,
    "locked": PIN,
    "none_issued": PIN,
    "refused": PIN,
    "empty": "",
    "not_sent": None,
}
PLAIN = ("right", "wrong", "empty", "not_sent")
FAILURES = 40

# The numbers by which to ask for a patron of a standing, about a PIN.
People = dict[tuple[str, str], list[str]]


def settle(databases: Databases, asking: Client, folder: Path) -> People:
    """Store them all; `asking` is the client that tried too often where a PIN is locked."""
    people: People = defaultdict(list)
    made = partial(_made, databases, count(FIRST_ID))
    for standing, facts in CARDS:
        for matter in (PLAIN, ("none_issued",), ("locked",)):
            record = made(None if "none_issued" in matter else PIN, **facts)
            if "locked" in matter:
                _lock(databases, record, asking)
            card = record.patron
            for each, number in zip(matter, cycle((card.student_number, card.library_number)), strict=False):
                people[standing, each].append(number)
        chosen = seed.choose(databases, made("1111", **facts), PIN).patron.student_number
        for each in ("right", "wrong", "empty"):
            people[standing, each].append(chosen)
    for standing, number in (
        (Standing.UNKNOWN, NOBODYS),
        (Standing.AMBIGUOUS, _contested(databases, made(PIN))),
        (Standing.OPTED_OUT, _opted_out(databases, made(PIN), folder)),
    ):
        for each in PLAIN:
            people[standing, each].append(number)
    return people


def _made(databases: Databases, ids: Iterator[int], pin: str | None, **facts: Any) -> PatronRecord:
    patron_id = next(ids)
    nth = patron_id - FIRST_ID
    numbers = {"student_number": f"{4_700_000 + nth}", "library_number": f"{8_800_000 + nth}"}
    return seed.store(databases, seed.patron(patron_id, **numbers, **FACTS, **facts), pin)


def _lock(databases: Databases, record: PatronRecord, asking: Client) -> None:
    directory, number = seed.directory(databases), record.patron.student_number
    tried = (directory.authenticate(number, f"8{wrong:03}", asking) for wrong in range(FAILURES))
    assert any(answer.pin is PinResult.LOCKED for answer in tried)
    # One patron's lock, and not the end of the client's budget.
    with databases.reader.connect() as connection:
        connection.execute(delete(traffic))


def _contested(databases: Databases, record: PatronRecord) -> str:
    seed.name_as(databases, IdentifierKind.CONTESTED, CONTESTED, record)
    return CONTESTED


def _opted_out(databases: Databases, record: PatronRecord, folder: Path) -> str:
    auditor = Auditor(seed.VAULT, "kim by command", folder / "heads", seed.at_noon)
    number = record.patron.student_number
    Office(databases, auditor, seed.district()).add([Given(number)], "a form")
    return number
