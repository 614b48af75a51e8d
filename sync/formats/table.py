"""The one parser: strict CSV into columns of text. A second parser would disagree with it."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from sync.formats.style import Style
from sync.roster import BadRosterError, Columns, Reject, RejectCode

if TYPE_CHECKING:
    import _csv

    from typing_extensions import Buffer

BATCH = 500
MAX_CELL = 1000
MOST_REPEATED = 20_000
MAX_LINE = 1024 * 1024
MAX_BATCH = 16 * MAX_LINE
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

COMMAS = Style()

Row = list[str]
# Every table wants two columns or more, so an itemgetter always gives a tuple.
Pick = Callable[[Row], tuple[str, ...]]


class NoRowsError(BadRosterError):
    """A header and nothing under it."""


@dataclass(slots=True, weakref_slot=True)
class Table:
    """Chosen columns of one file, trimmed. `lines` has the line number of each row kept."""

    file: str
    header: tuple[str, ...]
    columns: dict[str, list[str]]
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0

    def receipt(self) -> Columns:
        return Columns(self.header, tuple(self.columns))


def read_table(stream: BinaryIO, file: str, wanted: Mapping[str, bool], style: Style = COMMAS) -> Table:
    """Read the `wanted` columns (name -> must it be there) of a delimited file with a header.

    A row of another width, with a line break, a control character or an endless cell becomes a Reject. The first
    wanted column is the row's id. Errors: BadRosterError (header, quotes, no rows), UnicodeDecodeError.
    """
    lines = _Lines(stream, file)
    text = io.TextIOWrapper(io.BufferedReader(lines, MAX_LINE // 4), style.encoding, errors="strict", newline="")
    reader = rows_of(text, style)
    try:
        table = _with_header(next(reader, []), file, wanted)
        _read_rows(reader, table, lines)
    except csv.Error as error:
        raise BadRosterError(f"{file} line {reader.line_num}: not CSV ({error}); export it again") from error
    if not table.rows:
        raise NoRowsError(f"{file}: no rows under the header; an empty export is not a roster")
    return table


def header_of(stream: BinaryIO, file: str, style: Style = COMMAS) -> Row:
    """The header row alone, trimmed. Errors as read_table's."""
    lines = _Lines(stream, file)
    text = io.TextIOWrapper(io.BufferedReader(lines, MAX_LINE // 4), style.encoding, errors="strict", newline="")
    try:
        return [name.strip() for name in next(rows_of(text, style), [])]
    except csv.Error as error:
        raise BadRosterError(f"{file}: the header row is not CSV ({error}); export it again") from error


def rows_of(lines: Iterable[str], style: Style) -> "_csv.Reader":
    """The strict reader of a style: nothing is mended in silence."""
    if style.quoting == csv.QUOTE_NONE:
        return csv.reader(lines, strict=True, delimiter=style.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(
        lines, strict=True, delimiter=style.delimiter, escapechar=style.escape, doublequote=not style.escape
    )


class _Lines(io.RawIOBase):
    """Bytes that may hold no line longer than MAX_LINE, and no batch of rows longer than MAX_BATCH: csv would take all
    of it into memory. Whoever has read a batch sets `since_batch` to 0."""

    def __init__(self, source: BinaryIO, file: str) -> None:
        self._source = source
        self._file = file
        self._since_line = 0
        self.since_batch = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        chunk = self._source.read(len(view))
        view[: len(chunk)] = chunk
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._since_line = len(chunk) - 1 - last if last >= 0 else self._since_line + len(chunk)
        self.since_batch += len(chunk)
        if self._since_line > MAX_LINE:
            raise BadRosterError(f"{self._file}: a line is longer than {MAX_LINE} bytes; this is no roster")
        if self.since_batch > MAX_BATCH:
            raise BadRosterError(f"{self._file}: {BATCH} rows are longer than {MAX_BATCH} bytes; this is no roster")
        return len(chunk)


def _with_header(header: Row, file: str, wanted: Mapping[str, bool]) -> Table:
    names = tuple(name.strip() for name in header)
    _check_first_line(names, file, wanted)
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadRosterError(f"{file}: column {_shown(twice)} is there twice; remove one")
    for name, required in wanted.items():
        if required and name not in names:
            raise BadRosterError(f"{file}: no column {name!r}; it has {', '.join(map(_shown, names[:12])) or 'none'}")
    return Table(file, names, {name: [] for name in wanted if name in names})


def _check_first_line(names: tuple[str, ...], file: str, wanted: Mapping[str, bool]) -> None:
    """Without a header the first line is somebody's data, which no error may repeat."""
    if names and not {name.lower() for name in names} & {name.lower() for name in wanted}:
        first = next(iter(wanted))
        raise BadRosterError(f"{file}: no column {first!r}; its first line is not this format's header, with commas")


def _shown(name: str) -> str:
    """The name of a column as an error may show it: even beside a good one it can be anything."""
    return repr(name) if re.fullmatch(r"[A-Za-z][A-Za-z_. ]{1,39}", name) else "(not a name)"


def _read_rows(reader: "_csv.Reader", table: Table, source: _Lines) -> None:
    indexes = [table.header.index(name) for name in table.columns]
    pick: Pick = itemgetter(*indexes)
    known = [(column, dict[str, str]()) for column in table.columns.values()]
    line = reader.line_num + 1
    while batch := list(islice(reader, BATCH)):
        source.since_batch = 0
        kept, lines = _whole_rows(batch, line, reader.line_num, table)
        line = reader.line_num + 1
        if not kept:
            continue
        picked = list(zip(*map(pick, kept), strict=True))
        if not all(map(_harmless, picked)):
            kept, lines = _clean_rows(kept, lines, table, pick)
            picked = list(zip(*map(pick, kept), strict=True))
        for (column, memo), cells in zip(known, picked, strict=bool(picked)):
            # Cells of most columns repeat: one object for each text keeps a million rows small.
            trimmed = cells if _trimmed(cells) else tuple(map(str.strip, cells))
            column.extend(map(memo.setdefault, trimmed, trimmed) if len(memo) < MOST_REPEATED else trimmed)
        table.lines.extend(lines)


def _whole_rows(batch: list[Row], line: int, last_line: int, table: Table) -> tuple[list[Row], list[int]]:
    """The rows of the right width and of one line each, with their line numbers; the others become rejects."""
    width = len(table.header)
    if last_line - line + 1 == len(batch) and set(map(len, batch)) == {width}:
        table.rows += len(batch)
        return batch, list(range(line, line + len(batch)))
    kept: list[Row] = []
    lines: list[int] = []
    for row in batch:
        breaks = sum(cell.replace("\r\n", "\n").replace("\r", "\n").count("\n") for cell in row)
        table.rows += bool(row)
        if row and breaks:
            # A stray quote swallows rows, and whose they were nobody can tell.
            table.rejects.append(Reject(table.file, line, RejectCode.LINE_BREAK))
        elif row and len(row) != width:
            table.rejects.append(Reject(table.file, line, RejectCode.ROW_WIDTH, _id_of(row, table)))
        elif row:
            kept.append(row)
            lines.append(line)
        line += 1 + breaks
    return kept, lines


def _harmless(cells: tuple[str, ...]) -> bool:
    """One look at a whole batch, since nearly all cells are harmless: no control character, none endless."""
    text = "".join(cells)
    return (text.isprintable() or not CONTROL.search(text)) and max(map(len, cells)) <= MAX_CELL


def _trimmed(cells: tuple[str, ...]) -> bool:
    # Outside ASCII there are more spaces than one.
    text = ",".join(cells)
    return text.isascii() and " ," not in text and ", " not in text and text == text.strip()


def _clean_rows(rows: list[Row], lines: list[int], table: Table, pick: Pick) -> tuple[list[Row], list[int]]:
    kept: list[Row] = []
    kept_lines: list[int] = []
    for row, line in zip(rows, lines, strict=True):
        cells = dict(zip(table.columns, pick(row), strict=True))
        endless = next((name for name, cell in cells.items() if len(cell) > MAX_CELL), None)
        column = endless or next((name for name, cell in cells.items() if CONTROL.search(cell)), None)
        if column is None:
            kept.append(row)
            kept_lines.append(line)
            continue
        code = RejectCode.FIELD_TOO_LONG if endless else RejectCode.CONTROL_CHARACTER
        # What is left of an endless cell is still too long.
        sent = {name: cell[: MAX_CELL + 1] for name, cell in cells.items()}
        table.rejects.append(Reject(table.file, line, code, _id_of(row, table), column=column, cells=sent))
    return kept, kept_lines


def _id_of(row: Row, table: Table) -> str | None:
    """The id of a row that is rejected, where it can be read."""
    index = table.header.index(next(iter(table.columns)))
    found = row[index].strip() if index < len(row) else ""
    return found if found and len(found) <= MAX_CELL and not CONTROL.search(found) else None
