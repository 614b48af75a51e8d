"""What the ILS's loader refused, in its own words: so that it is told again, and a person can see why."""

import re
from collections.abc import Iterator

from access_service.domain.identifiers import fold
from access_service.domain.patron import Patron
from access_service.errors import ConfigError
from access_service.ils import Rejects
from access_service.storage import ils as accounts
from access_service.storage import ils_cards as storage
from access_service.storage import patrons
from access_service.storage.engine import database_errors, snapshot
from access_service.storage.ils import AccountRow, AccountState
from access_service.storage.ils_cards import LastRead
from sync.alone import alone
from sync.ils.api.answer import shown
from sync.ils.cards import encoding_of, rows_of, strictly
from sync.ils.incoming import Incoming, incoming
from sync.ils.reading import Reading, Taken
from sync.ils.reconcile import refused

REJECTS = "rejects"
_LONGEST = 1_000
# In a log that is larger than any load nobody looks.
_MOST_LINES = 1_000_000


def take_rejects(reading: Reading) -> Taken:
    """Read the newest file of rejects, unless it was read before. Errors: as with an extract."""
    terms, spool = reading.ils.rejects, reading.settings.service.spool
    if terms is None:
        raise ConfigError("service.toml: has no [ils.rejects]")
    busy = "the ILS's rejects are being read already; wait for that to end"
    with alone(reading.databases, spool, "ils rejects", busy), database_errors():
        with reading.databases.reader.connect() as connection:
            last = storage.last_read(connection, REJECTS)
        with incoming(REJECTS, terms, reading.ils, spool) as found:
            # The same words again, of another night, are news.
            if last and found.written <= last.written_at:
                return Taken(found.written, last.rows, again=True)
            found.check_clock(reading.now())
            words = dict(_words(found, terms))
            found.check_unchanged()
            return _apply(reading, found, words)


def _apply(reading: Reading, found: Incoming, words: dict[str, str]) -> Taken:
    with snapshot(reading.databases) as connection:
        told = storage.delivered(connection, found.written)
        before = [each.account for each in storage.held(connection) if fold(each.account.number) in words]
        people = {each.patron_id: each.patron for each in patrons.records(connection, [r.patron_id for r in before])}
    ours = [row for row in before if row.state == AccountState.SENT and (row.district, row.load) in told]
    days = {code: found.written.astimezone(d.zone).date() for code, d in reading.settings.districts.items()}
    # A loader's log can name whom it refuses.
    said = {row: shown(words[fold(row.number)], _names(people[row.patron_id])) for row in ours if row.district in days}
    changed = {row: _refused(row, why, days[row.district].isoformat()) for row, why in said.items()}
    with reading.databases.writer.begin() as connection:
        storage.claim_accounts(connection)
        stand = accounts.accounts(connection, [row.patron_id for row in changed])
        accounts.replace_accounts(
            connection, [after for row, after in changed.items() if stand.get(row.patron_id) == row]
        )
        read = LastRead(REJECTS, found.written, reading.now(), found.sha256, len(words), len(changed))
        storage.note_read(connection, read)
    return Taken(found.written, len(words), counts={"refused": len(changed)})


def _refused(row: AccountRow, words: str, day: str) -> AccountRow:
    """Whatever the load told of it is told again; what should have made it, makes it again."""
    makes = row.made_by == row.load and not row.seen_on
    after = refused(row, words, day)._replace(told="{}", made=not makes)
    # A card that is there all the same is not known to be ours.
    return after._replace(load=0) if makes else after


def _names(patron: Patron) -> tuple[str, str]:
    return patron.given_name, patron.family_name


def _words(found: Incoming, terms: Rejects) -> Iterator[tuple[str, str]]:
    """Folded numbers, each with the ILS's words of it."""
    if terms.columns:
        columns = [terms.columns.number, terms.columns.reason]
        for _, (number, reason) in rows_of(found.path, found.name, terms, columns):
            yield fold(number), _printable(reason)
        return
    pattern = re.compile(terms.line)
    with strictly(found.name, terms), found.path.open(encoding=encoding_of(terms)) as text:
        for _, line in zip(range(_MOST_LINES), text, strict=False):
            if match := pattern.search(line):
                yield fold(match["number"] or ""), _printable(match["reason"] or "")


def _printable(words: str) -> str:
    kept = "".join(char if char.isprintable() else " " for char in words)
    return " ".join(kept.split())[:_LONGEST] or "refused without a reason"
