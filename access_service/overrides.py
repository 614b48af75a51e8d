"""Fields that a person sets by hand. From then on no night changes them, until they are released."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from access_service.audit import Action, Auditor, Deed
from access_service.domain.mapping import EducatorRules, MappingRules, PatronType
from access_service.domain.ownership import NAMES, OWNED
from access_service.domain.patron import PatronRecord, Presence
from access_service.domain.student import Role
from access_service.edits import editing
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import overrides, patrons, seen
from access_service.storage.engine import Databases
from access_service.storage.overrides import Override

MAX_NAME = 255
# How far ahead a date can lie on which something ends by itself.
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Setting:
    """What somebody sets, and why; `until` is the last day that it holds, None: until it is released."""

    values: Mapping[str, Any]
    reason: str
    until: date | None


def parsed(assignments: Iterable[str], rules: MappingRules) -> dict[str, Any]:
    """FIELD=VALUE texts as columns of a card. OperatorError where the rules could not have made such a value."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        field, equals, text = assignment.partition("=")
        if not equals or field not in OWNED:
            raise OperatorError(f"should be FIELD=VALUE, with one of these fields: {', '.join(OWNED)}")
        if field in values:
            raise OperatorError(f"{field} is set twice")
        values[field] = _value(field, text.strip(), rules)
    return values


def _value(field: str, text: str, rules: MappingRules) -> Any:
    if field in NAMES:
        if len(text) > MAX_NAME or not text.isprintable():
            raise OperatorError(f"{field}: should be at most {MAX_NAME} characters, none of them a control character")
        return text
    if field == "expires":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise OperatorError(f"expires: {text!r} should be a date such as 2027-06-30") from None
    bands: list[PatronType | EducatorRules] = [*rules.patron_types, *filter(None, [rules.educators])]
    known = {
        "branch": {branch for terms in rules.terms.values() for branch in terms.schools.values()},
        "patron_type": {band.patron_type for band in bands},
        "profile": {band.profile for band in bands} | {""},
    }[field]
    if text not in known:
        raise OperatorError(f"{field}: the rules know no {text!r}; there are: {', '.join(sorted(known - {''}))}")
    return text


def ends_in_time(until: date, today: date) -> date:
    """A date on which something ends by itself. OperatorError for a day gone by, and for one too far ahead."""
    if not today <= until <= today + LONGEST:
        raise OperatorError(f"--until {until}: should be from {today} to {today + LONGEST}, a year ahead at most")
    return until


def hold(databases: Databases, auditor: Auditor, district: District, patron_id: int, setting: Setting) -> None:
    """Set fields of a patron, which no night changes from now on. Errors: OperatorError; then nothing is changed."""
    today = auditor.now().astimezone(district.zone).date()
    if setting.until:
        ends_in_time(setting.until, today)
    after = {"held_until": str(setting.until)} if setting.until else {}
    deed = Deed(Action.PATRON_SET, f"patron {patron_id}", setting.reason, district.code, after=after)
    with editing(databases, auditor, deed, today) as edit:
        (record,) = patrons.records(edit.connection, [patron_id])
        _settable(record)
        before = {field: getattr(record.patron, field) for field in setting.values}
        edit.change(patron_id, "set", before, setting.values)
        for field in setting.values:
            held = Override(patron_id, field, district.code, auditor.by, today, setting.reason, setting.until)
            overrides.put(edit.connection, held)


def _settable(record: PatronRecord) -> None:
    if record.patron.role is Role.TEST_CARD:
        raise OperatorError("this is a test card; remove it and add another")
    if record.presence is Presence.LEFT:
        raise OperatorError(f"patron {record.patron_id} has left; there is no card to set a field of")


def release(  # noqa: PLR0913, PLR0917 - who lets what of whom go, and why
    databases: Databases, auditor: Auditor, district: District, patron_id: int, fields: Collection[str], reason: str
) -> None:
    """Let fields go: the next night that has the student takes them from their owner again. Errors as above."""
    today = auditor.now().astimezone(district.zone).date()
    before = {"held": " ".join(sorted(fields))}
    deed = Deed(Action.PATRON_RELEASE, f"patron {patron_id}", reason, district.code, before=before)
    with editing(databases, auditor, deed, today) as edit:
        for field in sorted(set(fields)):
            if not overrides.drop(edit.connection, patron_id, field):
                standing = ", ".join(overrides.of_patron(edit.connection, patron_id)) or "nothing"
                raise OperatorError(f"{field} of patron {patron_id} is not set by hand; {standing} is")
        seen.void(edit.connection, district.code, [patron_id])
