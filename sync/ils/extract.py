"""Read the ILS's newest extract: whose cards there are, which are blocked, and what became of what we told it.

A file that cannot be trusted changes nothing at all: whoever is missing from it would count as deleted.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from access_service.domain.identifiers import fold
from access_service.errors import ConfigError, OvertakenError
from access_service.ils import Extract, Ils
from access_service.opt_outs import Kind, Ledger
from access_service.pin_vault import PinVault
from access_service.settings import Settings
from access_service.storage import ils as accounts
from access_service.storage import ils_cards as storage
from access_service.storage import ils_matches, opt_outs
from access_service.storage.engine import Databases, database_errors, snapshot
from access_service.storage.ils import AccountRow, AccountState
from access_service.storage.ils_cards import CardRow, Held, LastRead
from access_service.storage.ils_matches import LinkedCard
from sync.alone import alone
from sync.ils.cards import Card, read_cards
from sync.ils.claims import patron_types
from sync.ils.incoming import ExtractRefusedError, Incoming, given, incoming
from sync.ils.matches import proposals
from sync.ils.reconcile import GONE, NOT_RENUMBERED, Seen, reconciled, refused
from sync.order import sync_key

EXTRACT = "extract"
# So many accounts at once that are missing from a first extract, or that staff seem to have changed, are no accident.
_MANY = 20


@dataclass(frozen=True)
class Reading:
    """Of an installation what its ILS says."""

    databases: Databases
    settings: Settings
    vault: PinVault
    now: Callable[[], datetime]

    @property
    def ils(self) -> Ils:
        """Errors: ConfigError where none is configured."""
        if self.settings.service.ils is None:
            raise ConfigError("service.toml: has no [ils]; docs/connect has a page for each")
        return self.settings.service.ils

    @property
    def terms(self) -> Extract:
        """Errors: ConfigError where none is configured."""
        if self.ils.extract is None:
            raise ConfigError("service.toml: has no [ils.extract]; docs/connect/extract.md has tables to copy")
        return self.ils.extract


@dataclass(slots=True)
class Taken:
    """What an extract told: its rows and when it was written; and by what became of them how many accounts."""

    written: datetime
    rows: int = 0
    again: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        written = self.written.isoformat(timespec="minutes")
        return {"written": written, "rows": self.rows, "again": self.again, "counts": self.counts, "text": str(self)}

    def __str__(self) -> str:
        written = f"of {self.written:%Y-%m-%d %H:%M} UTC"
        if self.again:
            return f"{written}: read before"
        told = "".join(f", {count:,} {what}" for what, count in self.counts.items() if count)
        return f"{written}: {self.rows:,} rows{told}"


def take(reading: Reading, file: Path | None = None) -> Taken:
    """Read the newest extract, or `file`, unless it was read before.

    Errors: ExtractRefusedError, BusyError and ConfigError, and then nothing was changed; what a database refuses.
    """
    spool = reading.settings.service.spool
    busy = "the ILS's extract is being read already; wait for that to end"
    with alone(reading.databases, spool, "ils extract", busy), database_errors():
        with reading.databases.reader.connect() as connection:
            last = storage.last_read(connection, EXTRACT)
        with _newest(reading, file) as found:
            if last and (found.sha256, found.written) == (last.sha256, last.written_at):
                return Taken(found.written, last.rows, again=True)
            _check_age(reading, found, last)
            rows, cards = read_cards(found.path, found.name, reading.terms)
            found.check_unchanged()
            if last and rows * 100 < last.rows * reading.terms.least_percent:
                raise ExtractRefusedError(
                    f"{found.name} has {rows:,} rows, and the last one had {last.rows:,}: is it whole? Have it exported"
                    " again, or lower [ils.extract] least_percent for once"
                )
            return _apply(reading, found, rows, cards, last)


def let_go(databases: Databases) -> None:
    """Forget what the ILS said, where nobody reads it any more: no block would ever be lifted."""
    with databases.reader.connect() as connection:
        if storage.last_read(connection, EXTRACT) is None:
            return
    with databases.writer.begin() as connection:
        storage.forget(connection)


def _newest(reading: Reading, file: Path | None) -> AbstractContextManager[Incoming]:
    spool = reading.settings.service.spool
    return nullcontext(given(file)) if file else incoming(EXTRACT, reading.terms, reading.ils, spool)


def _check_age(reading: Reading, found: Incoming, last: LastRead | None) -> None:
    found.check_clock(reading.now())
    hours = (reading.now() - found.written).total_seconds() / 3600
    if hours > reading.terms.max_age_hours:
        raise ExtractRefusedError(
            f"{found.name} is {hours:.0f} hours old, and [ils.extract] max_age_hours is"
            f" {reading.terms.max_age_hours:g}; see that the ILS still exports"
        )
    if last and found.sha256 == last.sha256:
        raise ExtractRefusedError(f"{found.name} says the same as the last one; see that the ILS exports anew")
    if last and found.written <= last.written_at:
        raise ExtractRefusedError(
            f"{found.name} of {found.written:%Y-%m-%d %H:%M} UTC is older than the last one,"
            f" of {last.written_at:%Y-%m-%d %H:%M} UTC; see which file the ILS leaves"
        )


def _apply(reading: Reading, found: Incoming, rows: int, cards: list[Card], last: LastRead | None) -> Taken:
    with snapshot(reading.databases) as connection:
        version = opt_outs.version(connection)
        before = list(storage.held(connection))
        book = _Book(reading, found, cards, before)
        settled = storage.delivered(connection, found.written - timedelta(hours=reading.terms.load_hours))
        book.check_library(before, settled, last)
        book.look_for_former(connection, before, settled)
        left_out = _opted_out(reading, connection, cards)
        gone, new = _difference(storage.cards(connection), book.rows(before, left_out))
        others = (card for card in cards if card.number not in left_out)
        proposed = proposals(connection, reading.settings, others, sync_key())
        linked = ils_matches.linked_blocks(connection)
    changed = [(each.account, after) for each in before if (after := book.after(each, settled)) != each.account]
    book.check_staff(changed)
    blocks = list(_blocks(book, before, linked))
    counts = _counted(after for _, after in changed) | {
        "blocked": sum(now for _, now in blocks),
        "unblocked": sum(not now for _, now in blocks),
    }
    read = LastRead(EXTRACT, found.written, reading.now(), found.sha256, rows, book.ours)
    with reading.databases.writer.begin() as connection:
        if opt_outs.claim(connection, 0) != version:
            raise OvertakenError("somebody opted out or in again this moment; it is read again the next time")
        storage.claim_accounts(connection)
        storage.replace_cards(connection, gone, new)
        # What a load wrote meanwhile is newer than what the extract says.
        stand = accounts.accounts(connection, [row.patron_id for row, _ in changed])
        accounts.replace_accounts(connection, [after for row, after in changed if stand.get(row.patron_id) == row])
        # In the order in which a decision on a match takes them.
        to_decide = proposed.write(connection)
        storage.set_blocked(connection, blocks)
        storage.note_read(connection, read)
    return Taken(found.written, rows, counts={**counts, "matches_proposed": to_decide})


def _blocks(book: "_Book", before: list[Held], linked: list[LinkedCard]) -> Iterator[tuple[int, bool]]:
    """Whose block is another by now: a patron's account, or a card linked with them, is blocked in the ILS."""
    then = {each.account.patron_id: each.blocked for each in before}
    now = {each.account.patron_id: book.is_blocked(each) for each in before}
    for card in linked:
        then[card.patron_id] = card.patron_blocked
        now[card.patron_id] = now.get(card.patron_id, False) or book.has_blocked(card.key)
    return ((patron_id, blocked) for patron_id, blocked in now.items() if blocked != then[patron_id])


class _Book:
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
        for key, patron_id in storage.former_numbers(connection, list(missing)).items():
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


def _opted_out(reading: Reading, connection: Connection, cards: list[Card]) -> set[str]:
    """Numbers of cards whose holders are in an opt-out ledger: nothing is stored of them."""
    found: set[str] = set()
    for code in reading.settings.districts:
        ledger = Ledger.read(connection, reading.vault, code)
        if ledger.rows:
            known = ledger.each(Kind.LIBRARY_NUMBER, [card.folded for card in cards])
            found |= {card.number for card, row in zip(cards, known, strict=True) if row}
    return found


def _difference(stored: Iterator[CardRow], new: dict[tuple[str, str], CardRow]) -> tuple[list[CardRow], list[CardRow]]:
    """Which rows to delete and which to write, so that a night writes only what changed."""
    gone = []
    for row in stored:
        if new.get((row.folded, row.number)) == row:
            del new[row.folded, row.number]
        else:
            gone.append(row)
    return gone, list(new.values())


def _counted(changed: Iterator[AccountRow]) -> dict[str, int]:
    counts = {"held": 0, "refused": 0, "left_alone": 0, "fields_of_staff": 0}
    names = {AccountState.REFUSED: "refused", AccountState.THEIRS: "left_alone"}
    for row in changed:
        counts[names.get(AccountState(row.state), "held" if row.theirs == "[]" else "fields_of_staff")] += 1
    return counts
