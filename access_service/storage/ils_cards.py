"""The cards of the ILS, as its newest extract has them. The caller owns the transaction."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Text, bindparam, cast, delete, func, insert, or_, select, update

from access_service.domain.identifiers import IdentifierKind
from access_service.storage import bulk
from access_service.storage.ils import AccountRow, AccountState
from access_service.storage.patrons import BATCH
from access_service.storage.tables import identifiers, ils_accounts, ils_cards, ils_extracts, ils_loads, patrons

STREAM = 10_000


class CardRow(NamedTuple):
    """A card as it is stored; `expires` is ISO text. `patron_id` is set where it is an account of ours."""

    folded: str
    number: str
    key: str
    patron_type: str
    branch: str
    expires: str | None
    blocked: bool
    patron_id: int | None


class LastRead(NamedTuple):
    """The newest file of a kind ("extract" or "rejects") that was read, and how many of its rows are ours."""

    kind: str
    written_at: datetime
    read_at: datetime
    sha256: str
    rows: int
    ours: int


def last_read(connection: Connection, kind: str) -> LastRead | None:
    row = connection.execute(select(ils_extracts).where(ils_extracts.c.kind == kind)).first()
    if row is None:
        return None
    last = LastRead._make(row)
    return last._replace(written_at=_utc(last.written_at), read_at=_utc(last.read_at))


def note_read(connection: Connection, read: LastRead) -> None:
    connection.execute(delete(ils_extracts).where(ils_extracts.c.kind == read.kind))
    connection.execute(insert(ils_extracts).values(read._asdict()))


def cards(connection: Connection) -> Iterator[CardRow]:
    """All of them, without holding them all. Wants a `snapshot` connection."""
    statement = select(*(ils_cards.c[name] for name in CardRow._fields))
    for batch in connection.execute(statement, execution_options={"yield_per": STREAM}).partitions():
        yield from map(_row, batch)


def replace_cards(connection: Connection, gone: Iterable[CardRow], new: Iterable[CardRow]) -> None:
    """Delete cards, then write others."""
    bulk.delete(connection, ils_cards, ("folded", "number"), [(row.folded, row.number) for row in gone])
    bulk.insert(connection, ils_cards, CardRow._fields, new)


def find(connection: Connection, folded: Sequence[str]) -> dict[str, list[CardRow]]:
    """The cards under these folded numbers."""
    statement = select(*(ils_cards.c[name] for name in CardRow._fields)).where(
        ils_cards.c.folded.in_(bindparam("keys", expanding=True))
    )
    found: dict[str, list[CardRow]] = {}
    if last_read(connection, "extract") is None:
        return found
    for start in range(0, len(folded), BATCH):
        for row in connection.execute(statement, {"keys": folded[start : start + BATCH]}):
            found.setdefault(row.folded, []).append(_row(row))
    return found


def forget(connection: Connection) -> None:
    """Delete every card and lift every block."""
    connection.execute(delete(ils_cards))
    connection.execute(delete(ils_extracts))
    connection.execute(update(patrons).where(patrons.c.blocked.is_(True)).values(blocked=False))


class Held(NamedTuple):
    """An account, and what of its patron an extract is compared with."""

    account: AccountRow
    source_id: str
    student_number: str
    library_number: str
    blocked: bool


class Claim(NamedTuple):
    """A patron without an account whose number is a card of the ILS. `load` is the newest that told of them, if any."""

    patron_id: int
    source_id: str
    student_number: str
    key: str
    patron_type: str
    load: int | None


def former_numbers(connection: Connection, patron_ids: Sequence[int]) -> dict[str, int]:
    """The folded numbers that these patrons had before, and whose each was."""
    statement = select(identifiers.c.key, identifiers.c.patron_id).where(
        identifiers.c.kind == IdentifierKind.FORMER, identifiers.c.patron_id.in_(bindparam("ids", expanding=True))
    )
    found: dict[str, int] = {}
    for start in range(0, len(patron_ids), BATCH):
        rows = connection.execute(statement, {"ids": patron_ids[start : start + BATCH]})
        found |= {row.key: row.patron_id for row in rows}
    return found


def claim_accounts(connection: Connection) -> None:
    """Let nobody else write accounts until the transaction ends; on SQLite nobody else writes anything."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE ils_accounts IN SHARE ROW EXCLUSIVE MODE")


def held(connection: Connection) -> Iterator[Held]:
    """Every account of everybody who is not forgotten, without holding them all. Wants a `snapshot` connection."""
    facts = [patrons.c[name] for name in Held._fields[1:]]
    joined = ils_accounts.join(patrons, patrons.c.patron_id == ils_accounts.c.patron_id)
    statement = select(*(ils_accounts.c[name] for name in AccountRow._fields), *facts).select_from(joined)
    statement = statement.where(patrons.c.forgotten_on.is_(None))
    columns = len(AccountRow._fields)
    for batch in connection.execute(statement, execution_options={"yield_per": STREAM}).partitions():
        for row in batch:
            account = AccountRow._make(
                value.isoformat() if isinstance(value, date) else value for value in row[:columns]
            )
            yield Held(account, *row[columns:])


def delivered(connection: Connection, before: datetime) -> set[tuple[str, int]]:
    """Loads that were delivered before that moment, by district and number; none of a district of which one is yet to
    be delivered, for that can have come and not been noted."""
    columns = ils_loads.c.district, ils_loads.c.number, ils_loads.c.delivered_at
    rows = connection.execute(select(*columns)).all()
    late = {district for district, _, at in rows if at is None}
    return {(district, number) for district, number, at in rows if at and district not in late and _utc(at) < before}


def set_blocked(connection: Connection, rows: Iterable[tuple[int, bool]]) -> None:
    """Whether the ILS blocks the cards of these patrons."""
    bulk.update(connection, patrons, ("patron_id", "blocked"), rows)


def claims(connection: Connection, district: str) -> Iterator[Claim]:
    """Patrons of a district without an account whose number is a card of the ILS all the same."""
    if last_read(connection, "extract") is None:
        return
    joined = (
        identifiers.join(ils_cards, ils_cards.c.folded == identifiers.c.key)
        .join(patrons, patrons.c.patron_id == identifiers.c.patron_id)
        .outerjoin(ils_accounts, ils_accounts.c.patron_id == patrons.c.patron_id)
    )
    mine = identifiers.c.kind == IdentifierKind.LIBRARY_NUMBER, identifiers.c.district == district
    columns = patrons.c.patron_id, patrons.c.source_id, patrons.c.student_number, ils_cards.c.key
    statement = select(*columns, ils_cards.c.patron_type, ils_accounts.c.load).select_from(joined)
    unmade = or_(ils_accounts.c.made.is_(None), ils_accounts.c.made.is_(False))
    yield from map(Claim._make, connection.execute(statement.where(*mine, unmade)))


def with_reason(connection: Connection, district: str) -> list[AccountRow]:
    """Accounts of a district that wait for somebody, or have fields that staff changed, by number."""
    waiting = ils_accounts.c.state.in_((AccountState.KEPT_BACK, AccountState.REFUSED, AccountState.THEIRS))
    mine = ils_accounts.c.district == district, or_(waiting, ils_accounts.c.theirs != "[]")
    statement = select(*(ils_accounts.c[name] for name in AccountRow._fields)).where(*mine)
    return [_account(row) for row in connection.execute(statement.order_by(ils_accounts.c.number))]


def by_state(connection: Connection, district: str) -> dict[str, int]:
    """How many accounts of a district there are of each state."""
    counted = select(ils_accounts.c.state, func.count()).where(ils_accounts.c.district == district)
    statement = counted.group_by(ils_accounts.c.state).order_by(ils_accounts.c.state)
    return {row.state: row[1] for row in connection.execute(statement)}


def by_number(connection: Connection, district: str, folded: str) -> AccountRow | None:
    """The account of a district with this number, or of the patron who has it."""
    mine = identifiers.c.key == folded, identifiers.c.district == district
    holders = select(identifiers.c.patron_id).where(*mine, identifiers.c.kind == IdentifierKind.LIBRARY_NUMBER)
    either = or_(ils_accounts.c.number == folded, ils_accounts.c.patron_id.in_(holders))
    statement = select(*(ils_accounts.c[name] for name in AccountRow._fields))
    row = connection.execute(statement.where(ils_accounts.c.district == district, either)).first()
    return _account(row) if row else None


def number_of(connection: Connection, patron_id: int, key: str) -> str | None:
    """The number of the card that has a patron's key and is no account of another's; `key` is as [ils] key says."""
    its = select(cast(patrons.c[key], Text)).where(patrons.c.patron_id == patron_id).scalar_subquery()
    nobodys = ils_cards.c.patron_id.is_(None) | (ils_cards.c.patron_id == patron_id)
    return connection.execute(select(ils_cards.c.number).where(ils_cards.c.key == its, nobodys)).scalar()


def sharing_keys(connection: Connection, district: str, key: str) -> list[int]:
    """Patrons of a district whose key a patron of another one has too; `key` is as [ils] key says."""
    column, known = patrons.c[key], patrons.c.forgotten_on.is_(None)
    several = select(column).where(known).group_by(column).having(func.count(patrons.c.district.distinct()) > 1)
    mine = patrons.c.district == district, known, column.in_(several)
    return list(connection.execute(select(patrons.c.patron_id).where(*mine)).scalars())


def _account(row: Iterable[Any]) -> AccountRow:
    return AccountRow._make(value.isoformat() if isinstance(value, date) else value for value in row)


def _row(row: Iterable[Any]) -> CardRow:
    return CardRow._make(value.isoformat() if isinstance(value, date) else value for value in row)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
