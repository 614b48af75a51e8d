"""Microsoft School Data Sync v2.1: looks like OneRoster and is not. Schools, grades and students are in roles.csv."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from sync.formats.dates import iso_date
from sync.formats.oneroster import bare
from sync.formats.reader import Reader, unique
from sync.formats.standing import opt_outs
from sync.roster import OPT_OUT, Reject, RejectCode, Roster, WarningCode

USER_COLUMNS = {"given_name": "givenName", "family_name": "familyName"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a user is a student: at `org`, in `grade`; `ended` once no role of theirs goes on."""

    org: str
    grade: str
    ended: bool


def read_sds(reader: Reader) -> Roster:
    """The students of a package. Its users have no student number of their own: the sourcedId serves, or what
    [feed] columns names. Errors: BadRosterError."""
    places = _places(reader)
    fields = reader.district.agreement.fields
    named = {field: name for field, name in USER_COLUMNS.items() if field in fields}
    named |= {field: name for field, name in reader.district.feed.columns.items() if field in ("student_number", "pin")}
    if (named_out := reader.district.feed.columns.get(OPT_OUT)) and OPT_OUT in fields:
        named[OPT_OUT] = named_out
    spelled = _spelled(reader, "users.csv", ("sourcedId", *named.values()))
    named = {field: spelled[name] for field, name in named.items()}
    key = spelled["sourcedId"]
    users = reader.table("users.csv", {key: True, **dict.fromkeys(named.values(), True)})
    reader.named.update({"source_id": key, "school": "orgSourcedId", "grade": "grade"} | dict(named))
    born = _birth_dates(reader)
    at = [index for index, user in enumerate(users.columns[key]) if user in places or not user]
    ids = [users.columns[key][index] for index in at]
    nowhere = Place("", "", ended=False)
    cells = {field: [users.columns[name][index] for index in at] for field, name in named.items()}
    blank = [""] * len(ids)
    frame = pd.DataFrame(
        {
            "source_id": ids,
            "student_number": cells.get("student_number", ids),
            "school": reader.values("school", [places.get(user, nowhere).org for user in ids]),
            "grade": reader.grades([places.get(user, nowhere).grade for user in ids]),
            "given_name": cells.get("given_name", blank),
            "family_name": cells.get("family_name", blank),
            "birth_date": [born.get(user, "") for user in ids],
            "pin": cells.get("pin", blank),
            "exit": ["role ended" if places.get(user, nowhere).ended else "" for user in ids],
            "line": [users.lines[index] for index in at],
        },
        dtype=object,
    )
    if OPT_OUT in cells:
        frame[OPT_OUT] = opt_outs(reader, ids, cells[OPT_OUT])
    if "birth_date" in fields:
        reader.warnings[WarningCode.BIRTH_DATE_MISSING] += sum(1 for user in ids if not born.get(user))
    frame = unique(frame, "users.csv", reader)
    return Roster(
        format="Microsoft SDS v2.1",
        frame=frame.drop(columns="line").reset_index(drop=True),
        rejects=tuple(reader.rejects),
        warnings=reader.warnings,
        columns=reader.columns,
        named=reader.named,
        unknown_grades=reader.unknown_grades,
        rows=users.rows,
        not_students=len(users.lines) - len(ids),
    )


def _places(reader: Reader) -> Mapping[str, Place]:
    """Of a user's student roles the one at a school that is served, then the primary, then the first."""
    wanted = ("userSourcedId", "orgSourcedId", "role", "grade", "isPrimary", "roleEndDate")
    spelled = _spelled(reader, "roles.csv", wanted)
    table = reader.table("roles.csv", {spelled[name]: name in wanted[:3] for name in wanted})
    blank = [""] * len(table.lines)
    columns = [table.columns.get(spelled[name], blank) for name in wanted]
    columns[2] = reader.values("role", columns[2])
    places: dict[str, Place] = {}
    rank: dict[str, tuple[bool, bool, bool]] = {}
    for line, user, org, role, grade, primary, end in zip(table.lines, *columns, strict=True):
        if role.lower() != "student":
            continue
        if not user:
            reader.rejects.append(Reject("roles.csv", line, RejectCode.ID_MISSING))
            continue
        ended = "" < iso_date(end, reader.today) <= reader.today.isoformat()
        better = (not ended, org in reader.district.rules.schools, primary.lower() in ("true", "1", "yes"))
        if user not in places or better > rank[user]:
            places[user], rank[user] = Place(org, grade, ended), better
    return places


def _birth_dates(reader: Reader) -> Mapping[str, str]:
    if "birth_date" not in reader.district.agreement.fields or "demographics.csv" not in reader.package.names:
        return {}
    user, birth_date = _spelled(reader, "demographics.csv", ("userSourcedId", "birthDate")).values()
    table = reader.table("demographics.csv", {user: True, birth_date: True})
    reader.named["birth_date"] = birth_date
    born = reader.birth_dates(table.columns[birth_date])
    return dict(zip(table.columns[user], born, strict=True))


def _spelled(reader: Reader, file: str, names: Iterable[str]) -> dict[str, str]:
    """Each of Microsoft's names as the file writes it, in whatever case."""
    there = {bare(name): name for name in reader.header(file)}
    return {name: there.get(bare(name), name) for name in names}
