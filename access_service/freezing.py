"""A person freezes a district, now or from a day on, and thaws it. On record."""

from datetime import date

from sqlalchemy import Connection

from access_service.audit import Action, Auditor, Deed
from access_service.domain.calendar import Freeze
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import freezes
from access_service.storage.engine import Databases
from access_service.storage.freezes import Order


def freeze(databases: Databases, auditor: Auditor, district: District, asked: Freeze) -> Freeze:
    """Freeze a district. Of one that is frozen already it changes the last day and the reason. OperatorError for days
    that are over."""
    order = _order(auditor, district, asked.reason)
    if asked.first < order.today:
        raise OperatorError(f"the first day, --from {asked.first}, is over; give {order.today} or a later one")
    if asked.last and asked.last < asked.first:
        raise OperatorError(f"the last day, --until {asked.last}, is before {asked.first}; give a later one")
    with auditor.transaction(databases) as record:
        frozen = freezes.freeze(record.connection, order, asked.last, asked.first)
        after = {"frozen_since": str(frozen.first), "until": str(frozen.last) if frozen.last else None}
        record.note(Deed(Action.FREEZE, f"district {district.code}", asked.reason, district.code, after=after))
    return frozen


def thaw(databases: Databases, auditor: Auditor, district: District, reason: str) -> date:
    """End a district's freeze, or call off the one to come. The day it began or would; OperatorError for none."""
    code = district.code
    with auditor.transaction(databases) as record:
        since = freezes.thaw(record.connection, _order(auditor, district, reason))
        if since is None:
            raise OperatorError(f"{code} is not frozen; `roster-sync freeze --list` says which districts are")
        record.note(Deed(Action.THAW, f"district {code}", reason, code, before={"frozen_since": str(since)}))
    return since


def ended(since: date, today: date) -> str:
    """What a thaw did, for a person."""
    if since > today:
        return f"the freeze from {since} on is called off"
    return f"frozen from {since} to today; cards whose date passed meanwhile have expired now"


def of_district(connection: Connection, district: District, today: date) -> list[Freeze]:
    """The freezes of a district that hold today or later, the oldest first."""
    found = freezes.read(connection).get(district.code, ())
    return [each for each in found if each.last is None or each.last >= today]


def _order(auditor: Auditor, district: District, reason: str) -> Order:
    now = auditor.now()
    return Order(district.code, auditor.by, now, now.astimezone(district.zone).date(), reason)
