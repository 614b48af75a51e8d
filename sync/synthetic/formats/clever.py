"""Clever: five files; a student has a row for each contact and each school."""

from collections.abc import Iterable, Sequence

from sync.synthetic.district import GRADES, Person
from sync.synthetic.homes import contacts
from sync.synthetic.sheet import NOBODY, STUDENTS, TEACHERS, Form, Setting, Sheet
from sync.synthetic.style import Row

_MOST_ROWS = 5
_TWO_SCHOOLS = 50

STUDENTS_CSV = (
    *("School_id", "Student_id", "Student_number", "State_id", "Last_name", "Middle_name", "First_name", "Grade"),
    *("Gender", "Graduation_year", "DOB", "Race", "Hispanic_Latino", "Home_language", "Ell_status", "Frl_status"),
    *("IEP_status", "Student_street", "Student_city", "Student_state", "Student_zip", "Student_email"),
    *("Contact_relationship", "Contact_type", "Contact_name", "Contact_phone", "Contact_phone_type", "Contact_email"),
    *("Contact_sis_id", "Username", "Password"),
)
_SCHOOLS = ("School_id", "School_name", "School_number", "State_id", "Nces_id", "Low_grade", "High_grade", "Principal")
_TEACHERS = ("School_id", "Teacher_id", "Teacher_number", "Last_name", "First_name", "Teacher_email", "Title")
_SECTIONS = ("School_id", "Section_id", "Teacher_id", "Name", "Grade", "Course_name", "Period", "Subject", "Term_name")
_ENROLLMENTS = ("School_id", "Section_id", "Student_id")
_BOUNDS = {"1": ("Kindergarten", "5"), "2": ("6", "8"), "3": ("9", "12")}


def grade_word(grade: str) -> str:
    return "Kindergarten" if grade == "KG" else str(int(grade))


def month_first(born: str) -> str:
    """MM/DD/YYYY, or "" of ""."""
    return f"{born[5:7]}/{born[8:]}/{born[:4]}" if born else ""


def schools_of(person: Person, setting: Setting) -> tuple[str, ...]:
    """One in fifty goes to a second school of the same level, where there is one."""
    if person.second_school:
        return person.school, person.second_school
    others = setting.district.schools_by_level[person.school[0]]
    if int(person.number) % _TWO_SCHOOLS or len(others) == 1:
        return (person.school,)
    return person.school, others[(others.index(person.school) + 1) % len(others)]


def _students(people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for p in people:
        home = contacts(p)
        year = str(setting.district.first_year + len(GRADES) - GRADES.index(p.grade))
        facts = (
            p.number,
            "",
            p.family_name,
            "",
            p.given_name,
            grade_word(p.grade),
            "",
            year,
            month_first(p.birth_date),
        )
        pairs = [(school, who) for school in schools_of(p, setting) for who in home]
        # Who goes to two schools has rows of both.
        chosen = pairs if len(pairs) <= _MOST_ROWS else [*pairs[: _MOST_ROWS - 1], pairs[-1]]
        for school, who in chosen:
            address = (who.street, who.city, "NC", who.postal, f"s{p.number}@example.org")
            contact = (who.relation, "Family", who.name, who.phone, "Cell", who.email, f"g{who.email[4:9]}")
            yield school, p.source_id, *facts, "", "", "English", "N", "N", "N", *address, *contact, f"s{p.number}", ""


def _schools(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for code, name in setting.school_names():
        yield code, name, code, "", "", *_BOUNDS[code[0]], ""


def _teachers(people: Sequence[Person], _setting: Setting) -> list[Row]:
    return [(p.school, p.source_id, p.number, p.family_name, p.given_name, "", "Teacher") for p in people]


def _sections(_people: Sequence[Person], setting: Setting) -> Iterable[Row]:
    for code, grade in setting.district.homerooms:
        word = grade_word(grade)
        teacher = setting.teachers.get(code, "")
        yield code, f"{code}-{grade}", teacher, f"Homeroom {word}", word, f"Homeroom {word}", "1", "homeroom", "Year"


def _enrollments(people: Sequence[Person], _setting: Setting) -> list[Row]:
    return [(p.school, f"{p.school}-{p.grade}", p.source_id) for p in people]


_MEANS = {
    "source_id": "Student_id",
    "student_number": "Student_number",
    "school": "School_id",
    "grade": "Grade",
    "given_name": "First_name",
    "family_name": "Last_name",
    "birth_date": "DOB",
    "email": "Student_email",
    "password": "Password",
    "street": "Student_street",
}

CLEVER = Form(
    "Clever: schools, students, teachers, sections, enrollments; up to five rows a student, one for each contact",
    (
        Sheet("students.csv", STUDENTS_CSV, _students, STUDENTS, _MEANS),
        Sheet("schools.csv", _SCHOOLS, _schools, NOBODY),
        Sheet("teachers.csv", _TEACHERS, _teachers, TEACHERS),
        Sheet("sections.csv", _SECTIONS, _sections, NOBODY),
        Sheet("enrollments.csv", _ENROLLMENTS, _enrollments, STUDENTS),
    ),
)
