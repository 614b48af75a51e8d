"""The rows at fault in a roster, and what was sent in them: a second look, at nothing but what is read anyway."""

from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from access_service.domain.mapping import Exclusion
from sync.formats.reader import Reader
from sync.formats.table import Row
from sync.plan import Excluded
from sync.roster import Columns, Reject, RejectCode, Roster, Sent

# Files of a package that tell of people, the one with their names first.
PEOPLE = ("users.csv", "roles.csv", "demographics.csv")
# Faults of a row for which the rules give no card, and the field that is at fault.
FAULTS = {
    Exclusion.SCHOOL_MISSING: "school",
    Exclusion.NUMBER_MISSING: "student_number",
    Exclusion.NUMBER_PATTERN: "student_number",
    Exclusion.NUMBER_TOO_LONG: "student_number",
    Exclusion.NUMBER_COLLISION: "student_number",
    Exclusion.UNKNOWN_GRADE: "grade",
    Exclusion.ID_RECYCLED: "source_id",
    Exclusion.ROLE_CHANGED: "source_id",
}
# A cell with a line break may be other people's rows, with columns that nobody agreed on.
SWALLOWED = (RejectCode.LINE_BREAK, RejectCode.ROW_WIDTH)
MOST = 100_000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row at fault: where it stands, what is wrong with it, and whose it is, if anybody can tell. `sent` is the row
    itself, if it could be divided into cells, and then the rows of the same person in other files."""

    file: str
    line: int
    code: str
    column: str
    source_id: str | None = field(repr=False)
    sent: tuple[Sent, ...] = field(repr=False)


def bad_rows(reader: Reader, roster: Roster, excluded: Mapping[str, Excluded]) -> list[BadRow]:
    """The rejects, and of the `excluded` those with a fault in their row; at most MOST. `reader` may be a fresh one of
    the same package."""
    rejects = roster.rejects[:MOST]
    at_fault = {source_id: row.code for source_id, row in excluded.items() if row.code in FAULTS}
    ids = at_fault.keys() | {reject.source_id for reject in rejects if reject.source_id}
    lines = {(reject.file, reject.line) for reject in rejects if not reject.cells and reject.code not in SWALLOWED}
    if not rejects and not at_fault:
        return []
    found = list(_sent(reader, roster.columns, ids, lines))
    by_place = {(sent.file, sent.line): sent for _, sent in found}
    by_person: dict[str, list[Sent]] = defaultdict(list)
    for source_id, sent in found:
        by_person[source_id].append(sent)
    bad = [_rejected(reject, by_place, by_person) for reject in rejects]
    for source_id, code in islice(at_fault.items(), MOST - len(bad)):
        if theirs := tuple(by_person[source_id]):
            column = roster.named.get(FAULTS[code], FAULTS[code])
            if column not in theirs[0].cells:
                # Of staff's own file. No header is known to be the field there; it is said to be what it is.
                column = FAULTS[code]
            bad.append(BadRow(theirs[0].file, theirs[0].line, code, column, source_id, theirs))
    return bad


def _rejected(reject: Reject, by_place: Mapping[tuple[str, int], Sent], by_person: Mapping[str, list[Sent]]) -> BadRow:
    place = reject.file, reject.line
    own = Sent(*place, reject.cells) if reject.cells else by_place.get(place)
    if not own or reject.code in SWALLOWED:
        return BadRow(*place, reject.code, reject.column, reject.source_id, ())
    others = [sent for sent in by_person.get(reject.source_id or "", ()) if sent.file != reject.file]
    return BadRow(*place, reject.code, reject.column, reject.source_id, (own, *others))


def _sent(
    reader: Reader, columns: Mapping[str, Columns], ids: Container[str], lines: Container[tuple[str, int]]
) -> Iterator[tuple[str, Sent]]:
    """The rows of these people, the users file first, and those at these places: each with its id."""
    for file in _of_people(columns):
        received, used = columns[file].received, columns[file].used
        at = [received.index(name) for name in used]
        for line, row in reader.rows(file, _wanted(file, len(received), at[0], ids, lines)):
            yield row[at[0]].strip(), Sent(file, line, {name: row[index] for name, index in zip(used, at, strict=True)})


def _of_people(columns: Mapping[str, Columns]) -> list[str]:
    """The files that tell of people by their id, which is the first column used: all where they are flat."""
    return [file for file in PEOPLE if file in columns] or list(columns)


def _wanted(
    file: str, width: int, at: int, ids: Container[str], lines: Container[tuple[str, int]]
) -> Callable[[int, Row], bool]:
    return lambda line, row: len(row) == width and (row[at].strip() in ids or (file, line) in lines)
