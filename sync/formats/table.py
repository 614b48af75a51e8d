"""The one parser: strict CSV into columns of text. A second parser would disagree with it."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO

from sync.formats.lines import BATCH, BoundedLines, decoded
from sync.formats.margins import is_footer
from sync.formats.style import Style
from sync.roster import BadRosterError, Columns, Reject, RejectCode, WarningCode

if TYPE_CHECKING:
    import _csv

MAX_CELL = 1000
MOST_REPEATED = 20_000
# What a spreadsheet is told to keep as text.
EXCEL_TEXT = re.compile('="([^"]*)"')
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")

COMMAS = Style()

Row = list[str]
# Every table wants two columns or more, so an itemgetter always gives a tuple.
Pick = Callable[[Row], tuple[str, ...]]


class NoRowsError(BadRosterError):
    """A header and nothing under it."""


@dataclass(slots=True, weakref_slot=True)
class Table:
    """Chosen columns of one file, trimmed. `lines` has the line number of each row kept; `footers` are rejects that
    are none if no row comes after them."""

    file: str
    header: tuple[str, ...]
    columns: dict[str, list[str]]
    lines: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0
    footers: list[Reject] = field(default_factory=list)
    warnings: Counter[WarningCode] = field(default_factory=Counter)
    written: str = ""

    def receipt(self) -> Columns:
        return Columns(self.header, tuple(self.columns), self.written)


def read_table(stream: BinaryIO, file: str, wanted: Mapping[str, bool], style: Style = COMMAS) -> Table:
    """Read the `wanted` columns (name -> must it be there) of a delimited file with a header.

    A row of another width, with a line break, a control character or an endless cell becomes a Reject. The first
    wanted column is the row's id. Errors: BadRosterError (header, quotes, no rows), UnicodeDecodeError.
    """
    lines = BoundedLines(stream, file)
    reader = rows_of(decoded(lines, style), style)
    try:
        table = _with_header(_header(reader, style), file, wanted)
        table.written = style.words
        _read_rows(reader, table, lines, style)
        _settle_footers(table)
    except csv.Error as error:
        raise BadRosterError(f"{file} line {reader.line_num}: not CSV ({error}); export it again") from error
    if not table.rows:
        raise NoRowsError(f"{file}: no rows under the header; an empty export is not a roster")
    return table


def header_of(stream: BinaryIO, file: str, style: Style = COMMAS) -> Row:
    """The header row alone, trimmed. Errors as read_table's."""
    try:
        return [name.strip() for name in _header(rows_of(decoded(BoundedLines(stream, file), style), style), style)]
    except csv.Error as error:
        raise BadRosterError(f"{file}: the header row is not CSV ({error}); export it again") from error


def rows_under_header(stream: BinaryIO, file: str, style: Style) -> Iterator[tuple[int, Row]]:
    """Every row as it stands, with the line it begins on."""
    rows = rows_of(decoded(BoundedLines(stream, file), style), style)
    _header(rows, style)
    line = style.above + rows.line_num + 1
    for row in rows:
        yield line, row
        line = style.above + rows.line_num + 1


def _header(reader: "_csv.Reader", style: Style) -> Row:
    """The first row; in a file without a header, the columns' positions."""
    return [str(position + 1) for position in range(style.unnamed)] or next(reader, [])


def rows_of(lines: Iterable[str], style: Style) -> "_csv.Reader":
    """The strict reader of a style: nothing is mended in silence."""
    if style.quoting == csv.QUOTE_NONE:
        return csv.reader(lines, strict=True, delimiter=style.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(
        lines, strict=True, delimiter=style.delimiter, escapechar=style.escape, doublequote=not style.escape
    )


def _with_header(header: Row, file: str, wanted: Mapping[str, bool]) -> Table:
    names = tuple(name.strip() for name in header)
    _check_first_line(names, file, wanted)
    if twice := next((name for name in names if name in wanted and names.count(name) > 1), None):
        raise BadRosterError(f"{file}: column {shown(twice)} is there twice; remove one")
    for name, required in wanted.items():
        if required and name not in names:
            raise BadRosterError(f"{file}: no column {name!r}; it has {', '.join(map(shown, names[:12])) or 'none'}")
    table = Table(file, names, {name: [] for name in wanted if name in names})
    named = [name for name in names if name]
    table.warnings[WarningCode.HEADER_REPEATED] += len(named) - len(set(named))
    return table


def _check_first_line(names: tuple[str, ...], file: str, wanted: Mapping[str, bool]) -> None:
    """Without a header the first line is somebody's data, which no error may repeat."""
    if names and not {name.lower() for name in names} & {name.lower() for name in wanted}:
        first = next(iter(wanted))
        raise BadRosterError(f"{file}: no column {first!r}; its first line is not this format's header, with commas")


def shown(name: str) -> str:
    """The name of a column as an error may show it: even beside a good one it can be anything."""
    return repr(name) if re.fullmatch(r"[A-Za-z][A-Za-z_. ]{1,39}", name) else "(not a name)"


def _read_rows(reader: "_csv.Reader", table: Table, source: BoundedLines, style: Style) -> None:
    indexes = [table.header.index(name) for name in table.columns]
    pick: Pick = itemgetter(*indexes)
    known = [(column, dict[str, str]()) for column in table.columns.values()]
    last: Row = []
    line = style.above + reader.line_num + 1
    while batch := list(islice(reader, BATCH)):
        source.since_batch = 0
        kept, lines = _whole_rows(batch, line, style.above + reader.line_num, table)
        line = style.above + reader.line_num + 1
        if not kept:
            continue
        last = kept[-1]
        picked = list(zip(*map(pick, kept), strict=True))
        texts = list(map(",".join, picked))
        if not all(map(_harmless, texts, picked)):
            kept, lines = _clean_rows(kept, lines, table, pick)
            picked = list(zip(*map(pick, kept), strict=True))
            texts = list(map(",".join, picked))
        for (column, memo), cells, text in zip(known, picked, texts, strict=bool(picked)):
            # Cells of most columns repeat: one object for each text keeps a million rows small.
            trimmed = _trimmed(cells, text, table)
            column.extend(map(memo.setdefault, trimmed, trimmed) if len(memo) < MOST_REPEATED else trimmed)
        table.lines.extend(lines)
    if last and is_footer(last) and sum(map(bool, map(str.strip, last[1:]))) <= 1:
        # A spreadsheet fills the last line up with empty cells, and has the total beside the word.
        for column in table.columns.values():
            column.pop()
        table.footers.append(Reject(table.file, table.lines.pop(), RejectCode.ROW_WIDTH))


def _settle_footers(table: Table) -> None:
    """What looks like a footer is one only where no row comes after it."""
    end = table.lines[-1] if table.lines else 0
    table.rejects.extend(reject for reject in table.footers if reject.line < end)
    footers = sum(1 for reject in table.footers if reject.line >= end)
    table.warnings[WarningCode.FOOTER] += footers
    table.rows -= footers


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
            found = table.footers if is_footer(row) else table.rejects
            found.append(Reject(table.file, line, RejectCode.ROW_WIDTH, _id_of(row, table)))
        elif row:
            kept.append(row)
            lines.append(line)
        line += 1 + breaks
    return kept, lines


def _harmless(text: str, cells: tuple[str, ...]) -> bool:
    """One look at a column of a batch, joined as `text`: no control character, no endless cell, as nearly always."""
    return (text.isprintable() or not CONTROL.search(text)) and max(map(len, cells)) <= MAX_CELL


def _trimmed(cells: tuple[str, ...], text: str, table: Table) -> tuple[str, ...]:
    # Outside ASCII there are more spaces than one.
    if not (text.isascii() and " ," not in text and ", " not in text and text == text.strip()):
        cells = tuple(map(str.strip, cells))
    if '="' in text:
        table.warnings[WarningCode.EXCEL_TEXT] += sum(1 for cell in cells if EXCEL_TEXT.fullmatch(cell))
        cells = tuple(EXCEL_TEXT.sub(r"\1", cell).strip() if EXCEL_TEXT.fullmatch(cell) else cell for cell in cells)
    return cells


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
