"""OneRoster CSV 1.1 and 1.2, bulk (1EdTech): users, orgs, demographics, and in 1.2 roles.

Absence means departure here, so a package that contradicts its manifest, or has an empty users file, is refused.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import compress

import pandas as pd

from access_service.domain.student import canonical_grade
from sync.formats.reader import Reader, each, unique
from sync.formats.table import Table
from sync.roster import BadRosterError, Reject, RejectCode, Roster, WarningCode

# The users.csv column of each field; a district's [feed] columns come first.
USER_COLUMNS = {
    "student_number": "identifier",
    "given_name": "givenName",
    "family_name": "familyName",
    "grade": "grades",
}
# A user's orgs: a list in a cell (1.1) or the rows of roles.csv (1.2).
Orgs = str | tuple[str, ...]
NO_UPDATES = "absent"
DELETED = "tobedeleted"


def read_oneroster(reader: Reader) -> Roster:
    """The students of a bulk package. Errors: BadRosterError, and nothing of the package is used."""
    version = _check_manifest(reader)
    schools = _schools(reader)
    roles = _roles(reader) if version == "1.2" else None
    users = _users(reader, roles is None)
    # Plain objects: what was read as text stays the same text.
    frame = pd.DataFrame(_student_columns(reader, users, schools, roles), dtype=object)
    students = len(frame)
    frame = _whole(unique(frame, "users.csv", reader), reader)
    return Roster(
        format=f"OneRoster {version} bulk",
        frame=frame.drop(columns="line").reset_index(drop=True),
        rejects=tuple(reader.rejects),
        warnings=reader.warnings,
        columns=reader.columns,
        rows=users.rows,
        not_students=len(users.lines) - students,
    )


def _check_manifest(reader: Reader) -> str:
    """The version, "1.1" or "1.2"; refuses what the manifest contradicts."""
    names = reader.package.names
    if "manifest.csv" not in names:
        reader.warnings[WarningCode.NO_MANIFEST] += 1
        return "1.2" if "roles.csv" in names else "1.1"
    table = reader.table("manifest.csv", {"propertyName": True, "value": True})
    said = dict(zip(table.columns["propertyName"], table.columns["value"], strict=True))
    for name in ("users", "orgs", "roles", "demographics"):
        mode, there = said.get(f"file.{name}", "") or NO_UPDATES, f"{name}.csv" in names
        if mode not in (NO_UPDATES, "bulk"):
            raise BadRosterError(f"manifest.csv: file.{name} is {mode[:12]!r}; only bulk packages are read")
        if there != (mode == "bulk"):
            found = "is in the package" if there else "is not in the package"
            raise BadRosterError(f"manifest.csv: file.{name} is {mode!r}, but {name}.csv {found}; export it again")
    version = said.get("oneroster.version", "")[:3]
    if version not in ("1.1", "1.2"):
        raise BadRosterError("manifest.csv: oneroster.version should be 1.1 or 1.2")
    return version


def _schools(reader: Reader) -> dict[str, str]:
    """School code by org sourcedId. The code is the org's identifier, or its sourcedId where that is blank."""
    _must_have(reader, "orgs.csv")
    table = reader.table("orgs.csv", {"sourcedId": True, "type": True, "identifier": False})
    if table.rejects:
        # A school nobody can read would look like a school whose students all left.
        raise BadRosterError(f"orgs.csv line {table.rejects[0].line}: {table.rejects[0].code}; export it again")
    ids, kinds = table.columns["sourcedId"], table.columns["type"]
    codes = table.columns.get("identifier", [""] * len(ids))
    schools: dict[str, str] = {}
    for line, org, kind, code in zip(table.lines, ids, kinds, codes, strict=True):
        if kind.lower() != "school":
            continue
        if not org or schools.setdefault(org, code or org) != (code or org):
            raise BadRosterError(f"orgs.csv line {line}: a school with no sourcedId or another's; export it again")
    return schools


def _must_have(reader: Reader, file: str) -> None:
    if file not in reader.package.names:
        found = ", ".join(reader.package.names[:8]) or "no CSV files"
        raise BadRosterError(f"no {file} in the package; it has {found}")


@dataclass(frozen=True, slots=True)
class StudentRoles:
    """From roles.csv: the orgs where each user is a student, primary first, and who was one and is no more."""

    orgs: Mapping[str, tuple[str, ...]]
    ended: Collection[str]


def _roles(reader: Reader) -> StudentRoles:
    _must_have(reader, "roles.csv")
    wanted = dict.fromkeys(("userSourcedId", "roleType", "role", "orgSourcedId"), True)
    table = reader.table("roles.csv", wanted | {"status": False, "endDate": False})
    rows = len(table.lines)
    blank = [""] * rows
    columns = [table.columns.get(name, blank) for name in (*wanted, "status", "endDate")]
    current: dict[str, tuple[str, ...]] = {}
    ended: set[str] = set()
    today = reader.today.isoformat()
    for line, user, kind, role, org, status, end in zip(table.lines, *columns, strict=True):
        if role.lower() != "student":
            continue
        if not user:
            reader.rejects.append(Reject("roles.csv", line, RejectCode.ID_MISSING))
        # The end date is the first day that no longer counts; one that nobody can read ends nothing.
        elif status.lower() == DELETED or (end and "" < _iso_date(end[:10]) <= today):
            ended.add(user)
        else:
            known = current.get(user, ())
            current[user] = (org, *known) if kind.lower() == "primary" else (*known, org)
    return StudentRoles(current, ended - current.keys())


def _users(reader: Reader, with_role: bool) -> Table:
    _must_have(reader, "users.csv")
    wanted = {"sourcedId": True, "status": False}
    if with_role:
        wanted |= {"role": True, "orgSourcedIds": True}
    fields = reader.district.agreement.fields
    wanted |= {name: True for field, name in _user_columns(reader).items() if field in fields}
    return reader.table("users.csv", wanted)


def _user_columns(reader: Reader) -> dict[str, str]:
    configured = reader.district.feed.columns
    if fixed := sorted({"source_id", "school"} & configured.keys()):
        file = f"{reader.district.code}.toml"
        raise BadRosterError(f"{file} [feed] columns: OneRoster has its own column for {fixed[0]!r}; remove it")
    return USER_COLUMNS | {field: name for field, name in configured.items() if field != "birth_date"}


def _student_columns(
    reader: Reader, users: Table, schools: Mapping[str, str], roles: StudentRoles | None
) -> dict[str, list[str] | list[int]]:
    """The frame's columns, of students only."""
    ids = users.columns["sourcedId"]
    blank = [""] * len(ids)
    named = {field: users.columns.get(name, blank) for field, name in _user_columns(reader).items()}
    orgs: Iterable[Orgs]
    ended: Collection[str] = ()
    if roles is None:
        student = each(users.columns["role"], lambda role: role.lower() == "student")
        orgs = users.columns["orgSourcedIds"]
    else:
        # Whose row has no id, nobody can tell: it may be a student's, and becomes a reject.
        student = [not user or user in roles.orgs or user in roles.ended for user in ids]
        orgs, ended = (roles.orgs.get(user, ()) for user in ids), roles.ended
    exits = each(users.columns.get("status", blank), lambda status: DELETED if status.lower() == DELETED else "")
    if ended:
        exits = [left or ("role ended" if user in ended else "") for left, user in zip(exits, ids, strict=True)]
    columns: dict[str, Iterable[str]] = {
        "source_id": ids,
        "student_number": named["student_number"],
        "school": each(orgs, _school_of(schools, reader.district.rules.schools)),
        "grade": each(named["grade"], lambda grade: canonical_grade(grade) or ""),
        "given_name": named["given_name"],
        "family_name": named["family_name"],
        "birth_date": _birth_dates(reader, ids, student),
        "pin": named.get("pin", blank),
        "exit": exits,
    }
    kept = {name: list(compress(cells, student)) for name, cells in columns.items()}
    return {**kept, "line": list(compress(users.lines, student))}


def _school_of(schools: Mapping[str, str], served: Container[str]) -> Callable[[Orgs], str]:
    """Of a student's orgs the first school that is served, else the first school, else "".

    What is in no orgs.csv is not repeated: under a wrong header it is somebody's name.
    """

    def school(orgs: Orgs) -> str:
        listed = [org.strip() for org in orgs.split(",")] if isinstance(orgs, str) else orgs
        codes = [schools[org] for org in listed if org in schools]
        return next((code for code in codes if code in served), codes[0] if codes else "")

    return school


def _birth_dates(reader: Reader, ids: list[str], student: list[bool]) -> list[str]:
    if "birth_date" not in reader.district.agreement.fields:
        return [""] * len(ids)
    name = reader.district.feed.columns.get("birth_date", "birthDate")
    born: dict[str, str] = {}
    if "demographics.csv" in reader.package.names:
        table = reader.table("demographics.csv", {"sourcedId": True, name: True})
        cells = each(table.columns[name], _iso_date)
        born = _agreed(table.columns["sourcedId"], cells)
        unreadable = sum(1 for sent, read in zip(table.columns[name], cells, strict=True) if sent and not read)
        reader.warnings[WarningCode.BIRTH_DATE_UNREADABLE] += unreadable
    found = [born.get(user, "") for user in ids]
    missing = sum(1 for date_, keep in zip(found, student, strict=True) if keep and not date_)
    reader.warnings[WarningCode.BIRTH_DATE_MISSING] += missing
    return found


def _agreed(ids: list[str], cells: list[str]) -> dict[str, str]:
    """The cell of each id, "" where two rows contradict each other."""
    found = dict(zip(ids, cells, strict=True))
    if len(found) < len(ids):
        contradicted = {user for user, cell in zip(ids, cells, strict=True) if found[user] != cell}
        found |= dict.fromkeys(contradicted, "")
    return found


def _iso_date(cell: str) -> str:
    try:
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        return ""


def _whole(frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Without those of whom a row of another file was rejected: a lost birth date would take their PIN away."""
    halved = {reject.source_id for reject in reader.rejects if reject.file != "users.csv" and reject.source_id}
    return frame[~frame["source_id"].isin(halved)] if halved else frame
