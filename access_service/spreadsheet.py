"""CSV for people, who open it in a spreadsheet: no cell of it is run as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# Where spreadsheets take a formula to begin, the Japanese ones at wide signs too. Those that part cells at semicolons
# look after each of them, and at each line: the comma before our quotes is no end of a cell there.
FORMULA = re.compile(r"(?:^|(?<=[;\r\n]))(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")

Line = Sequence[str | int]


def as_csv(columns: Sequence[str], lines: Iterable[Line]) -> bytes:
    """A header and its lines, in UTF-8. Before a text that could be a formula stands an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(map(_safe, lines))
    return text.getvalue().encode()


def _safe(line: Line) -> list[str | int]:
    return [FORMULA.sub("'", cell) if isinstance(cell, str) else cell for cell in line]
