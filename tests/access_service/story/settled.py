"""A made-up district of the story: three schools, patrons with and without use, and the counts of them by hand."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert

from access_service.domain.patron import Presence
from access_service.domain.student import Role
from access_service.storage.engine import Databases
from access_service.storage.tables import patron_use, patrons, runs
from access_service.usage import UsageCounter
from tests.access_service import seed

# Of each school, grade by grade, how many students there are.
SCHOOLS = {"101": {"KG": 120, "03": 96}, "102": {"KG": 84, "03": 78, "05": 7}, "301": {"09": 120, "10": 132}}
LAST_YEAR, THIS_YEAR, THIS_MONTH = date(2026, 5, 4), date(2026, 9, 1), seed.TODAY


@dataclass(frozen=True)
class Student:
    patron_id: int
    school: str
    grade: str
    first: date | None
    last: date | None


# Of six students the first and last day of use.
USES = (
    (None, None),
    (LAST_YEAR, LAST_YEAR),
    (LAST_YEAR, THIS_YEAR),
    (LAST_YEAR, THIS_MONTH),
    (THIS_YEAR, THIS_YEAR),
    (THIS_MONTH, THIS_MONTH),
)


def students() -> list[Student]:
    """One of each use after the other, school by school."""
    found: list[Student] = []
    for school, grades in SCHOOLS.items():
        for grade, number in grades.items():
            found += [Student(len(found) + n, school, grade, *USES[n % 6]) for n in range(1, number + 1)]
    return found


def store(databases: Databases, everybody: Iterable[Student]) -> None:
    """As nights and sign-ins would, and with them some who do not count: they left, expired, teach, or are blocked."""
    plain: list[tuple[Student, dict[str, Any]]] = [(each, {}) for each in everybody]
    first_id = len(plain) + 1
    others: tuple[dict[str, Any], ...] = (
        {"presence": Presence.LEFT, "left_on": THIS_YEAR},
        {"expires": seed.TODAY - timedelta(1)},
        {"role": Role.EDUCATOR, "grade": ""},
        {"blocked": True},
        {"district": "oak"},
    )
    strange = [(Student(first_id + n, "101", "03", THIS_MONTH, THIS_MONTH), facts) for n, facts in enumerate(others)]
    rows = []
    for each, facts in [*plain, *strange]:
        record = seed.patron(
            each.patron_id, f"{each.patron_id:07}", **{"school": each.school, "grade": each.grade} | facts
        )
        card = {name: getattr(record.patron, name) for name in type(record.patron).__dataclass_fields__}
        names = ("patron_id", "presence", "left_on", "created_on", "updated_on", "blocked")
        rows.append(card | {name: getattr(record, name) for name in names} | {"created_run": 1})
    with databases.writer.begin() as connection:
        connection.execute(insert(patrons), rows)
    sign_in(databases, [each for each, _ in plain])
    with databases.reader.connect() as connection:
        days = [{"patron_id": each.patron_id, "first_day": each.first, "last_day": each.last} for each, _ in strange]
        connection.execute(insert(patron_use), days)


def sign_in(databases: Databases, everybody: Iterable[Student]) -> None:
    """By way of the counter, day by day."""
    for day in (LAST_YEAR, THIS_YEAR, THIS_MONTH):
        counter = UsageCounter(databases.reader, partial(date.fromordinal, day.toordinal()))
        for each in everybody:
            if day in (each.first, each.last):
                counter.count(seed.patron(each.patron_id, school=each.school, grade=each.grade), "vendor")
                counter.refused("demo", "wrong")
        for _ in range(12):
            counter.refused("demo", "unknown")
        counter.flush()


def keep_nights(databases: Databases, outcomes: Iterable[str]) -> None:
    """One a day, the last of them yesterday."""
    ended = list(outcomes)
    rows = [
        {
            "run_id": n,
            "district": "demo",
            "started_by": "a test",
            "started_at": seed.NOON - timedelta(days=len(ended) - n),
            "outcome": outcome,
            "rules_version": "",
            "report": "{}",
        }
        for n, outcome in enumerate(ended)
    ]
    with databases.writer.begin() as connection:
        connection.execute(insert(runs), rows)


def by_hand(everybody: Iterable[Student], since: date | None) -> Counter[tuple[str, str]]:
    """Of each school and grade, and of all under "", who came since a day; all of them without one."""
    found: Counter[tuple[str, str]] = Counter()
    for each in everybody:
        if since is None or (each.last and each.last >= since):
            for school in (each.school, ""):
                for grade in (each.grade, ""):
                    found[school, grade] += 1
    return found
