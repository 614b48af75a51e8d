"""May they come in? Standing and PIN are two facts, kept apart; no dialect folds them for us."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from access_service.domain.calendar import Freeze
from access_service.domain.patron import PatronRecord, Presence
from access_service.domain.relayed import Relayed
from access_service.domain.student import Role
from access_service.domain.wording import Message


class Standing(StrEnum):
    """What we know of a card today. OPTED_OUT is for staff alone: nothing is stored by which a lookup could tell."""

    ACTIVE = "active"
    ABSENT = "absent"
    GRADUATED = "graduated"
    EXPIRED = "expired"
    LEFT = "left"
    BLOCKED = "blocked"
    AMBIGUOUS = "ambiguous"
    OPTED_OUT = "opted_out"
    UNKNOWN = "unknown"


class PinResult(StrEnum):
    """What became of the PIN. REFUSED: the client had too many wrong ones, so none was looked at. UNCHECKED: there was
    no one patron to check it against, or no PIN was asked for."""

    OK = "ok"
    WRONG = "wrong"
    MISSING = "missing"
    LOCKED = "locked"
    REFUSED = "refused"
    NONE_ISSUED = "none_issued"
    UNCHECKED = "unchecked"


IN_GOOD_STANDING = frozenset({Standing.ACTIVE, Standing.ABSENT, Standing.GRADUATED})

# What clients of dialects that carry a date or status are told (DESIGN section 4).
TOLD_STANDING = {
    Standing.ABSENT: Standing.ACTIVE,
    Standing.GRADUATED: Standing.ACTIVE,
    Standing.LEFT: Standing.EXPIRED,
    Standing.AMBIGUOUS: Standing.UNKNOWN,
    Standing.OPTED_OUT: Standing.UNKNOWN,
}
TOLD_PIN = dict.fromkeys((PinResult.LOCKED, PinResult.REFUSED, PinResult.NONE_ISSUED), PinResult.WRONG)

_OF_STANDING = {
    Standing.UNKNOWN: Message.UNKNOWN,
    Standing.AMBIGUOUS: Message.AMBIGUOUS,
    Standing.EXPIRED: Message.EXPIRED,
    Standing.BLOCKED: Message.BLOCKED,
}
_OF_PIN = {
    PinResult.OK: Message.WELCOME,
    PinResult.UNCHECKED: Message.WELCOME,
    PinResult.WRONG: Message.PIN_WRONG,
    PinResult.MISSING: Message.PIN_MISSING,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The one answer that every dialect renders. `record` is None unless exactly one patron was found. `relayed` is
    what the ILS said of somebody whom only it knows: the same verdict, in its own words."""

    standing: Standing
    pin: PinResult
    record: PatronRecord | None = None
    relayed: Relayed | None = None

    @property
    def authenticated(self) -> bool:
        return self.pin is PinResult.OK and self.standing in IN_GOOD_STANDING

    @property
    def told_standing(self) -> Standing:
        return TOLD_STANDING.get(self.standing, self.standing)

    @property
    def told_pin(self) -> PinResult:
        return TOLD_PIN.get(self.pin, self.pin)

    @property
    def message(self) -> Message:
        """What a person is told where the dialect has room for it: first why the card is no good, then of the PIN."""
        return _OF_STANDING.get(self.standing) or _OF_STANDING.get(self.told_standing) or _OF_PIN[self.told_pin]

    @property
    def told_expiry(self) -> date | None:
        """The last day the card was or is good for; for one who left, the day before at the latest."""
        if self.record is None:
            return None
        left_on = self.record.left_on if self.record.presence is Presence.LEFT else None
        return min(self.record.patron.expires, left_on - timedelta(days=1) if left_on else date.max)


STANDING = {
    Presence.PRESENT: Standing.ACTIVE,
    Presence.ABSENT: Standing.ABSENT,
    Presence.GRADUATED: Standing.GRADUATED,
    Presence.CONVERTED: Standing.ACTIVE,
}


def judge(record: PatronRecord, today: date) -> Standing:
    """The standing of one patron today. A card is good through the day it expires; with a graduate's, the student has
    left. A block counts while the card would be good without it."""
    if record.presence is Presence.LEFT:
        return Standing.LEFT
    if record.patron.expires < today:
        return Standing.LEFT if record.presence is Presence.GRADUATED else Standing.EXPIRED
    return Standing.BLOCKED if barred(record, today).blocked else STANDING[record.presence]


def barred(record: PatronRecord, today: date) -> PatronRecord:
    """The patron as dialects tell of a block: one of the library's own as one of the ILS's."""
    until = record.blocked_until
    return replace(record, blocked=True) if until and until >= today and not record.blocked else record


def wound_down(record: PatronRecord, last_day: date) -> PatronRecord:
    """The patron as they stand under an agreement: no student's card is good longer than it allows."""
    if record.patron.expires <= last_day or record.presence is Presence.CONVERTED:
        return record
    return replace(record, patron=replace(record.patron, expires=last_day))


def kept_open(record: PatronRecord, freezes: Iterable[Freeze], today: date) -> PatronRecord:
    """The patron as they stand in a freeze: a card that would have expired in it is good through today. A test card
    ends on its day all the same."""
    expires = record.patron.expires
    if (
        expires < today
        and record.patron.role is not Role.TEST_CARD
        and any(freeze.holds(today) and freeze.first <= expires for freeze in freezes)
    ):
        return replace(record, patron=replace(record.patron, expires=today))
    return record
