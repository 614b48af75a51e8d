"""Oddities of cells, rows and columns, as tables; `rows.py` works them out for one file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random

from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.oddities.turns import always, by_turns, first, in_fives, often, once, rarely
from sync.synthetic.style import Row

# Where each field's cell is in a row.
At = Mapping[str, int]
Turn = Callable[[int], bool]

# A quote, a delimiter and a byte that no encoder and no quoting may touch; files.py puts them in.
RAW_QUOTE, RAW_DELIMITER, RAW_BYTE = "\ue000", "\ue001", "\udce9"

_GRADE_WORDS = (
    *("Kindergarten", "First", "Second", "Third", "Fourth", "Fifth", "Sixth"),
    *("Seventh", "Eighth", "Ninth", "Tenth", "Eleventh", "Twelfth"),
)
_PREFIX = "STUDENTS."
_ENDLESS = 3 * 1024 * 1024


@dataclass(frozen=True)
class CellOddity:
    """Another value for the cells of fields; `main` is for the students' file alone."""

    of: tuple[str, ...]
    value: Callable[[str], str]
    turn: Turn = always
    main: bool = False


@dataclass(frozen=True)
class RowOddity:
    """Other rows for a row of the students' file, where it has all fields `of`."""

    of: tuple[str, ...]
    rows: Callable[[Row, At], Iterable[Row]]
    turn: Turn = always


@dataclass(frozen=True)
class ColumnOddity:
    """More columns at the right of the students' file, other columns, or other headers."""

    of: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    arrange: Callable[[Row, At], Row] | None = None
    heading: Callable[[str], str] | None = None


@dataclass(frozen=True)
class ShapeOddity:
    """A row of another width than the header's."""

    shape: Callable[[Row], Row]
    turn: Turn = always


def _constant(text: str) -> Callable[[str], str]:
    return lambda _: text


def _split(cell: str) -> tuple[int, int, int] | None:
    """Year, month and day of 2017-04-12 and 4/12/2017."""
    if "-" in cell:
        year, month, day = map(int, cell[:10].split("-"))
    elif "/" in cell:
        month, day, year = map(int, cell.split("/"))
    else:
        return None
    return year, month, day


def _slashes(cell: str) -> str:
    parts = _split(cell)
    return f"{parts[1]}/{parts[2]}/{parts[0]}" if parts else cell


def _two_digits(cell: str) -> str:
    parts = _split(cell)
    return f"{parts[1]}/{parts[2]}/{parts[0] % 100:02}" if parts else cell


def _placeholder(cell: str) -> str:
    return "1/1/1900" if "/" in cell else "1900-01-01"


def _scientific(cell: str) -> str:
    return f"{int(cell):.2E}" if cell.isdecimal() else cell


def _in_words(cell: str) -> str:
    if cell in ("KG", "0"):
        return "Kindergarten"
    if not cell.isdecimal():
        return cell
    return f"{_GRADE_WORDS[int(cell)]} grade"


def _endless(cell: str) -> str:
    # Random, or the zip would shrink it to nothing and be refused for that.
    return Random(cell).randbytes(_ENDLESS // 2).hex()  # noqa: S311 made-up text


def _spelled(cell: str) -> str:
    return "1" if cell == "true" else cell.title()


CELLS: dict[Oddity, CellOddity] = {
    Oddity.LOST_ZEROS: CellOddity(("student_number",), lambda cell: cell.lstrip("0")),
    Oddity.SCIENTIFIC_IDS: CellOddity(("student_number",), _scientific),
    Oddity.SCHOOL_ZEROS: CellOddity(("school",), lambda cell: f"0{cell}", by_turns),
    Oddity.SPREADSHEET_DATES: CellOddity(("birth_date",), _slashes),
    Oddity.TWO_DIGIT_YEARS: CellOddity(("birth_date",), _two_digits),
    Oddity.DATES_WITH_TIME: CellOddity(("birth_date",), lambda cell: cell and f"{cell} 00:00:00.000"),
    Oddity.MISSING_BIRTH_DATES: CellOddity(("birth_date",), _constant(""), in_fives),
    Oddity.PLACEHOLDER_BIRTH_DATES: CellOddity(("birth_date",), _placeholder, often),
    Oddity.UNKNOWN_GRADES: CellOddity(("grade",), _constant("H3"), often),
    Oddity.GRADE_WORDS: CellOddity(("grade",), _in_words),
    Oddity.GRADE_LISTS: CellOddity(("grade",), lambda cell: f"{cell},{cell}" if cell else cell, often),
    Oddity.MISSING_IDS: CellOddity(("source_id",), _constant(""), rarely, main=True),
    Oddity.MISSING_NUMBERS: CellOddity(("student_number",), _constant(""), often),
    Oddity.EMAIL_REUSED: CellOddity(("email",), _constant("family@example.org")),
    Oddity.FORMULA_CELLS: CellOddity(("given_name",), _constant("=cmd|' /C calc'!A0"), rarely),
    Oddity.EMBEDDED_NEWLINE: CellOddity(("given_name",), lambda cell: f"{cell}\n(Bo)", rarely),
    Oddity.NUL_BYTE: CellOddity(("family_name",), lambda cell: f"{cell}\0", rarely),
    Oddity.LONG_CELL: CellOddity(("family_name",), lambda cell: f"{cell} " + "x" * 5000, rarely),
    Oddity.ENDLESS_CELL: CellOddity(("family_name",), _endless, once),
    Oddity.STATUS_IN_BULK: CellOddity(("status",), lambda cell: cell or "active"),
    Oddity.TOBEDELETED: CellOddity(("status",), _constant("tobedeleted"), often, main=True),
    Oddity.STATUS_LEFT: CellOddity(("left",), lambda cell: "2" if cell.isdecimal() else "Inactive", often),
    Oddity.ENABLED_FALSE: CellOddity(("enabled",), _constant("false"), often),
    Oddity.TRUE_1_ENUMS: CellOddity(("enabled", "role", "type"), _spelled),
    Oddity.ROLE_ENDED: CellOddity(("ends",), _constant("2019-06-30"), often),
    Oddity.ROLE_FUTURE: CellOddity(("ends",), _constant("2099-06-30")),
    Oddity.ORG_REFERENCE_MISSING: CellOddity(("school",), _constant("gone"), often),
    Oddity.STRAY_BYTE: CellOddity(("given_name",), lambda cell: f"{cell}{RAW_BYTE}", once),
    Oddity.CP1252: CellOddity(("given_name",), lambda cell: f"{cell} José", once),
    Oddity.BACKSLASH_QUOTES: CellOddity(("given_name",), lambda cell: f'{cell} "Bo"', rarely),
    Oddity.UNQUOTED_COMMA: CellOddity(("family_name",), lambda cell: f"{cell}{RAW_DELIMITER} Jr.", rarely),
    Oddity.STRAY_QUOTE: CellOddity(("family_name",), lambda cell: f"{cell[:1]}{RAW_QUOTE}{cell[1:]}", rarely),
    Oddity.UNCLOSED_QUOTE: CellOddity(("family_name",), lambda cell: f"{RAW_QUOTE}{cell}", once),
}

# A second value for some of them.
MORE_CELLS: dict[Oddity, CellOddity] = {
    Oddity.STATUS_IN_BULK: CellOddity(("modified",), lambda cell: cell or "2026-09-01T04:00:00.000Z"),
    Oddity.TOBEDELETED: CellOddity(("modified",), lambda cell: cell or "2026-09-01T04:00:00.000Z", often, main=True),
    Oddity.ROLE_FUTURE: CellOddity(("begins",), _constant("2098-07-01"), often),
}


def _with(row: Row, at: At, **cells: str) -> Row:
    changed = list(row)
    for name, cell in cells.items():
        if name in at:
            changed[at[name]] = cell
    return tuple(changed)


def _contradicted(row: Row, at: At) -> Iterable[Row]:
    yield row
    yield _with(row, at, family_name="Someone-Else")


def _and_a_teacher(row: Row, at: At) -> Iterable[Row]:
    yield row
    yield _with(row, at, role="teacher", given_name="Staff", family_name="Member", student_number="", grade="")


def _and_a_guardian(row: Row, at: At) -> Iterable[Row]:
    yield row
    source_id = f"G-{row[at['source_id']]}"
    blank = {"student_number": "", "grade": "", "birth_date": "", "given_name": "Guardian"}
    yield _with(row, at, source_id=source_id, role="guardian", **blank)


def _swapped(row: Row, at: At) -> Iterable[Row]:
    yield _with(row, at, given_name=row[at["family_name"]], family_name=row[at["given_name"]])


def _shifted(row: Row, at: At) -> Iterable[Row]:
    gap = min(at["given_name"], at["family_name"]) - 1
    yield (*row[:gap], *row[gap + 1 :], "")


_NAMES = ("given_name", "family_name")

ROWS: dict[Oddity, RowOddity] = {
    Oddity.NULL_LITERAL: RowOddity((), lambda row, _: [tuple(cell or "NULL" for cell in row)]),
    Oddity.DUPLICATE_IDS: RowOddity((), lambda row, _: [row, row], rarely),
    Oddity.CONTRADICTING_IDS: RowOddity(("family_name",), _contradicted, rarely),
    Oddity.STAFF_SHARES_ID: RowOddity(("role",), _and_a_teacher, rarely),
    Oddity.GUARDIAN_ROWS: RowOddity((), _and_a_guardian, in_fives),
    Oddity.SWAPPED_COLUMNS: RowOddity(_NAMES, _swapped),
    Oddity.SHIFTED_COLUMN: RowOddity(_NAMES, _shifted),
    Oddity.HEADER_ONLY_USERS: RowOddity((), lambda _row, _at: ()),
}


def _without_grade(row: Row, at: At) -> Row:
    return (*row[: at["grade"]], *row[at["grade"] + 1 :])


_SENSITIVE = (("password", "secret1"), ("race", "W"), ("sex", "F"), ("meal_status", "Free"), ("ssn", "000-00-0000"))

COLUMNS: dict[Oddity, ColumnOddity] = {
    Oddity.COLUMN_MISSING: ColumnOddity(("grade",), arrange=_without_grade),
    Oddity.UNKNOWN_COLUMNS: ColumnOddity(columns=(("Column17", "x"), ("xx_legacy_flag", "0"))),
    Oddity.METADATA_COLUMNS: ColumnOddity(columns=(("metadata.homeroom", "12B"), ("metadata.bus", ""))),
    Oddity.SENSITIVE_COLUMNS: ColumnOddity(columns=_SENSITIVE),
    Oddity.HEADER_CASE: ColumnOddity(("header",), heading=str.upper),
    Oddity.HEADER_SPACES: ColumnOddity(("header",), heading=lambda name: f" {name.replace('_', ' ')} "),
    Oddity.HEADER_ORDER: ColumnOddity(arrange=lambda row, _: row[::-1]),
    Oddity.INVISIBLE_IN_HEADER: ColumnOddity(("header",), heading=lambda name: f"{name[:1]}\u200b{name[1:]}\u00a0"),
    Oddity.TABLE_PREFIX: ColumnOddity(("header",), heading=lambda name: f"STUDENTS.{name.removeprefix(_PREFIX)}"),
    Oddity.DUPLICATE_HEADER: ColumnOddity(("header",), arrange=lambda row, _: (*row, row[-1])),
}

SHAPES: dict[Oddity, ShapeOddity] = {
    Oddity.EXTRA_CELL_FIRST: ShapeOddity(lambda row: (*row, "more"), first),
    Oddity.EXTRA_CELL_LATER: ShapeOddity(lambda row: (*row, "more"), rarely),
    Oddity.SHORT_ROW: ShapeOddity(lambda row: row[:-1], rarely),
    Oddity.TRAILING_COMMA: ShapeOddity(lambda row: (*row, "")),
}
