"""From a student's row to a card and its PIN, and what makes them other than the stored ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd

from access_service.domain.mapping import Exclusion, at_age, to_patron
from access_service.domain.patron import HERE, Patron, PatronRecord, Presence
from access_service.domain.pins import PinKind, issued_pin
from access_service.domain.student import Student
from sync.night import Night
from sync.plan import ROLES, ChangeKind
from sync.roster import COLUMNS

# Student's fields in their order.
STUDENT_COLUMNS = tuple(name for name in Student.__dataclass_fields__ if name in COLUMNS)


def students(served: pd.DataFrame, indexes: Sequence[int]) -> Iterator[Student]:
    """The students at these positions of the served frame."""
    columns = [served[name].tolist() for name in STUDENT_COLUMNS]
    dates: dict[str, date | None] = {"": None}
    for index in indexes:
        source_id, number, school, grade, given, family, born, pin, role, state_id = (cells[index] for cells in columns)
        if born not in dates:
            dates[born] = date.fromisoformat(born)
        yield Student(source_id, number, school, grade, given, family, dates[born], pin, ROLES[role], state_id)


def card_of(student: Student, night: Night) -> Patron | Exclusion:
    """The card that a row makes tonight, or why it makes none."""
    rules = night.district.rules
    made = to_patron(student, rules, night.district.code, night.expires.get(student.role, night.today))
    return at_age(made, student.birth_date, rules, night.today) if isinstance(made, Patron) else made


def pin_of(student: Student, card: Patron, night: Night) -> str | None:
    """The PIN that the rules issue with a card."""
    rule = night.district.rules.terms[card.role].pin
    if rule.rule is PinKind.LAST:
        # Of the number on the badge: a cell can hold "12345@school.example".
        student = replace(student, student_number=card.student_number)
    return issued_pin(rule, student, night.today)


def keeps_pin(record: PatronRecord, pin: str | None, night: Night, *, partial: bool) -> bool:
    """Whether the PIN that works now works on when `pin` is what the rules issue."""
    if record.pin_digest is not None and not night.reissues_pins[record.patron.role]:
        return True
    if pin is None:
        # A partial roster that leaves the birth date out does not take the PIN away.
        return partial or record.pin_digest is None
    return night.vault.matches(record, pin)


def wants_pepper(record: PatronRecord, card: Patron, pin: str | None, night: Night) -> bool:
    """Whether the PIN is to be stored again under the pepper of today."""
    if pin is None or record.pin_key == night.vault.key_id:
        return False
    return night.reissues_pins[card.role] or night.vault.matches(record, pin)


def stranger(card: Patron, stored: Patron, other_person: bool) -> Exclusion | None:
    """Why the row with a patron's id may be somebody else's, who must not get the card."""
    if other_person:
        return Exclusion.ID_RECYCLED
    return Exclusion.ROLE_CHANGED if card.role is not stored.role else None


def other_names(student: Student | Patron, patron: Patron) -> tuple[bool, bool]:
    """Whether given and family name are others than the stored ones; a blank is not another name."""
    names = (student.given_name, patron.given_name), (student.family_name, patron.family_name)
    given, family = (bool(now and then) and now != then for now, then in names)
    return given, family


def kind_of(record: PatronRecord, card: Patron, *, same_pin: bool, new_pin: bool) -> ChangeKind | None:
    """What kind of change this is, or None where it is none."""
    if record.presence not in HERE:
        return ChangeKind.RETURN
    if not same_pin or replace(card, expires=record.patron.expires) != record.patron:
        return ChangeKind.UPDATE
    if record.presence is Presence.ABSENT:
        return ChangeKind.SEEN_AGAIN
    return ChangeKind.RENEW if new_pin or card.expires != record.patron.expires else None
