"""The opt-out ledger of a district: who is not to be a patron, known by keyed marks of their identifiers alone.

One entry is one person. Marks are made under the newest pepper and found under every pepper of the ring.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection

from access_service.domain.identifiers import NumberRule, fold
from access_service.domain.patron import PatronRecord, Presence
from access_service.pin_vault import PinVault
from access_service.storage import ils, opt_outs, peppers
from access_service.storage.opt_outs import OptOut

_CARD = "opt-out card"


class Kind(StrEnum):
    """What an identifier of a person is."""

    SOURCE_ID = "source_id"
    STUDENT_NUMBER = "student_number"
    STAFF_NUMBER = "staff_number"
    LIBRARY_NUMBER = "library_number"


class Source(StrEnum):
    """Who says that somebody opted out: only the library takes back what the library entered."""

    LIBRARY = "library"
    ROSTER = "roster"


# An identifier as it is marked: numbers folded, source ids as they are.
Identifier = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Person:
    """Identifiers of one person, and the library number of the card that the ILS has, if any."""

    identifiers: frozenset[Identifier] = field(repr=False)
    card: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who says so, and when."""

    source: Source
    by: str
    on: date


class Ledger:
    """What stands in the ledger of one district."""

    def __init__(self, vault: PinVault, district: str, rows: Sequence[OptOut]) -> None:
        self.vault = vault
        self.district = district
        self.rows = rows
        self._rows = {(row.kind, row.mark): row for row in rows}
        self._markers = {kind: vault.markers(f"opt out {district} {kind}") for kind in Kind}

    @classmethod
    def read(cls, connection: Connection, vault: PinVault, district: str) -> "Ledger":
        return cls(vault, district, opt_outs.of_district(connection, district))

    def find(self, identifier: Identifier) -> OptOut | None:
        """What the ledger says of an identifier."""
        return self.each(identifier[0], [identifier[1]])[0]

    def each(self, kind: Kind, values: Sequence[str]) -> list[OptOut | None]:
        """The same for a whole column."""
        found: list[OptOut | None] = [None] * len(values)
        used = {row.key_id for row in self._rows.values()}
        for mark in (mark for key_id, mark in self._markers[kind].items() if key_id in used):
            marked = (self._rows.get((kind, mark(value))) for value in values)
            found = [one or other for one, other in zip(found, marked, strict=True)]
        return found

    def enter(self, person: Person, entry: int, stamp: Stamp) -> tuple[OptOut, list[OptOut]]:
        """Make a person known by all identifiers, in an entry that knows one of them, or else in `entry`: what stands
        in it, and the rows that are new. What the roster entered becomes the library's where the library says so."""
        known = {identifier: row for identifier in sorted(person.identifiers) if (row := self.find(identifier))}
        first = min(known.values(), key=lambda row: (row.source, row.entry), default=None)
        if first is None or (first.source == Source.ROSTER and stamp.source is Source.LIBRARY):
            number = first.entry if first else entry
            first = OptOut(self.district, "", b"", number, "", stamp.source.value, stamp.on, stamp.by)
        fresh = [self._row(first, identifier, person.card) for identifier in sorted(person.identifiers - known.keys())]
        self._rows |= {(row.kind, row.mark): row for row in fresh}
        return first, fresh

    def cards(self) -> list[tuple[int, str]]:
        """Entry and library number of those whom the ILS was not told yet to expire."""
        return [(row.entry, self.vault.unseal(row.key_id, _CARD, row.card)) for row in self.rows if row.card]

    def _row(self, entry: OptOut, identifier: Identifier, card: str) -> OptOut:
        kind, value = identifier
        key_id = self.vault.key_id
        sealed = self.vault.seal(_CARD, card) if card and kind is Kind.LIBRARY_NUMBER else None
        return entry._replace(kind=kind.value, mark=self._markers[kind][key_id](value), key_id=key_id, card=sealed)


def people(connection: Connection, district: str, records: Sequence[PatronRecord]) -> list[Person]:
    """Patrons with all identifiers that are stored of them."""
    ids = [record.patron_id for record in records]
    numbers = opt_outs.numbers(connection, district, ids)
    told_of = ils.told_of(connection, district, ids)
    return [
        Person(
            frozenset(
                {
                    (Kind.SOURCE_ID, record.patron.source_id),
                    (Kind.LIBRARY_NUMBER, fold(record.patron.library_number)),
                    *((Kind(record.patron.number_kind), number) for number in numbers[record.patron_id]),
                }
            ),
            # A full library card is the ILS's own.
            ""
            if record.presence is Presence.CONVERTED or record.patron_id not in told_of
            # After a renumbering it may not have heard of ours yet.
            else told_of[record.patron_id] or record.patron.library_number,
        )
        for record in records
    ]


def opt_out(
    connection: Connection, ledger: Ledger, found: Sequence[Person], gone: Sequence[PatronRecord], stamp: Stamp
) -> list[OptOut]:
    """Enter people, and forget the patrons that they were: an entry for each, as it stands now. The caller owns the
    transaction, has the ledger to itself (`claim`), and calls `forget_use` after it."""
    first = opt_outs.claim(connection, len(found))
    entered = [ledger.enter(person, entry, stamp) for entry, person in enumerate(found, start=first)]
    opt_outs.add(connection, [row for _, rows in entered for row in rows])
    if stamp.source is Source.LIBRARY:
        opt_outs.adopt(connection, ledger.district, [entry.entry for entry, _ in entered], stamp.by, stamp.on)
    opt_outs.forget(connection, gone)
    peppers.keep(connection, ledger.vault.key_id)
    return [entry for entry, _ in entered]


def number_key(cell: str, rule: NumberRule) -> str:
    """The number on a badge as it is marked, from a roster's cell or from what was typed."""
    if len(cell) >= rule.pad_to and cell.isascii() and cell.isdigit():
        # Nothing that a rule can do makes another number of it, and a roster has a million of them.
        return cell
    return fold(rule.apply(cell) or cell)
