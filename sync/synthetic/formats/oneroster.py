"""OneRoster CSV 1.0, 1.1 and 1.2, bulk and delta (1EdTech): headers in the order of the standard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sync.synthetic.district import Person, SyntheticDistrict
from sync.synthetic.formats.columns import (
    CLASSES,
    COURSES,
    DEMOGRAPHICS,
    DEMOGRAPHICS_1_0,
    ENROLLMENTS,
    MANIFEST_NAMES,
    ORGS,
    ROLES,
    SESSIONS,
    USERS_1_0,
    USERS_1_1,
    USERS_1_2,
)
from sync.synthetic.sheet import EVERYONE, NOBODY, STUDENTS, Form, Rows, Setting, Sheet
from sync.synthetic.since import changed
from sync.synthetic.style import Row

_JULY = 7

_STATUS = {"status": "status", "modified": "dateLastModified"}
_NAMED = {
    "source_id": "sourcedId",
    "student_number": "identifier",
    "given_name": "givenName",
    "family_name": "familyName",
    "email": "email",
    "password": "password",
    **_STATUS,
}
_AT_SCHOOL = {"school": "orgSourcedIds", "role": "role"}
_BORN = {"source_id": "sourcedId", "birth_date": "birthDate", **_STATUS}
_BORN_1_0 = _BORN | {"source_id": "userSourcedId", "birth_date": "birthdate"}
_ROLE = {"role": "role", "school": "orgSourcedId", "begins": "beginDate", "ends": "endDate", **_STATUS}
_TYPED = {"type": "type", **_STATUS}


def manifest_rows(version: str, mode: str, supplied: Iterable[str], setting: Setting) -> list[Row]:
    """The manifest of a package with these files; orgs are always sent whole."""
    modes = dict.fromkeys(supplied, mode) | {"orgs.csv": "bulk"}
    return [
        ("manifest.version", "1.0"),
        ("oneroster.version", version),
        *((f"file.{name}", modes.get(f"{name}.csv", "absent")) for name in MANIFEST_NAMES[version]),
        ("source.systemName", "synthetic district"),
        ("source.systemCode", f"exported {setting.district.today}"),
    ]


def _login(person: Person) -> str:
    return f"{person.role[0]}{person.number or person.source_id[:8]}"


def _orgs_of(person: Person, setting: Setting) -> str:
    own = setting.orgs[person.school]
    return f"{own},{setting.orgs[person.second_school]}" if person.second_school else own


# fmt: off
def _users_1_0(people: Sequence[Person], setting: Setting) -> list[Row]:
    return [
        (p.source_id, "active", setting.modified, _orgs_of(p, setting), p.role, _login(p), "", p.given_name,
         p.family_name, p.number, "", "", "", "", p.grade, "")
        for p in people
    ]


def _users_1_1(people: Sequence[Person], setting: Setting) -> list[Row]:
    modified, orgs = setting.modified, setting.orgs
    return [
        (p.source_id, p.status, modified if p.status else "", "true",
         _orgs_of(p, setting) if p.second_school else orgs[p.school], p.role, _login(p), "", p.given_name,
         p.family_name, "", p.number, "", "", "", "", p.grade, "")
        for p in people
    ]


def _users_1_2(people: Sequence[Person], setting: Setting) -> list[Row]:
    modified, orgs = setting.modified, setting.orgs
    return [
        (p.source_id, p.status, modified if p.status else "", "true", _login(p), "", p.given_name, p.family_name, "",
         p.number, "", "", "", "", p.grade, "", "", "", "", "", orgs[p.school], "")
        for p in people
    ]


def _demographics(people: Sequence[Person], setting: Setting) -> list[Row]:
    modified = setting.modified
    return [
        (p.source_id, p.status, modified if p.status else "", p.birth_date,
         "", "", "", "", "", "", "", "", "", "", "", "")
        for p in people
    ]
# fmt: on


def _roles(people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for p in people:
        modified = setting.modified if p.status else ""
        org = setting.orgs[p.school]
        yield f"{p.source_id}-1", p.status, modified, p.source_id, "primary", p.role, "", "", org, ""
        if p.second_school:
            org = setting.orgs[p.second_school]
            yield f"{p.source_id}-2", p.status, modified, p.source_id, "secondary", p.role, "", "", org, ""


def _demographics_1_0(people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for row in _demographics(people, setting):
        yield row[0], "active", setting.modified, *row[3:]


def _orgs(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    yield setting.parent, "", "", "Maple County Schools", "district", "", ""
    for code, name in setting.school_names():
        yield setting.orgs[code], "", "", name, "school", code, setting.parent


def _sessions(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    year = setting.district.first_year
    yield (
        f"SY{year}",
        "",
        "",
        f"{year}-{year + 1}",
        "schoolYear",
        f"{year}-08-20",
        f"{year + 1}-06-11",
        "",
        str(year + 1),
    )


def _courses(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for code, grade in setting.district.homerooms:
        yield f"co-{code}-{grade}", "", "", "", f"Homeroom {grade}", "", grade, setting.orgs[code], "", ""


def _classes(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    session = f"SY{setting.district.first_year}"
    for number, (code, grade) in enumerate(setting.district.homerooms):
        # Some systems leave a title blank.
        title = f"Homeroom {grade}" if number % 9 else ""
        ids = (f"co-{code}-{grade}", "", "homeroom", "", setting.orgs[code], session)
        yield f"cl-{code}-{grade}", "", "", title, grade, *ids, "", "", "1"


def _enrollments(people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for p in people:
        place = (f"cl-{p.school}-{p.grade}", setting.orgs[p.school])
        yield f"{p.source_id}-e", "", "", *place, p.source_id, "student", "", "", ""


def _sheet(name: str, header: str, rows: Rows, roles: frozenset[str], means: Mapping[str, str]) -> Sheet:
    return Sheet(f"{name}.csv", tuple(header.split(",")), rows, roles, means)


ORGS_SHEET = _sheet("orgs", ORGS, _orgs, NOBODY, _TYPED)
_ENABLED = {"enabled": "enabledUser"}
_SHEETS_1_1 = (
    _sheet("users", USERS_1_1, _users_1_1, EVERYONE, _NAMED | _AT_SCHOOL | _ENABLED | {"grade": "grades"}),
    _sheet("demographics", DEMOGRAPHICS, _demographics, STUDENTS, _BORN),
    ORGS_SHEET,
)
_SHEETS_1_2 = (
    _sheet("users", USERS_1_2, _users_1_2, EVERYONE, _NAMED | _ENABLED | {"grade": "grades"}),
    _sheet("roles", ROLES, _roles, EVERYONE, _ROLE),
    _sheet("demographics", DEMOGRAPHICS, _demographics, STUDENTS, _BORN),
    ORGS_SHEET,
)
# Named as the standard names them; none of it says who is a student.
_CLASSES = (
    _sheet("academicSessions", SESSIONS, _sessions, NOBODY, {}),
    _sheet("courses", COURSES, _courses, NOBODY, {}),
    _sheet("classes", CLASSES, _classes, NOBODY, {}),
    _sheet("enrollments", ENROLLMENTS, _enrollments, STUDENTS, {}),
)
_SHEETS_1_0 = (
    _sheet("users", USERS_1_0, _users_1_0, EVERYONE, _NAMED | _AT_SCHOOL | {"grade": "grade"}),
    _sheet("demographics", DEMOGRAPHICS_1_0, _demographics_1_0, STUDENTS, _BORN_1_0),
    ORGS_SHEET,
    *_CLASSES,
)


def _as_aeries(person: Person, district: SyntheticDistrict) -> Person | None:
    """Ids are numbers, those of staff marked so; who has no class today, as in July, is left out."""
    if person.role == "student":
        return None if district.today.month == _JULY else person._replace(source_id=person.number)
    return person._replace(source_id=f"TCH_{person.number}") if person.role == "teacher" else person


ONEROSTER_1_0 = Form("OneRoster CSV 1.0: seven files, no manifest", _SHEETS_1_0)
ONEROSTER_1_1 = Form("OneRoster CSV 1.1, bulk", _SHEETS_1_1, manifest="1.1")
ONEROSTER_1_2 = Form("OneRoster CSV 1.2, bulk, with roles.csv", _SHEETS_1_2, manifest="1.2")
DELTA_1_1 = Form(
    "OneRoster CSV 1.1, delta: what changed since the night before",
    _SHEETS_1_1,
    stream=changed,
    manifest="1.1",
    sparse=True,
)
DELTA_1_2 = replace(
    DELTA_1_1,
    description="OneRoster CSV 1.2, delta: what changed since the night before",
    sheets=_SHEETS_1_2,
    manifest="1.2",
)
INFINITE_CAMPUS = Form("Infinite Campus: OneRoster 1.1 with classes", (*_SHEETS_1_1, *_CLASSES), manifest="1.1")
AERIES = Form(
    "Aeries: OneRoster 1.1 with student numbers as ids, TCH_ before those of staff, and nobody in July",
    (*_SHEETS_1_1, *_CLASSES),
    manifest="1.1",
    change=_as_aeries,
)
