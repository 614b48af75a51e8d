"""Which PIN a student is issued, by each rule."""

from dataclasses import replace
from datetime import date

import pytest

from access_service.domain.pins import PLACEHOLDER_BIRTH_DATES, PinKind, PinRule, issued_pin
from access_service.domain.student import Student

TODAY = date(2026, 10, 5)
STUDENT = Student("s-1", "0012345", "101", "03", birth_date=date(2017, 4, 2), pin="ab 99")


@pytest.mark.parametrize(
    ("rule", "pin"),
    [
        (PinRule(PinKind.MMDD), "0402"),
        (PinRule(PinKind.MMYYYY), "042017"),
        (PinRule(PinKind.MMDDYYYY), "04022017"),
        (PinRule(PinKind.LAST), "2345"),
        (PinRule(PinKind.LAST, digits=6), "012345"),
        (PinRule(PinKind.LAST, digits=20), "0012345"),
        (PinRule(PinKind.COLUMN), "ab 99"),
        (PinRule(PinKind.UNCLAIMED), None),
    ],
)
def test_each_rule_makes_its_pin(rule: PinRule, pin: str | None) -> None:
    """Birth date, end of the number, roster column, or none until somebody sets one."""
    assert issued_pin(rule, STUDENT, TODAY) == pin


def test_every_kind_of_rule_is_tested_above() -> None:
    """A new kind without a test of its own is noticed here."""
    assert set(PinKind) == {"MMDD", "MMYYYY", "MMDDYYYY", "last", "column", "unclaimed"}


@pytest.mark.parametrize("kind", [PinKind.MMDD, PinKind.MMYYYY, PinKind.MMDDYYYY])
@pytest.mark.parametrize("born", [None, *sorted(PLACEHOLDER_BIRTH_DATES), TODAY, date(2030, 1, 1)])
def test_a_birth_date_that_is_none_makes_no_pin(kind: PinKind, born: date | None) -> None:
    """A missing date, what databases export for one, today and a day to come: no PIN works."""
    assert issued_pin(PinRule(kind), replace(STUDENT, birth_date=born), TODAY) is None


def test_the_placeholders_of_common_databases_are_known() -> None:
    """0001, 1753, 1900 and 1970, each on 1 January; a neighbour's real birthday is none of them."""
    assert {day.isoformat() for day in PLACEHOLDER_BIRTH_DATES} == {
        "0001-01-01",
        "1753-01-01",
        "1900-01-01",
        "1970-01-01",
    }
    assert issued_pin(PinRule(PinKind.MMDD), replace(STUDENT, birth_date=date(2017, 1, 1)), TODAY) == "0101"


def test_a_leap_day_is_a_birthday() -> None:
    """Born on 29 February, in any year 0229."""
    born = replace(STUDENT, birth_date=date(2016, 2, 29))
    assert issued_pin(PinRule(PinKind.MMDD), born, TODAY) == "0229"
    assert issued_pin(PinRule(PinKind.MMDDYYYY), born, TODAY) == "02292016"


def test_an_empty_column_or_number_is_no_pin() -> None:
    """What is blank in the roster never becomes an empty PIN."""
    blank = replace(STUDENT, pin="", student_number="")
    assert issued_pin(PinRule(PinKind.COLUMN), blank, TODAY) is None
    assert issued_pin(PinRule(PinKind.LAST), blank, TODAY) is None


@pytest.mark.parametrize("digits", [0, -1])
def test_a_pin_of_no_digits_is_refused(digits: int) -> None:
    """The last 0 of a number would be all of it."""
    with pytest.raises(ValueError, match="1 or more"):
        PinRule(PinKind.LAST, digits=digits)
