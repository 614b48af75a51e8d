"""Exceptions that a person grants until a day: a test card for a vendor, a student whom the nights leave alone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from access_service import desk
from access_service.audit import Action, Auditor, Deed
from access_service.domain.identifiers import fold
from access_service.domain.mapping import MappingRules
from access_service.domain.patron import Patron, PatronRecord
from access_service.domain.student import Role
from access_service.edits import editing
from access_service.errors import OperatorError
from access_service.overrides import ends_in_time
from access_service.settings import District
from access_service.storage import exceptions, overrides, patrons, peppers, rosters, runs, seen
from access_service.storage.engine import Databases
from access_service.storage.exceptions import ExceptionKind, Granted

# So many numbers are tried for a test card.
TRIES = 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody grants, in which district, through which day, and why."""

    district: District
    until: date
    reason: str


def add_test_card(
    databases: Databases, auditor: Auditor, grant: Grant, number: str | None, pin: str
) -> tuple[int, PatronRecord]:
    """Make a card that nobody has; returns the exception's number and the card. OperatorError where its number is
    somebody's already. A student who gets the number later has the better right to it."""
    today = _today(auditor, grant)
    with databases.reader.connect() as reading:
        if number and (_known(reading, grant.district, number, None) or exceptions.taken(reading, {fold(number)})):
            raise OperatorError(f"--number {number}: means somebody already; give another")
    patron_id = rosters.reserve_patron_ids(databases, 1)
    deed = _deed(Action.EXCEPTION_ADD, f"patron {patron_id}", grant, ExceptionKind.TEST_CARD)
    with auditor.transaction(databases) as record:
        connection = record.connection
        card = _card(connection, grant, number, f" test card {patron_id}")
        digest = (auditor.vault.key_id, auditor.vault.digest(patron_id, pin)) if pin else None
        exceptions.make_card(connection, patron_id, card, digest, today)
        if digest:
            peppers.keep(connection, digest[0])
        granted = _granted(auditor, grant, ExceptionKind.TEST_CARD, patron_id)
        added = exceptions.add(connection, granted)
        (made,) = patrons.records(connection, [patron_id])
        record.note(deed)
    return added, made


@dataclass(frozen=True, slots=True)
class Listed:
    """An exception as a person reviews it. `exception` is None of a field set by hand, which `patron release` ends."""

    district: str
    exception: int | None
    kind: ExceptionKind
    patron: int | None
    field: str | None
    library_number: str | None
    until: date
    days_left: int
    overtaken: bool
    reason: str
    by: str
    created: date

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"until": str(self.until), "created": str(self.created)}

    def __str__(self) -> str:
        number = f"exception {self.exception}" if self.exception else "set by hand"
        whom = f"patron {self.patron}" if self.patron else None
        what = " ".join(filter(None, (self.kind.replace("_", " "), whom, self.field, self.library_number)))
        ends = f"{self.days_left} days left" if self.days_left >= 0 else "ended, until the next night"
        taken = "; its number is a student's by now" if self.overtaken else ""
        return f"{self.district}: {number}: {what}, until {self.until} ({ends}){taken}: {self.reason}"


def listed(connection: Connection, district: District, now: datetime) -> list[Listed]:
    """All that has a last day in a district, the first to end first."""
    today, code = now.astimezone(district.zone).date(), district.code
    granted = exceptions.of_district(connection, code)
    cards = [each.patron_id for each in granted if each.kind is ExceptionKind.TEST_CARD and each.patron_id]
    numbers = {record.patron_id: record.patron.library_number for record in patrons.records(connection, cards)}
    overtaken = exceptions.overtaken(connection, code) if cards else frozenset()
    rows = [
        Listed(
            district=code,
            exception=each.exception,
            kind=each.kind,
            patron=each.patron_id,
            field=None,
            library_number=numbers.get(each.patron_id or 0),
            until=each.until,
            days_left=(each.until - today).days,
            overtaken=each.patron_id in overtaken,
            reason=each.reason,
            by=each.by,
            created=each.created,
        )
        for each in granted
    ]
    rows += [
        Listed(
            district=code,
            exception=None,
            kind=ExceptionKind.OVERRIDE,
            patron=held.patron_id,
            field=held.field,
            library_number=None,
            until=held.until,
            days_left=(held.until - today).days,
            overtaken=False,
            reason=held.reason,
            by=held.by,
            created=held.set_on,
        )
        for held in overrides.of_district(connection, code)
        if held.until
    ]
    return sorted(rows, key=lambda row: (row.until, row.exception or 0))


def _card(connection: Connection, grant: Grant, number: str | None, source_id: str) -> Patron:
    # A source id that begins with a space is in no roster: cells are trimmed.
    rules, band = grant.district.rules, grant.district.rules.patron_types[0]
    student, library = (number, number) if number else _free(connection, grant.district)
    if not fold(library) or len(library) > rules.number_max_length:
        most = rules.number_max_length
        raise OperatorError(f"--number {library}: should be letters and digits, {most} characters at most")
    return Patron(
        district=grant.district.code,
        source_id=source_id,
        role=Role.TEST_CARD,
        student_number=student,
        library_number=library,
        patron_type=band.patron_type,
        profile=band.profile,
        branch=next(iter(rules.schools.values())),
        school="",
        grade="",
        given_name="Test",
        family_name="Card",
        expires=grant.until,
    )


def _free(connection: Connection, district: District) -> tuple[str, str]:
    """A student number that looks like one of the district's and is nobody's, the highest such, and its card's."""
    rules, tried = district.rules, 0
    for example in district.examples:
        if example.excluded or example.role is not Role.STUDENT:
            continue
        if not (shape := rules.student_number.apply(example.student_number)):
            continue
        for number in _numbers_like(shape, rules):
            library = rules.terms[Role.STUDENT].template.mint(number)
            if not exceptions.taken(connection, {fold(number), fold(library)}):
                return number, library
            if (tried := tried + 1) >= TRIES:
                break
    raise OperatorError("no number like those in [[examples]] is free; give one with --number")


def _numbers_like(shape: str, rules: MappingRules) -> Iterator[str]:
    digits = re.search(r"[0-9]+$", shape)
    for length in range(len(digits[0]) if digits else 0, 0, -1):
        stem, highest = shape[:-length], 10**length - 1
        for last in range(highest, max(highest - TRIES, -1), -1):
            number = f"{stem}{last:0{length}}"
            if rules.student_number.apply(number) != number:
                break
            yield number


def add_skip(
    databases: Databases, auditor: Auditor, grant: Grant, number: str | None, source_id: str | None
) -> tuple[int, int | None]:
    """Have the nights leave a student alone, known or not; returns the exception's number, and the patron's id. Of the
    student keyed marks are kept."""
    vault, code = auditor.vault, grant.district.code
    with databases.reader.connect() as connection:
        record = _known(connection, grant.district, number, source_id)
    if record:
        number, source_id = record.patron.student_number, record.patron.source_id
        if record.patron.role is Role.TEST_CARD:
            raise OperatorError("this is a test card, which no night touches anyhow")
        if record.patron.role is Role.EDUCATOR:
            # The staff number can be a student's number too.
            number = None
    cleaned = (grant.district.rules.student_number.apply(number) or number) if number else ""
    patron_id = record.patron_id if record else None
    deed = _deed(Action.EXCEPTION_ADD, f"patron {patron_id}" if patron_id else "a student", grant, ExceptionKind.SKIP)
    granted = _granted(auditor, grant, ExceptionKind.SKIP, patron_id)._replace(
        source_mark=vault.mark("skip source id", code, source_id) if source_id else None,
        number_mark=vault.mark("skip number", code, fold(cleaned)) if cleaned else None,
    )
    with _between_nights(databases, auditor, deed, _today(auditor, grant)) as connection:
        peppers.keep(connection, vault.key_id)
        added = exceptions.add(connection, granted)
    return added, patron_id


def _known(
    connection: Connection, district: District, number: str | None, source_id: str | None
) -> PatronRecord | None:
    if source_id:
        return patrons.by_source_id(connection, district.code, [source_id]).get(source_id)
    try:
        return desk.named(connection, {district.code: district}, number or "")
    except desk.NobodyError:
        return None


def remove(databases: Databases, auditor: Auditor, district: District, number: int, reason: str) -> Granted:
    """End an exception now. OperatorError where there is no such one."""
    deed = Deed(Action.EXCEPTION_REMOVE, f"exception {number}", reason, district.code)
    with _between_nights(databases, auditor, deed, auditor.now().astimezone(district.zone).date()) as connection:
        granted = exceptions.get(connection, number)
        if granted is None:
            raise OperatorError(f"no exception {number}; `access-service exception list` shows those there are")
        exceptions.remove(connection, [granted])
        if granted.patron_id:
            seen.void(connection, district.code, [granted.patron_id])
    return granted


@contextmanager
def _between_nights(databases: Databases, auditor: Auditor, deed: Deed, today: date) -> Iterator[Connection]:
    """A night under way is planned again by it; before the first there is none."""
    with databases.reader.connect() as reading:
        begun = runs.state(reading, deed.district) is not None
    if begun:
        with editing(databases, auditor, deed, today) as edit:
            yield edit.connection
    else:
        with auditor.transaction(databases) as record:
            yield record.connection
            record.note(deed)


def _granted(auditor: Auditor, grant: Grant, kind: ExceptionKind, patron_id: int | None) -> Granted:
    today = _today(auditor, grant)
    return Granted(
        exception=0,
        district=grant.district.code,
        kind=kind,
        patron_id=patron_id,
        source_mark=None,
        number_mark=None,
        until=ends_in_time(grant.until, today),
        reason=grant.reason,
        by=auditor.by,
        created=today,
    )


def _deed(action: Action, subject: str, grant: Grant, kind: ExceptionKind) -> Deed:
    after = {"kind": kind.value, "until": str(grant.until)}
    return Deed(action, subject, grant.reason, grant.district.code, after=after)


def _today(auditor: Auditor, grant: Grant) -> date:
    return auditor.now().astimezone(grant.district.zone).date()
