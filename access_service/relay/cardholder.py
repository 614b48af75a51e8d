"""A patron as the ILS knows them, in the shape of ours; never stored."""

from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b

from access_service.domain.identifiers import fold
from access_service.domain.patron import Patron, PatronRecord, Presence
from access_service.domain.relayed import Relayed
from access_service.domain.student import Role

# Above every patron id of ours, and still exact where a client's numbers are floating (2**53).
FIRST_ID = 2**52
EXPIRED = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the ILS said of a number: `record` is None where it knows nobody. `right` is its word on the PIN, and False
    where there was none."""

    record: PatronRecord | None
    right: bool
    relayed: Relayed


@dataclass(frozen=True, slots=True)
class Told:
    """The facts of one answer, as text. `expires` is date.max where the ILS tells no date."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    patron_type: str
    branch: str
    expires: date
    blocked: bool


def relayed_id(number: str) -> int:
    """A patron id for a number of the ILS's: the same at any time, in any process, and no student's."""
    mark = blake2b(fold(number).encode(), digest_size=8, person=b"cardholder").digest()
    return FIRST_ID | (int.from_bytes(mark, "big") % FIRST_ID)


def cardholder(told: Told) -> PatronRecord:
    """A record that every dialect can render: what the ILS does not tell is empty."""
    family, comma, given = (part.strip() for part in told.name.partition(","))
    card = Patron(
        district="",
        source_id="",
        role=Role.CARDHOLDER,
        student_number="",
        library_number=told.number,
        patron_type=told.patron_type,
        profile="",
        branch=told.branch,
        school="",
        grade="",
        given_name=given if comma else "",
        family_name=family,
        expires=told.expires,
    )
    made = date(1970, 1, 1)
    return PatronRecord(
        relayed_id(told.number), card, Presence.PRESENT, None, made, made, None, None, blocked=told.blocked
    )
