"""What happens in Maple County from one August to the next: who is enrolled, and what the district sends."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from random import Random

from sync.synthetic.district import Person, SyntheticDistrict, students
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.night import Night
from sync.synthetic.oddities.oddity import Oddity

FIRST_NIGHT = date(2026, 8, 10)
NIGHTS = 300  # Monday to Friday
ROLLOVERS = {date(2026, 8, 17): 2026, date(2027, 8, 16): 2027}
FIRST_DAYS = (date(2026, 8, 24), date(2027, 8, 23))
NO_SHOWS_GO = (date(2026, 9, 4), date(2027, 9, 3))
HALF_A_FILE = date(2026, 10, 14)
NO_FILE = date(2026, 11, 10)
SCHOOL_CLOSES = date(2027, 1, 4)
NEIGHBOURS_FILE = date(2027, 2, 9)
TORNADO, THAW = date(2027, 3, 15), date(2027, 3, 22)
GRADUATION = date(2027, 5, 27)
LAST_DAY = date(2027, 6, 4)
DESK_DAY = date(2027, 6, 15)
# Labor Day, Thanksgiving, winter, spring, Labor Day.
BREAKS = (
    (date(2026, 9, 7), date(2026, 9, 7)),
    (date(2026, 11, 25), date(2026, 11, 27)),
    (date(2026, 12, 21), date(2027, 1, 3)),
    (date(2027, 4, 5), date(2027, 4, 9)),
    (date(2027, 9, 6), date(2027, 9, 6)),
)

CLOSED, BECOMES = "1003", ("101", "102")
STRICKEN = "101"
NO_SHOWS, BECOMES_FULL_CARD = 60, 5
# All seats are taken three times by then: people who are in no roster yet.
_NEWCOMERS = 999
_LEFT = "tobedeleted"


class Maple:
    """The district's own books. Sets of strings have no order of their own, so that people are kept in dicts."""

    def __init__(self, size: int) -> None:
        years = (2025, *ROLLOVERS.values())
        self._pupils = {year: _people(year, size, 0) for year in years}
        self._strangers = {year: _people(year, size, _NEWCOMERS) for year in years}
        self._year = 2025
        self._luck = Random(20260810)  # noqa: S311 - a story, no secret
        # The feed begins in August, when the last seniors have gone.
        self._enrolled = dict.fromkeys(p.source_id for p in self._pupils[2025].values() if p.grade != "12")
        self._gone: dict[str, None] = {}
        self._schools: dict[str, str] = {}
        self._married: dict[str, str] = {}
        self._back_on: dict[str, int] = {}
        self._closed = False

    def pass_day(self, today: date) -> tuple[dict[str, Person], dict[str, Person]]:
        """Live through a day: who is listed that night, and whose exit is stated, by source id."""
        before = dict(self._enrolled)
        leavers: list[str] = []
        self._back_on = {each: nights - 1 for each, nights in self._back_on.items() if nights}
        if today in ROLLOVERS:
            self._roll_over(ROLLOVERS[today])
        elif today in NO_SHOWS_GO:
            self._drop(self._some(NO_SHOWS))
        elif today == GRADUATION:
            leavers = [each for each in self._enrolled if self.person(each).grade == "12"]
        elif not _is_closed(today):
            leavers = self._ordinary_day(in_school=FIRST_DAYS[0] <= today <= LAST_DAY or today >= FIRST_DAYS[1])
        self._closed = today >= SCHOOL_CLOSES
        self._drop(leavers)
        listed = {each: self.person(each) for each in self._enrolled if each not in self._back_on}
        if TORNADO <= today < THAW:
            # The school's own computers are where the roof was.
            listed = {each: p for each, p in listed.items() if p.school != STRICKEN or int(p.number) % 3}
        exits = {each: self.person(each)._replace(status=_LEFT) for each in leavers if each in before}
        return listed, exits

    def person(self, source_id: str) -> Person:
        """As the district has them today."""
        person = self._fact(source_id)
        school = self._schools.get(source_id, person.school)
        if school[0] != person.school[0]:
            # Moved long ago, and up to another level since.
            school = person.school
        if self._closed and school == CLOSED:
            school = BECOMES[int(person.number) % 2]
        family = self._married.get(source_id, person.family_name)
        if (school, family) == (person.school, person.family_name):
            return person
        return person._replace(school=school, family_name=family)

    def _fact(self, source_id: str) -> Person:
        return self._pupils[self._year].get(source_id) or self._strangers[self._year][source_id]

    def _roll_over(self, year: int) -> None:
        were, are = self._pupils[self._year], self._pupils[year]
        self._year = year
        kindergarten = [each for each in are if each not in were]
        self._enrolled = dict.fromkeys([each for each in self._enrolled if self._stays(each)] + kindergarten)
        self._gone = {each: None for each in self._gone if self._stays(each)}

    def _stays(self, source_id: str) -> bool:
        return source_id in self._pupils[self._year] or source_id in self._strangers[self._year]

    def _ordinary_day(self, *, in_school: bool) -> list[str]:
        """A few come, go, move, marry; some are forgotten for three nights. Returns whose exit is stated."""
        if self._luck.random() < (0.1 if in_school else 0.4):
            return []
        busy = 2 if in_school else 1
        self._drop(self._some(self._luck.randrange(busy + 1)))
        self._enrol(self._luck.randrange(2 * busy + 1))
        for each in self._some(busy):
            level = [code for code in self._open_schools() if code[0] == self.person(each).school[0]]
            self._schools[each] = self._luck.choice(level)
        if in_school:
            for each in self._some(self._luck.randrange(2)):
                self._back_on[each] = 2
            for each in self._some(self._luck.randrange(2)):
                self._married[each] = f"{self.person(each).family_name}-Synthetica"
            for each in self._some(self._luck.randrange(2), self._gone):
                del self._gone[each]
                self._enrolled[each] = None
        return self._some(self._luck.randrange(busy + 1))

    def _open_schools(self) -> list[str]:
        schools = dict.fromkeys(person.school for person in self._pupils[self._year].values())
        return [code for code in schools if not (self._closed and code == CLOSED)]

    def _enrol(self, count: int) -> None:
        strangers = [each for each, p in self._strangers[self._year].items() if p.grade != "12"]
        for each in self._luck.sample(strangers, count):
            if each not in self._gone:
                self._enrolled[each] = None

    def _drop(self, leavers: Iterable[str]) -> None:
        for each in leavers:
            if each in self._enrolled:
                del self._enrolled[each]
                self._gone[each] = None

    def _some(self, count: int, among: Iterable[str] | None = None) -> list[str]:
        """Of the younger ones: seniors go all together."""
        found = [each for each in (self._enrolled if among is None else among) if self._fact(each).grade != "12"]
        return self._luck.sample(found, min(count, len(found)))


def _people(year: int, size: int, night: int) -> dict[str, Person]:
    district = SyntheticDistrict(date(year, 9, 1), size=size, night=night)
    return {person.source_id: person for person in students(district)}


def _is_closed(today: date) -> bool:
    return TORNADO <= today < THAW or any(first <= today <= last for first, last in BREAKS)


def neighbours(today: date, size: int) -> list[Person]:
    """The students of another district, under the same codes of schools."""
    return list(students(SyntheticDistrict(today, size=size, seed=2)))


def write(folder: Path, today: date, people: Sequence[Person], oddities: Sequence[Oddity] = ()) -> Path:
    """PowerSchool's export of these people."""
    form = replace(FORMS[Format.POWERSCHOOL], stream=lambda *_: iter(people))
    folder.mkdir(exist_ok=True)
    Night(form, SyntheticDistrict(today, adult_share=0), oddities).write(folder)
    file, written = folder / "students.txt", datetime.combine(today, time(6, tzinfo=UTC)).timestamp()
    os.utime(file, (written, written))
    return file
