"""Coming of age and graduation, by date."""

from dataclasses import replace
from datetime import date

import pytest

from access_service.domain.milestones import Graduates, OfAge
from access_service.domain.student import Role
from tests.access_service import seed

SENIOR = replace(seed.patron().patron, grade="12")


@pytest.mark.parametrize(
    ("born", "today", "of_age"),
    [
        (date(2009, 2, 10), date(2027, 2, 9), False),
        (date(2009, 2, 10), date(2027, 2, 10), True),
        (date(2008, 2, 29), date(2026, 2, 28), False),
        (date(2008, 2, 29), date(2026, 3, 1), True),
        (date(2010, 2, 28), date(2028, 2, 29), True),
        (date(2010, 3, 1), date(2028, 2, 29), False),
        (date(1900, 1, 1), date(2027, 2, 9), False),
        (None, date(2027, 2, 9), False),
    ],
)
def test_of_age_from_the_birthday_on(born: date | None, today: date, of_age: bool) -> None:
    """On 1 March for the leap day; a placeholder is no birth date."""
    assert OfAge().reached(born, today) is of_age


@pytest.mark.parametrize(
    ("first", "last", "today", "good_through"),
    [
        ("05-15", "12-31", "2027-05-14", None),
        ("05-15", "12-31", "2027-05-15", "2027-12-31"),
        ("05-15", "12-31", "2027-12-31", "2027-12-31"),
        ("05-15", "01-31", "2027-12-31", "2028-01-31"),
        ("05-15", "01-31", "2028-01-31", "2028-01-31"),
        ("05-15", "01-31", "2028-02-01", None),
    ],
)
def test_a_senior_graduates_in_these_days(first: str, last: str, today: str, good_through: str | None) -> None:
    """The card is good through the last of them, also over the new year."""
    found = Graduates(("12",), first, last).good_through(SENIOR, date.fromisoformat(today))
    assert (str(found) if found else None) == good_through


def test_only_students_of_these_grades_graduate() -> None:
    """No junior and no educator, whatever the grade says."""
    rule, day = Graduates(("12",), "05-15", "12-31"), date(2027, 6, 1)
    assert rule.good_through(SENIOR, day)
    assert not rule.good_through(replace(SENIOR, grade="11"), day)
    assert not rule.good_through(replace(SENIOR, role=Role.EDUCATOR), day)


def test_a_grade_that_is_none_is_refused() -> None:
    """By its name, with those there are."""
    with pytest.raises(ValueError, match="no such grade 'senior'; grades are"):
        Graduates(("senior",), "05-15", "12-31")
