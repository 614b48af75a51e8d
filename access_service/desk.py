"""What the desk does with one patron."""

from collections.abc import Mapping

from sqlalchemy import Connection

from access_service.directory import meanings, owners
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import patrons


def named(connection: Connection, districts: Mapping[str, District], typed: str) -> PatronRecord:
    """The one patron that a number means, as typed or scanned. OperatorError for nobody, and for more than one."""
    meant = meanings(typed, {code: district.rules for code, district in districts.items()})
    hits = owners(patrons.find(connection, {r.key for _, r in meant}, ""), meant) if meant else []
    people = {hit.record.patron_id if hit.record else 0: hit.record for hit in hits}
    if not people:
        raise OperatorError("nobody has this number; `access-service explain` says how it was read")
    record = next(iter(people.values()))
    if len(people) > 1 or record is None:
        raise OperatorError("this number is not one patron's; give the whole library number")
    return record
