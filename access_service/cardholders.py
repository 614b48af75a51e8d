"""Those who have a card and are no students: the ILS says who they are, and whether a PIN that it keeps is right."""

from datetime import date

from sqlalchemy import Engine

from access_service.domain.access import Answer, PinResult, Standing, judge
from access_service.domain.client import Client
from access_service.domain.guessing import SOME, Guess
from access_service.domain.patron import PatronRecord
from access_service.pin_vault import PinVault
from access_service.relay import Heard, OddAnswerError, Relay, relayed_id
from access_service.storage import ils, patrons
from access_service.storage.engine import database_errors, read
from access_service.throttle import Throttle, Try
from access_service.usage import UsageCounter


class Cardholders:
    """Asks the ILS first and then counts: so no connection to the database waits for it, and an ILS that is away costs
    nobody a try. Its word on a PIN is thrown away where the throttle says so."""

    def __init__(self, reader: Engine, relay: Relay, throttle: Throttle, vault: PinVault, usage: UsageCounter) -> None:
        self._reader = reader
        self._relay = relay
        self._throttle = throttle
        self._vault = vault
        self._usage = usage

    @property
    def places(self) -> int:
        return self._relay.places

    def answer(self, typed: str, pin: str | None, client: Client, today: date) -> Answer | None:
        """Who has a number that is no student's; None where the ILS cannot be asked for what is no number, and of a
        number that it does not know nothing is counted. UnavailableError where it cannot say."""
        given = pin if pin and pin.strip() else None
        heard = self._heard(typed, given, relayed_id(typed), client)
        if heard is None:
            return None
        if heard.record is None:
            return Answer(Standing.UNKNOWN, PinResult.UNCHECKED, relayed=heard.relayed)
        standing = judge(heard.record, today)
        if given is None:
            self._usage.asked(client.name, unknown=False)
            result = PinResult.UNCHECKED if pin is None else PinResult.MISSING
            return Answer(standing, result, heard.record, heard.relayed)
        result = self._sought_before(typed, given, client) if heard.right else PinResult.OK
        if result is PinResult.OK:
            result = self._counted(heard.record, given, heard, client)
        # In the ILS's words only where we say what it said.
        same = result is (PinResult.OK if heard.right else PinResult.WRONG)
        return Answer(standing, result, heard.record, heard.relayed if same else None)

    def check(self, record: PatronRecord, pin: str, client: Client) -> PinResult:
        """A student's PIN, where the ILS keeps it. UnavailableError where it cannot say."""
        number = self._number(record)
        heard = self._heard(number, pin, record.patron_id, client) if number else None
        if heard is None:
            self._vault.slow.waste()
            return PinResult.NONE_ISSUED
        return self._counted(record, pin, heard, client)

    def _counted(self, record: PatronRecord, pin: str, heard: Heard, client: Client) -> PinResult:
        patron_id = record.patron_id
        seen = read(self._reader, lambda connection: patrons.attempts_of(connection, patron_id, client.name))
        ahead = self._throttle.ahead(patron_id, client.name, seen)
        if ahead and heard.right:
            self._throttle.over(ahead)
            self._usage.asked(client.name, unknown=False)
            result = PinResult.OK
        else:
            # What PIN it is and how long, the ILS does not say.
            guess = Guess(self._mark(patron_id, pin), SOME, seen_wrong=bool(ahead))
            result = self._checked(Try(patron_id, client.name, guess, lambda: heard.right, ahead))
        if result is PinResult.OK:
            self._usage.right(patron_id, client.name, seen.good_day)
        return result

    def _heard(self, number: str, pin: str | None, patron_id: int, client: Client) -> Heard | None:
        """What the ILS says. Where it says something odd that may well be "wrong" the PIN counts, but not against the
        client, whose others cannot help it."""
        try:
            return self._relay.ask(number, pin)
        except OddAnswerError:
            if pin:
                guess = Guess(self._mark(patron_id, pin), SOME, can_be_right=False, seen_wrong=True)
                self._checked(Try(patron_id, client.name, guess, lambda: False))
            raise

    def _sought_before(self, typed: str, pin: str, client: Client) -> PinResult:
        """Of a right PIN: some ILSs say of wrong ones that they know nobody, and those were counted as nobody's."""
        nobody = self._vault.nobody(typed)
        seen = read(self._reader, lambda connection: patrons.attempts_of(connection, nobody, client.name))
        if not (seen.failures or seen.guesses):
            return PinResult.OK
        return self._checked(Try(nobody, client.name, Guess(self._mark(nobody, pin), SOME), lambda: True))

    def _checked(self, tried: Try) -> PinResult:
        with database_errors():
            return self._throttle.check(tried)

    def _mark(self, patron_id: int, pin: str) -> bytes:
        return self._vault.mark("wrong pin", str(patron_id), pin)

    def _number(self, record: PatronRecord) -> str:
        """What the ILS has a student under; "" where it has no account of ours, for then the number is another's."""
        told = read(
            self._reader, lambda connection: ils.told_of(connection, record.patron.district, [record.patron_id])
        )
        return "" if record.patron_id not in told else told[record.patron_id] or record.patron.library_number
