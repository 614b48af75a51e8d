"""One library card, and what is stored about its holder."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from access_service.domain.identifiers import IdentifierKind
from access_service.domain.student import Role


class Presence(StrEnum):
    """What the rosters last said. An absent student is still served, and one who graduated until the card expires; one
    who left is not. What became a full library card (CONVERTED) no roster touches any more."""

    PRESENT = "present"
    ABSENT = "absent"
    LEFT = "left"
    GRADUATED = "graduated"
    CONVERTED = "converted"


# Those whom tonight's roster can make absent or leavers.
HERE = frozenset({Presence.PRESENT, Presence.ABSENT})


def number_kind(role: Role) -> IdentifierKind:
    """What the number on a badge is."""
    return IdentifierKind.STAFF_NUMBER if role is Role.EDUCATOR else IdentifierKind.STUDENT_NUMBER


@dataclass(frozen=True, slots=True)
class Patron:
    """A library card as roster and rules make it: all that a run decides, and nothing that staff or time decide.

    `student_number` is the number on the badge, of an educator the staff number, and then there is no grade.
    `library_number` is what the ILS files the card under, minted once. `branch` and `patron_type` are ILS codes.
    """

    district: str
    source_id: str
    role: Role
    student_number: str = field(repr=False)
    library_number: str = field(repr=False)
    patron_type: str
    profile: str
    branch: str
    school: str
    grade: str
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    expires: date

    @property
    def number_kind(self) -> IdentifierKind:
        return number_kind(self.role)


@dataclass(frozen=True, slots=True)
class ChosenPin:
    """A PIN that its patron or the desk chose, for the card `patron_id`: of a person with several it opens whichever
    counts. `hash` is argon2id of its keyed digest, whose pepper is `key_id` (pin_vault.py)."""

    patron_id: int
    key_id: str
    hash: str = field(repr=False)
    since: date


@dataclass(frozen=True, slots=True)
class PatronRecord:
    """A stored patron. `patron_id` never changes and is never reused; credentials and usage hang on it.

    `person` is set of one who is linked with patrons of other districts: the patron id of the eldest. `blocked` is the
    ILS's word, by its newest extract; `blocked_until` the last day of a block of the library's own.
    `pin_key` and `pin_digest` are the issued PIN under a pepper (pin_vault.py); both None means that none was issued.
    Where one was chosen the issued one opens nothing.
    """

    patron_id: int
    patron: Patron
    presence: Presence
    left_on: date | None
    created_on: date
    updated_on: date
    pin_key: str | None
    pin_digest: bytes | None = field(repr=False)
    person: int | None = None
    blocked: bool = False
    chosen: ChosenPin | None = None
    blocked_until: date | None = None

    @property
    def has_pin(self) -> bool:
        return self.chosen is not None or self.pin_digest is not None

    @property
    def told_id(self) -> int:
        """The patron id that clients are told: it outlives a move to another district."""
        return self.person or self.patron_id


# Of the cards of one person in several districts the last one here counts.
_COUNTS = (Presence.LEFT, Presence.GRADUATED, Presence.CONVERTED, Presence.ABSENT, Presence.PRESENT)


def importance(record: PatronRecord) -> tuple[int, int]:
    """The card of one person that counts now is the one with the greatest: of two alike the newer."""
    return _COUNTS.index(record.presence), record.patron_id
