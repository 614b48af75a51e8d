"""One file with a row or more a student: Clever, Microsoft SDS v1 and v2, Apple School Manager, what a SIS exports."""

from collections.abc import Mapping, Sequence
from itertools import compress

import pandas as pd

from sync.formats.chosen import chosen_columns
from sync.formats.headers import FlatFormat
from sync.formats.reader import Reader, changed, unique
from sync.formats.siblings import folded_rows
from sync.formats.spreadsheets import number_cells, undamaged
from sync.formats.standing import exits, is_student, opt_outs
from sync.roster import COLUMNS, OPT_OUT, Roster, WarningCode

Cells = list[str]


def read_flat(reader: Reader, file: str, form: FlatFormat) -> Roster:
    """The students of one file. Errors: BadRosterError, and nothing of it is used."""
    named = chosen_columns(reader.header(file), form, reader)
    table = reader.table(file, {named["source_id"]: True, **dict.fromkeys(named.values(), True)})
    reader.named.update(named)
    number_cells(table, named, reader)
    cells = {field: table.columns[name] for field, name in named.items()}
    columns = _columns(reader, cells, named, table.lines)
    others = 0
    if "role" in cells:
        student = is_student(reader, cells["role"], said="role" in form.known_by)
        others = student.count(False)
        columns = {field: list(compress(column, student)) for field, column in columns.items()}
    frame = undamaged(_with_anything(pd.DataFrame(columns, dtype=object), reader), file, reader)
    frame = unique(folded_rows(frame, file, reader), file, reader)
    if "birth_date" in named:
        _count_missing(frame, reader)
    return Roster(
        format=form.name,
        frame=frame.drop(columns=["line", "service"], errors="ignore").reset_index(drop=True),
        rejects=tuple(reader.rejects),
        warnings=reader.warnings,
        columns=reader.columns,
        named=reader.named,
        unknown_grades=reader.unknown_grades,
        rows=table.rows,
        not_students=others,
    )


def _columns(
    reader: Reader, cells: Mapping[str, Cells], named: Mapping[str, str], lines: list[int]
) -> dict[str, Sequence[object]]:
    """The frame's columns, each row's line, and its kind of enrolment where there is one."""
    blank = [""] * len(lines)
    columns: dict[str, Sequence[object]] = {field: cells.get(field, blank) for field in COLUMNS[:-1]}
    if "full_name" in cells:
        columns |= _names(cells["full_name"], reader)
    if "school" in cells:
        columns["school"] = _one_of_each(reader.values("school", cells["school"]), reader)
    else:
        columns["school"] = [reader.district.feed.school] * len(lines)
    columns["grade"] = reader.grades(cells["grade"])
    if "birth_date" in cells:
        columns["birth_date"] = reader.birth_dates(cells["birth_date"])
    columns["exit"] = exits(reader, cells.get("status"), named.get("status", ""), cells.get("exit_date")) or blank
    if OPT_OUT in cells:
        columns[OPT_OUT] = opt_outs(reader, cells["source_id"], cells[OPT_OUT])
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


def _one_of_each(schools: Cells, reader: Reader) -> Cells:
    """Of a list in a cell (SDS v2) the first school that is served, else the first."""
    served = reader.district.rules.schools

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
    said = [column for column in COLUMNS if column != "school" or not reader.district.feed.school]
    blank = (frame[said] == "").all(axis=1)
    reader.count(WarningCode.ROW_BLANK, int(blank.sum()))
    return frame[~blank]
