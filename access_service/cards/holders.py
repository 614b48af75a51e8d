"""Who gets a card on paper: students of one district whose card works today, and nobody else."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from access_service.directory import meanings, owners
from access_service.domain.access import IN_GOOD_STANDING, judge, kept_open, wound_down
from access_service.domain.calendar import Freeze
from access_service.domain.identifiers import IdentifierKind, fold
from access_service.domain.patron import HERE, PatronRecord
from access_service.domain.pins import PinKind, PinOwner
from access_service.domain.student import Role
from access_service.errors import ChoiceError
from access_service.settings import District
from access_service.storage import freezes, patrons

# Numbers that somebody pastes: of a class, or of a small school.
MOST_PASTED = 1000
# Students who are looked at for one file.
MOST_FOUND = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Students of a district: of a school and a grade ("": of every one), and where there are `numbers`, as typed, of
    those only who have one of them."""

    school: str = ""
    grade: str = ""
    numbers: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Holder:
    """What stands on a card. `pin` is how the PIN was made; None: the holder chose it."""

    library_number: str = field(repr=False)
    student_number: str = field(repr=False)
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    school: str
    grade: str
    pin: PinKind | None

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


@dataclass(frozen=True, slots=True)
class Holders:
    """`missing` are the places, from 1, of numbers by which nobody of those wanted has a card that works."""

    found: Sequence[Holder]
    missing: Sequence[int] = ()


def split(pasted: str) -> list[str]:
    """The numbers of a pasted list, between spaces, commas, semicolons or ends of line. ChoiceError for too many."""
    numbers = [number for number in re.split(r"[\s,;]+", pasted) if number]
    if len(numbers) > MOST_PASTED:
        raise ChoiceError(f"these are {len(numbers):,} numbers; a list has at most {MOST_PASTED:,}")
    return numbers


def find(connection: Connection, district: District, wanted: Wanted, today: date, owner: PinOwner) -> Holders:
    """Who gets a card, by school, grade and name, each once. ChoiceError for too many."""
    if not wanted.numbers:
        in_school = [*patrons.students(connection, district.code, wanted.school, wanted.grade, MOST_FOUND + 1)]
        if len(in_school) > MOST_FOUND:
            raise ChoiceError(f"these are more than {MOST_FOUND:,} students: choose a school, or a grade")
        found = _working(connection, in_school, district, today)
        return Holders(_sorted(found.values(), district, owner))
    by_number = [_of_number(connection, typed, district) for typed in wanted.numbers]
    found = _working(connection, filter(None, by_number), district, today)
    meant = {patron_id for patron_id, record in found.items() if _fits(record, wanted)}
    missing = [
        place for place, record in enumerate(by_number, start=1) if record is None or record.patron_id not in meant
    ]
    return Holders(_sorted((found[patron_id] for patron_id in meant), district, owner), missing)


def _of_number(connection: Connection, typed: str, district: District) -> PatronRecord | None:
    """The one patron of the district whom a number means."""
    meant = meanings(typed, {district.code: district.rules})
    hits = patrons.find(connection, {reading.key for _, reading in meant}, "") if meant else []
    records = {hit.record.patron_id if hit.record else 0: hit.record for hit in owners(hits, meant)}
    return records.popitem()[1] if len(records) == 1 else None


def _fits(record: PatronRecord, wanted: Wanted) -> bool:
    card = record.patron
    return wanted.school in ("", card.school) and wanted.grade in ("", card.grade)


def _working(
    connection: Connection, records: Iterable[PatronRecord], district: District, today: date
) -> Mapping[int, PatronRecord]:
    """Those of them whose card opens something today, by patron id."""
    standstill = freezes.read(connection).get(district.code, ())
    whole = _whole(connection, records)
    good = {record.patron_id: record for record in whole if _works(record, district, standstill, today)}
    keys = {fold(record.patron.library_number): patron_id for patron_id, record in good.items()}
    for key in patrons.owners(connection, IdentifierKind.CONTESTED, list(keys)):
        del good[keys[key]]
    return good


def _whole(connection: Connection, records: Iterable[PatronRecord]) -> Iterator[PatronRecord]:
    """Of those with cards in other districts too, with what counts for all of these."""
    linked: dict[int, PatronRecord] = {}
    for record in records:
        if record.person is None:
            yield record
        else:
            linked[record.patron_id] = record
    people = {record.person for record in linked.values() if record.person}
    for card in patrons.of_persons(connection, people, "") if people else ():
        if card.record.patron_id in linked:
            yield card.record


def _works(record: PatronRecord, district: District, standstill: Sequence[Freeze], today: date) -> bool:
    now = wound_down(kept_open(record, standstill, today), district.agreement.last_day)
    # A graduate's works too, and no school hands it out any more.
    return record.patron.role is Role.STUDENT and record.presence in HERE and judge(now, today) in IN_GOOD_STANDING


def _sorted(records: Iterable[PatronRecord], district: District, owner: PinOwner) -> list[Holder]:
    rule = district.rules.pin.rule
    holders = [
        Holder(
            record.patron.library_number,
            record.patron.student_number,
            record.patron.given_name,
            record.patron.family_name,
            record.patron.school,
            record.patron.grade,
            _pin(record, rule, owner),
        )
        for record in records
    ]
    return sorted(holders, key=_place)


def _place(holder: Holder) -> tuple[str, ...]:
    name = holder.family_name.casefold(), holder.given_name.casefold()
    return holder.school, holder.grade, *name, holder.student_number


def _pin(record: PatronRecord, rule: PinKind, owner: PinOwner) -> PinKind | None:
    if record.chosen:
        return None
    # What the ILS has, nobody here knows; of ours it is known whether there is one.
    return rule if owner is PinOwner.ILS or record.has_pin else PinKind.UNCLAIMED
