"""What stands round the table: titles above the header, counts below the last row."""

import csv
import re
from collections.abc import Collection, Sequence

from sync.formats.headers import is_header

MOST_ABOVE = 5
SAMPLE_ROWS = 200

# "Total: 778", "778 rows selected.", "(778 rows affected)", "EOF", "TRAILER|778".
_FOOTER = re.compile(
    r"(?:grand )?total\b.*|\(?\d[\d,]* (?:rows?|records?|students?)\b.*|eof|end of (?:file|report|data)\b.*|trailer.*",
    re.IGNORECASE,
)


def is_footer(row: Sequence[str]) -> bool:
    """Whether a row is the last line of a report and nobody's row."""
    return _FOOTER.fullmatch(row[0].strip().strip("*- ")) is not None


def header_at(lines: Sequence[str], delimiters: str, own: Collection[str]) -> tuple[int, str] | None:
    """Which of the first lines is the header, and what stands between its names; None where none is seen to be one."""
    for above, line in enumerate(lines[: MOST_ABOVE + 1]):
        for delimiter in delimiters:
            names = unquoted(line).split(delimiter)
            if is_header(names, own):
                # A row of data above the header (somebody sorted the sheet) is nobody's title.
                titles = all(_filled(line, delimiter) <= len(names) // 2 for line in lines[:above])
                return (above, delimiter) if titles else None
    return None


def _filled(line: str, delimiter: str) -> int:
    return sum(1 for cell in unquoted(line).split(delimiter) if cell.strip())


def unquoted(line: str) -> str:
    """A line without what is in quotes, where that is more than a name: a delimiter in a name separates nothing."""
    return re.sub(r'"([^"]*)"', lambda cell: re.sub(r"[^\w .]+", "", cell[1]), line)


def sample_rows(lines: Sequence[str], delimiter: str, quoting: int, escape: str | None) -> list[list[str]]:
    """The first rows of a table, as far as they are CSV; one, empty, where there is none."""
    sample = lines[:SAMPLE_ROWS]
    if quoting == csv.QUOTE_NONE:
        return [line.split(delimiter) if line else [] for line in sample] or [[]]
    rows = csv.reader(sample, delimiter=delimiter, escapechar=escape, doublequote=not escape)
    try:
        return list(rows) or [[]]
    except csv.Error:
        return [[]]
