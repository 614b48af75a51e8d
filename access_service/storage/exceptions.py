"""Exceptions with an end: test cards for vendors, and students whom the nights leave alone."""

from collections.abc import Collection
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, union_all, update

from access_service.domain.identifiers import IdentifierKind, fold
from access_service.domain.patron import Patron
from access_service.storage.tables import district_state, exceptions, identifiers, overrides, patrons

# No run made a test card.
NO_RUN = 0


class ExceptionKind(StrEnum):
    """OVERRIDE is a field set by hand with a last day; it stands among the overrides."""

    TEST_CARD = "test_card"
    SKIP = "skip"
    OVERRIDE = "override"


class Granted(NamedTuple):
    """An exception, good through `until`. `patron_id` is the test card, or whom the nights leave alone, where they are
    a patron; `source_mark` and `number_mark` are keyed ones of whom they leave alone."""

    exception: int
    district: str
    kind: ExceptionKind
    patron_id: int | None
    source_mark: bytes | None
    number_mark: bytes | None
    until: date
    reason: str
    by: str
    created: date


def add(connection: Connection, granted: Granted) -> int:
    """Keep one; returns the number it gets, which no other had."""
    values = granted._asdict()
    del values["exception"]
    statement = insert(exceptions).values(**values).returning(exceptions.c.exception)
    return int(connection.execute(statement).scalar_one())


def of_district(connection: Connection, district: str) -> list[Granted]:
    """All of a district, the first to end first."""
    statement = select(exceptions).where(exceptions.c.district == district)
    ordered = statement.order_by(exceptions.c.until, exceptions.c.exception)
    return [_granted(row._asdict()) for row in connection.execute(ordered)]


def get(connection: Connection, number: int) -> Granted | None:
    row = connection.execute(select(exceptions).where(exceptions.c.exception == number)).one_or_none()
    return _granted(row._asdict()) if row else None


def newest(connection: Connection) -> int:
    """The number of the newest that there is; 0 for none."""
    return connection.execute(select(func.max(exceptions.c.exception))).scalar() or 0


def of_patron(connection: Connection, patron_id: int) -> Granted | None:
    """The exception that a patron stands in, or is."""
    found = connection.execute(select(exceptions).where(exceptions.c.patron_id == patron_id)).first()
    return _granted(found._asdict()) if found else None


def taken(connection: Connection, keys: Collection[str]) -> bool:
    """Whether any of these folded numbers finds somebody, in any district."""
    statement = select(identifiers.c.key).where(identifiers.c.key.in_(keys)).limit(1)
    return connection.execute(statement).first() is not None


def make_card(connection: Connection, patron_id: int, card: Patron, pin: tuple[str, bytes] | None, today: date) -> None:
    """Store a test card. Any number of a student's has the better right to its numbers."""
    pin_key, pin_digest = pin or (None, None)
    facts = {name: getattr(card, name) for name in Patron.__dataclass_fields__}
    state = {"presence": "present", "pin_key": pin_key, "pin_digest": pin_digest, "created_run": NO_RUN}
    days = {"created_on": today, "updated_on": today}
    connection.execute(insert(patrons).values(patron_id=patron_id, **facts, **state, **days))
    kind = IdentifierKind.TEST_CARD
    for key in {fold(card.student_number), fold(card.library_number)}:
        values = {"key": key, "kind": kind, "district": card.district, "patron_id": patron_id}
        connection.execute(insert(identifiers).values(**values))


def remove(connection: Connection, ended: Collection[Granted]) -> None:
    """Forget exceptions, and test cards wholly. Nights look again at everybody whom they left alone."""
    cards = [each.patron_id for each in ended if each.kind is ExceptionKind.TEST_CARD]
    for table in (patrons, identifiers):
        connection.execute(delete(table).where(table.c.patron_id.in_(cards)))
    connection.execute(delete(exceptions).where(exceptions.c.exception.in_([each.exception for each in ended])))
    if skips := {each.district for each in ended if each.kind is ExceptionKind.SKIP}:
        # Of whom no card was made nothing is stored: with no basis the next night works every row out.
        mine = district_state.c.district.in_(skips)
        connection.execute(update(district_state).where(mine).values(basis=""))


def anyone_ended(connection: Connection, district: str, today: date) -> bool:
    """Whether something of a district has ended that no night has cleared away."""
    ended = (
        select(table.c.district).where(table.c.district == district, table.c.until < today)
        for table in (exceptions, overrides)
    )
    return connection.execute(union_all(*ended).limit(1)).first() is not None


def freed(connection: Connection, district: str, today: date) -> frozenset[int]:
    """Patrons of whom nights take something up again as of today."""
    ended = (
        select(table.c.patron_id).where(table.c.district == district, table.c.until < today)
        for table in (exceptions, overrides)
    )
    return frozenset(row[0] for row in connection.execute(union_all(*ended)) if row[0])


def overtaken(connection: Connection, district: str) -> frozenset[int]:
    """Test cards whose number is a student's by now."""
    theirs = identifiers.alias()
    same = theirs.c.key == identifiers.c.key, theirs.c.kind.not_in([IdentifierKind.TEST_CARD, IdentifierKind.FORMER])
    mine = identifiers.c.district == district, identifiers.c.kind == IdentifierKind.TEST_CARD
    return frozenset(connection.execute(select(identifiers.c.patron_id).where(*mine, *same)).scalars())


def ending(found: Collection[Granted], today: date, days: int) -> list[Granted]:
    """Those that end within so many days, today among them."""
    return [each for each in found if today <= each.until <= today + timedelta(days=days)]


def _granted(facts: dict[str, object]) -> Granted:
    return Granted(**facts)._replace(kind=ExceptionKind(facts["kind"]))  # type: ignore[arg-type]
