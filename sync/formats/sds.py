"""Microsoft School Data Sync v2.1: looks like OneRoster and is not. Schools, grades and students are in roles.csv."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from access_service.domain.student import Role
from access_service.settings import RosterField
from sync.formats.dates import iso_date
from sync.formats.oneroster import bare
from sync.formats.reader import Reader, unique
from sync.formats.standing import OTHER, opt_outs, roles_of
from sync.formats.table import Table
from sync.roster import OPT_OUT, Reject, RejectCode, Roster, WarningCode

USER_COLUMNS = {"given_name": "givenName", "family_name": "familyName"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a user is: at `org`, a student in `grade`; `ended` once no role of theirs goes on."""

    org: str
    grade: str
    ended: bool


class Held(NamedTuple):
    """A role of a user's."""

    user: str
    place: Place
    primary: bool


def read_sds(reader: Reader) -> Roster:
    """The people of a package. Its users have no student number of their own: the sourcedId serves, or what
    [feed] columns names. Errors: BadRosterError."""
    held = _roles(reader)
    places = _places(held[Role.STUDENT], reader.served(Role.STUDENT))
    fields = reader.district.agreement.fields
    named = {field: name for field, name in USER_COLUMNS.items() if field in fields}
    own = {field: name for field, name in reader.district.feed.columns.items() if field in fields}
    named |= {field: name for field, name in own.items() if field in ("student_number", "pin", "state_id", OPT_OUT)}
    spelled = _spelled(reader, "users.csv", ("sourcedId", *named.values()))
    named = {field: spelled[name] for field, name in named.items()}
    key = spelled["sourcedId"]
    users = reader.table("users.csv", {key: True, **dict.fromkeys(named.values(), True)})
    reader.named.update({"source_id": key, "school": "orgSourcedId", "grade": "grade"} | dict(named))
    born = _birth_dates(reader)
    at = [index for index, user in enumerate(users.columns[key]) if user in places or not user]
    frames = [_frame(reader, users, named, at, places)]
    frames[0]["birth_date"] = pd.Series([born.get(user, "") for user in frames[0]["source_id"]], dtype=object)
    if "birth_date" in fields:
        reader.warnings[WarningCode.BIRTH_DATE_MISSING] += frames[0]["birth_date"].tolist().count("")
    if reader.educators:
        staff = _places(held[Role.EDUCATOR], reader.served(Role.EDUCATOR))
        reader.count(WarningCode.ALSO_A_STUDENT, len(staff.keys() & places.keys()))
        here = [n for n, user in enumerate(users.columns[key]) if user in staff and user not in places]
        frames.append(_frame(reader, users, named, here, staff, Role.EDUCATOR).assign(grade=""))
        at += here
    frames = [unique(frame, "users.csv", reader).drop(columns="line") for frame in frames]
    return Roster(
        format="Microsoft SDS v2.1",
        frame=pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True),
        rejects=tuple(reader.rejects),
        warnings=reader.warnings,
        columns=reader.columns,
        named=reader.named,
        unknown_grades=reader.unknown_grades,
        rows=users.rows,
        not_students=len(users.lines) - len(at),
    )


def _frame(  # noqa: PLR0913, PLR0917 - what is read, whose rows of it, and where those people are
    reader: Reader,
    users: Table,
    named: Mapping[RosterField, str],
    at: Sequence[int],
    places: Mapping[str, Place],
    role: Role = Role.STUDENT,
) -> pd.DataFrame:
    """These rows of users.csv, and where each of them is."""
    ids = [users.columns[reader.named["source_id"]][index] for index in at]
    cells: dict[str, list[str]] = {field: [users.columns[name][index] for index in at] for field, name in named.items()}
    blank, nowhere = [""] * len(ids), Place("", "", ended=False)
    there = [places.get(user, nowhere) for user in ids]
    columns = {
        "source_id": ids,
        "student_number": cells.get("student_number", ids),
        "school": reader.values("school", [place.org for place in there]),
        "grade": reader.grades([place.grade for place in there]),
        "given_name": cells.get("given_name", blank),
        "family_name": cells.get("family_name", blank),
        "birth_date": blank,
        "pin": cells.get("pin", blank),
        "state_id": cells.get("state_id", blank),
        "exit": ["role ended" if place.ended else "" for place in there],
        "role": [role.value] * len(ids),
        "line": [users.lines[index] for index in at],
    }
    if OPT_OUT in cells:
        columns[OPT_OUT] = opt_outs(reader, ids, cells[OPT_OUT], blank_says_nothing=role is Role.EDUCATOR)
    return pd.DataFrame(columns, dtype=object)


def _roles(reader: Reader) -> Mapping[str, list[Held]]:
    """The rows of roles.csv by role."""
    wanted = ("userSourcedId", "orgSourcedId", "role", "grade", "isPrimary", "roleEndDate")
    spelled = _spelled(reader, "roles.csv", wanted)
    table = reader.table("roles.csv", {spelled[name]: name in wanted[:3] for name in wanted})
    blank = [""] * len(table.lines)
    columns = [table.columns.get(spelled[name], blank) for name in wanted]
    columns[2] = roles_of(reader, columns[2], OTHER)
    found: dict[str, list[Held]] = defaultdict(list)
    for line, user, org, role, grade, primary, end in zip(table.lines, *columns, strict=True):
        if role == Role.STUDENT and not user:
            reader.rejects.append(Reject("roles.csv", line, RejectCode.ID_MISSING))
        elif user:
            ended = "" < iso_date(end, reader.today) <= reader.today.isoformat()
            found[role].append(Held(user, Place(org, grade, ended), primary.lower() in ("true", "1", "yes")))
    return found


def _places(held: Iterable[Held], served: Container[str]) -> Mapping[str, Place]:
    """Of a user's roles of one kind the one at a school that is served, then the primary, then the first."""
    places: dict[str, Place] = {}
    rank: dict[str, tuple[bool, bool, bool]] = {}
    for user, place, primary in held:
        better = (not place.ended, place.org in served, primary)
        if user not in places or better > rank[user]:
            places[user], rank[user] = place, better
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
