"""A CSV file of numbers, for whoever opts out a list of people."""

import csv
from collections.abc import Sequence
from io import TextIOWrapper
from typing import IO

from access_service.errors import OperatorError
from access_service.opt_outs import Kind
from access_service.opting_out import Given


def read_numbers(opened: IO[bytes], name: str, column: str | None, kind: Kind | None) -> list[Given]:
    """The numbers of a file with a header, each with its line. `column` is the header of theirs, None where there is
    one column only. Errors: OperatorError, which calls the file by `name`."""
    try:
        rows = csv.reader(TextIOWrapper(opened, "utf-8-sig", newline=""), strict=True)
        header = [cell.strip() for cell in next(rows, [])]
        at = _column(name, header, column)
        # Of a row of another width nobody can tell which cell is the number: it has none, and is told by its line.
        given = [
            Given(row[at] if len(row) == len(header) else "", kind, f"line {rows.line_num}") for row in rows if row
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(f"{name}: not CSV in UTF-8; export it again") from error
    if not given:
        raise OperatorError(f"{name}: has no line below its header")
    return given


def _column(name: str, header: Sequence[str], column: str | None) -> int:
    if any(character.isdigit() for cell in header for character in cell):
        raise OperatorError(f"{name}: the first line should be a header, and nobody's number")
    if column is None and len(header) == 1:
        return 0
    if column is None or column not in header:
        raise OperatorError(f"{name}: name the column of the numbers with --column, as its header has it")
    return header.index(column)
