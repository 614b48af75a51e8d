"""Oddities of who is in a roster, and as whom: one person in, that person changed or nobody out."""

from hashlib import blake2b
from zlib import crc32

from sync.synthetic.district import Person, SyntheticDistrict
from sync.synthetic.homes import opted_out
from sync.synthetic.names import FAMILY, GIVEN
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.sheet import Change

_OFTEN = 20


def _not_of_the_first_school(person: Person, district: SyntheticDistrict) -> Person | None:
    return None if person.school == district.schools[0] else person


def _who_said_yes(person: Person, district: SyntheticDistrict) -> Person | None:
    return None if opted_out(person, district.night) else person


def _at_two_schools(person: Person, district: SyntheticDistrict) -> Person:
    if int(person.number) % _OFTEN:
        return person
    others = district.schools
    return person._replace(second_school=others[(others.index(person.school) + 1) % len(others)])


def _re_keyed(person: Person, _district: SyntheticDistrict) -> Person:
    return person._replace(source_id=f"K{blake2b(person.source_id.encode(), digest_size=12).hexdigest()}")


def _with_anothers_id(person: Person, _district: SyntheticDistrict) -> Person:
    if int(person.number) % _OFTEN:
        return person
    luck = crc32(person.source_id.encode())
    given, family = GIVEN[luck % len(GIVEN)], FAMILY[luck % len(FAMILY)]
    # Another birthday of the same year fits the grade.
    born = person.birth_date and f"{person.birth_date[:5]}{luck % 12 + 1:02}-{luck % 28 + 1:02}"
    return person._replace(given_name=f"{given} {given}", family_name=f"{family}-{family}", birth_date=born)


def _of_another_shape(person: Person, _district: SyntheticDistrict) -> Person:
    return person._replace(source_id=f"STU_{person.number}")


def _in_capitals(person: Person, _district: SyntheticDistrict) -> Person:
    return person._replace(given_name=person.given_name.upper(), family_name=person.family_name.upper())


PEOPLE: dict[Oddity, Change] = {
    Oddity.SCHOOL_MISSING: _not_of_the_first_school,
    Oddity.OPTED_OUT: _who_said_yes,
    Oddity.TWO_SCHOOLS: _at_two_schools,
    Oddity.RE_KEYED: _re_keyed,
    Oddity.RECYCLED_ID: _with_anothers_id,
    Oddity.ID_SHAPE_CHANGED: _of_another_shape,
    Oddity.UPPER_CASE_NAMES: _in_capitals,
}


def all_of(changes: list[Change]) -> Change:
    """One change after the other, until nobody is left."""

    def change(person: Person, district: SyntheticDistrict) -> Person | None:
        changed: Person | None = person
        for each in changes:
            if changed is None:
                break
            changed = each(changed, district)
        return changed

    return change
