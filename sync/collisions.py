"""Two people, one number: neither gets it, and the run says so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from access_service.domain.identifiers import BADGES, IdentifierKind, fold
from access_service.domain.patron import HERE, PatronRecord
from access_service.storage import patrons
from sync.plan import Change, ChangeKind, Create
from sync.retired import claimed

SAME_ROSTER = "another row of this roster has the number"
OTHER_DISTRICT = "a patron of another district has the number"
HERE_ALREADY = "another student of this roster has the number"
FORMER_STUDENT = "an absent or former student has the number"
FORGOTTEN = "a student who was forgotten had the number"


@dataclass(frozen=True, slots=True)
class Collisions:
    """`claimants` (source id -> why) get no card; `owners` are patrons in tonight's roster who lose theirs until it is
    settled; `contested` are library numbers of another district's patrons, which open nothing for anybody."""

    claimants: Mapping[str, str]
    owners: Mapping[str, PatronRecord]
    contested: frozenset[str]


class Owned(NamedTuple):
    """A number that `claimant` wants and `owner` has, unless the plan renumbers source id `freed_by`."""

    claimant: str
    owner: int
    freed_by: str | None = None


def find_collisions(  # noqa: PLR0913, PLR0917 - who claims, and whose it can be
    connection: Connection,
    night_key: bytes,
    district: str,
    creates: Mapping[str, Create],
    changes: Mapping[str, Change],
    present: Collection[str],
) -> Collisions:
    """Who claims a number tonight that somebody else claims, has, or had before being forgotten."""
    renumbered = {
        source_id: change
        for source_id, change in changes.items()
        if change.patron.student_number != change.before.patron.student_number
    }
    arriving = {
        **{source_id: create.patron for source_id, create in creates.items()},
        **{source_id: change.patron for source_id, change in changes.items() if change.kind is ChangeKind.RETURN},
    }
    claiming = arriving | {source_id: change.patron for source_id, change in renumbered.items()}
    library = _by_key((source_id, patron.library_number) for source_id, patron in arriving.items())
    badges = {
        kind: _by_key(
            (source_id, patron.student_number) for source_id, patron in claiming.items() if patron.number_kind is kind
        )
        for kind in BADGES
    }
    claimants = {
        source_id: SAME_ROSTER
        for claimed in (library, *badges.values())
        for sources in claimed.values()
        if len(sources) > 1
        for source_id in sources
    }
    given_up = {
        (fold(change.before.patron.student_number), change.before.patron_id): source_id
        for source_id, change in renumbered.items()
    }
    owned: list[Owned] = []
    contested: set[str] = set()
    for key, (owner_district, patron_id) in patrons.owners(
        connection, IdentifierKind.LIBRARY_NUMBER, list(library)
    ).items():
        if owner_district == district:
            owned.extend(Owned(source_id, patron_id) for source_id in library[key])
        else:
            contested.add(key)
            claimants |= dict.fromkeys(library[key], OTHER_DISTRICT)
    for kind, numbers in badges.items():
        for key, (_, patron_id) in patrons.owners(connection, kind, list(numbers), district).items():
            owned.extend(Owned(source_id, patron_id, given_up.get((key, patron_id))) for source_id in numbers[key])
    claimants |= dict.fromkeys(claimed(connection, night_key, arriving.items()), FORGOTTEN)
    owners = _owners(connection, owned, claimants, present)
    return Collisions(claimants, owners, frozenset(contested))


def _by_key(numbers: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    claimed: dict[str, list[str]] = defaultdict(list)
    for source_id, number in numbers:
        claimed[fold(number)].append(source_id)
    return claimed


def _owners(
    connection: Connection, owned: list[Owned], claimants: dict[str, str], present: Collection[str]
) -> dict[str, PatronRecord]:
    """Exclude the claimants of numbers owned in this district, and find the owners who are in the roster as well.

    Whoever is excluded keeps the number they would have given up, which can exclude one more: so until none is.
    """
    records = {record.patron_id: record for record in patrons.records(connection, [each.owner for each in owned])}
    owners: dict[str, PatronRecord] = {}
    found = -1
    while found < (found := len(claimants) + len(owners)):
        for source_id, patron_id, freed_by in owned:
            record = records[patron_id]
            freed = freed_by and freed_by not in claimants and freed_by not in owners
            if freed or record.patron.source_id == source_id:
                continue
            here = record.presence in HERE and record.patron.source_id in present
            claimants[source_id] = HERE_ALREADY if here else FORMER_STUDENT
            if here:
                owners[record.patron.source_id] = record
    return owners
