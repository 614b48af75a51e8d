"""One file of students: Apple School Manager, PowerSchool's own export, and what a district's IT makes at home."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

from sync.synthetic.district import Person
from sync.synthetic.formats.clever import month_first
from sync.synthetic.homes import contacts, first_contact, has_two_homes, opted_out
from sync.synthetic.sheet import STUDENTS, Form, Setting, Sheet, schools_listed
from sync.synthetic.since import with_left
from sync.synthetic.style import Row, Style

_APPLE = (
    *("person_id", "person_number", "first_name", "middle_name", "last_name", "grade_level", "email_address"),
    *("sis_username", "password_policy", "location_id", "location_id_2"),
)
_POWERSCHOOL = tuple(
    f"STUDENTS.{name}"
    for name in (
        *("DCID", "Student_Number", "State_StudentNumber", "SchoolID", "Enroll_Status", "Grade_Level", "Last_Name"),
        *("First_Name", "Middle_Name", "DOB", "Street", "City", "State", "Zip", "Home_Phone", "Mother", "Father"),
    )
)
_FLAT = (
    *("SIS ID", "Student ID", "School", "Grade", "Last Name", "First Name", "Birth Date", "Street", "City", "Zip"),
    *("Guardian", "Guardian Email", "Phone", "Homeroom", "LIBRARY_OPT_OUT"),
)


def _apple(people: Sequence[Person], _setting: Setting) -> Iterable[Row]:
    for p in people:
        login = (f"s{p.number}@example.org", f"s{p.number}", "4")
        yield p.source_id, p.number, p.given_name, "", p.family_name, p.grade, *login, p.school, p.second_school


def _enroll_status(person: Person) -> str:
    if not person.status:
        return "0"
    return "3" if person.grade == "12" else "2"


def _powerschool(people: Sequence[Person], _setting: Setting) -> Iterable[Row]:
    for p in people:
        home = first_contact(p)
        grade = "0" if p.grade == "KG" else str(int(p.grade))
        name = (p.family_name, p.given_name, "", month_first(p.birth_date))
        address = (home.street, home.city, "NC", home.postal, home.phone, home.name, "")
        for school in schools_listed(p):
            yield p.source_id, p.number, "", school, _enroll_status(p), grade, *name, *address


def _flat(people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for p in people:
        facts = (p.grade, p.family_name, p.given_name, p.birth_date)
        no = "Y" if opted_out(p, setting.district.night) else "N"
        for school, home in product(schools_listed(p), contacts(p)[: 1 + has_two_homes(p)]):
            address = (home.street, home.city, home.postal, home.name, home.email, home.phone)
            yield p.source_id, p.number, school, *facts, *address, f"{p.school}-{p.grade}", no


_MEANS = {
    "source_id": "person_id",
    "student_number": "person_number",
    "school": "location_id",
    "grade": "grade_level",
    "given_name": "first_name",
    "family_name": "last_name",
    "email": "email_address",
}
_MEANS_POWERSCHOOL = {
    "source_id": "STUDENTS.DCID",
    "student_number": "STUDENTS.Student_Number",
    "school": "STUDENTS.SchoolID",
    "grade": "STUDENTS.Grade_Level",
    "given_name": "STUDENTS.First_Name",
    "family_name": "STUDENTS.Last_Name",
    "birth_date": "STUDENTS.DOB",
    "left": "STUDENTS.Enroll_Status",
    "street": "STUDENTS.Street",
}
_MEANS_FLAT = {
    "source_id": "SIS ID",
    "student_number": "Student ID",
    "school": "School",
    "grade": "Grade",
    "given_name": "First Name",
    "family_name": "Last Name",
    "birth_date": "Birth Date",
    "street": "Street",
    "email": "Guardian Email",
}

APPLE = Form(
    "Apple School Manager: students.csv, backslash before quotes, LF",
    (Sheet("students.csv", _APPLE, _apple, STUDENTS, _MEANS),),
    Style(line_end="\n", quotes="backslash"),
)
POWERSCHOOL = Form(
    "PowerSchool's export: tabs, CR, no quotes, STUDENTS. before headers; who left last night has Enroll_Status 2 or 3",
    (Sheet("students.txt", _POWERSCHOOL, _powerschool, STUDENTS, _MEANS_POWERSCHOOL),),
    Style(delimiter="\t", line_end="\r", quotes="never"),
    with_left,
)
FLAT = Form(
    "a home-made CSV with addresses and LIBRARY_OPT_OUT; a family with two homes has two rows",
    (Sheet("students.csv", _FLAT, _flat, STUDENTS, _MEANS_FLAT),),
)
FLAT_PIPE = replace(
    FLAT, description="the same with | between cells and no quotes", style=Style(delimiter="|", quotes="never")
)
FLAT_SEMICOLON = replace(
    FLAT, description="the same with semicolons, as a European Excel saves it", style=Style(delimiter=";")
)
FLAT_HEADERLESS = replace(FLAT, description="the same without a header row", headed=False)
XLSX = replace(
    FLAT,
    description="the same as an Excel workbook, every cell text",
    sheets=(replace(FLAT.sheets[0], name="students.xlsx"),),
)
