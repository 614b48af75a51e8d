"""What a person does about a client: adds and changes it, gives it a key or a card to try, ends it. All on record."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from access_service import clients as keys
from access_service import exceptions as granting
from access_service.audit import Action, Auditor, Deed
from access_service.domain.client import Client, DialectName, Options, Release
from access_service.domain.pins import BIRTH_DATE_FORMATS, PinKind, PinRule
from access_service.errors import OperatorError, OvertakenError
from access_service.overrides import LONGEST
from access_service.settings import District, Service, Settings
from access_service.storage import clients
from access_service.storage.engine import Databases

DEFAULT_RELEASES = (Release.PATRON_ID, Release.LIBRARY_NUMBER, Release.PATRON_TYPE, Release.BRANCH, Release.EXPIRES)
# How long a PIN is where the district's rule does not say, and at the least.
USUAL_DIGITS, FEWEST_DIGITS = 6, 4


@dataclass(frozen=True, slots=True)
class Lists:
    """What a client may do, as it was typed: names of dialects and facts, codes of districts, networks."""

    dialects: Sequence[str] = ()
    districts: Sequence[str] = ()
    networks: Sequence[str] = ()
    releases: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Counter:
    """Where clients are added and ended. The configuration says which districts there are."""

    configured: Settings
    databases: Databases
    auditor: Auditor

    def add(self, name: str, lists: Lists, options: Sequence[str]) -> tuple[Client, str | None]:
        """Store a new client; returns its key, to be shown this once, or None where its address is all it shows.
        OperatorError where the name is taken or something typed is wrong."""
        if not (lists.dialects and lists.districts and lists.networks):
            raise OperatorError("a client speaks at least one dialect, about one district, from one network")
        nothing = Client(name, frozenset(), frozenset(), (), frozenset(DEFAULT_RELEASES))
        added = replace(self._with(nothing, lists), options=keys.with_options(Options(), options))
        key = keys.new_key() if keys.has_key(added) else None
        with self.auditor.transaction(self.databases) as record:
            keys.admit(record.connection, added, key, self.auditor.now())
            record.note(Deed(Action.CLIENT_ADD, f"client {name}", after=clients.facts(added)))
        return added, key

    def change(self, name: str, lists: Lists, seen: str = "") -> tuple[Client, bool]:
        """Put each list that is not empty in the place of the one that the client has; also returns whether it lacks
        a key that it needs now. `seen` is the `print_of` it when somebody began to change it: OvertakenError where it
        is another by now."""
        with self.auditor.transaction(self.databases) as record:
            key, known = keys.keyed(record.connection, name)
            _check_seen(known, seen)
            changed = self._with(known, lists)
            keys.check_addresses(record.connection, changed)
            clients.change(record.connection, changed)
            before, after = clients.facts(known), clients.facts(changed)
            record.note(Deed(Action.CLIENT_CHANGE, f"client {name}", before=before, after=after))
        return changed, key is None and bool(changed.dialects - changed.known_by_address)

    def set(self, name: str, options: Sequence[str], *, whole: bool = False, seen: str = "") -> Client:
        """Change options of a client; with `whole` those that are not given are as usual again. `seen` as above."""
        with self.auditor.transaction(self.databases) as record:
            known = keys.named(record.connection, name)
            _check_seen(known, seen)
            changed = replace(known, options=keys.with_options(Options() if whole else known.options, options))
            keys.check_addresses(record.connection, changed)
            clients.set_options(record.connection, name, changed.options)
            before, after = (clients.OPTIONS.dump_python(each.options, mode="json") for each in (known, changed))
            record.note(Deed(Action.CLIENT_SET, f"client {name}", before=before, after=after))
        return changed

    def new_key(self, name: str, seen: str = "") -> str:
        """Another key, to be shown this once; the old one ends within seconds. OperatorError where it has none;
        OvertakenError where `seen` is not the `mark_of` the key that it has: it got another meanwhile."""
        key = keys.new_key()
        with self.auditor.transaction(self.databases) as record:
            old, known = keys.keyed(record.connection, name)
            if seen and seen != mark_of(old):
                raise OvertakenError(f"client {name} got another key meanwhile; one more would end that one")
            if not keys.has_key(known):
                spoken = ", ".join(sorted(known.dialects))
                raise OperatorError(f"{name} speaks {spoken}, where its address is all it shows")
            clients.set_key(record.connection, name, keys.key_sha256(key))
            record.note(Deed(Action.CLIENT_KEY, f"client {name}"))
        return key

    def revoke(self, name: str) -> None:
        """End a client. OperatorError where there is none."""
        with self.auditor.transaction(self.databases) as record:
            if not clients.revoke(record.connection, name, self.auditor.now()):
                raise OperatorError(f"no client {name!r} to revoke; `access-service client list` names them")
            record.note(Deed(Action.CLIENT_REVOKE, f"client {name}"))

    def _with(self, known: Client, lists: Lists) -> Client:
        return replace(
            known,
            dialects=frozenset(map(DialectName, lists.dialects)) or known.dialects,
            districts=frozenset(self.configured.district(code).code for code in lists.districts) or known.districts,
            networks=tuple(map(keys.network, lists.networks)) or known.networks,
            releases=frozenset(map(Release, lists.releases)) or known.releases,
        )


def print_of(client: Client) -> str:
    """A short mark of what a client may do and how: another for another."""
    facts = {**clients.facts(client), "options": list(keys.differing(client.options))}
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def mark_of(key_sha256: str | None) -> str:
    """A short mark of a key, which says nothing of it: another for another."""
    return hashlib.sha256((key_sha256 or "").encode()).hexdigest()[:16]


def idle_relay(client: Client, service: Service) -> str:
    """What to say of a client that is given the ILS where there is no way to it, or ""."""
    idle = client.options.relay and not service.relay
    said = f"client {client.name}: relay does nothing until service.toml has [relay]; see docs/relay.md"
    return said if idle else ""


def _check_seen(known: Client, seen: str) -> None:
    if seen and seen != print_of(known):
        raise OvertakenError(f"client {known.name} was changed meanwhile; look at it again, and then change it")


@dataclass(frozen=True, slots=True)
class TrialCard:
    """A card for a client's people to try, good through `until`. Its PIN is shown this once."""

    exception: int
    number: str
    pin: str
    until: date
    name: str
    patron_type: str
    branch: str


def make_test_card(databases: Databases, auditor: Auditor, client: Client, district: District) -> TrialCard:
    """A card that is nobody's, with a PIN such as the district's. OperatorError where none of its numbers is free."""
    until = min(auditor.now().astimezone(district.zone).date() + LONGEST, district.agreement.last_day)
    pin = random_pin(district.rules.pin)
    grant = granting.Grant(district, until, f"for {client.name} to try")
    added, card = granting.add_test_card(databases, auditor, grant, None, pin)
    on_card = card.patron
    name = f"{on_card.given_name} {on_card.family_name}"
    return TrialCard(added, on_card.library_number, pin, until, name, on_card.patron_type, on_card.branch)


def random_pin(rule: PinRule) -> str:
    """Digits, as many as the district's own PINs have: vendors' apps check that."""
    if layout := BIRTH_DATE_FORMATS.get(rule.rule):
        length = len(layout.format(date.max))
    else:
        length = max(rule.digits, FEWEST_DIGITS) if rule.rule is PinKind.LAST else USUAL_DIGITS
    return f"{secrets.randbelow(10**length):0{length}}"
