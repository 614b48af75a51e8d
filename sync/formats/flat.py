"""One file with a row or more a student: Clever, Microsoft SDS v1, Apple School Manager, and what a SIS exports.

A student's rows may differ in their school (then they are at several) and in columns we do not use (a contact in each).
Rows that contradict each other otherwise are rejected.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from access_service.domain.student import canonical_grade
from sync.formats.dates import iso_date
from sync.formats.headers import GONE, NEEDED, FlatFormat, folded
from sync.formats.reader import Reader, each, unique
from sync.formats.table import Table
from sync.roster import COLUMNS, BadRosterError, Roster, WarningCode


def read_flat(reader: Reader, file: str, form: FlatFormat) -> Roster:
    """The students of one file. Errors: BadRosterError, and nothing of it is used."""
    named = chosen_columns(reader.header(file), form, reader)
    table = reader.table(file, {named["source_id"]: True, **dict.fromkeys(named.values(), True)})
    frame = pd.DataFrame(_columns(reader, table, named), dtype=object)
    frame = unique(_one_school(frame, reader), file, reader)
    return Roster(
        format=form.name,
        frame=frame.drop(columns="line").reset_index(drop=True),
        rejects=tuple(reader.rejects),
        warnings=reader.warnings,
        columns=reader.columns,
        rows=table.rows,
        not_students=0,
    )


def chosen_columns(header: Iterable[str], form: FlatFormat, reader: Reader) -> Mapping[str, str]:
    """The header that each agreed field is read from: the district's own choice, else the best that is there."""
    by_fold = {folded(name): name for name in reversed(list(header))}
    agreed = {*reader.district.agreement.fields, "status"}
    chosen: dict[str, str] = {}
    for field, candidates in form.columns.items():
        if field in agreed:
            there = [by_fold[name] for name in candidates if name in by_fold]
            if there:
                chosen[field] = there[0]
    configured = {field: name for field, name in reader.district.feed.columns.items() if field in agreed}
    chosen |= {field: by_fold.get(folded(name), name) for field, name in configured.items()}
    if missing := [field for field in (*NEEDED, "student_number") if field not in chosen]:
        raise BadRosterError(f"no column for {missing[0]!r}; name it in [feed] columns")
    return chosen


def _columns(reader: Reader, table: Table, named: Mapping[str, str]) -> dict[str, list[str] | list[int]]:
    blank = [""] * len(table.lines)
    cells = {field: table.columns[named[field]] if field in named else blank for field in (*COLUMNS[:-1], "status")}
    born = each(cells["birth_date"], lambda cell: iso_date(cell, reader.today))
    if "birth_date" in named:
        unreadable = sum(1 for sent, read in zip(cells["birth_date"], born, strict=True) if sent and not read)
        reader.warnings[WarningCode.BIRTH_DATE_UNREADABLE] += unreadable
        reader.warnings[WarningCode.BIRTH_DATE_MISSING] += born.count("") - unreadable
    return {
        **{field: cells[field] for field in COLUMNS[:-1]},
        "grade": each(cells["grade"], lambda grade: canonical_grade(grade) or ""),
        "birth_date": born,
        "exit": each(cells["status"], lambda status: status.lower() if _gone(status) else ""),
        "line": table.lines,
    }


def _gone(status: str) -> bool:
    return folded(status) in GONE


def _one_school(frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Of a student at several schools the first that is served, else the first."""
    if not frame["source_id"].duplicated().any():
        return frame
    served = frame["school"].isin(list(reader.district.rules.schools))
    best = frame.assign(other=~served).sort_values("other", kind="stable").drop_duplicates("source_id")
    schools = dict(zip(best["source_id"], best["school"], strict=True))
    return frame.assign(school=[schools[source_id] for source_id in frame["source_id"]])
