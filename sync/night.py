"""A night: for whom, when and by which rules its plan is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256

from access_service.domain.calendar import STANDSTILL, Freeze, SchoolCalendar, Season
from access_service.domain.ownership import FieldOwners
from access_service.domain.pins import PinOwner, Reissue
from access_service.domain.student import Role
from access_service.pin_vault import PinVault
from access_service.settings import District
from sync.rules import Rules, rules_of

# Raise it when to_patron or issued_pin gives another answer to the same facts: every row is then worked out again.
MAPPING_VERSION = 2


@dataclass(frozen=True)
class Night:
    """For whom and when a plan is made. `key` is the fingerprint key, which only the night holds; `freezes` are all
    that the district ever had; `ils_key` is by what the ILS knows an account whatever its number, as [ils] key says, or
    "" where nobody tells us what it has."""

    district: District
    today: date
    vault: PinVault
    key: bytes
    freezes: tuple[Freeze, ...] = ()
    ils_key: str = ""
    pin_owner: PinOwner = PinOwner.SERVICE

    @cached_property
    def calendar(self) -> SchoolCalendar:
        return self.district.calendar.frozen_in(self.freezes, self.today)

    @cached_property
    def season(self) -> Season:
        return self.calendar.season(self.today)

    @cached_property
    def reissues_pins(self) -> Mapping[Role, bool]:
        """By role whether a changed fact changes a PIN tonight that was issued before."""
        rules = {role: terms.pin.reissue for role, terms in self.district.rules.terms.items()}
        window = self.calendar.reissues_pins(self.today)
        return {role: rule is Reissue.ALWAYS or (rule is Reissue.WINDOW and window) for role, rule in rules.items()}

    @cached_property
    def expires(self) -> Mapping[Role, date]:
        """The last day of a card that is seen today, by role."""
        return {role: terms.expiry.date_for(self.today) for role, terms in self.district.rules.terms.items()}

    @cached_property
    def owners(self) -> FieldOwners:
        return self.district.rules.owners.agreed(self.district.agreement.fields)

    @cached_property
    def rules(self) -> Rules:
        return rules_of(self.district)

    @property
    def basis(self) -> str:
        """What a stored patron was made from besides its row. When it differs, every row is worked out again: at the
        pivot, when the days of an issue of PINs begin, and when those end on which nobody leaves."""
        days = sorted(self.expires.items()), self.season in STANDSTILL, sorted(self.reissues_pins.items())
        facts: tuple[object, ...] = MAPPING_VERSION, self.rules.version, days, self.vault.key_id
        if self.pin_owner is not PinOwner.SERVICE:
            facts = *facts, self.pin_owner.value
        return sha256(repr(facts).encode()).hexdigest()
