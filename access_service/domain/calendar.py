"""The school year: when cards expire, and which days count for an absence."""

from calendar import isleap
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

LEAP_YEAR = 2000
FRIDAY = 5


def in_year(month_day: str, year: int) -> date:
    """The date that "MM-DD" is in a year; 29 February is the 28th in other years. ValueError for anything else."""
    try:
        leap = date.fromisoformat(f"{LEAP_YEAR}-{month_day}")
    except ValueError:
        leap = date.min
    # fromisoformat takes week numbers too.
    if f"{leap:%m-%d}" != month_day or leap.year != LEAP_YEAR:
        raise ValueError(f'{month_day!r} should be a month and day such as "06-30"')
    return date(year, 2, 28) if (leap.month, leap.day) == (2, 29) and not isleap(year) else leap.replace(year=year)


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """A card made or seen after `pivot` lasts until `expires` of the next year (PINES: "06-30" and "09-15")."""

    pivot: str
    expires: str

    def __post_init__(self) -> None:
        for month_day in (self.pivot, self.expires):
            in_year(month_day, LEAP_YEAR)

    def date_for(self, today: date) -> date:
        """The last day that a card seen today is good for."""
        year = today.year + (today > in_year(self.pivot, today.year))
        expires = in_year(self.expires, year)
        return expires if expires > today else in_year(self.expires, year + 1)


@dataclass(frozen=True, slots=True)
class Break:
    """A holiday, both days included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a break from {self.first} to {self.last} ends before it begins")


class Season(StrEnum):
    """What the calendar says of a day. Absence counts in TERM only; nobody leaves in those of STANDSTILL."""

    TERM = "term"
    BREAK = "break"
    FIRST_DAYS = "first_days"
    SUMMER = "summer"
    FROZEN = "frozen"


STANDSTILL = frozenset({Season.FIRST_DAYS, Season.SUMMER, Season.FROZEN})


@dataclass(frozen=True, slots=True)
class Freeze:
    """Days on which nobody expires or leaves, until `last` or, without one, until somebody ends it."""

    first: date
    last: date | None
    reason: str

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """From the first day of school to the last. In `pin_reissue` a changed fact changes an issued PIN."""

    first_day: date
    last_day: date
    pin_reissue: Break | None = None

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError(f"a school year from {self.first_day} to {self.last_day} ends before it begins")


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """How long a student may be missing before they have left: K rosters with different content and G days.

    Neither counts during `breaks` or while `freeze` is set; nor, where the `years` are named, between them and before
    school day `absence_from_day` of each. A school day is Monday to Friday and in no break.
    """

    breaks: tuple[Break, ...] = ()
    freeze: bool = False
    absence_rosters: int = 3
    absence_days: int = 7
    absence_from_day: int = 1
    years: tuple[SchoolYear, ...] = ()

    def __post_init__(self) -> None:
        if self.absence_rosters < 1 or self.absence_days < 0:
            raise ValueError("absence_rosters should be 1 or more, absence_days 0 or more")
        if self.absence_from_day < 1:
            raise ValueError("absence_from_day should be 1 or more")
        if self.absence_from_day > 1 and not self.years:
            raise ValueError("absence_from_day needs [[calendar.years]]: it counts from their first_day")
        for year, following in pairwise(self.years):
            if following.first_day <= year.last_day:
                raise ValueError(f"years: the one from {following.first_day} should come after {year.last_day}")

    def season(self, day: date) -> Season:
        """What a roster of this day can say of who is missing or has gone."""
        if self.freeze:
            return Season.FROZEN
        year = next((year for year in self.years if year.first_day <= day <= year.last_day), None)
        if self.years and year is None:
            return Season.SUMMER
        if year and self.school_days(year.first_day, day) < self.absence_from_day:
            return Season.FIRST_DAYS
        return Season.BREAK if self._in_break(day) else Season.TERM

    def counts(self, day: date) -> bool:
        """Whether a roster of this day says anything about who is missing."""
        return self.season(day) is Season.TERM

    def ended(self, day: date) -> bool:
        """Whether the years are named and all of them are over."""
        return bool(self.years) and self.years[-1].last_day < day

    def reissues_pins(self, day: date) -> bool:
        """Whether a day is in a year's `pin_reissue`."""
        windows = (year.pin_reissue for year in self.years if year.pin_reissue)
        return any(window.first <= day <= window.last for window in windows)

    def frozen_in(self, freezes: Iterable[Freeze], today: date) -> "SchoolCalendar":
        """The calendar with the days of these freezes: those that are over were a kind of break."""
        freezes = tuple(freezes)
        days = tuple(Break(each.first, each.last or today) for each in freezes if each.first <= today)
        frozen = self.freeze or any(each.holds(today) for each in freezes)
        return replace(self, breaks=self.breaks + days, freeze=frozen)

    def school_days(self, first: date, last: date) -> int:
        """School days from `first` to `last`, both included."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return sum(1 for day in days if day.isoweekday() <= FRIDAY and not self._in_break(day))

    def counted_days(self, since: date, until: date) -> int:
        """Days after `since` up to and including `until` on which absence counts."""
        days = (since + timedelta(days=n) for n in range(1, (until - since).days + 1))
        return sum(1 for day in days if self.counts(day))

    def has_left(self, missed: int, since: date, today: date) -> bool:
        """Whether a student missing from `missed` rosters since `since` has now left."""
        return (
            self.counts(today)
            and missed >= self.absence_rosters
            and self.counted_days(since, today) >= self.absence_days
        )

    def _in_break(self, day: date) -> bool:
        return any(pause.first <= day <= pause.last for pause in self.breaks)
