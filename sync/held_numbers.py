"""Numbers that are somebody's card in the ILS already: none is minted again."""

from collections.abc import Mapping

from sqlalchemy import Connection

from access_service.domain.identifiers import fold
from access_service.domain.patron import Patron
from access_service.storage import ils_cards


def in_ils(connection: Connection, ils_key: str, arriving: Mapping[str, Patron]) -> set[str]:
    """Of arriving patrons by source id, those whose number is a card of somebody else in the ILS.

    `ils_key` is as [ils] key says, or "" where there is no extract. A card with the patron's own key is theirs.
    """
    if not ils_key:
        return set()
    wanted = {source_id: fold(patron.library_number) for source_id, patron in arriving.items()}
    cards = ils_cards.find(connection, sorted({*wanted.values()}))
    return {
        source_id
        for source_id, number in wanted.items()
        if number in cards and not any(_is_own(card, arriving[source_id], ils_key) for card in cards[number])
    }


def _is_own(card: ils_cards.CardRow, patron: Patron, ils_key: str) -> bool:
    # Of one of our accounts the collisions here say whose it is.
    if card.patron_id is not None:
        return True
    # A newcomer has no patron id that the ILS could know.
    return ils_key != "patron_id" and bool(card.key) and card.key == getattr(patron, ils_key)
