"""Which students may have a card of the library already, by an extract."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection

from access_service.settings import Settings
from access_service.storage import ils_matches as storage
from access_service.storage.ils_matches import MatchRow, MatchState
from sync.ils.cards import Card
from sync.ils.matching import near_matches

# All that the cards of one account have in common.
_ACCOUNT = itemgetter(slice(2, None))


@dataclass(frozen=True, slots=True)
class Proposals:
    """What an extract proposes. `compared` are the patron ids up to which students were compared, by district."""

    rows: list[MatchRow]
    compared: Mapping[str, int]

    def write(self, connection: Connection) -> int:
        """Put them in place of those of the last extract; how many wait for a decision."""
        return storage.propose(connection, self.rows, self.compared)


def proposals(connection: Connection, settings: Settings, cards: Iterable[Card], key: bytes) -> Proposals:
    """Compare the students of every district with cards that are none of our accounts. Wants a `snapshot` connection;
    `key` is SYNC_KEY."""
    compared = {code: newest for code, newest in storage.newest(connection).items() if code in settings.districts}
    ours = storage.ours(connection)
    found = near_matches(storage.candidates(connection, compared), _accounts(cards, ours), key)
    rows = [
        MatchRow(
            match.person.patron_id,
            match.card.number,
            match.person.district,
            json.dumps(sorted(match.evidence)),
            match.score,
            MatchState.PROPOSED.value,
        )
        for match in found
    ]
    return Proposals(rows, compared)


def _accounts(cards: Iterable[Card], ours: Container[str]) -> Iterator[Card]:
    """The first card of each account that has none of our numbers. Cards of one account follow each other."""
    for _, group in groupby(cards, key=_ACCOUNT):
        numbers = list(group)
        if not any(card.folded in ours for card in numbers):
            yield numbers[0]
