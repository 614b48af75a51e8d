"""What the ILS's extract says of an account that we told it of: taken, refused, or staff's from now on."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from access_service.ils import AccountField, Ils
from access_service.storage.ils import AccountRow, AccountState
from sync.ils.cards import Card
from sync.ils.orders import TYPE_BEFORE

GONE = "gone from the ILS"
RENUMBERED = "renumbered in the ILS"
CONVERTED = "converted in the ILS"
NOT_THERE = "not in the extract of"
NOT_RENUMBERED = "the ILS has it under the number before"
NOT_TAKEN = "the ILS did not take:"
COMPARED = (AccountField.PATRON_TYPE, AccountField.BRANCH, AccountField.EXPIRES)


@dataclass(frozen=True)
class Seen:
    """An extract, as far as it says something of accounts: its `day` (ISO), and the patron types that are ours."""

    ils: Ils
    patron_types: Collection[str]
    day: str

    @cached_property
    def compared(self) -> list[AccountField]:
        """Fields that the extract has and that loads tell again."""
        columns = self.ils.extract.named if self.ils.extract else {}
        return [name for name in COMPARED if name in columns and name not in self.ils.never | self.ils.create_only]

    def is_foreign(self, patron_type: str, told: Collection[str | None] = ()) -> bool:
        """Whether this is another patron type than any that we give: staff's, or a card that staff converted."""
        ours = AccountField.PATRON_TYPE in self.ils.never or patron_type in self.patron_types
        return bool(patron_type) and not ours and patron_type not in told


def reconciled(row: AccountRow, card: Card | None, elsewhere: bool, seen: Seen) -> AccountRow:
    """The account after an extract that was written after its load had come. `card` is the one under its number; with
    `elsewhere` an account under another number has its key."""
    if card is None:
        return _missing(row, elsewhere, seen)
    told = json.loads(row.told)
    if seen.is_foreign(card.patron_type, {told.get(AccountField.PATRON_TYPE), told.get(TYPE_BEFORE)}):
        return _theirs(row, CONVERTED, seen)
    theirs = set(json.loads(row.theirs))
    differing = sorted(name.value for name in seen.compared if name not in theirs and _differs(name, card, told))
    row = row._replace(seen_on=row.seen_on or seen.day)
    if row.state == AccountState.HELD:
        # Staff's from now on.
        return row._replace(theirs=json.dumps(sorted(theirs | {*differing}))) if differing else row
    if row.state != AccountState.SENT:
        return row
    if differing:
        told = {name: value for name, value in told.items() if name not in differing}
        return refused(row, f"{NOT_TAKEN} {', '.join(differing)}", seen.day)._replace(told=json.dumps(told))
    return row._replace(state=AccountState.HELD.value, reason=None, reason_on=None)


def refused(row: AccountRow, reason: str, day: str) -> AccountRow:
    """Refused since the first day with this reason."""
    same = (row.reason or "").startswith(NOT_THERE) if reason.startswith(NOT_THERE) else row.reason == reason
    if same and row.reason_on:
        return row._replace(state=AccountState.REFUSED.value)
    return row._replace(state=AccountState.REFUSED.value, reason=reason, reason_on=day)


def _missing(row: AccountRow, elsewhere: bool, seen: Seen) -> AccountRow:
    if elsewhere:
        return _theirs(row, RENUMBERED, seen)
    if row.seen_on or row.state == AccountState.HELD:
        return _theirs(row, GONE, seen)
    return refused(row, f"{NOT_THERE} {seen.day}", seen.day)._replace(made=False, told="{}")


def _theirs(row: AccountRow, reason: str, seen: Seen) -> AccountRow:
    return row._replace(state=AccountState.THEIRS.value, reason=reason, reason_on=seen.day)


def _differs(name: AccountField, card: Card, told: dict[str, str]) -> bool:
    value = getattr(card, name)
    return bool(value) and name in told and str(value) != told[name]
