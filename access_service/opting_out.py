"""A family opts out, or in again: from a number as typed to the person, at once and in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from access_service.audit import Action, Auditor, Deed
from access_service.directory import meanings
from access_service.domain.identifiers import BADGES, IdentifierKind, fold
from access_service.domain.mapping import Terms
from access_service.domain.patron import HERE, PatronRecord
from access_service.errors import OperatorError
from access_service.opt_outs import Identifier, Kind, Ledger, Person, Source, Stamp, opt_out, people
from access_service.settings import District
from access_service.storage import opt_outs, patrons, rosters, runs
from access_service.storage.engine import Databases, snapshot
from access_service.storage.opt_outs import OptOut

MOST_LINES = 10
CURRENT = (*BADGES, IdentifierKind.LIBRARY_NUMBER)


class Given(NamedTuple):
    """What we were given to know somebody by: without a kind a number of any, as typed or scanned. `place` says where
    it stood in a file."""

    text: str
    kind: Kind | None = None
    place: str = ""


class Done(NamedTuple):
    """Of how many people: new in the ledger, there already; and how many patrons of them are stored no more."""

    new: int
    known: int
    forgotten: int


@dataclass(frozen=True, slots=True)
class Meant:
    """Who is meant, all of them: patrons, and people who are not known yet."""

    records: list[PatronRecord]
    unknown: list[Person]


@dataclass(frozen=True, slots=True)
class Office:
    """Where the library enters and ends opt-outs of one district, on record. `district` is its configuration."""

    databases: Databases
    auditor: Auditor
    district: District

    def preview(self, given: Sequence[Given]) -> Done:
        """What `add` would do. Writes nothing; errors as there."""
        with snapshot(self.databases) as connection:
            ledger, meant = self._ledger(connection), _meant(connection, self.district, given)
            found = [*people(connection, self.district.code, meant.records), *meant.unknown]
        known = sum(1 for person in found if any(map(ledger.find, person.identifiers)))
        return Done(len(found) - known, known, len(meant.records))

    def add(self, given: Sequence[Given], reason: str) -> Done:
        """Enter all of them, or none. Errors: OperatorError, which names each that is nobody's number or several
        people's."""
        code, auditor = self.district.code, self.auditor
        stamp = Stamp(Source.LIBRARY, auditor.by, auditor.now().astimezone(self.district.zone).date())
        with auditor.transaction(self.databases) as record:
            connection = record.connection
            first = opt_outs.claim(connection, 0)
            # A night, an undo or an edit that was planned before may know these patrons.
            run_id = runs.edit(connection, code, auditor.by, {"action": Action.OPT_OUT_ADD}, auditor.now())
            opt_outs.overtake(connection, code, run_id)
            meant = _meant(connection, self.district, given)
            found = [*people(connection, code, meant.records), *meant.unknown]
            opt_outs.depopulate(connection, code, sum(one.presence in HERE for one in meant.records))
            entered = {one.entry for one in opt_out(connection, self._ledger(connection), found, meant.records, stamp)}
            new = sum(entry >= first for entry in entered)
            done = Done(new, len(found) - new, len(meant.records))
            record.note(Deed(Action.OPT_OUT_ADD, _subject(entered), reason, code, after=done._asdict()))
        opt_outs.forget_use(self.databases)
        rosters.checkpoint(self.databases)
        return done

    def remove(self, given: Given, reason: str) -> list[OptOut]:
        """Whoever this is may be a patron again, from the next night on. Returns the entries that ended; errors:
        OperatorError where there is none."""
        with self.auditor.transaction(self.databases) as record:
            connection, code = record.connection, self.district.code
            opt_outs.claim(connection, 1)
            if not (entries := entries_of(self._ledger(connection), self.district, given)):
                raise OperatorError(f"nobody with this number opted out of {code}; --kind source_id takes a source id")
            if {*BADGES} <= {entry.kind for entry in entries} and len(entries) > 1:
                raise OperatorError("could be a student's number or a staff number; say which with --kind")
            numbers = [entry.entry for entry in entries]
            opt_outs.remove(connection, code, numbers)
            opt_outs.invite(connection, code)
            record.note(Deed(Action.OPT_OUT_REMOVE, _subject(numbers), reason, code))
        return entries

    def cards(self) -> list[tuple[int, str]]:
        """Entry and library number of each card that the ILS was not told to expire."""
        with self.databases.reader.connect() as connection:
            waiting = opt_outs.with_cards(connection, self.district.code)
        return Ledger(self.auditor.vault, self.district.code, waiting).cards()

    def told(self, entries: Sequence[int]) -> None:
        """The ILS has expired the cards of these entries: their numbers are forgotten."""
        with self.auditor.transaction(self.databases) as record:
            opt_outs.told(record.connection, self.district.code, entries)
            record.note(Deed(Action.OPT_OUT_CARDS, _subject(entries), "", self.district.code))
        rosters.checkpoint(self.databases)

    def _ledger(self, connection: Connection) -> Ledger:
        return Ledger.read(connection, self.auditor.vault, self.district.code)


def entries_of(ledger: Ledger, district: District, given: Given) -> list[OptOut]:
    """What the ledger has of a number in any of its readings, each entry once."""
    text = given.text.strip()
    identifiers = {(Kind.SOURCE_ID, text)} if given.kind is Kind.SOURCE_ID else set()
    for kind in Kind if given.kind is None else (given.kind,):
        identifiers |= {(kind, key) for key in _keys(district, text, kind.value)}
    found = {row.entry: row for identifier in sorted(identifiers) if (row := ledger.find(identifier))}
    return list(found.values())


def _meant(connection: Connection, district: District, given: Sequence[Given]) -> Meant:
    meant, wrong = Meant([], []), []
    ids: set[int] = set()
    for each in given:
        try:
            if patron_id := _patron(connection, district, each):
                ids.add(patron_id)
            else:
                meant.unknown.append(Person(frozenset(_identifiers(district, each))))
        except ValueError as error:
            wrong.append(f"{each.place}: {error}" if each.place else str(error))
    if wrong:
        more = f"; and {len(wrong) - MOST_LINES} more" if len(wrong) > MOST_LINES else ""
        raise OperatorError("; ".join(wrong[:MOST_LINES]) + more)
    meant.records.extend(patrons.records(connection, sorted(ids)))
    return meant


def _patron(connection: Connection, district: District, given: Given) -> int | None:
    """The patron id of the one who has this number, or had it where nobody has it now. ValueError of several."""
    text = given.text.strip()
    if given.kind is Kind.SOURCE_ID:
        return next((r.patron_id for r in patrons.by_source_id(connection, district.code, [text]).values()), None)
    current = [kind for kind in CURRENT if given.kind is None or kind.value == given.kind.value]
    found = _holders(connection, district, text, current)
    found = found or _holders(connection, district, text, [IdentifierKind.FORMER])
    if len(found) > 1:
        raise ValueError("could be several patrons' number; give all of the library number, or --kind source_id")
    return next(iter(found), None)


def _holders(connection: Connection, district: District, text: str, kinds: Iterable[IdentifierKind]) -> set[int]:
    wanted = ((kind, key) for kind in kinds for key in _keys(district, text, kind.value))
    return opt_outs.holders(connection, district.code, list(wanted))


def _keys(district: District, text: str, kind: str) -> Iterator[str]:
    meant = meanings(text, {district.code: district.rules})
    return (reading.key for _, reading in meant if reading.kind.value == kind)


def _identifiers(district: District, given: Given) -> list[Identifier]:
    """What a number says of somebody who is no patron. ValueError where it says nothing, or two things."""
    text, rules = given.text.strip(), district.rules
    if given.kind is Kind.SOURCE_ID and text:
        return [(Kind.SOURCE_ID, text)]
    found = {
        (terms.kind.value, fold(number)): terms
        for terms in rules.terms.values()
        for number in (
            terms.number.apply(text) if given.kind in (None, terms.kind.value) else None,
            _without_prefix(terms, text) if given.kind in (None, Kind.LIBRARY_NUMBER) else None,
        )
        if number
    }
    if len(found) > 1:
        raise ValueError(
            "could be a number on a badge or a library number, of a student or staff; say which with --kind"
        )
    for (kind, number), terms in found.items():
        return [(Kind(kind), number), (Kind.LIBRARY_NUMBER, fold(terms.template.mint(number)))]
    raise ValueError(
        "fits no number of the district, by [rules.student_number] pattern; --kind source_id takes a source id"
    )


def _without_prefix(terms: Terms, text: str) -> str | None:
    """The number of the badge in a whole library number."""
    key, template = fold(text), terms.template
    prefix, suffix = fold(template.prefix), fold(template.suffix)
    if not prefix + suffix or not (key.startswith(prefix) and key.endswith(suffix)):
        return None
    inner = key[len(prefix) : len(key) - len(suffix)]
    number = terms.number.apply(inner)
    return number if number and fold(number) == inner else None


def _subject(entries: Iterable[int]) -> str:
    numbers = sorted({*entries})
    return f"opt-out {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} opt-outs"
