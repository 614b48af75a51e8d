"""Who of a roster opted out: by the ledger, or by a column of the roster itself. Before anything else of a night."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
from sqlalchemy import Connection

from access_service.domain.identifiers import BADGES, fold
from access_service.domain.mapping import Exclusion, MappingRules, Terms
from access_service.domain.patron import PatronRecord, Presence
from access_service.domain.student import Role
from access_service.opt_outs import Identifier, Kind, Ledger, Person, Source, Stamp, number_key, opt_out, people
from access_service.storage import opt_outs, patrons
from access_service.storage.opt_outs import OptOut
from sync.plan import ROLES, Excluded
from sync.roster import OPT_OUT, Roster, Said

BY_LIBRARY, BY_COLUMN, BY_NUMBER = "by the library", "by the roster's column", "the number of one who opted out"


@dataclass(frozen=True, slots=True)
class OptedOut:
    """What a night makes of a roster and the ledger. `roster` is without those who opted out, and `rows` are theirs;
    `people` are to be entered or known better, `gone` are patrons to be forgotten, and `ended` are entries of the
    roster's that it takes back. `version` is the ledger's."""

    version: int
    roster: Roster
    rows: pd.DataFrame
    excluded: Mapping[str, Excluded]
    people: tuple[Person, ...] = ()
    gone: tuple[PatronRecord, ...] = ()
    ended: tuple[int, ...] = ()

    @property
    def changes_ledger(self) -> bool:
        return bool(self.people or self.gone or self.ended)

    def write(self, connection: Connection, ledger: Ledger, by: str, today: date) -> None:
        """Enter, end and forget. The caller owns the transaction, and has the ledger to itself."""
        if self.changes_ledger:
            opt_outs.remove(connection, ledger.district, self.ended)
            opt_out(connection, ledger, self.people, self.gone, Stamp(Source.ROSTER, by, today))


@dataclass(frozen=True, slots=True)
class Row:
    """One row that the ledger or its own cell speaks of. `by_id` and `by_number` are what the ledger has of it."""

    source_id: str
    number: str
    role: Role
    terms: Terms
    said: str
    by_id: OptOut | None
    by_number: OptOut | None

    @property
    def out(self) -> bool:
        """Whether it is a row of one who opted out: the library's word counts before the roster's."""
        return self.said == Said.OUT or any(
            found and (found.source == Source.LIBRARY or self.said != Said.IN) for found in (self.by_id, self.by_number)
        )

    @property
    def why(self) -> str:
        if any(found and found.source == Source.LIBRARY for found in (self.by_id,)):
            return BY_LIBRARY
        return BY_COLUMN if self.said == Said.OUT or self.by_id else BY_NUMBER


def without_opted_out(connection: Connection, ledger: Ledger, rules: MappingRules, roster: Roster) -> OptedOut:
    """Take those who opted out from a roster. `connection` is a snapshot; nothing is written."""
    version = opt_outs.version(connection)
    frame = roster.frame
    spoken = _spoken_of(ledger, rules, frame) if ledger.rows or OPT_OUT in frame else {}
    out = {index: row for index, row in spoken.items() if row.out}
    ended = {e.entry for row in spoken.values() if not row.out for e in (row.by_id, row.by_number) if e}
    kept = {e.entry for row in out.values() for e in (row.by_id, row.by_number) if e}
    if not out:
        return OptedOut(version, roster, frame[:0], {}, ended=tuple(sorted(ended)))
    mask = [index in out for index in range(len(frame))]
    stored = patrons.by_source_id(connection, ledger.district, [row.source_id for row in out.values()])
    mine = {row.source_id: row for row in out.values() if row.by_id or row.said == Said.OUT}
    # What became a full library card no roster ends.
    gone = tuple(r for source_id, r in stored.items() if source_id in mine and r.presence is not Presence.CONVERTED)
    taken = _taken(connection, ledger.district, frame, rules, out.values())
    return OptedOut(
        version,
        replace(roster, frame=frame[[not hidden for hidden in mask]].reset_index(drop=True)),
        frame[mask],
        {row.source_id: Excluded(Exclusion.OPTED_OUT, row.number, row.why, row.role) for row in out.values()},
        (*people(connection, ledger.district, gone), *_better_known(ledger, out.values(), stored, taken)),
        gone,
        tuple(sorted(ended - kept)),
    )


def _spoken_of(ledger: Ledger, rules: MappingRules, frame: pd.DataFrame) -> Mapping[int, Row]:
    """The rows that the ledger knows or whose cell says something of them, by their position."""
    ids, cells = frame["source_id"].tolist(), frame["student_number"].tolist()
    roles = [ROLES[role] for role in frame["role"].tolist()]
    terms = list(map(rules.terms_of, roles))
    said = frame[OPT_OUT].tolist() if OPT_OUT in frame else [""] * len(ids)
    by_id: list[OptOut | None] = [None] * len(ids)
    by_number = by_id
    if ledger.rows:
        by_id, by_number = ledger.each(Kind.SOURCE_ID, ids), _by_number(ledger, cells, terms)
    rows = zip(ids, cells, roles, terms, said, by_id, by_number, strict=True)
    return {index: Row(*row) for index, row in enumerate(rows) if row[5] or row[6] or row[4] == Said.OUT}


def _by_number(ledger: Ledger, cells: Sequence[str], terms: Sequence[Terms]) -> list[OptOut | None]:
    """What the ledger has of the numbers on badges, each of its kind, or of the cards that they would make."""
    keys = [number_key(cell, own.number) for cell, own in zip(cells, terms, strict=True)]
    found = ledger.each(
        Kind.LIBRARY_NUMBER, [fold(own.template.mint(key)) for key, own in zip(keys, terms, strict=True)]
    )
    for kind in {own.kind for own in terms}:
        theirs = [index for index, own in enumerate(terms) if own.kind is kind]
        for index, number in zip(theirs, ledger.each(Kind(kind), [keys[index] for index in theirs]), strict=True):
            found[index] = number or found[index]
    return found


def _better_known(
    ledger: Ledger, rows: Iterable[Row], stored: Mapping[str, PatronRecord], taken: set[tuple[str, str]]
) -> Iterator[Person]:
    """What the rows of those who opted out say of them and the ledger does not know: so no new id or number brings
    them back. A number that is another's too tells nothing, nor does one that a patron has got."""
    for row in rows:
        theirs = row.by_id or row.said == Said.OUT
        if (row.terms.kind, row.number) in taken or not row.number:
            identifiers = {(Kind.SOURCE_ID, row.source_id)} if theirs else set[Identifier]()
        elif row.source_id in stored and not theirs:
            continue
        else:
            key = number_key(row.number, row.terms.number)
            card = Kind.LIBRARY_NUMBER, fold(row.terms.template.mint(key))
            identifiers = {(Kind.SOURCE_ID, row.source_id), (Kind(row.terms.kind), key), card}
        if any(ledger.find(identifier) is None for identifier in identifiers):
            yield Person(frozenset(identifiers))


def _taken(
    connection: Connection, district: str, frame: pd.DataFrame, rules: MappingRules, rows: Collection[Row]
) -> set[tuple[str, str]]:
    """The numbers of these rows that another row of the same role has too, or a patron who is another."""
    numbers = frame["student_number"].tolist()
    kinds = [rules.terms_of(ROLES[role]).kind for role in frame["role"].tolist()]
    taken: set[tuple[str, str]] = set()
    for kind in BADGES:
        cells = {row.number: row for row in rows if row.terms.kind is kind}
        times = Counter(cell for cell, own in zip(numbers, kinds, strict=True) if own is kind)
        keys = {number_key(cell, row.terms.number): cell for cell, row in cells.items()}
        owners = patrons.owners(connection, kind, list(keys), district)
        records = {r.patron_id: r for r in patrons.records(connection, [patron_id for _, patron_id in owners.values()])}
        taken |= {
            (kind, keys[key])
            for key, (_, patron_id) in owners.items()
            if records[patron_id].patron.source_id != cells[keys[key]].source_id
        }
        taken |= {(kind, cell) for cell in cells if times[cell] > 1}
    return taken


def keeping_none_of(ledger: Ledger, roster: Roster) -> Roster:
    """A roster without the rejects of those who opted out: nothing of them is kept for mending."""
    known = ledger.each(Kind.SOURCE_ID, [reject.source_id or "" for reject in roster.rejects]) if ledger.rows else []
    if not any(known):
        return roster
    kept = (reject for reject, found in zip(roster.rejects, known, strict=True) if not found)
    return replace(roster, rejects=tuple(kept))
