"""Cards of the ILS that may be a student's, and what people decided of them. The caller owns the transaction."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select

from access_service.domain.identifiers import IdentifierKind, fold
from access_service.domain.patron import HERE
from access_service.domain.student import Role
from access_service.storage import bulk
from access_service.storage.tables import identifiers, ils_accounts, ils_cards, ils_compared, ils_matches, patrons, seen

STREAM = 10_000


class MatchState(StrEnum):
    """PROPOSED by an extract; what a person has LINKED or REJECTED no extract changes."""

    PROPOSED = "proposed"
    LINKED = "linked"
    REJECTED = "rejected"


class MatchRow(NamedTuple):
    """A card that may be a patron's. `evidence` is a JSON list of codes."""

    patron_id: int
    number: str
    district: str
    evidence: str
    score: int
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None


class Candidate(NamedTuple):
    """A student whom an extract is compared with."""

    patron_id: int
    district: str
    source_id: str
    student_number: str
    given_name: str
    family_name: str
    marks: bytes

    def __repr__(self) -> str:
        return f"Candidate({self.patron_id})"


class LinkedCard(NamedTuple):
    """A linked card by its folded number, and whether its patron is blocked by now."""

    key: str
    patron_id: int
    patron_blocked: bool


def candidates(connection: Connection, districts: Collection[str]) -> Iterator[Candidate]:
    """Students in the rosters of these districts who are not linked with a card. Wants a `snapshot` connection."""
    columns = [patrons.c[name] for name in Candidate._fields[:-1]]
    joined = patrons.outerjoin(
        seen, (seen.c.district == patrons.c.district) & (seen.c.source_id == patrons.c.source_id)
    )
    linked = exists().where(
        identifiers.c.patron_id == patrons.c.patron_id, identifiers.c.kind == IdentifierKind.LINKED_CARD
    )
    statement = select(*columns, seen.c.marks).select_from(joined)
    mine = patrons.c.district.in_(districts), patrons.c.role == Role.STUDENT, patrons.c.presence.in_(HERE), ~linked
    rows = connection.execute(statement.where(*mine), execution_options={"yield_per": STREAM})
    for batch in rows.partitions():
        yield from (Candidate._make((*row[:-1], bytes(row[-1] or b""))) for row in batch)


def ours(connection: Connection) -> set[str]:
    """Folded numbers of cards that are no candidates: accounts of ours, by former numbers too, and linked cards."""
    kinds = IdentifierKind.LIBRARY_NUMBER, IdentifierKind.FORMER, IdentifierKind.LINKED_CARD
    known = {*connection.execute(select(identifiers.c.key).where(identifiers.c.kind.in_(kinds))).scalars()}
    return known | {fold(number) for number in connection.execute(select(ils_accounts.c.number)).scalars()}


def newest(connection: Connection) -> Mapping[str, int]:
    """The highest patron id of each district."""
    statement = select(patrons.c.district, func.max(patrons.c.patron_id).label("newest")).group_by(patrons.c.district)
    return {row.district: row.newest for row in connection.execute(statement)}


def propose(connection: Connection, rows: Iterable[MatchRow], compared: Mapping[str, int]) -> int:
    """Put these in place of all that is proposed, but for what was decided meanwhile; how many there are.

    `compared` are the patron ids up to which students were compared, by district.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE ils_matches IN SHARE ROW EXCLUSIVE MODE")
    connection.execute(delete(ils_matches).where(ils_matches.c.state == MatchState.PROPOSED))
    decided = list(_rows(connection))
    pairs, linked = {row[:2] for row in decided}, {row.patron_id for row in decided if row.state == MatchState.LINKED}
    known = {*connection.execute(select(patrons.c.patron_id).where(patrons.c.forgotten_on.is_(None))).scalars()}
    open_to, taken = known - linked, linked_keys(connection)
    listed = [
        row for row in rows if row.patron_id in open_to and row[:2] not in pairs and fold(row.number) not in taken
    ]
    bulk.insert(connection, ils_matches, MatchRow._fields[:6], (row[:6] for row in listed))
    connection.execute(delete(ils_compared).where(ils_compared.c.district.in_(compared)))
    bulk.insert(connection, ils_compared, ("district", "newest"), compared.items())
    return len(listed)


def linked_keys(connection: Connection) -> set[str]:
    """The folded numbers of linked cards."""
    kind = identifiers.c.kind == IdentifierKind.LINKED_CARD
    return {*connection.execute(select(identifiers.c.key).where(kind)).scalars()}


def of_district(connection: Connection, district: str) -> list[tuple[MatchRow, str]]:
    """All of a district's with the patron's library number: the best proposed ones first, then those decided."""
    joined = ils_matches.join(patrons, patrons.c.patron_id == ils_matches.c.patron_id)
    columns = [ils_matches.c[name] for name in MatchRow._fields]
    statement = select(*columns, patrons.c.library_number).select_from(joined)
    rows = connection.execute(statement.where(ils_matches.c.district == district))
    found = [(_row(row[:-1]), row[-1]) for row in rows]
    states = list(MatchState)
    return sorted(
        found, key=lambda each: (states.index(MatchState(each[0].state)), -each[0].score, each[1], each[0].number)
    )


def get(connection: Connection, patron_id: int, number: str) -> MatchRow | None:
    found = list(_rows(connection, ils_matches.c.patron_id == patron_id, ils_matches.c.number == number))
    return found[0] if found else None


def put(connection: Connection, row: MatchRow) -> None:
    """Write a match, whether there was one of this patron and card or not."""
    drop(connection, row.patron_id, row.number)
    connection.execute(insert(ils_matches).values(row._asdict()))


def drop(connection: Connection, patron_id: int, number: str) -> None:
    mine = ils_matches.c.patron_id == patron_id, ils_matches.c.number == number
    connection.execute(delete(ils_matches).where(*mine))


def link(connection: Connection, district: str, patron_id: int, number: str) -> None:
    """Make a card one more identifier of a patron; what else was proposed of either goes."""
    values = {"key": fold(number), "kind": IdentifierKind.LINKED_CARD, "district": district, "patron_id": patron_id}
    connection.execute(insert(identifiers).values(values))
    either = (ils_matches.c.patron_id == patron_id) | (ils_matches.c.number == number)
    connection.execute(delete(ils_matches).where(either, ils_matches.c.state == MatchState.PROPOSED))


def unlink(connection: Connection, patron_id: int, number: str) -> None:
    """Let a card be nobody's identifier again."""
    mine = identifiers.c.patron_id == patron_id, identifiers.c.key == fold(number)
    connection.execute(delete(identifiers).where(*mine, identifiers.c.kind == IdentifierKind.LINKED_CARD))


def linked(connection: Connection, district: str) -> Mapping[int, datetime]:
    """When patrons of a district were linked with a card, the first time."""
    mine = ils_matches.c.district == district, ils_matches.c.state == MatchState.LINKED
    found: dict[int, datetime] = {}
    for row in _rows(connection, *mine):
        at = row.decided_at or datetime.max.replace(tzinfo=UTC)
        found[row.patron_id] = min(at, found.get(row.patron_id, at))
    return found


def undecided(connection: Connection, district: str) -> tuple[set[int], int]:
    """Patrons of a district with a proposal, and up to which patron id all were compared."""
    proposed = ils_matches.c.district == district, ils_matches.c.state == MatchState.PROPOSED
    ids = {*connection.execute(select(ils_matches.c.patron_id).where(*proposed)).scalars()}
    upto = select(ils_compared.c.newest).where(ils_compared.c.district == district)
    return ids, connection.execute(upto).scalar() or 0


def linked_blocks(connection: Connection) -> list[LinkedCard]:
    """Every linked card."""
    joined = identifiers.join(patrons, patrons.c.patron_id == identifiers.c.patron_id)
    columns = identifiers.c.key, identifiers.c.patron_id, patrons.c.blocked
    mine = identifiers.c.kind == IdentifierKind.LINKED_CARD
    return [LinkedCard(*row) for row in connection.execute(select(*columns).select_from(joined).where(mine))]


def is_blocked(connection: Connection, patron_id: int, numbers: Sequence[str] = ()) -> bool:
    """Whether the ILS's newest extract has a block on a patron's account, or on one of these cards."""
    mine = (ils_cards.c.patron_id == patron_id) | ils_cards.c.number.in_(numbers)
    return connection.execute(select(ils_cards.c.number).where(mine, ils_cards.c.blocked).limit(1)).first() is not None


def linked_cards(connection: Connection, patron_id: int) -> list[str]:
    mine = ils_matches.c.patron_id == patron_id, ils_matches.c.state == MatchState.LINKED
    return [row.number for row in _rows(connection, *mine)]


def _rows(connection: Connection, *mine: ColumnElement[bool]) -> Iterator[MatchRow]:
    return map(_row, connection.execute(select(*(ils_matches.c[name] for name in MatchRow._fields)).where(*mine)))


def _row(row: Sequence[Any]) -> MatchRow:
    match = MatchRow._make(row)
    at = match.decided_at
    return match._replace(decided_at=at.replace(tzinfo=UTC) if at and at.tzinfo is None else at)


def codes(row: MatchRow) -> list[str]:
    """The codes of its evidence."""
    return list(json.loads(row.evidence))
