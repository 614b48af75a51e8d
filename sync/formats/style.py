"""How a file is written: its encoding, what stands between cells, and what quotes mean. Seen, never guessed."""

import codecs
import csv
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from sync.formats.margins import header_at, sample_rows, unquoted

DELIMITERS = ",\t|;"
SAMPLE_BYTES = 64 * 1024

QUOTED, UNQUOTED = csv.QUOTE_MINIMAL, csv.QUOTE_NONE


@dataclass(frozen=True, slots=True)
class Style:
    """`quoting` is csv.QUOTE_MINIMAL, or csv.QUOTE_NONE where a quote is a character like any other. `escape` is the
    backslash of those who write \\" for a quote (Apple School Manager). `above` counts the lines above the header.
    `unnamed` is how many columns a file without a header has."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    quoting: int = QUOTED
    escape: str | None = None
    above: int = 0
    unnamed: int = 0

    @property
    def words(self) -> str:
        """For a person: "UTF-8, comma"."""
        encoding = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(self.encoding, self.encoding)
        delimiter = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}[self.delimiter]
        quotes = {QUOTED: "", UNQUOTED: ", unquoted"}[self.quoting]
        return f"{encoding}, {delimiter}{quotes}{', backslash before quotes' if self.escape else ''}"


def style_of(sample: bytes, fallback: str = "utf-8-sig", own: Collection[str] = ()) -> Style:
    """The style of a file by its first bytes: a byte order mark settles the encoding, the header row the delimiter.

    Without a mark it is UTF-8, or `fallback`; whether that is true shows when all of it is read. `own` are headers that
    the district knows its file by.
    """
    marked = sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else fallback
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    lines = _lines(text)
    if len(sample) >= SAMPLE_BYTES:
        # The last line is cut, but for one that fills all of the sample and is no header: the reader says so.
        lines = lines[:-1] or lines
    above, delimiter = header_at(lines, DELIMITERS, own) or (0, max(DELIMITERS, key=unquoted(lines[0]).count))
    quoting, escape = _quotes(lines[above:], delimiter)
    return Style(encoding, delimiter, quoting, escape, above)


def headerless(sample: bytes, style: Style) -> Style:
    """The same style for a file of which the district says that it has no header."""
    text = codecs.getincrementaldecoder(style.encoding)("replace").decode(sample)
    rows = sample_rows(_lines(text), style.delimiter, style.quoting, style.escape)
    return replace(style, above=0, unnamed=len(next(filter(None, rows), [])))


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _quotes(lines: list[str], delimiter: str) -> tuple[int, str | None]:
    rows = "\n".join(lines[1:])
    if delimiter in "\t|" and not _has_quoted_cell(rows, delimiter) and not _whole_in_quotes(lines, delimiter):
        # Their exporters do not quote: a stray quote would swallow the rows after it.
        return UNQUOTED, None
    # A backslash before a quote that ends its cell is somebody's backslash.
    inside = re.search(rf'\\"[^{re.escape(delimiter)}\n]', rows)
    backslash = inside and '""' not in rows.replace('\\"', "")
    return QUOTED, "\\" if backslash else None


def _has_quoted_cell(rows: str, delimiter: str) -> bool:
    cells = (cell for line in rows.split("\n") for cell in line.split(delimiter))
    return any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)


def _whole_in_quotes(lines: list[str], delimiter: str) -> bool:
    """Whether all rows are of one width if quotes are quotes, and not if they are characters."""
    widths = [
        {len(row) for row in sample_rows(lines, delimiter, quoting, None) if row} for quoting in (QUOTED, UNQUOTED)
    ]
    return len(widths[0]) == 1 < len(widths[1])
