"""Accounts of patrons in the ILS and the loads that tell it of them. The caller owns the transaction."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, Update, bindparam, delete, exists, func, insert, or_, select, true, update

from access_service.domain.patron import Presence
from access_service.domain.student import Role
from access_service.storage import bulk, chosen_pins
from access_service.storage.patrons import BATCH
from access_service.storage.tables import ils_accounts, ils_loads, ils_pins, patrons

STREAM = 10_000


class AccountState(StrEnum):
    """SENT was delivered, HELD also seen in the ILS's extract since. What is wrong with KEPT_BACK we see ourselves, the
    ILS refuses REFUSED. Staff have merged, renumbered, converted or deleted THEIRS: nothing is said of it any more."""

    SENT = "sent"
    HELD = "held"
    KEPT_BACK = "kept_back"
    REFUSED = "refused"
    THEIRS = "theirs"

    @property
    def words(self) -> str:
        """For people."""
        return "left alone" if self is AccountState.THEIRS else self.value.replace("_", " ")


class LoadState(StrEnum):
    """READY is yet to be delivered, and until then there is no other."""

    READY = "ready"
    DELIVERED = "delivered"


class Known(NamedTuple):
    """A patron and their account. `state` is None of one who has none; `told` and `theirs` are JSON."""

    patron_id: int
    source_id: str
    role: str
    student_number: str
    library_number: str
    patron_type: str
    profile: str
    branch: str
    school: str
    grade: str
    given_name: str
    family_name: str
    expires: date
    presence: str
    left_on: date | None
    forgotten_on: date | None
    number: str | None
    state: str | None
    made: bool | None
    told: str | None
    theirs: str | None


class AccountRow(NamedTuple):
    """An account as it is written."""

    patron_id: int
    district: str
    number: str
    state: str
    made: bool
    told: str
    theirs: str
    load: int
    sent_on: str | None = None
    seen_on: str | None = None
    reason: str | None = None
    reason_on: str | None = None
    made_by: int = 0


class Load(NamedTuple):
    """A load. `counts` are by action; `sealed` are its orders, None once it is delivered."""

    district: str
    number: int
    state: str
    made_at: datetime
    delivered_at: datetime | None
    whole: bool
    counts: Mapping[str, int]
    sealed: bytes | None
    answered: int
    tries: int
    error: str | None


_ACCOUNT = ("number", "state", "made", "told", "theirs")


def known(connection: Connection, district: str) -> Iterator[Known]:
    """Every patron of a district with the account, without holding them all. Wants a `snapshot` connection."""
    columns = [patrons.c[name] for name in Known._fields if name not in _ACCOUNT]
    columns += [ils_accounts.c[name] for name in _ACCOUNT]
    joined = patrons.outerjoin(ils_accounts, ils_accounts.c.patron_id == patrons.c.patron_id)
    statement = select(*columns).select_from(joined).where(patrons.c.district == district)
    with connection.execute(statement, execution_options={"yield_per": STREAM}) as result:
        for batch in result.partitions():
            yield from map(Known._make, batch)


def accounts(connection: Connection, patron_ids: Sequence[int]) -> dict[int, AccountRow]:
    """The accounts of these patrons, by patron id."""
    columns = [ils_accounts.c[name] for name in AccountRow._fields]
    statement = select(*columns).where(ils_accounts.c.patron_id.in_(bindparam("ids", expanding=True)))
    found: dict[int, AccountRow] = {}
    for start in range(0, len(patron_ids), BATCH):
        for row in connection.execute(statement, {"ids": patron_ids[start : start + BATCH]}):
            found[row.patron_id] = AccountRow._make(_plain(row))
    return found


def replace_accounts(connection: Connection, rows: Iterable[AccountRow]) -> None:
    """Write accounts, whether there were any of these patrons or not."""
    listed = list(rows)
    bulk.delete(connection, ils_accounts, ("patron_id",), [(row.patron_id,) for row in listed])
    bulk.insert(connection, ils_accounts, AccountRow._fields, listed)


def drop_accounts(connection: Connection, patron_ids: Iterable[int]) -> None:
    bulk.delete(connection, ils_accounts, ("patron_id",), [(patron_id,) for patron_id in patron_ids])


def told_of(connection: Connection, district: str, patron_ids: Sequence[int]) -> dict[int, str]:
    """Of these patrons those whom the ILS has, or may have, and under which number: "" for ours, where no load of ours
    ever told it of anybody. Of an account that is staff's by now nothing is told."""
    if connection.execute(select(ils_loads.c.number).where(ils_loads.c.district == district).limit(1)).first() is None:
        return dict.fromkeys(patron_ids, "")
    found = accounts(connection, patron_ids).items()
    return {patron_id: row.number for patron_id, row in found if row.made and row.state != AccountState.THEIRS}


def kept_back(connection: Connection, district: str) -> int:
    """How many accounts of a district wait for somebody to mend what is wrong with them."""
    mine = ils_accounts.c.district == district, ils_accounts.c.state == AccountState.KEPT_BACK
    return connection.execute(select(func.count()).select_from(ils_accounts).where(*mine)).scalar_one()


def ready(connection: Connection, district: str) -> Load | None:
    """The load of a district that is yet to be delivered."""
    mine = ils_loads.c.district == district, ils_loads.c.state == LoadState.READY
    row = connection.execute(select(ils_loads).where(*mine)).first()
    return _load(row) if row else None


def loads(connection: Connection, district: str, most: int) -> list[Load]:
    """The newest loads of a district, the newest first."""
    statement = select(ils_loads).where(ils_loads.c.district == district).order_by(ils_loads.c.number.desc())
    return [_load(row) for row in connection.execute(statement.limit(most))]


def next_number(connection: Connection, district: str) -> int:
    last = select(func.max(ils_loads.c.number)).where(ils_loads.c.district == district)
    return (connection.execute(last).scalar() or 0) + 1


def add_load(connection: Connection, load: Load) -> None:
    values = {**load._asdict(), "counts": json.dumps(dict(load.counts))}
    connection.execute(insert(ils_loads).values(values))


def note_failure(connection: Connection, district: str, number: int, error: str) -> None:
    """Why a load has not come."""
    connection.execute(_one(district, number).values(error=error, tries=ils_loads.c.tries + 1))


def answered(connection: Connection, district: str, number: int, orders: int) -> None:
    """So many orders of a load, from its first, were answered by an API."""
    connection.execute(_one(district, number).values(answered=orders))


def delivered(connection: Connection, district: str, number: int, now: datetime) -> None:
    """A load has come to the ILS: what it says is kept here no longer."""
    connection.execute(
        _one(district, number).values(state=LoadState.DELIVERED, delivered_at=now, sealed=None, error=None)
    )


def unmake(connection: Connection, district: str) -> None:
    """No account of which the ILS was never told is on its way any more."""
    mine = ils_accounts.c.district == district, ils_accounts.c.told == "{}", ils_accounts.c.load == 0
    connection.execute(update(ils_accounts).where(*mine).values(made=False))


def keep_pins(connection: Connection, rows: Sequence[tuple[int, bytes]]) -> None:
    """Keep sealed PINs by patron id until a load has brought them to the ILS."""
    bulk.delete(connection, ils_pins, ("patron_id",), [(patron_id,) for patron_id, _ in rows])
    bulk.insert(connection, ils_pins, ("patron_id", "sealed"), rows)


def waiting_pins(connection: Connection, district: str) -> Iterator[tuple[int, bytes]]:
    """Patron ids and sealed PINs of a district."""
    joined = ils_pins.join(patrons, patrons.c.patron_id == ils_pins.c.patron_id)
    statement = select(ils_pins.c.patron_id, ils_pins.c.sealed).select_from(joined)
    for row in connection.execute(statement.where(patrons.c.district == district)):
        yield row.patron_id, row.sealed


def made(connection: Connection, district: str) -> frozenset[int]:
    """The ids of patrons of whom the ILS has an account, or may have one."""
    mine = ils_accounts.c.district == district, ils_accounts.c.made
    return frozenset(connection.execute(select(ils_accounts.c.patron_id).where(*mine)).scalars())


def refused_without_pin(connection: Connection, district: str) -> bool:
    """Whether the ILS refused a new account of which no PIN waits any more."""
    mine = ils_accounts.c.district == district, ils_accounts.c.state == AccountState.REFUSED, ~ils_accounts.c.made
    waits = exists().where(ils_pins.c.patron_id == ils_accounts.c.patron_id)
    return connection.execute(select(ils_accounts.c.patron_id).where(*mine, ~waits).limit(1)).first() is not None


def drop_digests(connection: Connection, district: str) -> None:
    """Leave none of the PINs that are verified here, but for test cards."""
    kept = or_(patrons.c.pin_digest.is_not(None), patrons.c.chosen_hash.is_not(None))
    mine = patrons.c.district == district, kept, patrons.c.role != Role.TEST_CARD
    connection.execute(update(patrons).where(*mine).values(pin_key=None, pin_digest=None, **chosen_pins.NONE))


def prune_pins(connection: Connection, district: str, *, every: bool = False) -> None:
    """Forget the PINs of those who have left, and of those whose account the ILS has taken; or `every` one."""
    mine = patrons.c.patron_id == ils_pins.c.patron_id, patrons.c.district == district
    ours = exists().where(*mine)
    gone = exists().where(*mine, patrons.c.presence == Presence.LEFT)
    taken = exists().where(
        ils_accounts.c.patron_id == ils_pins.c.patron_id, ils_accounts.c.made, ils_accounts.c.told != "{}"
    )
    connection.execute(delete(ils_pins).where(ours, true() if every else or_(gone, taken)))


def forget_pins(connection: Connection, patron_ids: Sequence[int]) -> None:
    statement = delete(ils_pins).where(ils_pins.c.patron_id.in_(bindparam("ids", expanding=True)))
    for start in range(0, len(patron_ids), BATCH):
        connection.execute(statement, {"ids": patron_ids[start : start + BATCH]})


def _one(district: str, number: int) -> Update:
    return update(ils_loads).where(ils_loads.c.district == district, ils_loads.c.number == number)


def _load(row: object) -> Load:
    load = Load._make(row)  # type: ignore[arg-type]
    return load._replace(counts=json.loads(load.counts))  # type: ignore[arg-type]


def _plain(row: Iterable[object]) -> Iterator[object]:
    return (value.isoformat() if isinstance(value, date) else value for value in row)
