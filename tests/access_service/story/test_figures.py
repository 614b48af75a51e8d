"""The numbers of a district are those that somebody would count by hand."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from access_service.storage import freezes
from access_service.storage.engine import Databases
from access_service.storage.freezes import Order
from access_service.storage.tables import editions
from access_service.story import edition
from access_service.story.cells import Hidden
from access_service.story.telling import ACCESS, FIRST, MONTH, USED, YEAR, Figures, Kept, as_json, from_json
from tests.access_service import seed
from tests.access_service.story import settled

YEAR_BEGAN, MONTH_BEGAN = date(2026, 7, 1), date(2026, 11, 1)


@pytest.fixture
def figures(databases: Databases) -> Figures:
    settled.store(databases, settled.students())
    settled.keep_nights(databases, ["applied"] * 9 + ["held", "failed", "same_students"])
    return edition.of_today(databases, seed.district(), seed.NOON)


def test_counts_are_those_made_by_hand(figures: Figures) -> None:
    """Of everybody whose card is good: all that is shown, with totals; and nothing is shown that is one to nine."""
    everybody = settled.students()
    since = {ACCESS: None, USED: date.min, YEAR: YEAR_BEGAN, MONTH: MONTH_BEGAN}
    shown = 0
    for measure, first in since.items():
        counted = settled.by_hand(everybody, first)
        for row, school in enumerate([*figures.schools, ""]):
            for column, grade in enumerate([*figures.grades, ""]):
                told, true = figures.cells[measure][row][column], counted[school, grade]
                assert told == true if isinstance(told, int) else true
                assert told is not Hidden.FEW or true < 10
                assert told is not Hidden.OTHER or true >= 10
                shown += isinstance(told, int)
    assert figures.numbers() == {ACCESS: 637, USED: 531, YEAR: 424, MONTH: 212, FIRST: 212}
    assert shown > 60
    assert figures.numbers("102", "05")[ACCESS] is Hidden.FEW
    assert dict(figures.by_grade("101")).keys() == {"KG", "03"}


def test_months_nights_and_refusals(figures: Figures) -> None:
    """Each month has those who came in it; a night is kept by one good run; refusals are counted this year."""
    everybody = settled.students()
    came = {
        day: sum(day in (each.first, each.last) for each in everybody)
        for day in (settled.LAST_YEAR, settled.THIS_YEAR, settled.THIS_MONTH)
    }
    told = {each.month: each.active for each in figures.months}
    assert {month: told[month] for month in told if told[month]} == {day.replace(day=1): n for day, n in came.items()}
    assert figures.by_month("301")[-1] == (MONTH_BEGAN, 84)
    assert [each.first for each in figures.months if each.first] == [319, 106, 106]
    came_this_year = came[settled.THIS_YEAR] + came[settled.THIS_MONTH]
    assert figures.refused == {"unknown": 24, "wrong": came_this_year, "": 24 + came_this_year}
    assert figures.nights == Kept(kept=10, held=1, failed=1, missed=0)


def test_a_day_has_one_edition(databases: Databases, figures: Figures) -> None:
    """Whoever asks later that day gets the same, whatever has happened since; unless it is counted again on purpose, or
    another version of the program wrote it."""
    assert from_json(as_json(figures)) == figures
    settled.sign_in(databases, [settled.Student(1, "101", "KG", settled.THIS_MONTH, settled.THIS_MONTH)])
    later = seed.NOON.replace(hour=20)
    assert edition.of_today(databases, seed.district(), later) == figures
    with databases.reader.connect() as connection:
        connection.execute(update(editions).values(body='{"written": "by an older version"}'))
    again = edition.of_today(databases, seed.district(), later)
    assert again == edition.of_today(databases, seed.district(), later, again=True)
    assert again.numbers()[MONTH] == 213
    assert again.made_at == later


def test_a_freeze_keeps_cards_good_and_an_agreement_that_ended_keeps_none(databases: Databases) -> None:
    """As sign-ins have it: who expired in a freeze has access, and after the agreement nobody."""
    settled.store(databases, settled.students())
    order = Order("demo", "a test", seed.NOON, seed.TODAY - timedelta(days=3), "ice")
    with databases.writer.begin() as connection:
        freezes.freeze(connection, order, None, order.today)
    assert edition.of_today(databases, seed.district(), seed.NOON).numbers()[ACCESS] == 638
    after = seed.NOON.replace(year=2036)
    assert set(edition.of_today(databases, seed.district(), after).numbers().values()) == {0}


def test_a_district_without_anybody(databases: Databases) -> None:
    """Has zeros, and no month."""
    empty = edition.of_today(databases, seed.district(), seed.NOON)
    assert set(empty.numbers().values()) == {0}
    assert empty.by_month() == [(MONTH_BEGAN, 0)]
    assert empty.nights.all == 0


def test_a_month_hides_what_its_table_hid(databases: Databases) -> None:
    """The line of this month is the table's own; later it hides what the last edition of that month did: of a school
    where all but a few of this year came, and of the one beside it."""
    everybody = settled.students()
    chosen = [each for each in everybody if each.last == settled.THIS_MONTH]
    chosen += [each for each in everybody if each.school == "101" and each.first == settled.THIS_YEAR][:4]
    settled.store(databases, [replace(each, patron_id=n) for n, each in enumerate(chosen, start=1)])
    november = edition.of_today(databases, seed.district(), seed.NOON)
    line = november.months[-1].schools
    assert line == {school: november.numbers(school)[MONTH] for school in november.schools}
    assert line["101"] is Hidden.OTHER
    december = edition.of_today(databases, seed.district(), seed.NOON + timedelta(days=30))
    assert december.months[-2].month == MONTH_BEGAN
    assert december.access_by_month() == {
        month: november.numbers()[ACCESS] for month in (MONTH_BEGAN, date(2026, 12, 1))
    }
    hidden = {school for school, cell in line.items() if isinstance(cell, Hidden)}
    assert hidden <= {school for school, cell in december.months[-2].schools.items() if isinstance(cell, Hidden)}
