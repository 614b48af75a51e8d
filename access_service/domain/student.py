"""One person as the roster describes them."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    STUDENT = "student"
    EDUCATOR = "educator"


@dataclass(frozen=True, slots=True)
class Student:
    """A roster row after reading: text as sent (trimmed), grade and birth date understood.

    `source_id` is the SIS's id, unique within a district only and not for ever. `school` and `grade` are the
    roster's school code and a code of GRADES. `pin` is the roster's own PIN column, where the rules name one.
    """

    source_id: str
    student_number: str = field(repr=False)
    school: str
    grade: str
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    pin: str = field(default="", repr=False)
    role: Role = Role.STUDENT


# Common Education Data Standards entry grade levels, with the spellings that student information systems export.
# "-1" is not here: it is TK in some exports and PK in others, so a district must say which.
GRADES: dict[str, tuple[str, ...]] = {
    "IT": ("INFANTTODDLER",),
    "PR": ("PRESCHOOL",),
    "PK": ("PREK", "PREKINDERGARTEN", "-2"),
    "TK": ("TRANSITIONALKINDERGARTEN",),
    "KG": ("K", "0", "00", "KINDER", "KINDERGARTEN"),
    **{f"{grade:02}": (str(grade),) for grade in range(1, 14)},
    "PS": ("POSTGRADUATE", "POSTSECONDARY"),
    "UG": ("UNGRADED", "OS"),
    "OTHER": (),
}
_GRADE_BY_SPELLING = {spelling: code for code, spellings in GRADES.items() for spelling in (code, *spellings)}


def canonical_grade(text: str) -> str | None:
    """The code of GRADES that a roster's grade cell means, or None. Of a list ("03,04") the first counts."""
    first = text.split(",", 1)[0].upper().replace(" ", "")
    # "Pre-K" loses its hyphen, "-2" keeps its sign, and "1-2" is two grades.
    return _GRADE_BY_SPELLING.get(first.replace("-", "") if first[:1].isalpha() else first)
