"""What the desk does with one patron: a graduate's account becomes a full library card, which no roster touches."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from access_service.audit import Action, Auditor, Deed
from access_service.directory import meanings, owners
from access_service.domain.access import IN_GOOD_STANDING, judge, kept_open
from access_service.domain.patron import PatronRecord, Presence, importance
from access_service.domain.student import Role
from access_service.edits import editing
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import freezes, patrons, seen
from access_service.storage.engine import Databases


@dataclass(frozen=True, slots=True)
class Conversion:
    """The full card that the desk gives: good through `expires`; without a `patron_type` it keeps the one it has."""

    expires: date
    patron_type: str | None
    reason: str


class NobodyError(OperatorError):
    """A number that is nobody's."""


def named(connection: Connection, districts: Mapping[str, District], typed: str) -> PatronRecord:
    """The one patron that a number means, as typed or scanned. OperatorError for nobody, and for more than one."""
    meant = meanings(typed, {code: district.rules for code, district in districts.items()})
    hits = owners(patrons.find(connection, {r.key for _, r in meant}, ""), meant) if meant else []
    people = {hit.record.patron_id if hit.record else 0: hit.record for hit in hits}
    if not people:
        raise NobodyError("nobody has this number; `access-service explain` says how it was read")
    record = next(iter(people.values()))
    if len(people) > 1 or record is None:
        raise OperatorError("this number is not one patron's; give the whole library number")
    return record


def counting(connection: Connection, record: PatronRecord, districts: Collection[str] | None = None) -> PatronRecord:
    """Of a person's cards, in these districts or in all, the one that counts now."""
    cards = patrons.of_persons(connection, {record.person}, "") if record.person else []
    there = (card.record for card in cards if districts is None or card.record.patron.district in districts)
    return max(there, key=importance, default=record)


def convert(
    databases: Databases, auditor: Auditor, district: District, patron_id: int, card: Conversion
) -> PatronRecord:
    """Make a graduate's account a full card, or give one a new date. Errors: OperatorError, and nothing is changed."""
    today = _today(auditor.now(), district)
    if card.expires <= today:
        raise OperatorError(f"--expires {card.expires} should be after today")
    deed = Deed(Action.PATRON_CONVERT, f"patron {patron_id}", card.reason, district.code)
    with editing(databases, auditor, deed, today) as edit:
        record = _stored(edit.connection, patron_id)
        if refusal := _refusal(edit.connection, record, district, today):
            raise OperatorError(f"patron {patron_id} {refusal}")
        before = {
            "presence": record.presence,
            "left_on": record.left_on,
            "expires": record.patron.expires,
            "patron_type": record.patron.patron_type,
        }
        after = {
            "presence": Presence.CONVERTED,
            "left_on": None,
            "expires": card.expires,
            "patron_type": card.patron_type or record.patron.patron_type,
        }
        edit.change(patron_id, "convert", before, after)
        seen.let_go(edit.connection, district.code, record.patron.source_id)
    return record


def give_back(databases: Databases, auditor: Auditor, district: District, patron_id: int, reason: str) -> None:
    """Take a conversion back: the patron has left, until a roster that has them makes them a student again."""
    today = _today(auditor.now(), district)
    deed = Deed(Action.PATRON_GIVE_BACK, f"patron {patron_id}", reason, district.code)
    with editing(databases, auditor, deed, today) as edit:
        record = _stored(edit.connection, patron_id)
        if record.presence is not Presence.CONVERTED:
            raise OperatorError(f"patron {patron_id} has no full library card that could be taken back")
        before = {"presence": record.presence, "left_on": record.left_on}
        edit.change(patron_id, "give_back", before, {"presence": Presence.LEFT, "left_on": today})


def _refusal(connection: Connection, record: PatronRecord, district: District, today: date) -> str | None:
    """Why this account cannot become a full card, or None where it can."""
    graduates = district.rules.graduates
    if record.presence is Presence.CONVERTED:
        return None
    if record.patron.role is not Role.STUDENT:
        return f"is no student but {record.patron.role}: such an account is never converted"
    if graduates is None:
        return f"cannot be converted: {district.code}.toml has no [rules.graduates]"
    standing = judge(kept_open(record, freezes.read(connection).get(district.code, ()), today), today)
    senior = record.presence is Presence.GRADUATED or graduates.good_through(record.patron, today)
    if not senior or standing not in IN_GOOD_STANDING:
        grades = ", ".join(graduates.grades)
        return f"is no graduate: only grade {grades} from {graduates.first} to {graduates.last} can be converted"
    return None


def _stored(connection: Connection, patron_id: int) -> PatronRecord:
    return next(patrons.records(connection, [patron_id]))


def _today(now: datetime, district: District) -> date:
    return now.astimezone(district.zone).date()
