"""What the desk is told of one patron: works or not, and the one thing that is the matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from access_service.directory import verified_here
from access_service.domain.access import IN_GOOD_STANDING, Standing
from access_service.domain.patron import PatronRecord
from access_service.domain.student import Role
from access_service.explain import Explainer, Explanation
from access_service.next_steps import NOT_IN_ILS, REMEDIES, RENEW
from access_service.storage import blocks, chosen_pins
from access_service.storage.blocks import Block
from access_service.waits import Waits


class Matter(StrEnum):
    """The one thing that is the matter with a card, or that nothing is."""

    NOTHING = "nothing"
    PIN_OF_ILS = "pin_of_ils"
    NOT_IN_ILS = "not_in_ils"
    NO_PIN = "no_pin"
    LOCKED = "locked"
    STOPPED = "stopped"
    SPENT = "spent"
    BLOCKED = "blocked"
    BLOCKED_BY_ILS = "blocked_by_ils"
    EXPIRED = "expired"
    AGREEMENT_OVER = "agreement_over"
    LEFT = "left"
    REFUSED = "refused"


WORKS = frozenset({Matter.NOTHING, Matter.PIN_OF_ILS, Matter.NOT_IN_ILS})
_OF_STANDING: Mapping[Standing, Matter] = {
    Standing.EXPIRED: Matter.EXPIRED,
    Standing.BLOCKED: Matter.BLOCKED_BY_ILS,
    Standing.LEFT: Matter.LEFT,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`explanation` has the whole story. `until` is the card's last day; `seconds` are those of a lock, `clients` those
    whose budget is spent, and `block` is the library's own, if it holds."""

    matter: Matter
    explanation: Explanation
    until: date
    seconds: int = 0
    clients: tuple[str, ...] = ()
    block: Block | None = None

    @property
    def works(self) -> bool:
        """Whether the card opens with the right PIN, now and everywhere."""
        return self.matter in WORKS


def verdict(explainer: Explainer, record: PatronRecord) -> Verdict:
    """What is the matter with a patron's card as things stand."""
    explanation = explainer.of(record)
    waits = Waits(explainer.connection, explainer.districts, explainer.now)
    district = explainer.districts[record.patron.district]
    today = explainer.now.astimezone(district.zone).date()
    block = blocks.of_cards(explainer.connection, chosen_pins.cards(explainer.connection, record))
    block = block if block and block.until >= today else None
    seconds, spent = waits.locked(record), tuple(waits.spent_at(record))
    if explanation.standing not in IN_GOOD_STANDING:
        matter = _ended(explanation, block)
    elif not verified_here(record, explainer.pin_owner):
        matter = Matter.PIN_OF_ILS
    elif not record.has_pin:
        matter = Matter.NO_PIN
    elif waits.stopped(record):
        matter = Matter.STOPPED
    elif seconds or spent:
        matter = Matter.LOCKED if seconds else Matter.SPENT
    else:
        matter = Matter.NOTHING
    if matter in WORKS and explanation.next_step in NOT_IN_ILS.values():
        matter = Matter.NOT_IN_ILS
    until = record.patron.expires
    if record.patron.role is not Role.TEST_CARD and explanation.next_step == RENEW:
        until = min(until, district.agreement.last_day)
    return Verdict(matter, explanation, until, seconds, spent, block)


def _ended(explanation: Explanation, block: Block | None) -> Matter:
    """Of a card that is in no good standing."""
    if explanation.standing is Standing.BLOCKED and block:
        return Matter.BLOCKED
    if explanation.standing is Standing.EXPIRED and explanation.next_step == RENEW:
        return Matter.AGREEMENT_OVER
    if explanation.standing is Standing.LEFT and explanation.next_step in REMEDIES.values():
        return Matter.REFUSED
    return _OF_STANDING[explanation.standing]
