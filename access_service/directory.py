"""The one door for every protocol: a number, perhaps a PIN, and who asks become an Answer."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256

from sqlalchemy import Engine

from access_service.cardholders import Cardholders
from access_service.domain.access import (
    IN_GOOD_STANDING,
    Answer,
    PinResult,
    Standing,
    barred,
    judge,
    kept_open,
    wound_down,
)
from access_service.domain.client import Client
from access_service.domain.guessing import SOME, Guess, allowed
from access_service.domain.identifiers import YIELDING, IdentifierKind, Reading
from access_service.domain.mapping import MappingRules
from access_service.domain.patron import PatronRecord, importance
from access_service.domain.pins import PinOwner
from access_service.domain.student import Role
from access_service.freezes import Freezes
from access_service.pin_check import Later, PinCheck
from access_service.pin_vault import PinVault
from access_service.settings import District
from access_service.storage import patrons
from access_service.storage.engine import database_errors, read
from access_service.storage.patrons import NOTHING, Card, Hit
from access_service.throttle import Throttle, Try
from access_service.usage import UsageCounter


@dataclass(frozen=True, slots=True)
class Found:
    """What a number led to: one patron, or a standing that says why not one."""

    standing: Standing
    hit: Hit | None = None


class PatronDirectory:
    """`now` gives the aware UTC time; a district's own zone decides what day it is there."""

    def __init__(  # noqa: PLR0913, PLR0917 - the composition root names each collaborator once
        self,
        reader: Engine,
        districts: Mapping[str, District],
        vault: PinVault,
        throttle: Throttle,
        usage: UsageCounter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pin_owner: PinOwner = PinOwner.SERVICE,
        cardholders: Cardholders | None = None,
    ) -> None:
        self._reader = reader
        self._districts = districts
        self._vault = vault
        self._throttle = throttle
        self._usage = usage
        self._now = now
        self._pin_owner = pin_owner
        self._cardholders = cardholders
        self._freezes = Freezes(reader)

    @property
    def places(self) -> int:
        """How many questions can wait for the ILS at once; one more is answered at once that nobody can say."""
        return self._cardholders.places if self._cardholders else 0

    def find(self, typed: str, client: Client) -> Answer:
        """Who a typed or scanned number is, in the districts the client serves. UnavailableError if nobody can say."""
        return settled(self.begin(typed, None, client))

    def authenticate(self, typed: str, pin: str, client: Client) -> Answer:
        """Whether number and PIN belong together; standing and PIN result stay apart. UnavailableError as above."""
        return settled(self.begin(typed, pin, client))

    def begin(self, typed: str, pin: str | None, client: Client) -> Answer | Later:
        """The answer where it is quick to find, as to most right PINs, and to any number without one (`pin` None);
        else what finds it, which can wait for a disk or a slow hash. UnavailableError from both."""
        found = self._find(typed, client)
        return self._there(found, typed, pin, client) or self._here(found, typed, pin, client)

    def _here(self, found: Found, typed: str, pin: str | None, client: Client) -> Answer | Later:
        record = found.hit.record if found.hit else None
        pin = pin.strip() if pin is not None else None
        if not pin:
            # No guess, so it costs nothing.
            self._usage.asked(client.name, unknown=found.standing is Standing.UNKNOWN)
            without = PinResult.UNCHECKED if pin is None or record is None else PinResult.MISSING
            answer = Answer(found.standing, without, record)
            return answer if pin is None else self._counted(answer, found.hit, client)
        check = PinCheck(self._vault, record, pin)
        begun = self._begin(found, typed, pin, client, check)
        return begun if isinstance(begun, Answer) else check.paid(begun)

    def _begin(self, found: Found, typed: str, pin: str, client: Client, check: PinCheck) -> Answer | Later:
        """As `begin`, of a PIN that is not empty. Whoever puts an answer off here need not think of its work."""
        record = found.hit.record if found.hit else None
        # Of a PIN that is the ILS's nothing is known here, whatever is still stored.
        issued = record if record and record.has_pin and verified_here(record, self._pin_owner) else None
        patron_id = record.patron_id if record else self._vault.nobody(typed)
        # Of nobody too, and with nothing of the client's: what is done for some and not for others, a clock can tell.
        counted = (client.name, found.hit.attempts) if found.hit else ("", NOTHING)
        ahead = self._throttle.ahead(patron_id, *counted)
        if check.at_once() if ahead and issued else check.never():
            self._throttle.over(ahead)
            self._usage.asked(client.name, unknown=False)
            return self._counted(Answer(found.standing, PinResult.OK, record), found.hit, client)
        guess = Guess(
            mark=self._vault.mark("wrong pin", str(patron_id), pin),
            most=stands(record, self._districts) if record else SOME,
            can_be_right=issued is not None,
            unknown=found.standing is Standing.UNKNOWN,
            # Of a chosen PIN it takes longer to see.
            seen_wrong=bool(ahead and issued and not issued.chosen),
            of=pin_of(issued),
        )
        tried = Try(patron_id, client.name, guess, check.right if issued else check.never, ahead, check.never)
        return lambda: self._tried(found, tried, client)

    def _tried(self, found: Found, tried: Try, client: Client) -> Answer:
        """The same statements whoever has the number, if anybody, and whatever the PIN."""
        record = found.hit.record if found.hit else None
        with database_errors():
            result = self._throttle.check(tried)
        if result is not PinResult.REFUSED and not tried.guess.can_be_right:
            result = PinResult.NONE_ISSUED if record else PinResult.UNCHECKED
        return self._counted(Answer(found.standing, result, record), found.hit, client)

    def _there(self, found: Found, typed: str, pin: str | None, client: Client) -> Later | None:
        """What asks the ILS, where it has the answer."""
        if self._cardholders is None:
            return None
        if found.standing is Standing.UNKNOWN and client.options.relay:
            return partial(self._of_the_ils, self._cardholders, found, typed, pin, client)
        record, given = found.hit.record if found.hit else None, (pin or "").strip()
        if record and given and not verified_here(record, self._pin_owner):
            return partial(self._asked_there, self._cardholders, found, given, client)
        return None

    def _of_the_ils(
        self, cardholders: Cardholders, found: Found, typed: str, pin: str | None, client: Client
    ) -> Answer:
        """A number that is nobody's here, as the ILS has it. Of the students of districts that a client does not serve
        it learns nothing there either."""
        meant = meanings(typed, {code: district.rules for code, district in self._districts.items()})
        told = None
        if not (meant and owners(self._hits({reading.key for _, reading in meant}, client), meant)):
            served = client.districts & self._districts.keys()
            today = self._today(min(served)) if served else self._now().date()
            told = cardholders.answer(typed, pin, client, today)
        if told and told.record:
            return told
        nobody = settled(self._here(found, typed, pin, client))
        return replace(nobody, relayed=told.relayed) if told and nobody.pin is not PinResult.REFUSED else nobody

    def _asked_there(self, cardholders: Cardholders, found: Found, pin: str, client: Client) -> Answer:
        """Of a student whose PIN the ILS keeps."""
        record = found.hit.record if found.hit else None
        told = cardholders.check(record, pin, client) if record else PinResult.UNCHECKED
        return self._counted(Answer(found.standing, told, record), found.hit, client)

    def _counted(self, answer: Answer, hit: Hit | None, client: Client) -> Answer:
        if answer.pin is PinResult.OK and answer.record and hit:
            self._usage.right(answer.record.patron_id, client.name, hit.attempts.good_day)
        if answer.record and answer.record.patron.role is Role.TEST_CARD:
            return answer
        if answer.authenticated and answer.record and hit:
            self._usage.count(answer.record, client.name)
        elif not answer.authenticated:
            self._usage.refused(self._whose(answer, client), refusal(answer))
        return answer

    def _whose(self, answer: Answer, client: Client) -> str:
        """The district of a refused sign-in; of a number that is nobody's the only one that the client serves."""
        if answer.record:
            return answer.record.patron.district
        served = client.districts & self._districts.keys()
        return min(served) if len(served) == 1 else ""

    def _find(self, typed: str, client: Client) -> Found:
        served = client.districts & self._districts.keys()
        meant = meanings(typed, {code: self._districts[code].rules for code in served})
        hits = owners(self._hits({reading.key for _, reading in meant}, client), meant) if meant else []
        if not hits:
            if served:
                # As long as it takes for somebody.
                self._judged(replace(patrons.NOBODY, district=min(served)))
            return Found(Standing.UNKNOWN)
        if persons := linked(hits):
            hits = as_persons(hits, self._cards(persons, client))
        hit = hits[0]
        if len({hit.record.patron_id if hit.record else 0 for hit in hits}) > 1:
            return Found(Standing.AMBIGUOUS)
        return self._judged(hit)

    def _judged(self, hit: Hit) -> Found:
        if hit.record is None:
            return Found(Standing.AMBIGUOUS)
        today, freezes = self._today(hit.district), self._freezes.of(hit.district)
        record = kept_open(hit.record, freezes, today) if freezes else hit.record
        record = barred(wound_down(record, self._districts[hit.district].agreement.last_day), today)
        return Found(judge(record, today), hit if record is hit.record else replace(hit, record=record))

    def _cards(self, persons: set[int], client: Client) -> list[Card]:
        served = client.districts & self._districts.keys()
        cards = read(self._reader, lambda connection: patrons.of_persons(connection, persons, client.name))
        return [card for card in cards if card.record.patron.district in served]

    def _hits(self, keys: set[str], client: Client) -> list[Hit]:
        return read(self._reader, lambda connection: patrons.find(connection, keys, client.name))

    def _today(self, district: str) -> date:
        return self._now().astimezone(self._districts[district].zone).date()


def refusal(answer: Answer) -> str:
    """Why a sign-in was refused: first what is the matter with the card, then with the PIN."""
    return answer.pin if answer.standing in IN_GOOD_STANDING else answer.standing


def settled(answer: Answer | Later) -> Answer:
    """The answer, waited for where it must be."""
    return answer if isinstance(answer, Answer) else answer()


def stands(record: PatronRecord, districts: Mapping[str, District]) -> int:
    """How many wrong PINs a patron's own stands before none is tried any more."""
    rules = districts[record.patron.district].rules
    return SOME if record.chosen else allowed(rules.terms.get(record.patron.role, rules).pin)


def pin_of(record: PatronRecord | None) -> tuple[str, bytes]:
    """By what it is known that a patron has another PIN: its pepper, and a mark (16 bytes)."""
    if record is None:
        return "", b""
    key, kept = (record.pin_key or "", record.pin_digest or b"")
    if record.chosen:
        key, kept = record.chosen.key_id, record.chosen.hash.encode()
    return key, sha256(kept).digest()[:16]


def verified_here(record: PatronRecord, owner: PinOwner) -> bool:
    """Whether a PIN of this patron is ours to verify."""
    return owner is PinOwner.SERVICE or record.patron.role is Role.TEST_CARD


def meanings(typed: str, rules: Mapping[str, MappingRules]) -> frozenset[tuple[str, Reading]]:
    """Every (district, reading) that a typed string can be."""
    return frozenset((code, reading) for code, mapping in rules.items() for reading in mapping.readings(typed))


def owners(hits: list[Hit], meant: frozenset[tuple[str, Reading]]) -> list[Hit]:
    """The hits that are readings of what was typed; a number that was somebody's, or is a test card's, counts only
    where nobody has it now.

    A contested number counts wherever it comes from: it opens nothing in any district.
    """
    contested = {reading.key for _, reading in meant if reading.kind is IdentifierKind.CONTESTED}
    read = [
        hit
        for hit in hits
        if (hit.district, Reading(hit.kind, hit.key)) in meant
        or (hit.kind is IdentifierKind.CONTESTED and hit.key in contested)
    ]
    current = [hit for hit in read if hit.kind not in YIELDING]
    return current or read


def linked(hits: Iterable[Hit]) -> set[int]:
    """The people among these who have cards in several districts."""
    return {hit.record.person for hit in hits if hit.record and hit.record.person}


def as_persons(hits: Iterable[Hit], cards: Iterable[Card]) -> list[Hit]:
    """In place of a linked patron's card the one of `cards` that counts now."""
    of_person: dict[int, list[Card]] = defaultdict(list)
    for card in cards:
        of_person[card.record.person or 0].append(card)
    counts = {person: max(owned, key=lambda card: importance(card.record)) for person, owned in of_person.items()}
    return [
        replace(hit, record=now.record, district=now.record.patron.district, attempts=now.attempts)
        if hit.record and hit.record.person and (now := counts.get(hit.record.person))
        else hit
        for hit in hits
    ]
