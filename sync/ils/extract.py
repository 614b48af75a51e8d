"""Read the ILS's newest extract: whose cards there are, which are blocked, and what became of what we told it.

A file that cannot be trusted changes nothing at all: whoever is missing from it would count as deleted.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from access_service.errors import OvertakenError
from access_service.opt_outs import Kind, Ledger
from access_service.storage import ils as accounts
from access_service.storage import ils_cards as storage
from access_service.storage import ils_matches, opt_outs
from access_service.storage.engine import Databases, database_errors, snapshot
from access_service.storage.ils import AccountRow, AccountState
from access_service.storage.ils_cards import CardRow, Held, LastRead
from access_service.storage.ils_matches import LinkedCard
from sync.alone import alone
from sync.ils.book import Book
from sync.ils.cards import Card, read_cards
from sync.ils.incoming import ExtractRefusedError, Incoming, given, incoming
from sync.ils.matches import proposals
from sync.ils.reading import Reading, Taken
from sync.order import sync_key

EXTRACT = "extract"


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
            rows, cards = read_cards(found.path, found.name, reading.terms, reading.ils.key_prefix)
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
        book = Book(reading, found, cards, before)
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


def _blocks(book: Book, before: list[Held], linked: list[LinkedCard]) -> Iterator[tuple[int, bool]]:
    """Whose block is another by now: a patron's account, or a card linked with them, is blocked in the ILS."""
    then = {each.account.patron_id: each.blocked for each in before}
    now = {each.account.patron_id: book.is_blocked(each) for each in before}
    for card in linked:
        then[card.patron_id] = card.patron_blocked
        now[card.patron_id] = now.get(card.patron_id, False) or book.has_blocked(card.key)
    return ((patron_id, blocked) for patron_id, blocked in now.items() if blocked != then[patron_id])


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
