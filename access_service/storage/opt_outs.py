"""The opt-out ledger's rows, and how a patron is forgotten."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, exists, func, insert, select, text, tuple_, update

from access_service.domain.identifiers import BADGES, IdentifierKind
from access_service.domain.patron import PatronRecord
from access_service.storage.engine import Databases
from access_service.storage.patrons import BATCH, owners
from access_service.storage.tables import DAY, counters, district_state, identifiers, metadata, opt_outs, patrons

# Whatever tells of one patron is told by the patron id.
_OF_PATRONS = [table for table in metadata.sorted_tables if "patron_id" in table.c and table.schema != DAY]
_OF_USE = [table for table in metadata.sorted_tables if "patron_id" in table.c and table.schema == DAY]
# The counter of entries is the ledger's version too: whatever changes the ledger raises it, and holds its row until
# the end of the transaction.
_CLAIM = text(
    "INSERT INTO counters (name, next) VALUES ('opt_outs', 1 + :amount)"
    " ON CONFLICT (name) DO UPDATE SET next = counters.next + :amount RETURNING next"
)


class OptOut(NamedTuple):
    """One identifier of one person (`entry`), as a keyed mark. `source` is "library" or "roster"; `card` a library
    number that the ILS was not told yet to expire, sealed under the pepper `key_id`."""

    district: str
    kind: str
    mark: bytes
    entry: int
    key_id: str
    source: str
    added_on: date
    by: str
    card: bytes | None = None


class Entry(NamedTuple):
    """One person, as a list may show them."""

    entry: int
    added_on: date
    source: str
    by: str


def version(connection: Connection) -> int:
    """Another number whenever the ledger of any district is another."""
    found = connection.execute(select(counters.c.next).where(counters.c.name == "opt_outs")).scalar()
    return int(found or 1)


def claim(connection: Connection, amount: int) -> int:
    """The first of `amount` numbers for entries. With 0 the version as it stands: nobody changes the ledger from here
    until the transaction ends."""
    return int(connection.execute(_CLAIM, {"amount": amount}).scalar_one()) - amount


def of_district(connection: Connection, district: str) -> list[OptOut]:
    """All identifiers of a district, oldest entry first."""
    statement = select(opt_outs).where(opt_outs.c.district == district)
    return [OptOut(*row) for row in connection.execute(statement.order_by(opt_outs.c.entry, opt_outs.c.kind))]


def with_cards(connection: Connection, district: str) -> list[OptOut]:
    """Those identifiers of a district that are of a card which the ILS was not told yet to expire, oldest first."""
    waits = opt_outs.c.district == district, opt_outs.c.card.is_not(None)
    return [OptOut(*row) for row in connection.execute(select(opt_outs).where(*waits).order_by(opt_outs.c.entry))]


def newest(connection: Connection, district: str, most: int) -> list[Entry]:
    """The newest entries of a district."""
    columns = opt_outs.c.entry, opt_outs.c.added_on, opt_outs.c.source, opt_outs.c.by
    mine = select(*columns).where(opt_outs.c.district == district).distinct()
    return [Entry(*row) for row in connection.execute(mine.order_by(opt_outs.c.entry.desc()).limit(most))]


def sources(connection: Connection, district: str) -> Mapping[str, int]:
    """How many people opted out of a district, by who entered them."""
    people = select(opt_outs.c.source, func.count(opt_outs.c.entry.distinct()))
    rows = connection.execute(people.where(opt_outs.c.district == district).group_by(opt_outs.c.source))
    return {row[0]: row[1] for row in rows}


def counts(connection: Connection) -> Mapping[str, int]:
    """How many people opted out, by district."""
    rows = select(opt_outs.c.district, func.count(opt_outs.c.entry.distinct())).group_by(opt_outs.c.district)
    return {row[0]: row[1] for row in connection.execute(rows)}


def add(connection: Connection, rows: Sequence[OptOut]) -> None:
    """Enter identifiers. The caller has the ledger to itself (`claim`)."""
    if rows:
        connection.execute(insert(opt_outs), [row._asdict() for row in rows])


def adopt(connection: Connection, district: str, entries: Sequence[int], by: str, on: date) -> None:
    """Make what the roster entered the library's own."""
    for some in _batches(entries):
        mine = opt_outs.c.district == district, opt_outs.c.entry.in_(some), opt_outs.c.source == "roster"
        connection.execute(update(opt_outs).where(*mine).values(source="library", by=by, added_on=on))


def remove(connection: Connection, district: str, entries: Sequence[int]) -> None:
    """Delete entries whole."""
    for some in _batches(entries):
        connection.execute(delete(opt_outs).where(opt_outs.c.district == district, opt_outs.c.entry.in_(some)))


def told(connection: Connection, district: str, entries: Sequence[int]) -> None:
    """Forget the library numbers of these entries: the ILS has expired them."""
    for some in _batches(entries):
        mine = opt_outs.c.district == district, opt_outs.c.entry.in_(some)
        connection.execute(update(opt_outs).where(*mine).values(card=None))


def numbers(connection: Connection, district: str, patron_ids: Sequence[int]) -> Mapping[int, set[str]]:
    """The folded numbers of badges by which these are found, former ones too unless they are another's by now."""
    kinds = (*BADGES, IdentifierKind.FORMER)
    columns = identifiers.c.kind, identifiers.c.key, identifiers.c.patron_id
    found: dict[int, set[str]] = {patron_id: set() for patron_id in patron_ids}
    former: list[tuple[str, int]] = []
    for some in _batches(patron_ids):
        mine = identifiers.c.district == district, identifiers.c.kind.in_(kinds), identifiers.c.patron_id.in_(some)
        for kind, key, patron_id in connection.execute(select(*columns).where(*mine)):
            if kind == IdentifierKind.FORMER:
                former.append((key, patron_id))
            else:
                found[patron_id].add(key)
    keys = sorted({key for key, _ in former})
    now = {key for kind in BADGES for key in owners(connection, kind, keys, district)}
    for key, patron_id in former:
        if key not in now:
            found[patron_id].add(key)
    return found


def holders(connection: Connection, district: str, wanted: Sequence[tuple[IdentifierKind, str]]) -> set[int]:
    """The ids of the patrons who are found by any of these kinds and folded keys."""
    pair = tuple_(identifiers.c.kind, identifiers.c.key)
    statement = select(identifiers.c.patron_id).where(identifiers.c.district == district, pair.in_(wanted))
    return {*connection.execute(statement.where(identifiers.c.patron_id > 0)).scalars()}


def forget(connection: Connection, gone: Sequence[PatronRecord]) -> None:
    """Delete all that is stored about these, but for what schema `day` has: `forget_use` does that."""
    for table in _OF_PATRONS:
        for some in _batches([record.patron_id for record in gone]):
            connection.execute(delete(table).where(table.c.patron_id.in_(some)))


def forget_use(databases: Databases) -> None:
    """Delete failures and days of use of patrons that are gone. Safe to repeat: on SQLite it is no part of the
    transaction that forgets the rest, and a worker may write a count late."""
    with databases.reader.connect() as connection:
        for table in _OF_USE:
            known = exists().where(patrons.c.patron_id == table.c.patron_id)
            orphans = connection.execute(select(table.c.patron_id).where(~known)).scalars().all()
            for some in _batches(orphans):
                connection.execute(delete(table).where(table.c.patron_id.in_(some)))


def overtake(connection: Connection, district: str, run_id: int) -> None:
    """Have whatever was planned for a district before run `run_id` be planned again."""
    mine = district_state.c.district == district
    connection.execute(update(district_state).where(mine).values(applied_run=run_id))


def depopulate(connection: Connection, district: str, patrons_fewer: int) -> None:
    """Count so many patrons less."""
    fewer = district_state.c.population - patrons_fewer
    connection.execute(update(district_state).where(district_state.c.district == district).values(population=fewer))


def invite(connection: Connection, district: str) -> None:
    """Have the next night read its roster though it is the same file: somebody may be a patron again."""
    connection.execute(update(district_state).where(district_state.c.district == district).values(basis=""))


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))
