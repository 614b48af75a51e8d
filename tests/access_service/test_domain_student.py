"""A student as the roster describes them: above all, what a grade cell means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.student import GRADES, Student, canonical_grade


@pytest.mark.parametrize(
    ("cell", "grade"),
    [
        ("KG", "KG"),
        ("K", "KG"),
        ("0", "KG"),
        ("00", "KG"),
        ("Kindergarten", "KG"),
        ("Pre-K", "PK"),
        ("PreK", "PK"),
        ("pre-kindergarten", "PK"),
        ("-2", "PK"),
        ("TK", "TK"),
        ("Transitional Kindergarten", "TK"),
        ("Preschool", "PR"),
        ("Infant-Toddler", "IT"),
        ("1", "01"),
        ("01", "01"),
        (" 9 ", "09"),
        ("12", "12"),
        ("13", "13"),
        ("03,04", "03"),
        ("4, 5", "04"),
        ("Post-graduate", "PS"),
        ("ungraded", "UG"),
        ("Other", "OTHER"),
        ("Grade 3", "03"),
        ("grade03", "03"),
        ("GR 03", "03"),
        ("GR-03", "03"),
        ("Gr. 3", "03"),
        ("GradeK", "KG"),
        ("GradePK", "PK"),
        ("Grade01", "01"),
        ("3rd", "03"),
        ("3rd Grade", "03"),
        ("11th", "11"),
        ("First grade", "01"),
        ("Twelfth Grade", "12"),
        ("Kinder", "KG"),
        ("KF", "KG"),
        ("K5", "KG"),
        ("K4", "PK"),
        ("PK3", "PK"),
        ("PK4", "PK"),
        ("PRE-K 4", "PK"),
        ("ps1", "PS"),
        ("PS2", "PS"),
        ("undergraduate", "PS"),
        ("InfantToddler", "IT"),
        ("Infant/toddler", "IT"),
        ("PreKindergarten", "PK"),
        ("Preschool/Prekindergarten", "PK"),
        ("TransitionalKindergarten", "TK"),
        ("PostGraduate", "PS"),
        ("OS", "UG"),
        ("01,02", "01"),
    ],
)
def test_a_grade_is_read_as_information_systems_write_it(cell: str, grade: str) -> None:
    """Codes and common spellings mean one grade; of a list the first counts."""
    assert canonical_grade(cell) == grade


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "-1",
        "14",
        "001",
        "A",
        "Grade",
        "Grade -1",
        "Grade 14",
        "14th",
        "3st",
        "K-5",
        "PK-4",
        "K-12",
        "Grades 3-5",
        "P3",
        "Senior",
        "1-2",
        "1-0",
        "0-1",
        "-",
        "--2",
        ",03",
        "\uff13",
        "1.0",
    ],
)
def test_a_grade_that_could_be_anything_is_unknown(cell: str) -> None:
    """ "-1" is TK here and PK there, and "1-2" is no twelfth grade: what is not certain is not guessed."""
    assert canonical_grade(cell) is None


def test_every_code_means_itself_in_any_case() -> None:
    """What the configuration names a grade, a roster may say too."""
    assert all(canonical_grade(code) == canonical_grade(code.lower()) == code for code in GRADES)


@given(st.text(max_size=30))
def test_no_cell_is_more_than_one_of_the_known_grades(cell: str) -> None:
    """Whatever a cell holds, the answer is a known code or none, and no error."""
    assert canonical_grade(cell) in {None, *GRADES}


def test_a_student_prints_without_being_identified() -> None:
    """Names, numbers, birth dates and PINs do not show where somebody prints the object."""
    shown = repr(Student("s-1", "0012345", "101", "03", "Quentin", "Qanary", pin="4711"))
    assert not any(secret in shown for secret in ("0012345", "Quentin", "Qanary", "4711"))
