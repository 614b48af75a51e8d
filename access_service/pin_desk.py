"""A PIN is chosen or taken back: on record, in one transaction, and whatever failed before is forgotten.

It is no edit of what rosters say (edits.py): no night reads or writes a chosen PIN, and no undo takes it back, so a
night under way goes on, and a thousand students who choose theirs in the morning keep nobody's night from its undo.
"""

import secrets
from dataclasses import dataclass

from access_service.audit import Action, Auditor, Deed
from access_service.directory import verified_here
from access_service.domain.chosen_pins import PinRefusal, like_issued, refusal
from access_service.domain.patron import PatronRecord, Presence
from access_service.domain.student import Role
from access_service.errors import OperatorError
from access_service.settings import Settings
from access_service.storage import attempts, chosen_pins, peppers
from access_service.storage.engine import Databases, day_transaction

RANDOM_DIGITS = 6
# Whose PINs are theirs: those of test cards are their vendors'.
HAVE_PINS = frozenset({Role.STUDENT, Role.EDUCATOR})


@dataclass(frozen=True, slots=True)
class PinDesk:
    """Where PINs are chosen and taken back, by the desk, by a client or by the patron."""

    databases: Databases
    settings: Settings

    def refused(self, auditor: Auditor, record: PatronRecord, pin: str) -> PinRefusal | None:
        """Why this patron cannot have this PIN, or None."""
        if not self.keeps(record):
            return PinRefusal.NOT_KEPT_HERE
        patron = record.patron
        wrong = refusal(pin, self.settings.service.pins.minimum_length, patron.student_number, patron.library_number)
        rule = self.settings.district(patron.district).rules.terms_of(patron.role).pin.rule
        issued = like_issued(rule, pin) or auditor.vault.matches(record, pin)
        return wrong or (PinRefusal.ISSUED if issued else None)

    def keeps(self, record: PatronRecord) -> bool:
        """Whether a PIN of this patron can be chosen here: not of a test card, of one who left, or of the ILS's."""
        ours = verified_here(record, self.settings.service.pins.owner)
        return ours and record.patron.role in HAVE_PINS and record.presence is not Presence.LEFT

    def choose(self, auditor: Auditor, record: PatronRecord, pin: str, reason: str) -> PinRefusal | None:
        """Make `pin` the patron's, or say why not. OperatorError where nothing can be written; then nothing is."""
        if refused := self.refused(auditor, record, pin):
            return refused
        zone = self.settings.district(record.patron.district).zone
        chosen = auditor.vault.choose(record.patron_id, pin, auditor.now().astimezone(zone).date())
        with auditor.transaction(self.databases) as noting:
            cards = chosen_pins.cards(noting.connection, record)
            if record.patron_id not in cards:
                raise OperatorError(f"patron {record.patron_id} was forgotten this moment")
            chosen_pins.drop(noting.connection, cards)
            chosen_pins.put(noting.connection, chosen)
            peppers.keep(noting.connection, chosen.key_id)
            noting.note(self._deed(Action.PIN_CHOOSE, record, reason))
        self._forget_failures(cards)
        return None

    def give_random(self, auditor: Auditor, record: PatronRecord, reason: str) -> str | PinRefusal:
        """Give the patron a PIN that nobody chose; whoever asked shows it this once. Errors as above."""
        digits = max(RANDOM_DIGITS, self.settings.service.pins.minimum_length)
        while True:
            pin = f"{secrets.randbelow(10**digits):0{digits}}"
            refused = self.refused(auditor, record, pin)
            if refused in (None, PinRefusal.NOT_KEPT_HERE):
                return self.choose(auditor, record, pin, reason) or pin

    def take_back(self, auditor: Auditor, record: PatronRecord, reason: str) -> None:
        """Forget the chosen PIN: the issued one opens again, where there is one. Errors as above."""
        if record.chosen is None:
            raise OperatorError(f"patron {record.patron_id} has no chosen PIN")
        with auditor.transaction(self.databases) as noting:
            cards = chosen_pins.cards(noting.connection, record)
            chosen_pins.drop(noting.connection, cards)
            noting.note(self._deed(Action.PIN_RESET, record, reason))
        self._forget_failures(cards)

    def unlock(self, auditor: Auditor, record: PatronRecord, reason: str) -> None:
        """Forget the patron's wrong PINs, at all clients: locks and stops end at once. Errors as above."""
        with auditor.transaction(self.databases) as noting:
            self._forget_failures(chosen_pins.cards(noting.connection, record))
            # Only then on record: what could not be done is not on it.
            noting.note(self._deed(Action.UNLOCK, record, reason))

    def _forget_failures(self, patron_ids: set[int]) -> None:
        with day_transaction(self.databases.reader) as connection:
            attempts.unlock(connection, sorted(patron_ids))

    def _deed(self, action: Action, record: PatronRecord, reason: str) -> Deed:
        return Deed(action, f"patron {record.patron_id}", reason, record.patron.district)
