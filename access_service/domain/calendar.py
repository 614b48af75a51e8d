"""The school year: when cards expire, and which days count for an absence."""

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta

LEAP_YEAR = 2000


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


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """How long a student may be missing before they have left: K rosters with different content and G days.

    Neither counts during `breaks` or while `freeze` is set.
    """

    breaks: tuple[Break, ...] = ()
    freeze: bool = False
    absence_rosters: int = 3
    absence_days: int = 7

    def __post_init__(self) -> None:
        if self.absence_rosters < 1 or self.absence_days < 0:
            raise ValueError("absence_rosters should be 1 or more, absence_days 0 or more")

    def counts(self, day: date) -> bool:
        """Whether a roster of this day says anything about who is missing."""
        return not self.freeze and not any(pause.first <= day <= pause.last for pause in self.breaks)

    def counted_days(self, since: date, until: date) -> int:
        """Days after `since` up to and including `until` that are in no break."""
        days = (since + timedelta(days=n) for n in range(1, (until - since).days + 1))
        return sum(1 for day in days if self.counts(day))

    def has_left(self, missed: int, since: date, today: date) -> bool:
        """Whether a student missing from `missed` rosters since `since` has now left."""
        return (
            self.counts(today)
            and missed >= self.absence_rosters
            and self.counted_days(since, today) >= self.absence_days
        )
