"""Which patrons of two districts may be one person, and what people decided. The state's id proposes, by its mark."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from access_service.domain.patron import HERE, Presence
from access_service.storage.patrons import BATCH
from access_service.storage.tables import changes, links, patrons, seen

# Where the mark of the state's id stands in the marks of who has one (sync/marks.py).
_BEFORE, _SIZE = 16, 24
_MARK = func.substr(seen.c.marks, _BEFORE + 1)


class Pair(NamedTuple):
    """Two patrons who may be one person, by patron id: the elder was made first."""

    elder: int
    younger: int


class Link(NamedTuple):
    """What somebody decided of a pair. The names are the columns' own."""

    elder: int
    younger: int
    confirmed: bool
    decided_by: str
    decided_at: datetime
    reason: str


def proposed(connection: Connection) -> list[Pair]:
    """Pairs with one state id in two districts, of whom one is in the last roster and the other is not; without
    those that somebody has decided on."""
    by_mark = _by_mark(connection)
    ids = {patron_id for found in by_mark.values() for patron_id in found}
    facts = {row.patron_id: row for row in _facts(connection, sorted(ids))}
    decided = {Pair(link.elder, link.younger) for link in decisions(connection)}
    pairs = {
        Pair(*sorted((one, other)))
        for found in by_mark.values()
        for one, other in combinations(sorted(found & facts.keys()), 2)
        if facts[one].district != facts[other].district
        and (facts[one].presence == Presence.PRESENT) != (facts[other].presence == Presence.PRESENT)
        and (facts[one].person is None or facts[one].person != facts[other].person)
    }
    return sorted(pairs - decided)


def decisions(connection: Connection) -> list[Link]:
    """All of them, oldest first."""
    return [Link(*row) for row in connection.execute(select(links).order_by(links.c.decided_at, links.c.elder))]


def decide(connection: Connection, link: Link) -> None:
    connection.execute(insert(links).values(**link._asdict()))
    _regroup(connection, Pair(link.elder, link.younger))


def forget(connection: Connection, pair: Pair) -> bool:
    """Take a decision back; whether there was one."""
    mine = links.c.elder == pair.elder, links.c.younger == pair.younger
    there = connection.execute(delete(links).where(*mine)).rowcount == 1
    _regroup(connection, pair)
    return there


def numbers(connection: Connection, patron_ids: Collection[int]) -> Mapping[int, tuple[str, str, str]]:
    """District, library number and presence of each."""
    return {row.patron_id: (row.district, row.library_number, row.presence) for row in _facts(connection, patron_ids)}


def _facts(connection: Connection, patron_ids: Collection[int]) -> Iterator[Row[Any]]:
    wanted = list(patron_ids)
    columns = (patrons.c[name] for name in ("patron_id", "district", "library_number", "presence", "person"))
    statement = select(*columns).where(patrons.c.patron_id.in_(bindparam("ids", expanding=True)))
    for start in range(0, len(wanted), BATCH):
        yield from connection.execute(statement, {"ids": wanted[start : start + BATCH]})


def _by_mark(connection: Connection) -> Mapping[bytes, set[int]]:
    """Patron ids under each mark that patrons of two districts have."""
    found: dict[bytes, set[int]] = defaultdict(set)
    joined = changes.join(patrons, patrons.c.patron_id == changes.c.patron_id)
    images = select(changes.c.patron_id, changes.c.before).select_from(joined)
    gone: dict[int, bytes] = {}
    for patron_id, before in connection.execute(
        images.where(patrons.c.presence.not_in(HERE)).order_by(changes.c.run_id)
    ):
        if marks := json.loads(before).get("marks"):
            gone[patron_id] = bytes.fromhex(marks)[_BEFORE:]
    for patron_id, mark in gone.items():
        if mark:
            found[mark].add(patron_id)
    with_one = func.length(seen.c.marks) == _SIZE
    shared = select(_MARK).where(with_one).group_by(_MARK).having(func.count(func.distinct(seen.c.district)) > 1)
    known = list(found)
    wanted = select(_MARK.label("mark"), seen.c.patron_id).where(with_one)
    for row in connection.execute(wanted.where(_MARK.in_(shared))):
        found[bytes(row.mark)].add(row.patron_id)
    statement = wanted.where(_MARK.in_(bindparam("marks", expanding=True)))
    for start in range(0, len(known), BATCH):
        for row in connection.execute(statement, {"marks": known[start : start + BATCH]}):
            found[bytes(row.mark)].add(row.patron_id)
    return found


def _regroup(connection: Connection, pair: Pair) -> None:
    """Say of everybody whom the confirmed links make one with either of a pair who the eldest is."""
    confirmed = [(link.elder, link.younger) for link in decisions(connection) if link.confirmed]
    for start in pair:
        group, found = {start}, 0
        while found < (found := len(group)):
            group |= {one for two in confirmed if group & {*two} for one in two}
        person = min(group) if len(group) > 1 else None
        connection.execute(update(patrons).where(patrons.c.patron_id.in_(group)).values(person=person))
