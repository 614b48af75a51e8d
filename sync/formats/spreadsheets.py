"""What spreadsheets do to ids: eat zeros, and cut long numbers short."""

import re
from collections.abc import Mapping

import pandas as pd

from sync.formats.reader import Reader, rejected
from sync.formats.table import Table
from sync.roster import RejectCode, WarningCode

IDS = ("source_id", "student_number", "school")
# "1.23E+11". Without the plus it could be an id.
_CUT_SHORT = re.compile(r"\d([.,]\d+)?[Ee]\+\d+")


def number_cells(table: Table, named: Mapping[str, str], reader: Reader) -> None:
    """Count the id columns that a sheet holds as numbers: whether zeros were lost nobody can see."""
    numbers = reader.package.number_columns(table.file)
    used = {named[field] for field in IDS if field in named}
    reader.count(WarningCode.NUMBER_CELL, sum(table.header.index(name) in numbers for name in used))


def undamaged(frame: pd.DataFrame, file: str, reader: Reader) -> pd.DataFrame:
    """Without the rows whose id or number was cut short: two students could share it."""
    for column in ("source_id", "student_number"):
        if "+" in "".join(frame[column].tolist()):
            bad = frame[column].map(lambda cell: _CUT_SHORT.fullmatch(cell) is not None)
            rejected(frame[bad], file, RejectCode.ID_DAMAGED, reader, readable=column != "source_id")
            frame = frame[~bad]
    return frame
