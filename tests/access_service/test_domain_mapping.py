"""What district and library agreed: who gets a card, what is on it, and why somebody gets none."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from access_service.domain.calendar import ExpiryRule
from access_service.domain.identifiers import CleanUp, NumberRule
from access_service.domain.mapping import (
    EducatorRules,
    Exclusion,
    MappingRules,
    PatronType,
    not_served,
    to_patron,
)
from access_service.domain.patron import Patron
from access_service.domain.pins import PinKind, PinRule
from access_service.domain.student import Role, Student

UNTIL = date(2027, 9, 15)
RULES = MappingRules(
    student_number=NumberRule((CleanUp.TRIM, CleanUp.DIGITS_ONLY), pad_to=7, pattern=r"\d{7}"),
    library_number="29{student_number}",
    patron_types=(PatronType(("KG", "01", "02"), "ELEM", "starter"), PatronType(("09", "10"), "TEEN")),
    schools={"101": "MAPLE", "301": "CENTRAL"},
    pin=PinRule(PinKind.MMDD),
    expiry=ExpiryRule("06-30", "09-15"),
    number_max_length=9,
)
STUDENT = Student("s-1", "S-12345", "101", "02", "Testa", "Synthetica")


def _made(**facts: Any) -> Patron | Exclusion:
    return to_patron(replace(STUDENT, **facts), RULES, "demo", UNTIL)


def test_a_student_becomes_the_card_that_was_agreed() -> None:
    """Number cleaned and padded, library number minted, branch by school, type and profile by grade."""
    assert _made() == Patron(
        district="demo",
        source_id="s-1",
        role=Role.STUDENT,
        student_number="0012345",
        library_number="290012345",
        patron_type="ELEM",
        profile="starter",
        branch="MAPLE",
        school="101",
        grade="02",
        given_name="Testa",
        family_name="Synthetica",
        expires=UNTIL,
    )


@pytest.mark.parametrize(
    ("grade", "school", "patron_type", "branch"), [("KG", "101", "ELEM", "MAPLE"), ("10", "301", "TEEN", "CENTRAL")]
)
def test_each_grade_has_the_type_of_its_band(grade: str, school: str, patron_type: str, branch: str) -> None:
    """Every grade of a band, and every school that is served."""
    made = _made(grade=grade, school=school)
    assert isinstance(made, Patron)
    assert (made.patron_type, made.branch) == (patron_type, branch)


REFUSALS: dict[Exclusion, dict[str, str]] = {
    Exclusion.SCHOOL_MISSING: {"school": ""},
    Exclusion.UNKNOWN_SCHOOL: {"school": "999"},
    Exclusion.UNKNOWN_GRADE: {"grade": ""},
    Exclusion.GRADE_NOT_SERVED: {"grade": "05"},
    Exclusion.NUMBER_MISSING: {"student_number": " "},
    Exclusion.NUMBER_PATTERN: {"student_number": "12345678"},
}


@pytest.mark.parametrize("exclusion", REFUSALS)
def test_each_reason_to_refuse_a_card_has_its_code(exclusion: Exclusion) -> None:
    """A school nobody agreed on, a grade nobody understood or serves, a number that is none."""
    assert _made(**REFUSALS[exclusion]) is exclusion


def test_a_library_number_longer_than_the_ils_holds_is_refused() -> None:
    """At the longest it is made, one above it is not."""
    longest = replace(RULES, library_number="29{student_number}", number_max_length=9)
    shorter = replace(RULES, library_number="29{student_number}", number_max_length=8)
    assert isinstance(to_patron(STUDENT, longest, "demo", UNTIL), Patron)
    assert to_patron(STUDENT, shorter, "demo", UNTIL) is Exclusion.NUMBER_TOO_LONG


def test_what_is_not_decided_here_is_listed() -> None:
    """The other exclusions are found by reader and planner; a new member must be put on one side or the other."""
    elsewhere = {
        Exclusion.NOT_A_STUDENT,
        Exclusion.NUMBER_COLLISION,
        Exclusion.NUMBER_IN_ILS,
        Exclusion.ID_RECYCLED,
        Exclusion.OF_AGE,
        Exclusion.OPTED_OUT,
        Exclusion.ROLE_CHANGED,
        Exclusion.STATED_EXIT,
    }
    assert set(Exclusion) - elsewhere == REFUSALS.keys() | {Exclusion.NUMBER_TOO_LONG}


@pytest.mark.parametrize(
    ("facts", "first"),
    [
        ({"school": "999", "grade": "", "student_number": ""}, Exclusion.UNKNOWN_SCHOOL),
        ({"school": "999", "grade": "05"}, Exclusion.UNKNOWN_SCHOOL),
        ({"grade": "", "student_number": ""}, Exclusion.UNKNOWN_GRADE),
        ({"grade": "05", "student_number": "x"}, Exclusion.GRADE_NOT_SERVED),
    ],
)
def test_the_first_reason_counts(facts: dict[str, str], first: Exclusion) -> None:
    """School before grade before number, so that a report counts each row once and for what matters most."""
    assert _made(**facts) is first


@pytest.mark.parametrize(
    "number", ["", "   ", "S-", "1234567890", "\uff11\uff12\uff13\uff14\uff15", "0012\uff1345", "N°12345"]
)
def test_a_number_is_never_repaired_beyond_the_rule(number: str) -> None:
    """Too long, or not ASCII: no digit is dropped to make it fit, for then it would be somebody else's."""
    assert _made(student_number=number) in {Exclusion.NUMBER_PATTERN, Exclusion.NUMBER_MISSING}


def test_a_pilot_is_a_list_of_schools_and_grades() -> None:
    """Taking a school or a grade out of the rules is all it takes to serve fewer."""
    pilot = replace(RULES, schools={"301": "CENTRAL"}, patron_types=RULES.patron_types[1:])
    assert not_served("101", "09", pilot) is Exclusion.UNKNOWN_SCHOOL
    assert not_served("301", "02", pilot) is Exclusion.GRADE_NOT_SERVED
    assert not_served("301", "09", pilot) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: replace(RULES, library_number="29"), "library_number: must hold"),
        (lambda: replace(RULES, patron_types=(PatronType(("K9",), "X"),)), "no such grade 'K9'"),
        (lambda: replace(RULES, patron_types=(PatronType(("01", "02"), "X"), PatronType(("02",), "Y"))), "two bands"),
        (lambda: replace(RULES, number_max_length=65), "number_max_length: should be 1 to 64"),
        (lambda: replace(RULES, number_max_length=0), "number_max_length: should be 1 to 64"),
    ],
)
def test_rules_that_contradict_themselves_cannot_be_made(wrong: Callable[[], MappingRules], said: str) -> None:
    """A template without a number, a grade that is none or in two bands, a length that no key can have."""
    with pytest.raises(ValueError, match=said):
        wrong()


EDUCATORS = EducatorRules(
    staff_number=NumberRule(pad_to=6, pattern=r"\d{6}"),
    library_number="55{staff_number}",
    patron_type="EDU",
    pin=PinRule(PinKind.LAST),
    expiry=ExpiryRule("06-30", "10-31"),
    schools={"999": "OFFICE"},
)
TEACHER = Student("t-1", "412", "999", "UG", "Tea", "Cher", role=Role.EDUCATOR)


def test_an_educator_becomes_the_card_of_the_educators_rules() -> None:
    """Number, template, type and schools are theirs; whatever stands there for a grade is none."""
    made = to_patron(TEACHER, replace(RULES, educators=EDUCATORS), "demo", UNTIL)
    assert isinstance(made, Patron)
    assert (made.role, made.student_number, made.library_number) == (Role.EDUCATOR, "000412", "55000412")
    assert (made.patron_type, made.profile, made.branch, made.grade) == ("EDU", "", "OFFICE", "")


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"school": ""}, Exclusion.SCHOOL_MISSING),
        ({"school": "101"}, Exclusion.UNKNOWN_SCHOOL),
        ({"student_number": ""}, Exclusion.NUMBER_MISSING),
        ({"student_number": "4120000"}, Exclusion.NUMBER_PATTERN),
        ({"role": Role.STUDENT}, Exclusion.UNKNOWN_SCHOOL),
        ({"grade": ""}, None),
    ],
)
def test_an_educator_without_a_card(facts: dict[str, Any], refusal: Exclusion | None) -> None:
    """The grade excludes nobody; without rules for educators there are none."""
    teacher = replace(TEACHER, **facts)
    made = to_patron(teacher, replace(RULES, educators=EDUCATORS), "demo", UNTIL)
    assert (made if isinstance(made, Exclusion) else None) is refusal
    assert to_patron(replace(teacher, role=Role.EDUCATOR), RULES, "demo", UNTIL) is Exclusion.NOT_A_STUDENT


def test_educators_have_the_schools_of_students_unless_they_have_their_own() -> None:
    """An empty table says nothing."""
    rules = replace(RULES, educators=replace(EDUCATORS, schools={}))
    assert not_served("301", "", rules, Role.EDUCATOR) is None
    assert not_served("999", "", rules, Role.EDUCATOR) is Exclusion.UNKNOWN_SCHOOL


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"library_number": "55{student_number}"}, r"library_number: must hold {staff_number} exactly once"),
        ({"pin": PinRule(PinKind.MMDD)}, "rows of staff have no birth date"),
    ],
)
def test_rules_that_no_educator_can_have_are_refused(changed: dict[str, Any], said: str) -> None:
    """When they are made, with what should be there."""
    with pytest.raises(ValueError, match=said):
        replace(EDUCATORS, **changed)
