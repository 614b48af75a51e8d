"""One person as the roster describes them."""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    """A test card is nobody's: a vendor tries its connection with one. A cardholder is somebody whom the ILS alone
    knows, and is never stored."""

    STUDENT = "student"
    EDUCATOR = "educator"
    TEST_CARD = "test_card"
    CARDHOLDER = "cardholder"


@dataclass(frozen=True, slots=True)
class Student:
    """A roster row after reading, an educator's too: text as sent (trimmed), grade and birth date understood.

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
    state_id: str = field(default="", repr=False)


# Common Education Data Standards entry grade levels, with the spellings that student information systems, Clever,
# Ed-Fi and Microsoft export. "-1" is not here: it is TK in some exports and PK in others, so a district must say which.
GRADES: dict[str, tuple[str, ...]] = {
    "IT": ("INFANTTODDLER", "INFANT/TODDLER"),
    "PR": ("PRESCHOOL",),
    "PK": (
        *("PREK", "PREKINDERGARTEN", "PRESCHOOL/PREKINDERGARTEN", "-2"),
        *("PK3", "PK4", "PREK3", "PREK4", "PRE-K3", "PRE-K4", "K3", "K4", "4K"),
    ),
    "TK": ("TRANSITIONALKINDERGARTEN",),
    # Full day, half day, morning and afternoon; in some states "K5" says how old the children are.
    "KG": ("K", "0", "00", "KINDER", "KINDERGARTEN", "KF", "KH", "KA", "KP", "K5", "5K"),
    **{f"{grade:02}": (str(grade),) for grade in range(1, 14)},
    "PS": ("POSTGRADUATE", "POSTSECONDARY", "GRADUATE", "UNDERGRADUATE", *(f"PS{year}" for year in range(1, 5))),
    "UG": ("UNGRADED", "OS"),
    "OTHER": (),
}
_ORDINALS = "FIRST SECOND THIRD FOURTH FIFTH SIXTH SEVENTH EIGHTH NINTH TENTH ELEVENTH TWELFTH".split()
_GRADE_BY_SPELLING = {spelling: code for code, spellings in GRADES.items() for spelling in (code, *spellings)} | {
    f"{ordinal}{word}": f"{grade:02}" for grade, ordinal in enumerate(_ORDINALS, start=1) for word in ("", "GRADE")
}
# "Grade 3", "GR-03", "GradeK", "3rd", "3rd grade"; but "Grade -1" has a sign.
_WORDED = re.compile(r"(?:GRADE|GRD|GR)(?:[.:]|-(?=0))?(\w+)|0?(1ST|2ND|3RD|\d{1,2}TH)(?:GRADE)?")


def canonical_grade(text: str) -> str | None:
    """The code of GRADES that a roster's grade cell means, or None. Of a list (`03,04`, `["03"]`) the first counts."""
    # Ed-Fi says "uri://ed-fi.org/GradeLevelDescriptor#Third grade".
    first = "".join(text.rpartition("#")[2].split(",", 1)[0].upper().split()).strip("[]\"'")
    # "Pre-K" loses its hyphen, "-2" keeps its sign, and "1-2" and "K-5" are several grades.
    plain = first if any(char.isdigit() for char in first) else first.replace("-", "")
    if (code := _GRADE_BY_SPELLING.get(plain)) or not (worded := _WORDED.fullmatch(plain)):
        return code
    return _GRADE_BY_SPELLING.get(worded[1] or worded[2][:-2])
