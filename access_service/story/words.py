"""What the numbers are called, and what they mean: the same words in pages, pictures, tables and reports."""

from collections.abc import Mapping
from datetime import date

from access_service.domain.access import PinResult, Standing
from access_service.settings import District
from access_service.story.cells import Cell, Hidden
from access_service.story.telling import ACCESS, FIRST, MONTH, USED, YEAR

NAMES: Mapping[str, str] = {
    ACCESS: "Students with access",
    USED: "Ever used",
    YEAR: "Used this school year",
    MONTH: "Active this month",
    FIRST: "First time this year",
}
MEANINGS: Mapping[str, str] = {
    ACCESS: "Students whose school ID is a library card today: on the roster, not expired, not blocked.",
    USED: "Of these, who have ever signed in to anything that asks this service, such as e-books or databases.",
    YEAR: "Of these, who have signed in since the first day of this school year.",
    MONTH: "Of these, who have signed in since the first day of this month. A month that is over keeps its number.",
    FIRST: "Of those of this school year, whose first sign-in of all was in it.",
}
HIDING = (
    "Numbers of fewer than 10 students are shown as < 10, so that nobody can be recognised. Where such a number could"
    " be worked out from others, some larger ones are hidden too. What was borrowed or read is never known here."
)
NIGHTS = "Nights of this school year on which the roster came and was taken in. The others were held, failed or missed."
REASONS: Mapping[str, str] = {
    Standing.UNKNOWN: "The number is nobody's",
    Standing.AMBIGUOUS: "The number is of two people",
    Standing.EXPIRED: "The card has expired",
    Standing.LEFT: "The student has left",
    Standing.BLOCKED: "The card is blocked",
    PinResult.WRONG: "The PIN was wrong",
    PinResult.MISSING: "No PIN was typed",
    PinResult.LOCKED: "Locked after wrong PINs",
    PinResult.REFUSED: "Too many tries at one place",
    PinResult.NONE_ISSUED: "There is no PIN yet",
}
_GRADES = {
    "IT": "Infants",
    "PR": "Preschool",
    "PK": "Pre-K",
    "TK": "Transitional K",
    "KG": "Kindergarten",
    "PS": "Postsecondary",
    "UG": "Ungraded",
    "OTHER": "Other grades",
}


def school_name(district: District, code: str) -> str:
    """As the district's file has it."""
    return district.district.school_names.get(code, f"School {code}")


def grade_name(code: str) -> str:
    return _GRADES.get(code) or (f"Grade {int(code)}" if code.isdecimal() else code)


def reason(code: str) -> str:
    return REASONS.get(code, code)


def month_name(month: date) -> str:
    return f"{month:%B %Y}"


def day_name(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def shown(cell: Cell) -> str:
    return cell.value if isinstance(cell, Hidden) else f"{cell:,}"


def share(part: Cell, whole: Cell) -> str:
    """In percent, where both are shown."""
    if isinstance(part, Hidden) or isinstance(whole, Hidden) or not whole:
        return ""
    return f"{100 * part / whole:.0f} %"
