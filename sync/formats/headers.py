"""Column names, as exporters really write them, and what they mean to us."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from access_service.domain.student import Role

# PowerSchool and Aeries put the table before the column: "STUDENTS.Last_Name", "STU.ID", "[39]Name".
_TABLE = re.compile(r"^(?:[a-z_]+\.|\[\d+\])(?=[a-z])")
# Of their table of schools the name and number are nobody else's: "sch.number", "SCHOOLS.NAME", "Entity.Code".
_SCHOOLS = re.compile(r"^(?:.*\.)?(?:sch|schools?|entity)\.(?=(?:id|number|code|name)$)")
# What a template says of a column: "Date of Birth (MM/DD/YYYY)", "Grade (required)".
_NOTE = re.compile(r"\((?:required|optional|[mdy/. -]+)\)$")
_BETWEEN = re.compile(r"[\W_]+")


def folded(name: str) -> str:
    """A header without case, table prefix and all that is no letter or digit: "Student id" and "STUDENT_ID" are one."""
    plain = _SCHOOLS.sub("school", _NOTE.sub("", name.strip().lower()))
    # "Student" alone is somebody's name in many a report.
    return "student#" if plain in ("student #", "student#") else _BETWEEN.sub("", _TABLE.sub("", plain))


@dataclass(frozen=True)
class FlatFormat:
    """One file with a row or more a person. `known_by` are headers that no other format has together; `columns` lists
    the headers of each field, best first; all are folded. Whose file it is says `role`."""

    name: str
    known_by: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]
    role: Role = Role.STUDENT

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields without which nobody in it gets a card."""
        return NEEDED if self.role is Role.STUDENT else NEEDED_OF_STAFF


def _named(name: str, known_by: str, **columns: str) -> FlatFormat:
    fields = {field: tuple(text.split()) for field, text in columns.items()}
    return FlatFormat(name, frozenset(known_by.split()), fields)


# Of PowerSchool, Infinite Campus, Skyward, Synergy, Tyler, Genesis, Follett's library layout, and home-made. Besides
# the roster's fields: what says whether somebody is a student, and still here.
ANY = _named(
    "flat file",
    "",
    source_id="sisid personid studentdcid dcid studentguid studentgu nameid studentid stuid sisstudentid id sisnumber "
    "studentuniqueid permid permnum permanentid studentnumber localid localstudentid studentlocalid otherid districtid "
    "idnumber studentidnumber uniqueuserid barcode student#",
    student_number="studentnumber studentno studentnum stunumber sisnumber otherid schoolidnumber lasid personnumber "
    "badge badgenumber barcode localid localstudentid studentlocalid permid permnum permanentid districtid studentid "
    "stuid sisstudentid studentuniqueid idnumber studentidnumber uniqueuserid student#",
    school="schoolid schoolcode schoolnumber schoolsisid schoolnum schoolno locationid locationcode locationnumber "
    "entity entityid entitycode buildingcode buildingid buildingnumber building campusid campuscode campus siteid "
    "sitecode siteshortname site organizationcode schoolcampusid currentschoolid currentschoolcode currentschool "
    "school schoolname schoolcampus organizationname buildingname campusname sitename",
    grade="grade gradelevel gradecode currentgrade currentgradelevel gradelvl grd grdlvl gr studentgrade "
    "gradeleveldescriptor entrygradeleveldescriptor",
    given_name="firstname legalfirstname givenname first studentfirstname stufirstname fname forename firstnm",
    family_name="lastname legallastname familyname surname last studentlastname stulastname lname lastsurname lastnm",
    birth_date="birthdate dob dateofbirth birthday studentdob studentbirthdate birthdt",
    status="enrollstatus enrollmentstatus studentstatus status",
    exit_date="exitdate withdrawdate withdrawaldate enddate enrollmentenddate leavedate",
    role="role patrontype usertype persontype",
    service="servicetype",
    full_name="fullname studentname studentfullname lastfirst namelastfirst lastnamefirstname name",
)

# In the order in which they are tried; the last takes any file that has an id, a school and a grade.
FLAT_FORMATS = (
    _named(
        "Clever students",
        "studentid schoolid firstname lastname grade",
        source_id="studentid",
        student_number="studentnumber studentid",
        school="schoolid",
        grade="grade",
        birth_date="dob",
    ),
    _named(
        "Microsoft SDS v1 students",
        "sisid schoolsisid",
        source_id="sisid",
        student_number="studentnumber sisid",
        school="schoolsisid",
    ),
    _named(
        "Microsoft SDS v2 users",
        "sourcedid orgsourcedids role grade",
        source_id="sourcedid",
        student_number="sourcedid",
        school="orgsourcedids",
    ),
    _named(
        "Apple School Manager students",
        "personid locationid",
        source_id="personid",
        student_number="personnumber personid",
        school="locationid",
    ),
    _named(
        "Aeries students",
        "id sc gr",
        source_id="id",
        student_number="id",
        school="sc",
        grade="gr",
        given_name="fn",
        family_name="ln",
        birth_date="bd",
        status="tg",
    ),
    ANY,
)
# Their files stand beside those of students, with the same words in the header: they are known by their names too.
STAFF_FORMATS = tuple(
    replace(form, role=Role.EDUCATOR)
    for form in (
        _named(
            "Clever teachers",
            "schoolid teacherid firstname lastname",
            source_id="teacherid",
            student_number="teachernumber teacherid",
            school="schoolid",
        ),
        _named(
            "Clever staff",
            "schoolid staffid firstname lastname",
            source_id="staffid",
            student_number="staffnumber staffid",
            school="schoolid",
        ),
        _named(
            "Microsoft SDS v1 teachers",
            "sisid schoolsisid",
            source_id="sisid",
            student_number="teachernumber sisid",
            school="schoolsisid",
        ),
    )
)
STAFF = re.compile("teacher|staff|facult|employee")
NEEDED = ("source_id", "school", "grade")
NEEDED_OF_STAFF = ("source_id", "school")
KNOWN = frozenset(
    chain(
        "sourcedid email studentemail username middlename graduationyear".split(),
        *(names for form in FLAT_FORMATS for names in form.columns.values()),
    )
)


def candidates(form: FlatFormat, field: str) -> tuple[str, ...]:
    """The folded headers that a field may have in a format, best first: its own, then anybody's."""
    return form.columns.get(field, ()) + ANY.columns.get(field, ())


def flat_format(header: Iterable[str], own: Mapping[str, str], school: str = "") -> FlatFormat | None:
    """The flat format of a header, or None where no id, school and grade can be made out. `own` are the columns that
    the district names, by field; `school` is everybody's where no column has it."""
    names = {folded(name) for name in header}
    there = {field for field, name in own.items() if folded(name) in names} | ({"school"} if school else set())
    for form in FLAT_FORMATS:
        if form.known_by <= names and all(field in there or names & {*candidates(form, field)} for field in NEEDED):
            return form
    return None


def staff_format(file: str, header: Iterable[str]) -> FlatFormat | None:
    """The format of a file of educators."""
    names = {folded(name) for name in header} if STAFF.search(file) else set()
    return next((form for form in STAFF_FORMATS if form.known_by <= names), None)


def missing(header: Iterable[str], own: Mapping[str, str], school: str = "") -> list[str]:
    """The fields without which nobody gets a card and that nothing in a header is known to be."""
    names = {folded(name) for name in header}
    there = {field for field, name in own.items() if folded(name) in names} | ({"school"} if school else set())
    return [field for field in NEEDED if field not in there and not names & {*candidates(ANY, field)}]


def is_header(cells: Iterable[str], own: Collection[str] = ()) -> bool:
    """Whether a row is a header: two of its cells or more are names of columns."""
    return len({folded(cell) for cell in cells} & (KNOWN | {folded(name) for name in own})) > 1
