"""Reads the files of one package for one district, and keeps the receipts."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from weakref import WeakValueDictionary

import pandas as pd

from access_service.domain.student import Role, canonical_grade
from access_service.settings import District, MappedField
from sync.formats.dates import is_placeholder, iso_date
from sync.formats.style import SAMPLE_BYTES, Style, headerless, style_of
from sync.formats.table import Row, Table, header_of, read_table, rows_under_header
from sync.package import Package
from sync.roster import COLUMNS, BadRosterError, Columns, Reject, RejectCode, WarningCode

MAX_ID = 255
UTF_8 = "utf-8-sig"
# What databases and spreadsheets write for nothing. Never in a name: people are called so.
NOTHING = frozenset({"NULL", "N/A", "#N/A"})

# What may be shown of a grade that nobody knows: under a wrong header it is somebody's name or number.
GRADE_LIKE = re.compile("-?[0-9]{1,2}|[A-Z]{1,2}[0-9]?")

CellT = TypeVar("CellT")
MeaningT = TypeVar("MeaningT")


@dataclass(frozen=True, slots=True)
class Reader:
    """One package being read for one district. `today` decides what has ended; `orgs` are the schools that the last
    accepted roster named, by org id. `partial`: the package says only what changed, whatever it says of itself. `named`
    is the header that each field is read from."""

    package: Package
    district: District
    today: date
    orgs: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    warnings: Counter[WarningCode] = field(default_factory=Counter)
    columns: dict[str, Columns] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    unknown_grades: Counter[str] = field(default_factory=Counter)
    # For as long as somebody else holds them: a million rows are not kept for the sake of one reject.
    tables: WeakValueDictionary[str, Table] = field(default_factory=WeakValueDictionary)

    def style(self, file: str, encoding: str = UTF_8) -> Style:
        """How a file is written, by its first bytes."""
        with self.package.open(file) as stream:
            sample = stream.read(SAMPLE_BYTES)
        style = style_of(sample, encoding, self.district.feed.columns.values())
        if style.encoding != "utf-16" and b"\0" in sample:
            raise BadRosterError(f"{file}: NUL bytes; UTF-16 without its mark, or damaged: export it as UTF-8")
        return style if self.district.feed.header else headerless(sample, style)

    def header(self, file: str) -> Row:
        """The header row of a file, as it stands."""
        return self._decoded(file, lambda style: self._header(file, style))

    def table(self, file: str, wanted: Mapping[str, bool]) -> Table:
        """Read a file in UTF-8 (or UTF-16 with its mark), or as a whole in the district's fallback encoding."""
        table = self._decoded(file, lambda style: self._table(file, wanted, style))
        self.columns[file] = table.receipt()
        self.warnings.update(+table.warnings)
        self.tables[file] = table
        self.rejects.extend(table.rejects)
        return table

    def rows(self, file: str, wanted: Callable[[int, Row], bool]) -> list[tuple[int, Row]]:
        """A second look at a file that was read: its rows as they stand, where `wanted` with the line they begin on."""
        return self._decoded(file, lambda style: list(self._rows(file, wanted, style)))

    def _rows(self, file: str, wanted: Callable[[int, Row], bool], style: Style) -> Iterator[tuple[int, Row]]:
        with self.package.open(file) as stream:
            yield from (found for found in rows_under_header(stream, file, style) if wanted(*found))

    def _header(self, file: str, style: Style) -> Row:
        with self.package.open(file) as stream:
            return header_of(stream, file, style)

    def _table(self, file: str, wanted: Mapping[str, bool], style: Style) -> Table:
        with self.package.open(file) as stream:
            table = read_table(stream, file, wanted, style)
        table.warnings[WarningCode.FALLBACK_ENCODING] += style.encoding == self.district.feed.fallback_encoding
        table.warnings[WarningCode.LINES_ABOVE_HEADER] += style.above > 0
        return table

    @property
    def educators(self) -> bool:
        """Whether the district serves them; else their rows are nobody's."""
        return Role.EDUCATOR in self.district.rules.terms

    def served(self, role: Role) -> Collection[str]:
        """The schools where people of this role get a card."""
        return self.district.rules.terms[role].schools

    def count(self, code: WarningCode, times: int) -> None:
        """Note so many warnings; of none nothing is said."""
        if times:
            self.warnings[code] += times

    def values(self, field: MappedField, cells: list[str]) -> list[str]:
        """What the cells of a field mean: as [feed.values] says, else as sent, and nothing where they say so."""
        said = self.district.feed.values.get(field, {})
        return changed(cells, lambda cell: said.get(cell, "" if cell.upper() in NOTHING else cell))

    def grades(self, cells: list[str]) -> list[str]:
        """The code of GRADES of each cell, or "" where nobody knows."""
        sent = self.values("grade", cells)
        found = each(sent, lambda cell: canonical_grade(cell) or "")
        if "" in found:
            unknown = Counter(cell for cell, code in zip(sent, found, strict=True) if cell and not code)
            self.unknown_grades.update({cell: n for cell, n in unknown.items() if GRADE_LIKE.fullmatch(cell)})
        return found

    def birth_dates(self, cells: list[str]) -> list[str]:
        """ISO dates, "" for what is none or stands for none; both are counted."""
        sent = changed(cells, lambda cell: "" if cell.upper() in NOTHING else cell)
        read = {cell: iso_date(cell, self.today) for cell in set(sent)}
        unreadable = {cell for cell, born in read.items() if cell and not born}
        placeholders = {cell for cell, born in read.items() if born and is_placeholder(born, self.today)}
        self.count(WarningCode.BIRTH_DATE_UNREADABLE, sum(map(unreadable.__contains__, sent)) if unreadable else 0)
        self.count(WarningCode.BIRTH_DATE_PLACEHOLDER, sum(map(placeholders.__contains__, sent)) if placeholders else 0)
        read |= dict.fromkeys(placeholders, "")
        return [read[cell] for cell in sent]

    def _decoded(self, file: str, read: Callable[[Style], MeaningT]) -> MeaningT:
        fallback = self.district.feed.fallback_encoding
        try:
            return read(self.style(file))
        except UnicodeError as error:
            if not fallback:
                raise BadRosterError(
                    f"{file}: not UTF-8 ({_reason(error)}); export as UTF-8 or set [feed] fallback_encoding"
                ) from error
        try:
            return read(self.style(file, fallback))
        except UnicodeError as error:
            raise BadRosterError(f"{file}: neither UTF-8 nor {fallback}; export it as UTF-8") from error


def _reason(error: UnicodeError) -> str:
    return error.reason if isinstance(error, UnicodeDecodeError) else "unreadable"


def each(cells: Iterable[CellT], meaning: Callable[[CellT], MeaningT]) -> list[MeaningT]:
    """The meaning of each cell, worked out once for each different one."""
    listed = list(cells)
    known = {cell: meaning(cell) for cell in set(listed)}
    return [known[cell] for cell in listed]


def changed(cells: list[str], meaning: Callable[[str], str]) -> list[str]:
    """The meaning of each cell; the same list where every cell means what it says, as nearly always."""
    known = {cell: found for cell in set(cells) if (found := meaning(cell)) != cell}
    return [known.get(cell, cell) for cell in cells] if known else cells


def unique(frame: pd.DataFrame, file: str, reader: Reader) -> pd.DataFrame:
    """One row for each id: rows without one are rejected, equal rows fold into one, contradicting rows all go."""
    ids = set(frame["source_id"].tolist())
    if len(ids) == len(frame) and "" not in ids and max(map(len, ids), default=0) <= MAX_ID:
        return frame
    lengths = frame["source_id"].map(len)
    for code, bad in ((RejectCode.ID_MISSING, lengths == 0), (RejectCode.ID_TOO_LONG, lengths > MAX_ID)):
        rejected(frame[bad], file, code, reader)
    frame = frame[(lengths > 0) & (lengths <= MAX_ID)]
    repeated = frame.duplicated(list(COLUMNS))
    reader.warnings[WarningCode.ROW_REPEATED] += int(repeated.sum())
    frame = frame[~repeated]
    contradicting = frame.duplicated("source_id", keep=False)
    rejected(frame[contradicting], file, RejectCode.ID_DUPLICATE, reader)
    return frame[~contradicting]


def rejected(rows: pd.DataFrame, file: str, code: RejectCode, reader: Reader, readable: bool | None = None) -> None:
    """Note these rows as rejects. Without a `readable` id nobody can tell whose they are."""
    if readable is None:
        readable = code is RejectCode.ID_DUPLICATE
    table = reader.tables[file]
    for source_id, school, line in zip(rows["source_id"], rows["school"], rows["line"], strict=True):
        at = bisect_left(table.lines, line)
        cells = {name: cells[at] for name, cells in table.columns.items()}
        column = next(iter(table.columns))
        reader.rejects.append(Reject(file, line, code, source_id if readable else None, school or None, column, cells))
