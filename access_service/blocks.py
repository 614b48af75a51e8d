"""The library blocks a patron, and lifts that: on record, and from the next lookup on, in every dialect.

As with chosen PINs it is no edit of what rosters say: no night reads or writes a block, and no undo takes it back.
"""

from dataclasses import dataclass
from datetime import date

from access_service.audit import Action, Auditor, Deed
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import blocks, chosen_pins
from access_service.storage.blocks import UNTIL_LIFTED, Block
from access_service.storage.engine import Databases


@dataclass(frozen=True, slots=True)
class BlockDesk:
    """Who blocks patrons of a district. A block is of all cards of a person."""

    databases: Databases
    auditor: Auditor
    district: District

    def block(self, record: PatronRecord, reason: str, until: date | None) -> Block:
        """Block a patron through `until`, None: until it is lifted; in place of a block before. Errors: OperatorError,
        and nothing is changed."""
        now = self.auditor.now().replace(microsecond=0)
        if until and until < now.astimezone(self.district.zone).date():
            raise OperatorError(f"{until} has passed: a block ends today or later, or with no date when it is lifted")
        block = Block(until or UNTIL_LIFTED, reason, self.auditor.by, now)
        with self.auditor.transaction(self.databases) as noting:
            cards = chosen_pins.cards(noting.connection, record)
            if record.patron_id not in cards:
                raise OperatorError(f"patron {record.patron_id} was forgotten this moment")
            before = blocks.of_cards(noting.connection, cards)
            blocks.drop(noting.connection, cards)
            blocks.put(noting.connection, record.patron_id, record.patron.district, block)
            noting.note(self._deed(Action.BLOCK, record, reason, before, block))
        return block

    def unblock(self, record: PatronRecord, reason: str) -> None:
        """Lift the library's own block; one of the ILS stays. Errors as above."""
        with self.auditor.transaction(self.databases) as noting:
            cards = chosen_pins.cards(noting.connection, record)
            before = blocks.of_cards(noting.connection, cards)
            if before is None:
                theirs = "; its ILS blocks the card, and its next extract says when it does no longer"
                raise OperatorError(f"patron {record.patron_id} has no block here{theirs if record.blocked else ''}")
            blocks.drop(noting.connection, cards)
            noting.note(self._deed(Action.UNBLOCK, record, reason, before, None))

    def _deed(
        self, action: Action, record: PatronRecord, reason: str, before: Block | None, after: Block | None
    ) -> Deed:
        then, now = ({"blocked_until": ends(block)} if block else {} for block in (before, after))
        return Deed(action, f"patron {record.patron_id}", reason, self.district.code, then, now)


def ends(block: Block) -> str:
    """When a block ends, in words."""
    return "until lifted" if block.until == UNTIL_LIFTED else block.until.isoformat()
