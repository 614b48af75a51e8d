"""A file with a row or more a person: Clever, Microsoft SDS v1 and v2, Apple School Manager, what a SIS exports."""

from collections.abc import Container, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import compress, repeat

import pandas as pd

from access_service.domain.student import Role
from sync.formats.chosen import chosen_columns
from sync.formats.headers import FlatFormat
from sync.formats.reader import Reader, changed, unique
from sync.formats.siblings import folded_rows
from sync.formats.spreadsheets import number_cells, undamaged
from sync.formats.standing import OTHER, exits, opt_outs, roles_of
from sync.formats.table import NoRowsError, Table
from sync.roster import COLUMNS, OPT_OUT, Roster, WarningCode

Cells = list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file as read: its cells by field, and the role of each row, None where all are as the form says."""

    file: str
    form: FlatFormat
    named: Mapping[str, str]
    table: Table
    cells: Mapping[str, Cells]
    roles: Cells | None


def read_flat(reader: Reader, files: Sequence[tuple[str, FlatFormat]]) -> Roster:
    """The people of the students' file, then of those of staff. Errors: BadRosterError, and nothing of it is used."""
    sheets = [sheet for file, form in files if (sheet := _read(reader, file, form))]
    frames = [_people(sheet, Role.STUDENT, reader) for sheet in sheets if sheet.form.role is Role.STUDENT]
    if frames and "birth_date" in sheets[0].named:
        _count_missing(frames[0], reader)
    if reader.educators:
        frames += _educators(sheets, reader)
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)
    if OPT_OUT in frame:
        # A file of staff has no such column.
        frame[OPT_OUT] = frame[OPT_OUT].where(frame[OPT_OUT].notna(), "")
    return Roster(
        format=sheets[0].form.name,
        frame=frame,
        rejects=tuple(reader.rejects),
        warnings=reader.warnings,
        columns=reader.columns,
        named=reader.named,
        unknown_grades=reader.unknown_grades,
        rows=sum(sheet.table.rows for sheet in sheets),
        not_students=sum(map(_others, sheets, repeat(reader))),
    )


def _read(reader: Reader, file: str, form: FlatFormat) -> Sheet | None:
    """None for a file of staff without a row: if there were any before, the guard sees that all have gone."""
    named = chosen_columns(reader.header(file), form, reader)
    try:
        table = reader.table(file, {named["source_id"]: True, **dict.fromkeys(named.values(), True)})
    except NoRowsError:
        if form.role is Role.STUDENT:
            raise
        reader.count(WarningCode.EMPTY_FILE, 1)
        return None
    if not reader.named:
        # The students' file is the first.
        reader.named.update(named)
    number_cells(table, named, reader)
    cells = {field: table.columns[name] for field, name in named.items()}
    roles = None
    if "role" in cells:
        # Where a role makes the format, it has to say that somebody is a student.
        roles = roles_of(reader, cells["role"], OTHER if "role" in form.known_by else form.role.value)
    return Sheet(file, form, named, table, cells, roles)


def _others(sheet: Sheet, reader: Reader) -> int:
    """Rows of people who are not served whatever their row says."""
    ours = {role.value for role in reader.district.rules.terms}
    return sum(1 for role in sheet.roles if role not in ours) if sheet.roles else 0


def _people(sheet: Sheet, role: Role, reader: Reader, besides: Set[str] = frozenset()) -> pd.DataFrame:
    """The rows of one role, one for each person but for those `besides`."""
    cells, lines = sheet.cells, sheet.table.lines
    if sheet.roles is not None or besides:
        said = sheet.roles or repeat(sheet.form.role.value)
        whose = [each == role and who not in besides for each, who in zip(said, cells["source_id"], strict=False)]
        cells = {field: list(compress(column, whose)) for field, column in cells.items()}
        lines = list(compress(lines, whose))
    columns = _columns(reader, cells, sheet, lines, role)
    frame = undamaged(_with_anything(pd.DataFrame(columns, dtype=object), reader), sheet.file, reader)
    frame = unique(folded_rows(frame, sheet.file, reader, role), sheet.file, reader)
    return frame.drop(columns=["line", "service"], errors="ignore")


def _educators(sheets: Sequence[Sheet], reader: Reader) -> Iterator[pd.DataFrame]:
    """Of each file those who are in none before it. Who is a student too stays one."""
    students = {who for sheet in sheets for who in _ids(sheet, Role.STUDENT)}
    staff: set[str] = set()
    for sheet in sheets:
        here = _ids(sheet, Role.EDUCATOR)
        reader.count(WarningCode.ALSO_A_STUDENT, len((here & students) - {""}))
        reader.count(WarningCode.ROW_REPEATED, len((here & staff) - {""}))
        if here:
            yield _people(sheet, Role.EDUCATOR, reader, (students | staff) - {""})
        staff |= here


def _ids(sheet: Sheet, role: Role) -> set[str]:
    if sheet.roles is None:
        return {*sheet.cells["source_id"]} if sheet.form.role is role else set()
    return {who for who, said in zip(sheet.cells["source_id"], sheet.roles, strict=True) if said == role}


def _columns(
    reader: Reader, cells: Mapping[str, Cells], sheet: Sheet, lines: list[int], role: Role
) -> dict[str, Sequence[object]]:
    """The frame's columns, each row's line, and its kind of enrolment where there is one."""
    blank = [""] * len(lines)
    columns: dict[str, Sequence[object]] = {field: cells.get(field, blank) for field in COLUMNS}
    if "full_name" in cells:
        columns |= _names(cells["full_name"], reader)
    if "school" in cells:
        columns["school"] = _one_of_each(reader.values("school", cells["school"]), reader.served(role))
    else:
        columns["school"] = [reader.district.feed.school] * len(lines)
    student = role is Role.STUDENT
    columns["grade"] = reader.grades(cells["grade"]) if student else blank
    columns["birth_date"] = reader.birth_dates(cells["birth_date"]) if student and "birth_date" in cells else blank
    header = sheet.named.get("status", "")
    columns["exit"] = exits(reader, cells.get("status"), header, cells.get("exit_date")) or blank
    columns["role"] = [role.value] * len(lines)
    if OPT_OUT in cells:
        columns[OPT_OUT] = opt_outs(reader, cells["source_id"], cells[OPT_OUT], blank_says_nothing=not student)
    if "service" in cells:
        columns["service"] = cells["service"]
    return {**columns, "line": lines}


def _count_missing(frame: pd.DataFrame, reader: Reader) -> None:
    """Birth dates that are blank; what was there and no date is counted elsewhere."""
    unread = reader.warnings[WarningCode.BIRTH_DATE_UNREADABLE] + reader.warnings[WarningCode.BIRTH_DATE_PLACEHOLDER]
    reader.count(WarningCode.BIRTH_DATE_MISSING, max(0, frame["birth_date"].tolist().count("") - unread))


def _names(full: Cells, reader: Reader) -> dict[str, Cells]:
    """ "Last, First" in its two parts. A name without a comma is a family name: which part is which nobody can tell."""
    parts = [name.partition(",") for name in full]
    agreed = reader.district.agreement.fields
    return {
        "family_name": [family.strip() if "family_name" in agreed else "" for family, _, _ in parts],
        "given_name": [given.strip() if "given_name" in agreed else "" for _, _, given in parts],
    }


def _one_of_each(schools: Cells, served: Container[str]) -> Cells:
    """Of a list in a cell (SDS v2) the first school that is served, else the first."""

    def one(cell: str) -> str:
        if cell in served or "," not in cell:
            return cell
        listed = [code.strip() for code in cell.split(",")]
        return next((code for code in listed if code in served), listed[0])

    return changed(schools, one)


def _with_anything(frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Without rows that say nothing at all: a spreadsheet saves them by the hundred."""
    if "" not in frame["source_id"].tolist():
        return frame
    given = {"role"} | ({"school"} if reader.district.feed.school else set())
    said = [column for column in COLUMNS if column not in given]
    blank = (frame[said] == "").all(axis=1)
    reader.count(WarningCode.ROW_BLANK, int(blank.sum()))
    return frame[~blank]
