"""Microsoft School Data Sync, all three of its formats."""

from collections.abc import Iterable, Sequence

from sync.synthetic.district import Person
from sync.synthetic.sheet import EVERYONE, NOBODY, STUDENTS, TEACHERS, Form, Setting, Sheet, schools_listed
from sync.synthetic.style import Row

_STUDENT = (
    "SIS ID,School SIS ID,First Name,Last Name,Username,Password,State ID,Secondary Email,Student Number,Middle Name,"
    "Grade,Status,Birthdate,Graduation Year"
)
_SCHOOL = "SIS ID,Name,School Number,School NCES_ID,State ID,Grade Low,Grade High,Principal SIS ID"
_TEACHER = "SIS ID,School SIS ID,First Name,Last Name,Username,Password,State ID,Teacher Number,Status"
_USERS_V2 = "sourcedId,orgSourcedIds,givenName,familyName,username,password,role,grade"
_USERS_V2_1 = "sourcedId,username,givenName,familyName,password,activeDirectoryMatchId,email,phone,sms"
_ROLES = "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate"
_DEMOGRAPHICS = "userSourcedId,sex,birthDate,birthCity,birthState,birthCountry,ethnicityCodes,raceCodes"


def _slashes(born: str) -> str:
    return f"{int(born[5:7])}/{int(born[8:])}/{born[:4]}" if born else ""


def _grade(grade: str) -> str:
    return grade if grade == "KG" else str(int(grade)) if grade else ""


def _students_v1(people: Sequence[Person], _setting: Setting) -> Iterable[Row]:
    for p in people:
        rest = (f"s{p.number}", "", "NC", "", p.number, "", _grade(p.grade), "Active", _slashes(p.birth_date), "")
        for school in schools_listed(p):
            yield p.source_id, school, p.given_name, p.family_name, *rest


def _schools_v1(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for code, name in setting.school_names():
        yield code, name, code, "", "NC", "", "", ""


def _teachers_v1(people: Sequence[Person], _setting: Setting) -> Iterable[Row]:
    for p in people:
        yield p.source_id, p.school, p.given_name, p.family_name, f"t{p.number}", "", "NC", p.number, "Active"


def _address(person: Person) -> str:
    return f"{person.role[0]}{person.number or person.source_id[:8]}@example.org"


def _users_v2(people: Sequence[Person], _setting: Setting) -> Iterable[Row]:
    for p in people:
        names = (",".join(schools_listed(p)), p.given_name, p.family_name)
        yield p.source_id, *names, _address(p), "", p.role.title(), _grade(p.grade)


def _users_v2_1(people: Sequence[Person], _setting: Setting) -> Iterable[Row]:
    for p in people:
        yield p.source_id, _address(p), p.given_name, p.family_name, "", "", "", "", ""


def _roles(people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    year = setting.district.first_year
    for p in people:
        rest = (p.role, f"SY{year}", _grade(p.grade))
        dates = (f"{year}-08-20", f"{year + 1}-06-11") if p.role == "student" else ("", "")
        yield p.source_id, p.school, *rest, "TRUE", *dates
        if p.second_school:
            yield p.source_id, p.second_school, *rest, "FALSE", *dates


def _demographics(people: Sequence[Person], _setting: Setting) -> list[Row]:
    return [(p.source_id, "", p.birth_date, "", "", "", "", "") for p in people]


def _orgs(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    yield setting.parent, "Maple County Schools", "district", ""
    for code, name in setting.school_names():
        yield code, name, "school", setting.parent


def _header(text: str) -> Row:
    return tuple(text.split(","))


_NAMED = {"source_id": "sourcedId", "given_name": "givenName", "family_name": "familyName", "password": "password"}
_ORGS = Sheet("orgs.csv", _header("sourcedId,name,type,parentSourcedId"), _orgs, NOBODY, {"type": "type"})
_MEANS_V1 = {
    "source_id": "SIS ID",
    "student_number": "Student Number",
    "school": "School SIS ID",
    "grade": "Grade",
    "given_name": "First Name",
    "family_name": "Last Name",
    "birth_date": "Birthdate",
    "left": "Status",
    "email": "Secondary Email",
    "password": "Password",
}
_AT_SCHOOL = {"role": "role", "grade": "grade"}

SDS_V1 = Form(
    "Microsoft School Data Sync v1: Student.csv, School.csv, Teacher.csv, headers with blanks",
    (
        Sheet("Student.csv", _header(_STUDENT), _students_v1, STUDENTS, _MEANS_V1),
        Sheet("School.csv", _header(_SCHOOL), _schools_v1, NOBODY),
        Sheet("Teacher.csv", _header(_TEACHER), _teachers_v1, TEACHERS),
    ),
)
SDS_V2 = Form(
    "Microsoft School Data Sync v2: users.csv and orgs.csv; no birth dates, no student number but the id",
    (
        Sheet("users.csv", _header(_USERS_V2), _users_v2, EVERYONE, _NAMED | _AT_SCHOOL | {"school": "orgSourcedIds"}),
        _ORGS,
    ),
)
SDS_V2_1 = Form(
    "Microsoft School Data Sync v2.1: users.csv, roles.csv, orgs.csv, demographics.csv; looks like OneRoster, is not",
    (
        Sheet("users.csv", _header(_USERS_V2_1), _users_v2_1, EVERYONE, _NAMED | {"email": "email"}),
        Sheet(
            "roles.csv",
            _header(_ROLES),
            _roles,
            EVERYONE,
            _AT_SCHOOL | {"school": "orgSourcedId", "begins": "roleStartDate", "ends": "roleEndDate"},
        ),
        Sheet(
            "demographics.csv",
            _header(_DEMOGRAPHICS),
            _demographics,
            STUDENTS,
            {"source_id": "userSourcedId", "birth_date": "birthDate"},
        ),
        _ORGS,
    ),
)
