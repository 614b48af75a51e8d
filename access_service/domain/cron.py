"""Times of day in cron's five fields, by a clock on the wall: which zone it shows is not known here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count, product

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class Cron:
    """The minutes (0-59), hours (0-23), days (1-31), months (1-12) and weekdays (0 is Sunday) that fit."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """From "30 3 * * mon-fri". ValueError says in words what it should be."""
        words = text.lower().split()
        if len(words) != len(cls.__slots__):
            raise ValueError(f'{text!r} should be minute, hour, day, month and weekday, such as "30 3 * * *"')
        minutes, hours, days, months, weekdays = words
        if not days.startswith("*") and not weekdays.startswith("*"):
            # Cron takes either then, which nobody expects.
            raise ValueError(f"{text!r} should name a day of the month or a weekday, not both")
        made = cls(
            _numbers(minutes, "minute", 0, 59),
            _numbers(hours, "hour", 0, 23),
            _numbers(days, "day", 1, 31),
            _numbers(months, "month", 1, 12, MONTHS),
            tuple(sorted({day % 7 for day in _numbers(weekdays, "weekday", 0, 7, WEEKDAYS)})),
        )
        if not any(day <= LONGEST[month - 1] for day, month in product(made.days, made.months)):
            raise ValueError(f"{text!r} is a day that there never is")
        return made

    def times(self, start: datetime) -> Iterator[datetime]:
        """Every time later than `start`, without zone, in order and without end."""
        for n in count():
            day = start.date() + timedelta(n)
            if self._has(day):
                for hour, minute in product(self.hours, self.minutes):
                    if (found := datetime.combine(day, time(hour, minute))) > start:
                        yield found

    def _has(self, day: date) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays


def _numbers(text: str, field: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    """What a field such as "1-5,10-30/5" stands for, in order."""
    known = {name: number for number, name in enumerate(names, lowest)}
    found: set[int] = set()
    for part in text.split(","):
        if not (match := PART.fullmatch(part)):
            raise ValueError(f"{field} {part!r} should be a number, a range such as 1-5, or *")
        first, last, step = match["first"], match["last"], match["step"]
        ends = [_number(word, field, lowest, highest, known) for word in (first, last) if word]
        if len(ends) == 1:
            # As cron has it, "5/10" goes on to the end.
            ends.append(highest if step else ends[0])
        low, high = ends or (lowest, highest)
        if low > high or (step and not int(step)):
            raise ValueError(f"{field} {part!r} should go up, by steps of 1 or more")
        found.update(range(low, high + 1, int(step or 1)))
    return tuple(sorted(found))


def _number(word: str, field: str, lowest: int, highest: int, names: dict[str, int]) -> int:
    number = names.get(word, int(word) if re.fullmatch("[0-9]{1,2}", word) else -1)
    if not lowest <= number <= highest:
        raise ValueError(f"{field} {word!r} should be from {lowest} to {highest}")
    return number
