"""What the oddities of cells, rows and columns come to in one file."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sync.synthetic.oddities.cells import (
    CELLS,
    COLUMNS,
    MORE_CELLS,
    ROWS,
    SHAPES,
    At,
    CellOddity,
    ColumnOddity,
    RowOddity,
    Turn,
)
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.sheet import Sheet
from sync.synthetic.style import Row

_NO_ROWS = RowOddity((), lambda _row, _at: ())
_EMPTY = "demographics.csv"


class OddRows:
    """One file's header and rows as these oddities have them."""

    def __init__(self, sheet: Sheet, oddities: Sequence[Oddity], *, main: bool) -> None:
        self._at = {field: sheet.column(field) for field in sheet.means}
        self._next, self._people, self._last = 0, -1, ""
        self._values = _values(self._at, oddities, main)
        self._rows = [ROWS[each] for each in oddities if main and each in ROWS]
        if sheet.name == _EMPTY and Oddity.HEADER_ONLY_DEMOGRAPHICS in oddities:
            self._rows = [_NO_ROWS]
        self._columns = [COLUMNS[each] for each in oddities if main and each in COLUMNS]
        self._shapes = [SHAPES[each] for each in oddities if main and each in SHAPES]
        # A column that is there already is filled rather than added.
        self._known = [name.lower() for name in sheet.header]
        self.header = self._headed(sheet.header)
        self.untouched = not (self._values or self._rows or self._columns or self._shapes)

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The next rows of the file."""
        for row in rows:
            number, self._next = self._next, self._next + 1
            for changed in self._changed(row, number, self._place(row, number)):
                made = self._arranged(changed)
                for shape in self._shapes:
                    if shape.turn(number):
                        made = shape.shape(made)
                yield made

    def _place(self, row: Row, number: int) -> int:
        """Which person in the file a row is about: what befalls one of their rows befalls all."""
        if "source_id" not in self._at:
            return number
        if (source_id := row[self._at["source_id"]]) != self._last:
            self._last, self._people = source_id, self._people + 1
        return self._people

    def _changed(self, row: Row, number: int, place: int) -> list[Row]:
        cells = list(row)
        for index, value, turn in self._values:
            if turn(place):
                cells[index] = value(cells[index])
        found = [tuple(cells)]
        for oddity in self._rows:
            if oddity.turn(number):
                found = [made for each in found for made in oddity.rows(each, self._at)]
        return found

    def _arranged(self, row: Row) -> Row:
        cells = list(row)
        for oddity in self._columns:
            for name, cell in oddity.columns:
                if name.lower() in self._known:
                    cells[self._known.index(name.lower())] = cell
        made = tuple(cells)
        return self._in_columns(made, lambda column: column[1])

    def _headed(self, header: Row) -> Row:
        made = self._in_columns(header, lambda column: column[0])
        for oddity in self._columns:
            if oddity.heading:
                made = tuple(map(oddity.heading, made))
        return made

    def _in_columns(self, row: Row, cell_of: Callable[[tuple[str, str]], str]) -> Row:
        for oddity in self._columns:
            row = (*row, *(cell_of(column) for column in oddity.columns if column[0].lower() not in self._known))
            if oddity.arrange:
                row = oddity.arrange(row, self._at)
        return row


def _values(at: At, oddities: Sequence[Oddity], main: bool) -> list[tuple[int, Callable[[str], str], Turn]]:
    found: list[CellOddity] = [
        table[each]
        for each in oddities
        for table in (CELLS, MORE_CELLS)
        if each in table and (main or not table[each].main)
    ]
    return [(at[name], oddity.value, oddity.turn) for oddity in found for name in oddity.of if name in at]


def lacks(sheets: Sequence[Sheet], oddity: Oddity, *, headed: bool) -> str:
    """The field that an oddity of cells, rows or columns needs and no file has, or ""."""
    main = set(sheets[0].means) | ({"header"} if headed else set())
    if oddity is Oddity.HEADER_ONLY_DEMOGRAPHICS:
        return "" if any(sheet.name == _EMPTY for sheet in sheets) else _EMPTY
    found: list[tuple[CellOddity | RowOddity | ColumnOddity, set[str]]] = []
    if oddity in CELLS:
        everywhere = {field for sheet in sheets for field in sheet.means}
        found.append((CELLS[oddity], main if CELLS[oddity].main else everywhere))
    found += [(table[oddity], main) for table in (ROWS, COLUMNS) if oddity in table]
    for needing, there in found:
        present = [name for name in needing.of if name in there]
        # Of several fields of one value, one is enough.
        if needing.of and not (present if isinstance(needing, CellOddity) else len(present) == len(needing.of)):
            return needing.of[0]
    return ""
