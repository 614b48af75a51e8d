"""What a run puts into the quarantine, and what leaves it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection

from access_service.domain.mapping import Exclusion
from access_service.settings import QUARANTINE_DAYS, District
from access_service.storage import quarantine
from access_service.storage.engine import Databases
from access_service.storage.quarantine import Entry
from sync.formats.bad_rows import BadRow
from sync.quarantine.seal import Seal

# Whom the other has to give up the number, no replay can say.
NOT_KEPT = frozenset({Exclusion.NUMBER_COLLISION})
# Characters of one entry: what a stray quote swallowed is not kept.
LARGEST = 64 * 1024

# Of entries that stand: which leave unless tonight's bad rows have them.
Leaving = Callable[[Entry], bool]


def everybody(_: Entry) -> bool:
    """After a good complete roster: whose row is not bad any more is served, or gone."""
    return True


def nobody(_: Entry) -> bool:
    """After a roster that was not used."""
    return False


@dataclass(frozen=True, slots=True)
class Shelf:
    """The quarantine of one district on one day."""

    databases: Databases
    seal: Seal
    district: str
    today: date

    def stage(self, run_id: int, bad: Iterable[BadRow], leaving: Leaving) -> "Staged":
        """Seal tonight's bad rows. One that was there before keeps its number."""
        with self.databases.reader.connect() as connection:
            standing = quarantine.of_district(connection, self.district)
        numbers = dict(zip(_ordered((entry.mark, entry.code) for entry in standing), standing, strict=True))
        kept = [row for row in bad if row.code not in NOT_KEPT]
        keys = _ordered((self._mark(row), row.code) for row in kept)
        known = [numbers[key].entry if key in numbers else None for key in keys]
        fresh = iter(self._numbers(known.count(None)))
        entries = [
            self._entry(next(fresh) if number is None else number, run_id, row, key[0][0])
            for number, row, key in zip(known, kept, keys, strict=True)
        ]
        return Staged({entry.entry for entry in standing if leaving(entry)}, entries)

    def restage(self, run_id: int, bad: Iterable[tuple[Entry, BadRow]], replayed: Collection[int]) -> "Staged":
        """After a replay: its entries leave, but for those whose row is still bad."""
        entries = [self._entry(entry.entry, run_id, row, entry.mark) for entry, row in bad if row.code not in NOT_KEPT]
        return Staged(set(replayed), entries)

    def of(self, source_ids: Iterable[str], files: Collection[str]) -> Leaving:
        """The entries of these leave, and all others stay."""
        theirs = {self.seal.mark(self.district, file, source_id) for source_id in source_ids for file in files}
        return lambda entry: entry.mark in theirs

    def _numbers(self, amount: int) -> range:
        if not amount:
            return range(0)
        with self.databases.writer.begin() as connection:
            first = quarantine.reserve(connection, amount)
        return range(first, first + amount)

    def _mark(self, row: BadRow) -> bytes:
        return self.seal.mark(self.district, row.file, *([row.source_id] if row.source_id else ["", str(row.line)]))

    def _entry(self, number: int, run_id: int, row: BadRow, mark: bytes) -> Entry:
        sent = row.sent if sum(len(cell) for each in row.sent for cell in each.cells.values()) <= LARGEST else ()
        sealed = self.seal.close(sent, self.district, run_id, number)
        return Entry(number, self.district, run_id, row.file, row.line, row.code, row.column, mark, sealed, self.today)


@dataclass(frozen=True, slots=True)
class Staged:
    """What a transaction will do to the quarantine."""

    gone: set[int] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are kept, and how many leave."""
        return {"kept": len(self.entries), "left": len(self.gone - {entry.entry for entry in self.entries})}

    def write(self, connection: Connection) -> None:
        """The caller owns the transaction."""
        quarantine.replace(connection, self.gone | {entry.entry for entry in self.entries}, self.entries)


def age_out(connection: Connection, districts: Mapping[str, District], today: date) -> int:
    """Delete what is older than its agreement allows, and say how many. The caller owns the transaction."""
    days = {code: district.agreement.quarantine_days for code, district in districts.items()}
    oldest = {code: today - timedelta(days=kept) for code, kept in days.items()}
    return quarantine.age_out(connection, oldest, today - timedelta(days=QUARANTINE_DAYS))


def _ordered(keys: Iterable[tuple[bytes, str]]) -> list[tuple[tuple[bytes, str], int]]:
    """Each key with how often it was there before: two rows of one id are two entries."""
    met: Counter[tuple[bytes, str]] = Counter()
    ordered = []
    for key in keys:
        ordered.append((key, met[key]))
        met[key] += 1
    return ordered
