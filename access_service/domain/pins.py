"""Issued PINs: what the district's rule makes of a student. Nothing here stores or compares one."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from access_service.domain.student import Student


class PinOwner(StrEnum):
    """Who keeps PINs and says whether one is right. Those of test cards are always the service's."""

    SERVICE = "service"
    ILS = "ils"


class PinKind(StrEnum):
    MMDD = "MMDD"
    MMYYYY = "MMYYYY"
    MMDDYYYY = "MMDDYYYY"
    LAST = "last"
    COLUMN = "column"
    UNCLAIMED = "unclaimed"


class Reissue(StrEnum):
    """When a changed fact changes a PIN that was issued. A first PIN is issued whenever there is none."""

    ALWAYS = "always"
    WINDOW = "window"
    NEVER = "never"


BIRTH_DATE_FORMATS = {
    PinKind.MMDD: "{0.month:02}{0.day:02}",
    PinKind.MMYYYY: "{0.month:02}{0.year:04}",
    PinKind.MMDDYYYY: "{0.month:02}{0.day:02}{0.year:04}",
}

# What databases export when the birth date was never entered.
PLACEHOLDER_BIRTH_DATES = frozenset({date(1, 1, 1), date(1753, 1, 1), date(1900, 1, 1), date(1970, 1, 1)})


@dataclass(frozen=True, slots=True)
class PinRule:
    """`last` takes the final `digits` characters of the student number, `column` the roster's PIN column.

    `unclaimed` issues none: no PIN works until the desk or the student sets one.
    """

    rule: PinKind
    digits: int = 4
    reissue: Reissue = Reissue.ALWAYS

    def __post_init__(self) -> None:
        if self.digits < 1:
            raise ValueError("digits should be 1 or more")


def issued_pin(rule: PinRule, student: Student, today: date) -> str | None:
    """The PIN this student is issued, or None where the facts for it are missing.

    `student` bears the number of the badge (NumberRule.apply), not what its roster cell holds.
    """
    if layout := BIRTH_DATE_FORMATS.get(rule.rule):
        born = student.birth_date
        if born is None or born in PLACEHOLDER_BIRTH_DATES or born >= today:
            return None
        return layout.format(born)
    if rule.rule is PinKind.LAST:
        return student.student_number[-rule.digits :] or None
    return student.pin or None if rule.rule is PinKind.COLUMN else None
