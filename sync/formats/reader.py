"""Reads the files of one package for one district, and keeps the receipts."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from weakref import WeakValueDictionary

import pandas as pd

from access_service.settings import District
from sync.formats.style import SAMPLE_BYTES, Style, style_of
from sync.formats.table import Row, Table, header_of, read_table
from sync.package import Package
from sync.roster import COLUMNS, BadRosterError, Columns, Reject, RejectCode, WarningCode

MAX_ID = 255
UTF_8 = "utf-8-sig"

CellT = TypeVar("CellT")
MeaningT = TypeVar("MeaningT")


@dataclass(frozen=True, slots=True)
class Reader:
    """One package being read for one district. `today` decides what has ended; `orgs` are the schools that the last
    accepted roster named, by org id. `partial`: the package says only what changed, whatever it says of itself."""

    package: Package
    district: District
    today: date
    orgs: Mapping[str, str] = field(default_factory=dict)
    partial: bool = False
    warnings: Counter[WarningCode] = field(default_factory=Counter)
    columns: dict[str, Columns] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    # For as long as somebody else holds them: a million rows are not kept for the sake of one reject.
    tables: WeakValueDictionary[str, Table] = field(default_factory=WeakValueDictionary)

    def style(self, file: str, encoding: str = UTF_8) -> Style:
        """How a file is written, by its first bytes."""
        with self.package.open(file) as stream:
            return style_of(stream.read(SAMPLE_BYTES), encoding)

    def header(self, file: str) -> Row:
        """The header row of a file, as it stands."""
        return self._decoded(file, lambda style: self._header(file, style))[0]

    def table(self, file: str, wanted: Mapping[str, bool]) -> Table:
        """Read a file in UTF-8 (or UTF-16 with its mark), or as a whole in the district's fallback encoding."""
        table, fell_back = self._decoded(file, lambda style: self._table(file, wanted, style))
        if fell_back:
            self.warnings[WarningCode.FALLBACK_ENCODING] += 1
        self.columns[file] = table.receipt()
        self.tables[file] = table
        self.rejects.extend(table.rejects)
        return table

    def _header(self, file: str, style: Style) -> Row:
        with self.package.open(file) as stream:
            return header_of(stream, file, style)

    def _table(self, file: str, wanted: Mapping[str, bool], style: Style) -> Table:
        with self.package.open(file) as stream:
            return read_table(stream, file, wanted, style)

    def _decoded(self, file: str, read: Callable[[Style], MeaningT]) -> tuple[MeaningT, bool]:
        """What was read, and whether the fallback encoding was needed for it."""
        fallback = self.district.feed.fallback_encoding
        try:
            return read(self.style(file)), False
        except UnicodeError as error:
            if not fallback:
                raise BadRosterError(
                    f"{file}: not UTF-8 ({_reason(error)}); export as UTF-8 or set [feed] fallback_encoding"
                ) from error
        try:
            return read(self.style(file, fallback)), True
        except UnicodeError as error:
            raise BadRosterError(f"{file}: neither UTF-8 nor {fallback}; export it as UTF-8") from error


def _reason(error: UnicodeError) -> str:
    return error.reason if isinstance(error, UnicodeDecodeError) else "unreadable"


def each(cells: Iterable[CellT], meaning: Callable[[CellT], MeaningT]) -> list[MeaningT]:
    """The meaning of each cell, worked out once for each different one."""
    listed = list(cells)
    known = {cell: meaning(cell) for cell in set(listed)}
    return [known[cell] for cell in listed]


def unique(frame: pd.DataFrame, file: str, reader: Reader) -> pd.DataFrame:
    """One row for each id: rows without one are rejected, equal rows fold into one, contradicting rows all go."""
    ids = set(frame["source_id"].tolist())
    if len(ids) == len(frame) and "" not in ids and max(map(len, ids), default=0) <= MAX_ID:
        return frame
    lengths = frame["source_id"].map(len)
    for code, bad in ((RejectCode.ID_MISSING, lengths == 0), (RejectCode.ID_TOO_LONG, lengths > MAX_ID)):
        _reject(frame[bad], file, code, reader)
    frame = frame[(lengths > 0) & (lengths <= MAX_ID)]
    repeated = frame.duplicated(list(COLUMNS))
    reader.warnings[WarningCode.ROW_REPEATED] += int(repeated.sum())
    frame = frame[~repeated]
    contradicting = frame.duplicated("source_id", keep=False)
    _reject(frame[contradicting], file, RejectCode.ID_DUPLICATE, reader)
    return frame[~contradicting]


def _reject(rows: pd.DataFrame, file: str, code: RejectCode, reader: Reader) -> None:
    readable = code is RejectCode.ID_DUPLICATE
    table = reader.tables[file]
    for source_id, school, line in zip(rows["source_id"], rows["school"], rows["line"], strict=True):
        at = bisect_left(table.lines, line)
        cells = {name: cells[at] for name, cells in table.columns.items()}
        column = next(iter(table.columns))
        reader.rejects.append(Reject(file, line, code, source_id if readable else None, school or None, column, cells))
