"""The school year: when a card expires, and when a missing student has left."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.calendar import Break, ExpiryRule, SchoolCalendar, in_year

PINES = ExpiryRule(pivot="06-30", expires="09-15")
WINTER = Break(date(2026, 12, 21), date(2027, 1, 3))
MONTH_DAYS = st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: f"{day:%m-%d}")


@pytest.mark.parametrize(
    ("seen", "good_through"),
    [
        ("2026-06-29", "2026-09-15"),
        ("2026-06-30", "2026-09-15"),
        ("2026-07-01", "2027-09-15"),
        ("2026-09-15", "2027-09-15"),
        ("2026-12-31", "2027-09-15"),
        ("2027-01-01", "2027-09-15"),
        ("2027-06-30", "2027-09-15"),
    ],
)
def test_a_card_lasts_till_the_end_of_the_school_year_it_was_seen_in(seen: str, good_through: str) -> None:
    """Up to and on the pivot a card is good for this summer, after it for the next one."""
    assert PINES.date_for(date.fromisoformat(seen)) == date.fromisoformat(good_through)


@pytest.mark.parametrize(("seen", "good_through"), [("2026-09-14", "2026-09-15"), ("2026-09-15", "2027-09-15")])
def test_a_card_seen_on_the_last_day_is_good_for_another_year(seen: str, good_through: str) -> None:
    """With a pivot after the last day, no card is made that ends on the day it is seen."""
    late = ExpiryRule(pivot="12-31", expires="09-15")
    assert late.date_for(date.fromisoformat(seen)) == date.fromisoformat(good_through)


@given(MONTH_DAYS, MONTH_DAYS, st.dates(date(2020, 1, 1), date(2120, 12, 31)))
def test_every_rule_makes_a_card_that_lasts_and_ends(pivot: str, expires: str, today: date) -> None:
    """Whatever the rule and the day, a card seen today is good tomorrow, and not for ever."""
    until = ExpiryRule(pivot, expires).date_for(today)
    assert today < until <= today + timedelta(days=2 * 366)


@given(MONTH_DAYS, MONTH_DAYS, st.dates(date(2020, 1, 1), date(2120, 12, 31)))
def test_being_seen_again_never_shortens_a_card(pivot: str, expires: str, today: date) -> None:
    """A card seen tomorrow lasts at least as long as one seen today."""
    rule = ExpiryRule(pivot, expires)
    assert rule.date_for(today) <= rule.date_for(today + timedelta(days=1))


@pytest.mark.parametrize(("year", "day"), [(2024, 29), (2025, 28), (2000, 29), (2100, 28)])
def test_the_leap_day_is_the_last_of_february(year: int, day: int) -> None:
    """A rule may say 02-29: in a year without one it is the 28th."""
    assert in_year("02-29", year) == date(year, 2, day)


@pytest.mark.parametrize("month_day", ["6-30", "06-31", "13-01", "00-10", "0630", "W01-1", "2026-06-30", "06-30 ", ""])
def test_what_is_no_month_and_day_is_refused(month_day: str) -> None:
    """A rule with anything but MM-DD is refused when it is made, and the error shows how it should look."""
    with pytest.raises(ValueError, match='should be a month and day such as "06-30"'):
        ExpiryRule(pivot="06-30", expires=month_day)
    with pytest.raises(ValueError, match='such as "06-30"'):
        ExpiryRule(pivot=month_day, expires="06-30")


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        (date(2026, 12, 20), True),
        (date(2026, 12, 21), False),
        (date(2027, 1, 3), False),
        (date(2027, 1, 4), True),
    ],
)
def test_both_ends_of_a_break_belong_to_it(day: date, counts: bool) -> None:
    """The first and the last day of a break say nothing about who is missing."""
    assert SchoolCalendar(breaks=(WINTER,)).counts(day) is counts


def test_in_a_freeze_no_day_counts() -> None:
    """While the calendar is frozen, nobody's absence goes on."""
    frozen = SchoolCalendar(freeze=True)
    assert not frozen.counts(date(2026, 10, 1))
    assert not frozen.has_left(missed=99, since=date(2026, 1, 1), today=date(2026, 10, 1))


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (date(2026, 10, 1), date(2026, 10, 1), 0),
        (date(2026, 10, 1), date(2026, 10, 2), 1),
        (date(2026, 12, 20), date(2027, 1, 3), 0),
        (date(2026, 12, 19), date(2027, 1, 4), 2),
        (date(2026, 10, 2), date(2026, 10, 1), 0),
    ],
)
def test_days_in_a_break_are_not_counted(since: date, until: date, days: int) -> None:
    """Of a span the days after its first count, those in a break do not."""
    assert SchoolCalendar(breaks=(WINTER,)).counted_days(since, until) == days


@pytest.mark.parametrize(
    ("missed", "days", "left"),
    [(3, 7, True), (2, 7, False), (3, 6, False), (2, 99, False), (99, 6, False), (4, 8, True)],
)
def test_a_student_has_left_after_so_many_rosters_and_so_many_days(missed: int, days: int, left: bool) -> None:
    """Both must have passed: three rosters with different content, and seven days."""
    since = date(2026, 10, 1)
    calendar = SchoolCalendar(absence_rosters=3, absence_days=7)
    assert calendar.has_left(missed, since, since + timedelta(days=days)) is left


def test_nobody_leaves_during_a_break_nor_because_of_it() -> None:
    """One missing since before the holidays is not gone in them, and the holidays are no part of the days of grace."""
    calendar = SchoolCalendar(breaks=(WINTER,), absence_rosters=1, absence_days=3)
    since = date(2026, 12, 18)
    assert not calendar.has_left(9, since, date(2027, 1, 3))
    assert not calendar.has_left(9, since, date(2026, 12, 20))
    assert calendar.has_left(9, since, date(2027, 1, 4))


def test_a_break_that_ends_before_it_begins_is_refused() -> None:
    """Swapped dates would be a break of no day at all, and students would leave in the holidays."""
    with pytest.raises(ValueError, match="ends before it begins"):
        Break(first=date(2027, 1, 3), last=date(2026, 12, 21))


@pytest.mark.parametrize("patience", [{"absence_rosters": 0}, {"absence_rosters": -1}, {"absence_days": -1}])
def test_a_calendar_without_patience_is_refused(patience: dict[str, int]) -> None:
    """No roster and fewer than no days are numbers that nobody means."""
    with pytest.raises(ValueError, match="absence_rosters should be 1 or more"):
        SchoolCalendar(**patience)  # type: ignore[arg-type]
