"""A table that a person saved, from whatever program: its header and its rows, verbatim."""

import csv
from pathlib import Path

from sync.formats.style import SAMPLE_BYTES, style_of
from sync.formats.table import Row, rows_of
from sync.roster import BadRosterError


def read_sheet(path: Path) -> tuple[Row, list[tuple[int, Row]]]:
    """The header, and each row with the line that it ends on. Errors: BadRosterError, and nothing of it is used."""
    with path.open("rb") as stream:
        style = style_of(stream.read(SAMPLE_BYTES))
    try:
        with path.open(encoding=style.encoding, newline="") as text:
            rows = rows_of(text, style)
            header = [name.strip() for name in next(rows, [])]
            return header, [(rows.line_num, row) for row in rows]
    except (csv.Error, UnicodeError) as error:
        raise BadRosterError(f"{path}: not CSV in UTF-8 ({type(error).__name__}); save it as that") from error
