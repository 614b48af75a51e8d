"""A believable district that never was: any size, any night, each worked out from its seed without stored state."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from sync.synthetic.names import FAMILY, GIVEN, ODD_FAMILY, ODD_GIVEN

GRADES = ("KG", *(f"{grade:02}" for grade in range(1, 13)))

# A district is made of seats, each with one occupant. In a round of so many nights each seat's turn comes once.
NIGHTS_TO_LEAVE = 333
NIGHTS_TO_MOVE = 200
NIGHTS_TO_RENAME = 1000

# Student numbers have seven digits. A factor without 2 or 5 makes each seat and generation a number of its own.
_NUMBERS = 10_000_000
_NUMBER_FACTOR = 7_654_321

_JULY = 7
_PUPILS_A_SCHOOL = 700
_LEVEL_OF_GRADE = "1111112223333"
_FIRST_SCHOOLS = {"1": ("101", "102"), "2": ("201",), "3": ("301",)}

# A row is one seat in each grade. In 96 rows two hold rare family names and two rare given names, and in one more of
# each kind sit the twins or the namesakes of those in the row before.
_ROWS = 96
_RARE_ROWS = {10: "family", 11: "family", 20: "given", 21: "given", 40: "twin", 70: "namesake"}

# Given name, family name, birth date.
_Facts = tuple[str, str, str]


class Person(NamedTuple):
    """One user of the roster. Students have a school `grade` and number, teachers a staff number, guardians none.

    `birth_date` is YYYY-MM-DD, or "" for adults and where the office never entered it. `school` is a code, and
    `second_school` of those who go to two. `status` is "tobedeleted" of who left since last night.
    Not a frozen dataclass: a million are made a night, and a tuple takes a fifth of the time.
    """

    source_id: str
    role: str
    number: str
    given_name: str
    family_name: str
    birth_date: str
    grade: str
    school: str
    second_school: str = ""
    status: str = ""


@dataclass(frozen=True)
class SyntheticDistrict:
    """What to make: `size` students every night, night 0 being the first roster.

    `today` decides the school year, and so grades and birth dates. `adult_share` is teachers and guardians per
    student. ValueError for a size that seven digits cannot number, or a night before the first.
    """

    today: date
    size: int = 2000
    seed: int = 1
    night: int = 0
    adult_share: float = 0.1

    def __post_init__(self) -> None:
        if not 1 <= self.size <= _NUMBERS:
            raise ValueError(f"size {self.size}: should be 1 to {_NUMBERS:,}")
        if self.night < 0:
            raise ValueError(f"night {self.night}: the first is 0")

    @property
    def first_year(self) -> int:
        """The calendar year in which the school year of `today` began, on 1 July."""
        return self.today.year - (self.today.month < _JULY)

    @cached_property
    def schools_by_level(self) -> dict[str, tuple[str, ...]]:
        """School codes of each level: "1" KG to 05, "2" 06 to 08, "3" 09 to 12; about 700 students each."""
        return {level: self._codes(level) for level in _FIRST_SCHOOLS}

    @cached_property
    def schools(self) -> tuple[str, ...]:
        """All school codes, the four of the smallest district first."""
        first = [code for codes in _FIRST_SCHOOLS.values() for code in codes]
        every = [code for codes in self.schools_by_level.values() for code in codes]
        return (*first, *(code for code in every if code not in first))

    @property
    def homerooms(self) -> Iterator[tuple[str, str]]:
        """School code and grade of each class that there is."""
        for code in self.schools:
            for level, grade in zip(_LEVEL_OF_GRADE, GRADES, strict=True):
                if code.startswith(level):
                    yield code, grade

    def opaque_id(self, kind: str, number: int) -> str:
        """An id that looks like a UUID, the same for the same seed, kind and number."""
        return _uuid(_Chance(self.seed, kind).digest(number).hex())

    def _codes(self, level: str) -> tuple[str, ...]:
        first = _FIRST_SCHOOLS[level]
        pupils = self.size * _LEVEL_OF_GRADE.count(level) // len(GRADES)
        more = range(len(first) + 1, round(pupils / _PUPILS_A_SCHOOL) + 1)
        return (*first, *(f"{level}{number:03}" for number in more))


def students(district: SyntheticDistrict) -> Iterator[Person]:
    """Tonight's students, seat by seat; ids and numbers stay with a person on every night."""
    return map(occupant(district), range(district.size))


def occupant(district: SyntheticDistrict) -> Callable[[int], Person]:
    """Who sits tonight in each of the `size` seats."""
    return _Tonight(district).occupant


def adults(district: SyntheticDistrict) -> Iterator[Person]:
    """Teachers and guardians, turn about; the same people every night."""
    chance = _Chance(district.seed, "adult")
    for number in range(round(district.size * district.adult_share)):
        digest = chance.digest(number)
        luck = int.from_bytes(digest[16:])
        school = district.schools[number // 2 % len(district.schools)]
        role, staff_number = ("guardian", "") if number % 2 else ("teacher", f"{number:06}")
        given, family = GIVEN[luck % len(GIVEN)], FAMILY[(luck >> 20) % len(FAMILY)]
        yield Person(_uuid(digest.hex()), role, staff_number, given, family, "", "", school)


class _Chance:
    """Sixteen bytes of id and eight of luck for each person of one kind."""

    def __init__(self, seed: int, kind: str) -> None:
        self._start = hashlib.blake2b(f"{seed} {kind} ".encode(), digest_size=24)

    def digest(self, number: int) -> bytes:
        digest = self._start.copy()
        digest.update(b"%d" % number)
        return digest.digest()


@dataclass(frozen=True, slots=True)
class _Cohort:
    """Those in one grade. `generation` counts how many have sat in their seats from KG to 12 before."""

    grade: str
    generation: int
    schools: tuple[str, ...]
    birthdays: tuple[str, ...]


class _Tonight:
    """What is the same for all seats on one night, worked out once."""

    def __init__(self, district: SyntheticDistrict) -> None:
        self._size, self._seed, self._night = district.size, district.seed, district.night
        self._generations = _NUMBERS // district.size
        self._digest = _Chance(district.seed, "student").digest
        self._cohorts = [_cohort(district, place) for place in range(len(GRADES))]
        # Who is in the only school of their level has nowhere to move, so the others move the more often.
        share = sum(len(cohort.schools) > 1 for cohort in self._cohorts) / len(GRADES)
        self._nights_to_move = round(NIGHTS_TO_MOVE * share)

    def occupant(self, seat: int) -> Person:
        row, place = divmod(seat, len(GRADES))
        cohort = self._cohorts[place]
        # How often by tonight this seat's student has left, moved and been renamed.
        turn, to_move = seat * 7919 + self._seed, self._nights_to_move
        left = (self._night + turn % NIGHTS_TO_LEAVE) // NIGHTS_TO_LEAVE
        moved = (self._night + turn % to_move) // to_move
        renamed = (self._night + turn % NIGHTS_TO_RENAME) // NIGHTS_TO_RENAME
        person = seat + self._size * ((cohort.generation + left) % self._generations)
        digest = self._digest(person)
        facts = _facts(digest, cohort.birthdays, renamed)
        if rarity := _RARE_ROWS.get(row % _ROWS):
            kin = self._digest(person - len(GRADES))
            facts = _rare(rarity, seat, facts, _facts(kin, cohort.birthdays, 0))
        number = f"{(person * _NUMBER_FACTOR + self._seed) % _NUMBERS:07}"
        school = cohort.schools[((row + 1) // 2 + moved) % len(cohort.schools)]
        return Person(_uuid(digest.hex()), "student", number, *facts, cohort.grade, school)


def _cohort(district: SyntheticDistrict, place: int) -> _Cohort:
    generation, grade = divmod(place + district.first_year, len(GRADES))
    schools = district.schools_by_level[_LEVEL_OF_GRADE[grade]]
    # Those too young for school on 1 September of the year they turned five began a year later.
    born_after = date(district.first_year - grade - 6, 9, 1)
    birthdays = tuple((born_after + timedelta(days=n)).isoformat() for n in range(1, 366))
    return _Cohort(GRADES[grade], generation, schools, birthdays)


def _facts(digest: bytes, birthdays: tuple[str, ...], renamed: int) -> _Facts:
    luck = int.from_bytes(digest[16:])
    born = birthdays[(luck >> 40) % len(birthdays)] if (luck >> 52) % 1000 else ""
    return GIVEN[luck % len(GIVEN)], FAMILY[((luck >> 20) + renamed) % len(FAMILY)], born


def _rare(rarity: str, seat: int, own: _Facts, kin: _Facts) -> _Facts:
    match rarity:
        case "family":
            return own[0], ODD_FAMILY[seat % len(ODD_FAMILY)], own[2]
        case "given":
            return ODD_GIVEN[seat % len(ODD_GIVEN)], *own[1:]
        case "twin":
            return own[0], *kin[1:]
        case _:
            return *kin[:2], own[2]


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
