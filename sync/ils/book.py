"""What the cards of an extract say of our accounts, and whether that can be."""

from sqlalchemy import Connection

from access_service.domain.identifiers import fold
from access_service.storage.ils import AccountRow, AccountState
from access_service.storage.ils_cards import CardRow, Held, LastRead, former_numbers
from sync.ils.cards import Card
from sync.ils.claims import patron_types
from sync.ils.incoming import ExtractRefusedError, Incoming
from sync.ils.reading import Reading
from sync.ils.reconcile import GONE, NOT_RENUMBERED, Seen, reconciled, refused

# So many accounts at once that are missing from a first extract, or that staff seem to have changed, are no accident.
_MANY = 20


class Book:
    """The cards of an extract by number, those that are none of our accounts by key, and what they say of accounts.
    Two districts can have one key."""

    def __init__(self, reading: Reading, found: Incoming, cards: list[Card], before: list[Held]) -> None:
        self._ils, self._found, self._cards = reading.ils, found, cards
        self._least = reading.terms.least_percent
        self._by_number = {card.folded: card for card in cards}
        self._numbers = {fold(each.account.number) for each in before}
        self._by_key = {card.key: card for card in cards if card.key and card.folded not in self._numbers}
        types = frozenset(name for district in reading.settings.districts.values() for name in patron_types(district))
        self._seen = {
            code: Seen(reading.ils, types, found.written.astimezone(district.zone).date().isoformat())
            for code, district in reading.settings.districts.items()
        }
        self._former: dict[int, Card] = {}
        self.ours = 0

    def check_library(self, before: list[Held], settled: set[tuple[str, int]], last: LastRead | None) -> None:
        """Errors: ExtractRefusedError where our accounts are not in it, as they would not be in another library's."""
        told = [each.account for each in before if self._says_something_of(each.account, settled)]
        self.ours = sum(fold(row.number) in self._by_number for row in told)
        # Whoever was forgotten since is missed by nobody, and where a load was late the last one had none to speak of.
        had_some = last is not None and last.ours > 0
        expected = min(last.ours, len(told)) if last and had_some else len(told)
        too_few = self.ours * 100 < expected * self._least if had_some else expected >= _MANY and not self.ours
        if too_few:
            had = f"the last one had {expected:,}" if had_some else f"the ILS was told of {expected:,}"
            raise ExtractRefusedError(
                f"{self._found.name} has {self.ours:,} of our accounts, and {had}: is it the right library's, and are"
                " loads read there? Nothing was changed"
            )

    def check_staff(self, changed: list[tuple[AccountRow, AccountRow]]) -> None:
        """Errors: ExtractRefusedError where staff seem to have changed very many accounts since the last extract: then
        it is a column that says something else."""
        by_staff = sum(after.state == AccountState.THEIRS or after.theirs != row.theirs for row, after in changed)
        if by_staff >= _MANY and by_staff * 100 > self.ours * (100 - self._least):
            raise ExtractRefusedError(
                f"by {self._found.name} staff have changed {by_staff:,} of our {self.ours:,} accounts: is a column of"
                " [ils.extract] another one by now, or a word missing in its values? Nothing was changed"
            )

    def look_for_former(self, connection: Connection, before: list[Held], settled: set[tuple[str, int]]) -> None:
        """Accounts that a load gave another number, and that the ILS has under the one before."""
        missing = {
            each.account.patron_id: each
            for each in before
            if self._says_something_of(each.account, settled) and fold(each.account.number) not in self._by_number
        }
        for key, patron_id in former_numbers(connection, list(missing)).items():
            card = self._by_number.get(key)
            if card and key not in self._numbers and card.key in ("", self._key(missing[patron_id])):
                self._former[patron_id] = card

    def after(self, each: Held, settled: set[tuple[str, int]]) -> AccountRow:
        """The account as it is after this extract."""
        row = each.account
        card = self._by_number.get(fold(row.number))
        if row.reason == GONE and card and card.key == self._key(each):
            # Staff put it back, or the file that lacked it was not whole.
            row = row._replace(state=AccountState.HELD.value, reason=None, reason_on=None)
        if row.state == AccountState.THEIRS or not self._says_something_of(row, settled):
            return row
        if card is None and (former := self._former.get(row.patron_id)):
            return refused(row, NOT_RENUMBERED, self._seen[row.district].day)._replace(number=former.number)
        return reconciled(row, card, self._elsewhere(each), self._seen[row.district])

    def has_blocked(self, folded: str) -> bool:
        """Whether there is a card under this folded number, and it is blocked."""
        return folded in self._by_number and self._by_number[folded].blocked

    def is_blocked(self, each: Held) -> bool:
        card = self._by_number.get(fold(each.account.number)) or self._by_key.get(self._key(each))
        return each.account.made and card is not None and card.blocked

    def rows(self, before: list[Held], left_out: set[str]) -> dict[tuple[str, str], CardRow]:
        """The cards as they are stored, but for those of people who opted out."""
        ours = {fold(each.account.number): each.account.patron_id for each in before if _was_told(each.account)}
        return {
            (card.folded, card.number): CardRow(
                card.folded,
                card.number,
                card.key,
                card.patron_type,
                card.branch,
                card.expires.isoformat() if card.expires else None,
                card.blocked,
                ours.get(card.folded),
            )
            for card in self._cards
            if card.number not in left_out
        }

    def _says_something_of(self, row: AccountRow, settled: set[tuple[str, int]]) -> bool:
        return row.made and (row.district, row.load) in settled and row.district in self._seen

    def _elsewhere(self, each: Held) -> bool:
        """Whether an account under a number that is none of ours has the key of this one."""
        other = self._by_key.get(self._key(each))
        return other is not None and other.folded != fold(each.library_number)

    def _key(self, each: Held) -> str:
        return str(each.account.patron_id if self._ils.key == "patron_id" else getattr(each, self._ils.key))


def _was_told(row: AccountRow) -> bool:
    return row.made or row.load > 0
