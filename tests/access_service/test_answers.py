"""What no single dialect may decide: all give one verdict, which docs/answers.md prints, and none lets in when nobody
can say."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, cycle, product
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from access_service.domain.access import PinResult, Standing
from access_service.domain.client import Client, Options
from access_service.domain.sip2 import Encoding, Sip2Options
from access_service.domain.traffic import WRONG_AN_HOUR
from access_service.domain.wording import Language, Message, words
from access_service.storage.engine import Databases
from access_service.storage.tables import attempts, guesses, traffic
from tests.access_service import dialects, seed
from tests.access_service.dialects import Doors, Reader, Said
from tests.access_service.people import FACTS, FIRST_ID, PIN, PLAIN, SENT, WITHOUT_CARD, WRONG, People, settle

PAGE = (Path(__file__).parents[2] / "docs" / "answers.md").read_text(encoding="utf-8")
AWAY = "nobody can say"
IN_UTF_8 = Sip2Options(encoding=Encoding.UTF_8)


class Row(NamedTuple):
    """A line of a table of answers: whom it is about, and what each column says."""

    standings: tuple[str, ...]
    pins: tuple[str, ...]
    cells: dict[str, str]


def table(heading: str) -> list[dict[str, str]]:
    """The lines of the table under a heading of the page, by column."""
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    head, _, *lines = cells
    return [dict(zip(head, line, strict=True)) for line in lines]


def answers(heading: str) -> list[Row]:
    """The lines of a table of answers."""
    return [
        Row(listed(line.pop("standing")), listed(line.pop("PIN", "`not_sent`")), line | {}) for line in table(heading)
    ]


def listed(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(\w+)`", cell)) or (cell,)


WITH_PIN, WITHOUT_PIN = answers("May they come in?"), answers("Who is this?")
MESSAGES = {line["message"]: line for line in table("What a person reads")}
SECTIONS = [(WITH_PIN, dialects.WITH_PIN), (WITHOUT_PIN, dialects.WITHOUT_PIN)]


@pytest.fixture
def asking(databases: Databases) -> Client:
    """One that speaks every dialect, and is told everything."""
    return seed.admit(databases, seed.client(options=Options(sip2=IN_UTF_8)))


@pytest.fixture
def people(databases: Databases, asking: Client, tmp_path: Path) -> People:
    return settle(databases, asking, tmp_path)


def questions(rows: list[Row], people: People) -> Iterator[tuple[Row, str, str | None]]:
    """All that can be asked, each a line of the table, a number and a PIN."""
    for row in rows:
        for standing, pin in product(row.standings, row.pins):
            for number in people.get((standing, pin), ()):
                yield row, number, SENT[pin]


def check(row: Row, said: Mapping[str, Said], language: Language) -> None:
    """Every dialect says what the line says, and to people in their language."""
    assert {column: f"`{told.cell}`" for column, told in said.items()} == {column: row.cells[column] for column in said}
    read = {told.message for told in said.values()} - {None}
    assert read <= {MESSAGES[row.cells["message"]][language.name.capitalize()]}


def ask(asked: Mapping[str, Reader], doors: Doors, number: str, pin: str | None) -> dict[str, Said]:
    """What each dialect says."""
    return {column: reader(doors, number, pin) for column, reader in asked.items()}


@pytest.mark.parametrize("rows", [WITH_PIN, WITHOUT_PIN], ids=["with PIN", "without"])
def test_the_page_has_one_answer_for_everybody(rows: list[Row]) -> None:
    """Each standing stands in one line with each PIN that there can be."""
    pins = {pin for row in rows for pin in row.pins} & SENT.keys()
    told = [asked for row in rows for asked in product(row.standings, row.pins) if AWAY not in asked]
    assert sorted(told) == sorted(
        (standing, pin) for standing, pin in product(Standing, pins) if pin in PLAIN or standing not in WITHOUT_CARD
    )


@pytest.mark.parametrize(("rows", "asked"), SECTIONS, ids=["with PIN", "without"])
def test_every_dialect_has_its_column(rows: list[Row], asked: Mapping[str, Reader]) -> None:
    """And no column is for show."""
    assert all(row.cells.keys() - {"message"} == asked.keys() for row in rows)


def test_the_page_has_every_message() -> None:
    """In both languages, word for word."""
    told = {message: (line["English"], line["Spanish"]) for message, line in MESSAGES.items()}
    assert told == {f"`{each}`": tuple(words(each, language) for language in Language) for each in Message}


def test_every_dialect_says_what_the_page_says(databases: Databases, people: People) -> None:
    """About every kind of patron and PIN, in the language of the question."""
    doors, languages = Doors.of(databases), cycle(Language)
    for rows, asked in SECTIONS:
        for (row, number, pin), language in zip(questions(rows, people), languages, strict=False):
            check(row, ask(asked, replace(doors, language=language), number, pin), language)


def test_nothing_is_told_that_was_not_released(databases: Databases, tmp_path: Path) -> None:
    """A client that was released nothing hears the same verdicts, in Spanish if that is its language, and of the
    patron no more than it sent."""
    options = Options(language=Language.SPANISH, sip2=IN_UTF_8)
    nosy = replace(seed.client(), releases=frozenset(), options=options)
    settled = settle(databases, seed.admit(databases, nosy), tmp_path)
    people = {asked: numbers[:1] for asked, numbers in settled.items()}
    doors = Doors.of(databases)
    known = {str(FIRST_ID)[:-3].encode()} | {
        fact.encode() for fact in (*FACTS.values(), *chain.from_iterable(settled.values()))
    }
    for rows, asked in SECTIONS:
        for row, number, pin in questions(rows, people):
            told = ask(asked, doors, number, pin)
            check(row, told, Language.SPANISH)
            raw = b"".join(said.raw for said in told.values())
            assert not [fact for fact in known - {number.encode()} if fact in raw]


def test_a_client_that_spent_its_budget_is_told_what_the_page_says(databases: Databases, people: People) -> None:
    """A right PIN too is no right one then, whoever's it is."""
    numbers = seed.crowd(databases, 2 * WRONG_AN_HOUR)
    directory, asking = seed.directory(databases), seed.client()
    wrong = (directory.authenticate(number, WRONG, asking) for number in numbers)
    assert any(answer.pin is PinResult.REFUSED for answer in wrong)
    doors = Doors.of(databases)
    refused: People = {(standing, "refused"): people[standing, "right"][:1] for standing in Standing}
    for row, number, pin in questions(WITH_PIN, refused):
        check(row, ask(dialects.WITH_PIN, doors, number, pin), Language.ENGLISH)


@given(
    asked=st.lists(
        st.tuples(st.integers(0), st.sampled_from(["0412", " 0412 ", "0413", "9/9", " ", "9" * 64])), max_size=8
    )
)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_came_before_is_the_same_to_all(
    databases: Databases, people: People, asked: list[tuple[int, str]]
) -> None:
    """Whatever is asked, in whatever order: all dialects give the answers of one line, and it is of that standing."""
    numbers = sorted({(number, standing) for (standing, _), known in people.items() for number in known})
    doors = Doors.of(databases)
    with databases.reader.connect() as connection:
        for table in (attempts, guesses, traffic):
            connection.execute(delete(table))
    for place, pin in asked:
        number, standing = numbers[place % len(numbers)]
        told = {column: f"`{said.cell}`" for column, said in ask(dialects.WITH_PIN, doors, number, pin).items()}
        lines = [row for row in WITH_PIN if standing in row.standings and told.items() <= row.cells.items()]
        assert lines, (standing, told)
        assert pin.strip() == PIN or not any("right" in row.pins for row in lines if standing not in WITHOUT_CARD)


def break_tables(databases: Databases) -> None:
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE identifiers")


def break_throttle(databases: Databases) -> None:
    with databases.reader.connect() as connection:
        connection.exec_driver_sql("DROP TABLE day.attempts")


def break_clients(databases: Databases) -> None:
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE clients")


@pytest.mark.parametrize("break_", [break_tables, break_throttle, break_clients])
def test_a_failing_database_lets_nobody_in(databases: Databases, break_: Callable[[Databases], None]) -> None:
    """A right PIN is answered as the page says when any part of the database is gone."""
    seed.admit(databases, seed.client())
    number = seed.store(databases, seed.patron(), PIN).patron.student_number
    break_(databases)
    doors = Doors.of(databases)
    for rows, asked in SECTIONS:
        (away,) = (row for row in rows if AWAY in row.standings)
        told = ask(asked, doors, number, PIN)
        check(away, told, Language.ENGLISH)
        assert all(b"Retry-After: " in said.raw for said in told.values() if said.cell == "503")
