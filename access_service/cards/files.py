"""From who gets a card to the file for the printer."""

from collections.abc import Sequence

from access_service.cards.design import Design
from access_service.cards.holders import Holder
from access_service.cards.letters import letters
from access_service.cards.listing import listing
from access_service.cards.order import Kind, Order
from access_service.cards.sheets import sheets
from access_service.settings import District, Library


def made(holders: Sequence[Holder], order: Order, district: District, library: Library) -> bytes:
    """A PDF, or of Kind.LIST a CSV. ChoiceError where a number cannot be drawn."""
    if order.kind is Kind.LIST:
        return listing(holders)
    rule = district.rules.pin
    names = district.district.school_names
    design = Design(library, district.district.name, order.symbology, order.languages, rule.digits, names)
    return letters(holders, design) if order.kind is Kind.LETTERS else sheets(holders, design)
