"""What a date does to a student though no roster says it: coming of age, and leaving school for good."""

from calendar import isleap
from dataclasses import dataclass
from datetime import date

from access_service.domain.calendar import LEAP_YEAR, in_year
from access_service.domain.patron import Patron
from access_service.domain.pins import PLACEHOLDER_BIRTH_DATES
from access_service.domain.student import GRADES, Role


@dataclass(frozen=True, slots=True)
class OfAge:
    """From the birthday at `age` the card is of another patron type; without one there is no card any more."""

    age: int = 18
    patron_type: str = ""
    profile: str = ""

    def __post_init__(self) -> None:
        if self.age < 1:
            raise ValueError("age should be 1 or more")

    def born_by(self, today: date) -> date:
        """The latest birth date of those who are of age. Who was born on 29 February is on 1 March."""
        leap_day = (today.month, today.day) == (2, 29) and not isleap(today.year - self.age)
        return date(today.year - self.age, 2, 28) if leap_day else today.replace(year=today.year - self.age)

    def reached(self, born: date | None, today: date) -> bool:
        return born is not None and born not in PLACEHOLDER_BIRTH_DATES and born <= self.born_by(today)


@dataclass(frozen=True, slots=True)
class Graduates:
    """Students of `grades` who leave from day `first` to day `last` of a year ("MM-DD") have graduated: the card is
    good through `last`, and the desk may make it a full one."""

    grades: tuple[str, ...]
    first: str
    last: str

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.grades) - GRADES.keys()):
            raise ValueError(f"grades: no such grade {unknown[0]!r}; grades are {' '.join(GRADES)}")
        for month_day in (self.first, self.last):
            in_year(month_day, LEAP_YEAR)

    def good_through(self, patron: Patron, today: date) -> date | None:
        """The last day of the card of a student who leaves today, or None where it ends at once."""
        if patron.role is not Role.STUDENT or patron.grade not in self.grades:
            return None
        first, last = in_year(self.first, today.year), in_year(self.last, today.year)
        if first <= last:
            return last if first <= today <= last else None
        # Over the new year.
        return in_year(self.last, today.year + 1) if today >= first else last if today <= last else None
