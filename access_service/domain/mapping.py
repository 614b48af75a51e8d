"""What district and library agreed: who gets a card, and what is on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property

from access_service.domain.calendar import ExpiryRule
from access_service.domain.identifiers import MAX_TYPED, IdentifierKind, NumberRule, NumberTemplate, Reading, readings
from access_service.domain.milestones import Graduates, OfAge
from access_service.domain.ownership import FieldOwners
from access_service.domain.patron import Patron, number_kind
from access_service.domain.pins import BIRTH_DATE_FORMATS, PinRule
from access_service.domain.student import GRADES, Role, Student


class Exclusion(StrEnum):
    """Why a readable roster row gets no card. Counted by code in every run; docs/codes.md has cause and cure."""

    NOT_A_STUDENT = "not_a_student"
    SCHOOL_MISSING = "school_missing"
    UNKNOWN_SCHOOL = "unknown_school"
    UNKNOWN_GRADE = "unknown_grade"
    GRADE_NOT_SERVED = "grade_not_served"
    NUMBER_MISSING = "number_missing"
    NUMBER_PATTERN = "number_pattern"
    NUMBER_TOO_LONG = "number_too_long"
    NUMBER_COLLISION = "number_collision"
    NUMBER_IN_ILS = "number_in_ils"
    ID_RECYCLED = "id_recycled"
    OF_AGE = "of_age"
    ROLE_CHANGED = "role_changed"
    STATED_EXIT = "stated_exit"
    OPTED_OUT = "opted_out"


# A fault in the row. It says nothing of whether the student is still one: who has a card keeps it as it is.
FAULTS = frozenset(
    {
        Exclusion.SCHOOL_MISSING,
        Exclusion.UNKNOWN_GRADE,
        Exclusion.NUMBER_MISSING,
        Exclusion.NUMBER_PATTERN,
        Exclusion.NUMBER_TOO_LONG,
        Exclusion.ID_RECYCLED,
        Exclusion.ROLE_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class PatronType:
    """The ILS patron type and privilege profile of a band of grades."""

    grades: tuple[str, ...]
    patron_type: str
    profile: str = ""


@dataclass(frozen=True, slots=True)
class EducatorRules:
    """The rules for teachers and other staff. Of `schools` they may have others than the students have; none means the
    same. `library_number` is a template with {staff_number} in it.
    """

    staff_number: NumberRule
    library_number: str
    patron_type: str
    pin: PinRule
    expiry: ExpiryRule
    profile: str = ""
    schools: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _template(self.library_number, IdentifierKind.STAFF_NUMBER)
        if self.pin.rule in BIRTH_DATE_FORMATS:
            raise ValueError("pin: rows of staff have no birth date; it should be last, column or unclaimed")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a card of one role is made by: the number on the badge, of this `kind`, and what goes with it."""

    kind: IdentifierKind
    number: NumberRule
    template: NumberTemplate
    schools: Mapping[str, str]
    pin: PinRule
    expiry: ExpiryRule


@dataclass(frozen=True)
class MappingRules:
    """One district's rules.

    `schools` maps a roster's school code to the home branch; together with the grades of `patron_types` it is the
    list of who is served. `library_number` is a template (NumberTemplate), `number_max_length` what the ILS holds.
    Without `educators` nobody is served but students.
    """

    student_number: NumberRule
    library_number: str
    patron_types: tuple[PatronType, ...]
    schools: Mapping[str, str]
    pin: PinRule
    expiry: ExpiryRule
    number_max_length: int = 20
    of_age: OfAge | None = None
    graduates: Graduates | None = None
    owners: FieldOwners = field(default_factory=FieldOwners)
    educators: EducatorRules | None = None

    def __post_init__(self) -> None:
        _template(self.library_number, IdentifierKind.STUDENT_NUMBER)
        if not 1 <= self.number_max_length <= MAX_TYPED:
            raise ValueError(f"number_max_length: should be 1 to {MAX_TYPED}")
        grades = [grade for band in self.patron_types for grade in band.grades]
        if unknown := sorted(set(grades) - GRADES.keys()):
            raise ValueError(f"patron_types: no such grade {unknown[0]!r}; grades are {' '.join(GRADES)}")
        if twice := sorted({grade for grade in grades if grades.count(grade) > 1}):
            raise ValueError(f"patron_types: grade {twice[0]!r} is in two bands")

    @cached_property
    def terms(self) -> Mapping[Role, Terms]:
        """By the roles that are served."""
        of_all: list[tuple[Role, NumberRule, MappingRules | EducatorRules]] = [
            (Role.STUDENT, self.student_number, self)
        ]
        if self.educators:
            of_all.append((Role.EDUCATOR, self.educators.staff_number, self.educators))
        return {
            role: Terms(
                kind=number_kind(role),
                number=number,
                template=NumberTemplate.parse(rules.library_number, number_kind(role)),
                schools=rules.schools or self.schools,
                pin=rules.pin,
                expiry=rules.expiry,
            )
            for role, number, rules in of_all
        }

    def terms_of(self, role: Role) -> Terms:
        """Of a role that is served; a student's for any other."""
        return self.terms.get(role, self.terms[Role.STUDENT])

    def readings(self, typed: str) -> frozenset[Reading]:
        """Every identifier of this district that a typed string can mean."""
        everybody = self.terms.values()
        return frozenset().union(
            *(
                readings(
                    typed,
                    mine.number,
                    mine.template,
                    mine.kind,
                    [(other.number, other.template) for other in everybody if other is not mine],
                )
                for mine in everybody
            )
        )

    @cached_property
    def band_of(self) -> Mapping[str, PatronType]:
        return {grade: band for band in self.patron_types for grade in band.grades}


def to_patron(student: Student, rules: MappingRules, district: str, expires: date) -> Patron | Exclusion:
    """The card this person gets, good through `expires`, or why there is none."""
    if refusal := not_served(student.school, student.grade, rules, student.role):
        return refusal
    terms = rules.terms[student.role]
    number = terms.number.apply(student.student_number)
    if number is None:
        return Exclusion.NUMBER_PATTERN if student.student_number.strip() else Exclusion.NUMBER_MISSING
    library_number = terms.template.mint(number)
    if len(library_number) > rules.number_max_length:
        return Exclusion.NUMBER_TOO_LONG
    # Only a student is in a grade.
    band = (rules.educators if student.role is Role.EDUCATOR else None) or rules.band_of[student.grade]
    return Patron(
        district=district,
        source_id=student.source_id,
        role=student.role,
        student_number=number,
        library_number=library_number,
        patron_type=band.patron_type,
        profile=band.profile,
        branch=terms.schools[student.school],
        school=student.school,
        grade=student.grade if student.role is Role.STUDENT else "",
        given_name=student.given_name,
        family_name=student.family_name,
        expires=expires,
    )


def at_age(patron: Patron, born: date | None, rules: MappingRules, today: date) -> Patron | Exclusion:
    """The card of a student of this birth date on this day: past the birthday of `of_age` another, or none."""
    rule = rules.of_age
    if rule is None or patron.role is not Role.STUDENT or not rule.reached(born, today):
        return patron
    if not rule.patron_type:
        return Exclusion.OF_AGE
    return replace(patron, patron_type=rule.patron_type, profile=rule.profile)


def not_served(school: str, grade: str, rules: MappingRules, role: Role = Role.STUDENT) -> Exclusion | None:
    """Whether a school, and a student's grade, are outside what the two sides agreed. Either is "" where nobody
    understood it."""
    if role not in rules.terms:
        return Exclusion.NOT_A_STUDENT
    if not school:
        return Exclusion.SCHOOL_MISSING
    if school not in rules.terms[role].schools:
        return Exclusion.UNKNOWN_SCHOOL
    if role is Role.EDUCATOR:
        return None
    if not grade:
        return Exclusion.UNKNOWN_GRADE
    return None if grade in rules.band_of else Exclusion.GRADE_NOT_SERVED


def _template(text: str, kind: IdentifierKind) -> None:
    try:
        NumberTemplate.parse(text, kind)
    except ValueError as error:
        raise ValueError(f"library_number: {error}") from None
