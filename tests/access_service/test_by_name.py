"""People are found by name and school."""

import pytest

from access_service.by_name import MOST, by_name
from access_service.domain.patron import Presence
from access_service.storage.engine import Databases
from tests.access_service import seed

PEOPLE = [
    ("María José", "García López"),
    ("Mariana", "O'Brien-Smith"),
    ("Zoë", "Müller"),
    ("Ana", "Garcia"),
    ("Łukasz", "<script>alert(1)</script>"),
]


@pytest.fixture
def people(databases: Databases) -> Databases:
    """One of each, and somebody of a name at another school."""
    for number, (given, family) in enumerate(PEOPLE, 1):
        seed.store(databases, seed.patron(number, f"{number:07}", given_name=given, family_name=family))
    gone = {"presence": Presence.LEFT, "left_on": seed.TODAY}
    seed.store(databases, seed.patron(6, "0000006", given_name="Ana", family_name="Garcia", **gone))
    seed.store(databases, seed.patron(7, "0000007", given_name="Ana", family_name="Garcia", school="102"))
    return databases


def test_a_name_finds_whoever_has_it_at_a_school(people: Databases) -> None:
    """Whatever the case, the accents, the order and the apostrophes; by beginnings, and last who left."""
    wanted = {
        "garcia": [4, 1, 6],
        "GARCÍA, maria": [1],
        "gar ma": [1],
        "obrien": [2],
        "smith mariana": [2],
        "muller": [3],
        "lukasz script": [5],
        "ana garcia": [4, 6],
        "gracia ana": [4, 6],
        "nobody": [],
        "%": [],
        "_": [],
        "": [],
        "x" * 5000: [],
    }
    with people.reader.connect() as connection:
        assert {typed: by_name(connection, typed, "demo", "101") for typed in wanted} == wanted
        assert by_name(connection, "garcia", "demo", "102") == [7] and not by_name(connection, "garcia", "demo", "9")


def test_of_many_there_are_a_few_and_one_more(databases: Databases) -> None:
    """So whoever asks can say that there are more."""
    seed.crowd(databases, 30)
    with databases.reader.connect() as connection:
        assert len(by_name(connection, "lovelace", "demo", "101")) == MOST + 1
