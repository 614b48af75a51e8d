from datetime import UTC, date, datetime

import pytest

from access_service.domain.access import Answer, PinResult, Standing
from access_service.domain.identifiers import IdentifierKind
from access_service.errors import StorageError
from access_service.storage.engine import Databases
from tests.access_service import seed

BOTH = seed.client(districts=frozenset({"demo", "other"}))
TWO_DISTRICTS = seed.settings(seed.district(), seed.district("other", "31{student_number}"))


def told(answer: Answer) -> tuple[Standing, PinResult, int | None]:
    return answer.standing, answer.pin, answer.record.patron_id if answer.record else None


ONE_STUDENT = [
    *("0012345", "12345", "00012345", " 001 2345 ", "0012-345"),
    *("290012345", "29 0012 345", "29290012345", "A0012345B", "a290012345b"),
]
NO_NUMBER = ["", " ", "7654322", "2912345", "x" * 64, "0" * 65 + "12345", "٠٠١٢٣٤٥", "' OR 1=1 --", "%"]


def test_every_reading_finds_one_student(databases: Databases) -> None:
    """Spaces, lost or added zeros, the prefix once, twice or not at all, scanner marks: always the same student."""
    seed.store(databases, seed.patron(1))
    seed.store(databases, seed.patron(2, "7654321"))
    directory = seed.directory(databases)
    found = {typed: told(directory.find(typed, seed.client())) for typed in ONE_STUDENT}
    assert found == dict.fromkeys(ONE_STUDENT, (Standing.ACTIVE, PinResult.UNCHECKED, 1))


def test_what_is_no_number_finds_nobody(databases: Databases) -> None:
    """Nothing, nonsense, endless text, digits of other scripts, a full number with its zeros lost: unknown."""
    seed.store(databases, seed.patron())
    directory = seed.directory(databases)
    found = {typed: told(directory.authenticate(typed, "0412", seed.client())) for typed in NO_NUMBER}
    assert found == dict.fromkeys(NO_NUMBER, (Standing.UNKNOWN, PinResult.UNCHECKED, None))


def test_two_districts_of_one_client_are_ambiguous(databases: Databases) -> None:
    """The same ID in two districts is nobody's, and no PIN decides; each library number still finds its own."""
    seed.store(databases, seed.patron(1), pin="0412")
    seed.store(databases, seed.patron(2, district="other", library_number="310012345"), pin="1111")
    directory = seed.directory(databases, TWO_DISTRICTS)
    for pin in ("0412", "1111", "", "9"):
        assert told(directory.authenticate("12345", pin, BOTH)) == (Standing.AMBIGUOUS, PinResult.UNCHECKED, None)
    assert told(directory.authenticate("310012345", "1111", BOTH)) == (Standing.ACTIVE, PinResult.OK, 2)
    assert told(directory.authenticate("12345", "0412", seed.client())) == (Standing.ACTIVE, PinResult.OK, 1)


def test_a_client_sees_its_districts_only(databases: Databases) -> None:
    """A student of a district that the client does not serve is unknown to it."""
    seed.store(databases, seed.patron(1, district="other", library_number="310012345"))
    assert seed.directory(databases, TWO_DISTRICTS).find("0012345", seed.client()).standing is Standing.UNKNOWN


def test_a_former_number_loses_to_a_current_owner(databases: Databases) -> None:
    """An old number still finds its student until somebody else has it."""
    moved = seed.store(databases, seed.patron(1))
    seed.name_as(databases, IdentifierKind.FORMER, "0000099", moved)
    directory = seed.directory(databases)
    assert directory.authenticate("99", "0412", seed.client()).authenticated
    seed.store(databases, seed.patron(2, "0000099"), pin="1111")
    assert told(directory.find("99", seed.client()))[2] == 2
    assert directory.authenticate("99", "0412", seed.client()).pin is PinResult.WRONG


def test_a_contested_number_opens_nothing(databases: Databases) -> None:
    """A number that two would own finds nobody in any of its readings, though a student has it too."""
    record = seed.store(databases, seed.patron())
    seed.name_as(databases, IdentifierKind.CONTESTED, "290012345", record)
    directory = seed.directory(databases)
    for typed in ("0012345", "290012345", "12345"):
        assert directory.authenticate(typed, "0412", seed.client()).standing is Standing.AMBIGUOUS


@pytest.mark.parametrize(
    ("now", "standing"),
    [
        (datetime(2027, 9, 16, 3, 59, tzinfo=UTC), Standing.ACTIVE),
        (datetime(2027, 9, 16, 4, 1, tzinfo=UTC), Standing.EXPIRED),
    ],
)
def test_a_card_ends_with_the_day_of_its_district(databases: Databases, now: datetime, standing: Standing) -> None:
    """A card is good through its last day where the school is, whatever day it is in UTC."""
    seed.store(databases, seed.patron(expires=date(2027, 9, 15)))
    assert seed.directory(databases, now=lambda: now).find("12345", seed.client()).standing is standing


def test_a_pin_counts_as_typed_but_for_spaces_around_it(databases: Databases) -> None:
    """Spaces around a PIN are an accident; inside, and in upper and lower case, it must agree."""
    seed.store(databases, seed.patron(), pin="aB 1")
    directory = seed.directory(databases)
    results = [directory.authenticate("12345", pin, seed.client()).pin for pin in (" aB 1\n", "ab 1", "aB1")]
    assert results == [PinResult.OK, PinResult.WRONG, PinResult.WRONG]


def test_a_database_that_is_away_is_an_error_and_no_answer(databases: Databases) -> None:
    """When nobody can say, nobody is let in or called unknown."""
    directory = seed.directory(databases)
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE identifiers RENAME TO gone")
    with pytest.raises(StorageError):
        directory.find("12345", seed.client())
    with pytest.raises(StorageError):
        directory.authenticate("12345", "0412", seed.client())
