"""Column names, as exporters really write them, and what they mean to us."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# PowerSchool puts the table before the column: "STUDENTS.Last_Name", "[39]Name".
_TABLE = re.compile(r"^(?:[a-z_]+\.|\[\d+\])(?=[a-z])")
_BETWEEN = re.compile(r"[\s_\-#]+")


def folded(name: str) -> str:
    """A header without case, blanks, underscores, hyphens and table prefix: "Student id" and "STUDENT_ID" are one."""
    return _BETWEEN.sub("", _TABLE.sub("", name.strip().lower()))


@dataclass(frozen=True)
class FlatFormat:
    """One file with a row or more a student. `known_by` are headers that no other format has together; `columns` lists
    the headers of each field, best first; all are folded."""

    name: str
    known_by: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]


def _named(name: str, known_by: str, **columns: str) -> FlatFormat:
    fields = {field: tuple(text.split()) for field, text in columns.items()}
    return FlatFormat(name, frozenset(known_by.split()), fields)


# In the order in which they are tried; the last takes any file that has an id, a school and a grade.
FLAT_FORMATS = (
    _named(
        "Clever students",
        "studentid schoolid firstname lastname",
        source_id="studentid",
        student_number="studentnumber studentid",
        school="schoolid",
        grade="grade",
        given_name="firstname",
        family_name="lastname",
        birth_date="dob",
    ),
    _named(
        "Microsoft SDS v1 students",
        "sisid schoolsisid",
        source_id="sisid",
        student_number="studentnumber sisid",
        school="schoolsisid",
        grade="grade",
        given_name="firstname",
        family_name="lastname",
        birth_date="birthdate",
        status="status",
    ),
    _named(
        "Apple School Manager students",
        "personid locationid",
        source_id="personid",
        student_number="personnumber personid",
        school="locationid",
        grade="gradelevel",
        given_name="firstname",
        family_name="lastname",
    ),
    _named(
        "flat file",
        "",
        source_id="sisid personid dcid studentdcid id studentid studentnumber",
        student_number="studentnumber schoolidnumber lasid personnumber localid studentid badge idnumber",
        school="schoolid schoolcode schoolnumber schoolsisid locationid school building",
        grade="grade gradelevel gradecode currentgrade",
        given_name="firstname legalfirstname givenname first",
        family_name="lastname legallastname familyname surname last",
        birth_date="birthdate dob dateofbirth birthday",
        status="enrollstatus enrollmentstatus status exitdate",
    ),
)
NEEDED = ("source_id", "school", "grade")

# What a status column says of one who has gone: PowerSchool's Enroll_Status, SDS and others in words.
GONE = frozenset({"2", "3", "inactive", "withdrawn", "transferred", "transferredout", "graduated", "exited", "deleted"})


def flat_format(header: Iterable[str], own: Mapping[str, str]) -> FlatFormat | None:
    """The flat format of a header, or None where no id, school and grade can be made out. `own` are the columns that
    the district names, by field."""
    names = {folded(name) for name in header}
    named = {field for field, name in own.items() if folded(name) in names}
    for form in FLAT_FORMATS:
        if form.known_by <= names and all(field in named or names & set(form.columns[field]) for field in NEEDED):
            return form
    return None
