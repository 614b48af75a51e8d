"""How a file is written: its encoding, what stands between cells, and what quotes mean. Seen, never guessed."""

import codecs
import csv
from dataclasses import dataclass

DELIMITERS = ",\t|;"
SAMPLE_BYTES = 64 * 1024

QUOTED, UNQUOTED = csv.QUOTE_MINIMAL, csv.QUOTE_NONE


@dataclass(frozen=True, slots=True)
class Style:
    """`quoting` is csv.QUOTE_MINIMAL, or csv.QUOTE_NONE where a quote is a character like any other. `escape` is the
    backslash of those who write \\" for a quote (Apple School Manager)."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    quoting: int = QUOTED
    escape: str | None = None

    @property
    def words(self) -> str:
        """For a person: "UTF-8, comma"."""
        encoding = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16"}.get(self.encoding, self.encoding)
        delimiter = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}[self.delimiter]
        quotes = {QUOTED: "", UNQUOTED: ", unquoted"}[self.quoting]
        return f"{encoding}, {delimiter}{quotes}{', backslash before quotes' if self.escape else ''}"


def style_of(sample: bytes, fallback: str = "utf-8-sig") -> Style:
    """The style of a file by its first bytes: a byte order mark settles the encoding, the header row the delimiter.

    Without a mark it is UTF-8, or `fallback`; whether that is true shows when all of it is read.
    """
    marked = sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else fallback
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample)
    header, _, rows = text.replace("\r\n", "\n").replace("\r", "\n").partition("\n")
    delimiter = max(DELIMITERS, key=header.count)
    if delimiter in "\t|" and not _has_quoted_cell(rows, delimiter):
        # Their exporters do not quote: a stray quote would swallow the rows after it.
        return Style(encoding, delimiter, UNQUOTED)
    backslash = '\\"' in rows and '""' not in rows.replace('\\"', "")
    return Style(encoding, delimiter, QUOTED, "\\" if backslash else None)


def _has_quoted_cell(rows: str, delimiter: str) -> bool:
    cells = (cell for line in rows.split("\n") for cell in line.split(delimiter))
    return any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
