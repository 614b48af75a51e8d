"""users.csv: whose rows are students', and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from access_service.settings import RosterField
from sync.formats.oneroster.columns import bare
from sync.formats.oneroster.manifest import Contents
from sync.formats.oneroster.parts import Part
from sync.formats.oneroster.roles import StudentRoles
from sync.formats.oneroster.rows import Rows, read_rows
from sync.formats.oneroster.schools import Orgs, Schools
from sync.formats.oneroster.words import EDUCATORS, GONE, STUDENT, role_word, understood
from sync.formats.reader import Reader, each
from sync.formats.table import shown
from sync.roster import BadRosterError, RejectCode, WarningCode

# The users.csv column of each field; a district's [feed] columns come first.
USER_COLUMNS = {
    "student_number": "identifier",
    "given_name": "givenName",
    "family_name": "familyName",
    "grade": "grades",
}
NAMES = ("given_name", "family_name")


@dataclass(frozen=True, slots=True)
class Users:
    """The rows of users.csv: `fields` by the names of the agreement, where each user is, why they have gone, whose row
    is a student's, and whose an educator's; empty where they are not served."""

    rows: Rows
    fields: dict[str, list[str]]
    orgs: list[Orgs]
    exits: list[str]
    student: Sequence[bool]
    educator: Sequence[bool]


def read_users(reader: Reader, contents: Contents, schools: Schools, roles: StudentRoles | None) -> Users:
    """`roles` is None where users.csv has them. Errors: BadRosterError."""
    rows, fields = _rows(reader, contents)
    ids, said = rows.columns["sourcedId"], rows.statuses()
    exits = [status if status in GONE else "" for status in said] if any(said) else said
    if roles is None:
        said = _said(rows, exits, reader)
        student = [word == STUDENT for word in said]
        educator = _educators(ids, said, student, reader) if reader.educators else []
        orgs = each(rows.columns["orgSourcedIds"], _listed)
    else:
        student = _by_roles(ids, roles, exits if contents.partial else [])
        educator = [user in roles.educators for user in ids] if roles.educators else []
        everywhere = {**roles.educators, **roles.orgs} if roles.educators else roles.orgs
        orgs = [everywhere.get(user, ()) for user in ids]
        if roles.ended:
            exits = [
                left or ("role ended" if user in roles.ended else "") for left, user in zip(exits, ids, strict=True)
            ]
    first = rows.columns["primaryOrgSourcedId"]
    if any(first):
        orgs = [schools.ordered(org, all_) for org, all_ in zip(first, orgs, strict=True)]
    return Users(rows, fields, orgs, exits, student, educator)


def _rows(reader: Reader, contents: Contents) -> tuple[Rows, dict[str, list[str]]]:
    agreed = reader.district.agreement.fields
    named = {field: name for field, name in user_columns(reader).items() if field in agreed}
    wanted = {"sourcedId": True, "primaryOrgSourcedId": False}
    if contents.role_in_users:
        wanted |= {"role": True, "orgSourcedIds": True}
    wanted |= dict.fromkeys(named.values(), not reader.partial)
    _check_named(named, contents.parts["users"], reader)
    as_sent = [named[field] for field in NAMES if field in named]
    rows = read_rows(reader, contents.parts["users"], wanted, as_sent)
    reader.named.update({field: rows.headers[name] for field, name in named.items()})
    reader.named["source_id"] = rows.headers["sourcedId"]
    return rows, {field: rows.columns[name] for field, name in named.items()}


def _check_named(named: Mapping[RosterField, str], part: Part, reader: Reader) -> None:
    """Errors: BadRosterError for a field that no column has; another may, as a district can say."""
    there = {*part.columns, *map(bare, part.header)}
    lacks = [field for field, name in named.items() if name not in there and bare(name) not in there]
    # Under what is no header stands somebody's data, which no error may repeat.
    if lacks and "sourcedId" in part.columns and not reader.partial:
        field, has = lacks[0], ", ".join(map(shown, part.header[:12]))
        raise BadRosterError(
            f"{part.file}: no column {shown(named[field])}; it has {has}. [feed.columns] {field} can name another"
        )


def user_columns(reader: Reader) -> dict[str, str]:
    """The column of each field. Errors: BadRosterError where the district names one that the format defines."""
    configured = reader.district.feed.columns
    if fixed := sorted({"source_id", "school"} & configured.keys()):
        file = f"{reader.district.code}.toml"
        raise BadRosterError(f"{file} [feed] columns: OneRoster has its own column for {fixed[0]!r}; remove it")
    return USER_COLUMNS | {field: name for field, name in configured.items() if field != "birth_date"}


def _listed(orgs: str) -> tuple[str, ...]:
    # Some write the list as JSON, or put each of it in quotes.
    return tuple(filter(None, (org.strip(" []\"'") for org in orgs.split(","))))


def _said(rows: Rows, exits: list[str], reader: Reader) -> list[str]:
    """The role of each row. Who is deleted may have no role any more; else it is a reject."""
    sent = rows.columns["role"]
    said = understood(reader.values("role", sent), role_word, reader)
    if "" in said:
        said = [
            word or (STUDENT if left and not cell else "") for word, left, cell in zip(said, exits, sent, strict=True)
        ]
        for at in (index for index, word in enumerate(said) if not word):
            rows.reject(at, RejectCode.ROLE_UNKNOWN, "role", rows.columns["sourcedId"][at])
    return said


def _educators(ids: list[str], said: list[str], student: list[bool], reader: Reader) -> list[bool]:
    """Whose row is an educator's. Who is a student too, by another row, stays one."""
    students = set(compress(ids, student))
    educator = [word in EDUCATORS for word in said]
    both = {user for user in compress(ids, educator) if user in students}
    reader.count(WarningCode.ALSO_A_STUDENT, len(both))
    return [yes and user not in both for yes, user in zip(educator, ids, strict=True)]


def _by_roles(ids: list[str], roles: StudentRoles, exits: Sequence[str]) -> list[bool]:
    """Whose row is a student's by roles.csv. Whose row has no id, nobody can tell: it may be a student's, and becomes
    a reject. Where roles are not complete it may be anybody's who is not known to be an adult."""
    if not roles.complete:
        return [user not in roles.adults for user in ids]
    student = [not user or user in roles.orgs or (user in roles.ended and user not in roles.educators) for user in ids]
    if not exits:
        return student
    # Whoever leaves in a delta may have no role left, and absence would never show it.
    return [yes or bool(left and user not in roles.adults) for yes, left, user in zip(student, exits, ids, strict=True)]
