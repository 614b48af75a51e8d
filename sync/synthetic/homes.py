"""Where students live and who answers for them, worked out from the student number."""

from typing import NamedTuple
from zlib import crc32

from sync.synthetic.district import Person
from sync.synthetic.names import FAMILY, GIVEN

_STREETS = ("Elm Street", "County Road 9", "Fifth Avenue, Apt. 4", "O'Hara Lane", "Calle Núñez", "P.O. Box Road")
_CITIES = (("Maple", "29001"), ("Riverton", "02902"), ("St. Anne's", "29003"))
_CONTACTS = "1222223345"
_RELATIONS = ("Mother", "Father", "Grandparent", "Aunt", "Other")
_OPTED_OUT = 50
_TWO_HOMES = 12


class Guardian(NamedTuple):
    """A contact of a student, at their own address."""

    relation: str
    name: str
    phone: str
    email: str
    street: str
    city: str
    postal: str


def contacts(person: Person) -> list[Guardian]:
    """One to five; of one family in twelve the second lives elsewhere."""
    luck = _luck(person)
    count = int(_CONTACTS[luck // 7 % len(_CONTACTS)])
    apart = has_two_homes(person)
    return [_guardian(person, luck, place, int(apart and place == 1)) for place in range(max(count, 1 + apart))]


def first_contact(person: Person) -> Guardian:
    """The first of the contacts."""
    return _guardian(person, _luck(person), 0, 0)


def has_two_homes(person: Person) -> bool:
    return _luck(person) % _TWO_HOMES == 0


def opted_out(person: Person, night: int) -> bool:
    """One family in fifty says no, some of them weeks into the year."""
    luck = _luck(person)
    return luck // 11 % _OPTED_OUT == 0 and night >= luck % 30


def _luck(person: Person) -> int:
    # The number stays when ids are given anew.
    return crc32(person.number.encode())


def _guardian(person: Person, luck: int, place: int, home: int) -> Guardian:
    given = GIVEN[(luck + 31 * place) % len(GIVEN)]
    family = FAMILY[luck % len(FAMILY)] if place % 2 else person.family_name
    city, postal = _CITIES[(luck // 3 + home) % len(_CITIES)]
    street = f"{luck % 900 + 1 + home} {_STREETS[(luck // 13 + home) % len(_STREETS)]}"
    phone = f"555-01{(luck + place) % 100:02}"
    return Guardian(
        _RELATIONS[place], f"{given} {family}", phone, f"home{luck % 9973}@example.org", street, city, postal
    )
