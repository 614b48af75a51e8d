"""From the files to the frame."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, compress

import pandas as pd

from access_service.domain.student import Role
from sync.formats.oneroster.roles import StudentRoles
from sync.formats.oneroster.schools import Orgs, Schools
from sync.formats.oneroster.users import Users
from sync.formats.reader import MAX_ID, Reader, each, unique
from sync.formats.standing import opt_outs
from sync.roster import COLUMNS, OPT_OUT, RejectCode, WarningCode

Columns = dict[str, Sequence[str] | Sequence[int]]


def people(reader: Reader, users: Users, schools: Schools, roles: StudentRoles | None) -> pd.DataFrame:
    """The students of users.csv, and its educators where they are served, one row each."""
    ids = users.rows.columns["sourcedId"]
    blank = [""] * len(ids)
    fields = {field: users.fields.get(field, blank) for field in COLUMNS}
    columns: Columns = {
        **fields,
        "source_id": ids,
        "school": each(users.orgs, schools.code),
        "grade": reader.grades(fields["grade"]),
        "exit": users.exits,
        "role": _roles(ids, roles),
        "line": users.rows.table.lines,
    }
    sent = users.fields.get(OPT_OUT)
    if sent is not None:
        columns[OPT_OUT] = opt_outs(reader, ids, sent, partial=users.rows.part.delta)
    students = _frame(columns, users, users.student, schools, reader)
    if not any(users.educator):
        return students
    columns |= dict.fromkeys(("grade", "birth_date"), blank)
    theirs = replace(schools, served=reader.served(Role.EDUCATOR))
    columns |= {"school": each(users.orgs, theirs.code), "role": [str(Role.EDUCATOR)] * len(ids)}
    if sent is not None:
        columns[OPT_OUT] = opt_outs(reader, ids, sent, blank_says_nothing=True)
    educators = _frame(columns, users, users.educator, theirs, reader)
    return pd.concat([students, educators], ignore_index=True)


def _roles(ids: list[str], roles: StudentRoles | None) -> list[str]:
    """The roles of students. Of some a partial package says nothing: whoever they are, they stay."""
    if roles is None or roles.complete:
        return [str(Role.STUDENT)] * len(ids)
    return [str(Role.STUDENT) if user in roles.orgs else "" for user in ids]


def _frame(columns: Columns, users: Users, whose: Sequence[bool], schools: Schools, reader: Reader) -> pd.DataFrame:
    """The rows of some of the users, one for each of them."""
    kept = {name: list(compress(cells, whose)) for name, cells in columns.items()}
    if "" in kept["school"]:
        _count_unknown(reader, compress(users.orgs, whose), schools)
    # Plain objects: what was read as text stays the same text.
    frame = pd.DataFrame(kept, dtype=object)
    if not users.rows.part.delta:
        frame = _at_one_school(frame, schools.served, reader)
    return unique(frame, users.rows.part.file, reader).drop(columns="line")


def _at_one_school(frame: pd.DataFrame, served: Collection[str], reader: Reader) -> pd.DataFrame:
    """With one row for each user whose rows differ in their school alone: some exporters write one for each. The first
    school that is served counts, as of a list."""
    if len(set(frame["source_id"].tolist())) == len(frame):
        return frame
    different = frame.drop_duplicates(list(COLUMNS))
    alike = different.drop_duplicates([name for name in COLUMNS if name != "school"])
    torn = alike.loc[alike["source_id"].duplicated(), "source_id"]
    several = different.loc[different["source_id"].duplicated(), "source_id"]
    ours = frame["source_id"].isin({*several} - {*torn, ""})
    rows = frame[ours]
    last = pd.DataFrame({"elsewhere": ~rows["school"].isin(list(served)), "none": rows["school"] == ""})
    first = rows.loc[last.sort_values(["elsewhere", "none"], kind="stable").index].drop_duplicates("source_id")
    reader.count(WarningCode.ROW_REPEATED, len(rows) - len(first))
    return pd.concat([frame[~ours], first]).sort_index()


def whole(frame: pd.DataFrame, file: str, roles: StudentRoles | None, reader: Reader) -> pd.DataFrame:
    """Without those of whom a row of another file was rejected: a lost birth date would take their PIN away. A role
    that nobody can read takes nothing from one that is plain."""
    plain = {*roles.orgs, *roles.educators} if roles else {}
    halved = {
        reject.source_id
        for reject in reader.rejects
        if reject.file != file and not (reject.code is RejectCode.ROLE_UNKNOWN and reject.source_id in plain)
    }
    return frame[~frame["source_id"].isin(halved - {None})] if halved else frame


def said_elsewhere(
    reader: Reader, known: Iterable[str], roles: StudentRoles, schools: Schools, births: Mapping[str, str]
) -> pd.DataFrame:
    """Of a partial package those who are in no users.csv, with what its other files say of them."""
    dated = (user for user, born in births.items() if born)
    others = dict.fromkeys(chain(roles.orgs, roles.educators, roles.ended, dated))
    rejected = {reject.source_id for reject in reader.rejects}
    passed = {"", *known, *rejected, *({*roles.adults} - roles.educators.keys())}
    ids = [user for user in others if user not in passed and len(user) <= MAX_ID]
    blank = [""] * len(ids)
    staff = [user in roles.educators for user in ids]
    theirs = replace(schools, served=reader.served(Role.EDUCATOR)) if roles.educators else schools
    columns = {
        **dict.fromkeys(COLUMNS, blank),
        "source_id": ids,
        "school": [
            theirs.code(roles.educators[user]) if yes else schools.code(roles.orgs.get(user, ()))
            for user, yes in zip(ids, staff, strict=True)
        ],
        "birth_date": ["" if yes else births.get(user, "") for user, yes in zip(ids, staff, strict=True)],
        "exit": ["role ended" if user in roles.ended else "" for user in ids],
        "role": [str(Role.EDUCATOR) if yes else "" for yes in staff],
    }
    return pd.DataFrame(columns, dtype=object)


def _count_unknown(reader: Reader, orgs: Iterable[Orgs], schools: Schools) -> None:
    reader.warnings[WarningCode.ORG_UNKNOWN] += sum(each(orgs, schools.unheard_of))
