"""Two people, one number: neither gets it, and the run says so."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from sqlalchemy import Connection

from access_service.domain.identifiers import BADGES, IdentifierKind, fold
from access_service.domain.patron import HERE, Patron, PatronRecord
from access_service.storage import patrons
from sync.held_numbers import in_ils
from sync.plan import Change, ChangeKind, Create
from sync.retired import claimed

SAME_ROSTER = "another row of this roster has the number"
OTHER_DISTRICT = "a patron of another district has the number"
HERE_ALREADY = "another student of this roster has the number"
FORMER_STUDENT = "an absent or former student has the number"
IN_ILS = "a card of the ILS has the number"
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


# Folded numbers, each with the source ids of those who claim it.
Numbers = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Claims:
    """The numbers that the plan gives to people who had them not. `given_up` is by a badge number and the patron who
    had it the source id of the row that gives that patron another."""

    arriving: Mapping[str, Patron]
    library: Numbers
    badges: Mapping[IdentifierKind, Numbers]
    given_up: Mapping[tuple[str, int], str]

    @classmethod
    def of(cls, creates: Mapping[str, Create], changes: Mapping[str, Change]) -> Self:
        arriving = {
            **{source_id: create.patron for source_id, create in creates.items()},
            **{source_id: change.patron for source_id, change in changes.items() if change.kind is ChangeKind.RETURN},
        }
        renumbered = {
            source_id: change
            for source_id, change in changes.items()
            if change.patron.student_number != change.before.patron.student_number
        }
        claiming = arriving | {source_id: change.patron for source_id, change in renumbered.items()}
        given_up = {
            (fold(change.before.patron.student_number), change.before.patron_id): source_id
            for source_id, change in renumbered.items()
        }
        library = _by_number((source_id, patron.library_number) for source_id, patron in arriving.items())
        return cls(arriving, library, {kind: _badges(claiming, kind) for kind in BADGES}, given_up)

    def claimed_twice(self) -> Iterator[str]:
        """Source ids that claim the number of another row."""
        for numbers in (self.library, *self.badges.values()):
            for claimants in numbers.values():
                if len(claimants) > 1:
                    yield from claimants


def find_collisions(  # noqa: PLR0913, PLR0917 - who claims, and whose it can be
    connection: Connection,
    night_key: bytes,
    ils_key: str,
    district: str,
    creates: Mapping[str, Create],
    changes: Mapping[str, Change],
    present: Collection[str],
) -> Collisions:
    """Who claims a number tonight that somebody else claims, has, or had before being forgotten, here or in the ILS."""
    claims = Claims.of(creates, changes)
    cards = patrons.owners(connection, IdentifierKind.LIBRARY_NUMBER, list(claims.library))
    contested = [number for number, (owner, _) in cards.items() if owner != district]
    claimants = {
        **dict.fromkeys(claims.claimed_twice(), SAME_ROSTER),
        **dict.fromkeys((one for number in contested for one in claims.library[number]), OTHER_DISTRICT),
        **dict.fromkeys(claimed(connection, night_key, claims.arriving.items()), FORGOTTEN),
        **dict.fromkeys(in_ils(connection, ils_key, claims.arriving), IN_ILS),
    }
    owned = [
        Owned(source_id, patron_id)
        for number, (owner, patron_id) in cards.items()
        if owner == district
        for source_id in claims.library[number]
    ]
    owned.extend(_badges_owned(connection, district, claims))
    owners = _owners(connection, owned, claimants, present)
    return Collisions(claimants, owners, frozenset(contested))


def _badges(claiming: Mapping[str, Patron], kind: IdentifierKind) -> Numbers:
    return _by_number(
        (source_id, patron.student_number) for source_id, patron in claiming.items() if patron.number_kind is kind
    )


def _by_number(numbers: Iterable[tuple[str, str]]) -> Numbers:
    found: dict[str, list[str]] = defaultdict(list)
    for source_id, number in numbers:
        found[fold(number)].append(source_id)
    return found


def _badges_owned(connection: Connection, district: str, claims: Claims) -> Iterator[Owned]:
    for kind, numbers in claims.badges.items():
        for number, (_, patron_id) in patrons.owners(connection, kind, list(numbers), district).items():
            freed_by = claims.given_up.get((number, patron_id))
            yield from (Owned(source_id, patron_id, freed_by) for source_id in numbers[number])


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
