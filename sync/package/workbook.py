"""A workbook's cells as text. A program of its own: `python -m sync.package.workbook MOST_BYTES < in.xlsx`.

The library that reads workbooks takes all of one into memory and ends its process where there is not enough; a cell far
out makes a sheet of billions. So it has a process to itself, with so much memory and time and no more.

Out come, for each sheet that has cells, a line of JSON (`size`, and `numbers`: the columns with numbers in them) and so
many bytes of CSV in UTF-8, a line for each row of the sheet.
"""

import csv
import io
import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MOST_MEMORY = 3 * 1024**3
MOST_SECONDS = 600
# A spreadsheet keeps so many digits of a number; of a longer one the rest is lost.
DIGITS = 15
DAMAGED, TOO_LARGE = 4, 5

Cell = object


def main() -> None:
    most = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for text, numbers in _sheets(io.BytesIO(sys.stdin.buffer.read())):
            most -= len(text)
            if most < 0:
                sys.exit(TOO_LARGE)
            sys.stdout.buffer.write(json.dumps({"size": len(text), "numbers": numbers}).encode() + b"\n" + text)
    except MemoryError:
        sys.exit(TOO_LARGE)
    except (CalamineError, OSError, ValueError):
        sys.exit(DAMAGED)


def _sheets(source: io.BytesIO) -> Iterator[tuple[bytes, list[int]]]:
    workbook = CalamineWorkbook.from_filelike(source)
    for number, about in enumerate(workbook.sheets_metadata):
        if about.typ is SheetTypeEnum.WorkSheet and about.visible is SheetVisibleEnum.Visible:
            sheet = workbook.get_sheet_by_index(number)
            if sheet.start is not None:
                yield _as_csv(sheet)


def _as_csv(sheet: CalamineSheet) -> tuple[bytes, list[int]]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    numbers: set[int] = set()
    for row in sheet.iter_rows():
        numbers.update(
            at
            for at, cell in enumerate(row)
            if isinstance(cell, int | float) and cell is not True and cell is not False
        )
        cells = [cell if type(cell) is str and cell.isprintable() else as_text(cell) for cell in row]
        writer.writerow(cells if any(cells) else [])
    return text.getvalue().encode("utf-8", "replace"), sorted(numbers)


def as_text(cell: Cell) -> str:
    """A cell as somebody would have typed it. A number that lost digits is one that everybody sees to be damaged."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        if abs(cell) >= 10**DIGITS:
            return f"{cell:.2E}"
        return str(int(cell)) if cell == int(cell) else str(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    if isinstance(cell, date | timedelta):
        return str(cell)
    # A line break in a cell is a matter of looks here, and in CSV the sign of a lost quote.
    return " ".join(str(cell).splitlines())


if __name__ == "__main__":
    main()
