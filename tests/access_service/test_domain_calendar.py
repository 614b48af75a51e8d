"""The school year: when a card expires, and when a missing student has left."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.calendar import (
    Break,
    ExpiryRule,
    Freeze,
    SchoolCalendar,
    SchoolYear,
    Season,
    in_year,
)

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


# 24 August is a Monday.
FIRST = SchoolYear(date(2026, 8, 24), date(2027, 6, 4))
SECOND = SchoolYear(date(2027, 8, 23), date(2028, 6, 2), Break(date(2027, 8, 23), date(2027, 9, 17)))


@pytest.mark.parametrize(
    ("day", "season"),
    [
        (date(2026, 8, 23), Season.SUMMER),
        (date(2026, 8, 24), Season.FIRST_DAYS),
        (date(2026, 8, 29), Season.FIRST_DAYS),
        (date(2026, 8, 30), Season.FIRST_DAYS),
        (date(2026, 8, 31), Season.TERM),
        (date(2026, 12, 21), Season.BREAK),
        (date(2027, 6, 4), Season.TERM),
        (date(2027, 6, 5), Season.SUMMER),
        (date(2027, 8, 23), Season.FIRST_DAYS),
        (date(2028, 6, 3), Season.SUMMER),
    ],
)
def test_one_calendar_serves_several_years(day: date, season: Season) -> None:
    """Absence counts from the sixth school day of each; outside all of them it is summer."""
    calendar = SchoolCalendar(breaks=(WINTER,), absence_from_day=6, years=(FIRST, SECOND))
    assert calendar.season(day) is season
    assert calendar.counts(day) is (season is Season.TERM)


def test_a_break_has_no_school_day() -> None:
    """Neither have weekends."""
    assert SchoolCalendar(breaks=(WINTER,)).school_days(date(2026, 12, 14), date(2027, 1, 5)) == 7


def test_the_last_year_ends() -> None:
    """Then the next one is missing; without any there is nothing to end."""
    calendar = SchoolCalendar(years=(FIRST, SECOND))
    assert not calendar.ended(date(2027, 7, 1)) and not calendar.ended(date(2028, 6, 2))
    assert calendar.ended(date(2028, 6, 3)) and not SchoolCalendar().ended(date(2028, 6, 3))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: SchoolYear(date(2027, 6, 4), date(2026, 8, 24)), "ends before it begins"),
        (lambda: SchoolCalendar(years=(SECOND, FIRST)), "should come after 2028-06-02"),
        (lambda: SchoolCalendar(years=(FIRST, FIRST)), "should come after 2027-06-04"),
        (lambda: SchoolCalendar(absence_from_day=20), "needs"),
        (lambda: SchoolCalendar(absence_from_day=0), "1 or more"),
    ],
)
def test_a_calendar_that_nobody_means_is_refused(wrong: Callable[[], object], said: str) -> None:
    """Each in one sentence."""
    with pytest.raises(ValueError, match=said):
        wrong()


def test_the_days_of_a_freeze_count_like_a_break() -> None:
    """While it holds, nobody leaves; afterwards its days are none of absence."""
    freeze = Freeze(date(2026, 10, 5), date(2026, 10, 9), "tornado")
    held = SchoolCalendar().frozen_in([freeze], date(2026, 10, 7))
    over = SchoolCalendar().frozen_in([freeze], date(2026, 10, 12))
    assert (held.season(date(2026, 10, 7)), over.season(date(2026, 10, 12))) == (Season.FROZEN, Season.TERM)
    assert over.counted_days(date(2026, 10, 2), date(2026, 10, 12)) == 5
    assert Freeze(date(2026, 10, 5), None, "epidemic").holds(date(2027, 10, 5))
