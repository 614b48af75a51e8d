"""CSV for people, who open it in a spreadsheet: no cell of it is run as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

# What spreadsheets take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Line = Sequence[str | int]


def as_csv(columns: Sequence[str], lines: Iterable[Line]) -> bytes:
    """A header and its lines, in UTF-8. Before a text that could be a formula stands an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(map(_safe, lines))
    return text.getvalue().encode()


def _safe(line: Line) -> list[str | int]:
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in line]
