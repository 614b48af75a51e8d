"""Patrons without an account whose number, or key, is of another account in the ILS all the same."""

from collections.abc import Iterator

from sqlalchemy import Connection

from access_service.ils import Ils
from access_service.settings import District
from access_service.storage import ils_cards
from access_service.storage.ils_cards import Claim
from sync.ils.reconcile import Seen

SOMEBODYS = "the number is a card in the ILS that is not known to be this student's"
OF_DISTRICTS = 'its key is that of a patron of another district too; make [ils] key "patron_id"'
ANOTHER_TYPE = "the number is a card in the ILS with a patron type that we do not give"


def claimed(connection: Connection, district: District, ils: Ils) -> dict[int, str]:
    """By patron id "" where the card is the patron's own, and is taken up; else why it is left alone."""
    found: dict[int, str] = {}
    if ils.extract:
        seen = Seen(ils, frozenset(patron_types(district)), "")
        found = {claim.patron_id: _why_not(claim, ils, seen) for claim in ils_cards.claims(connection, district.code)}
    if ils.key != "patron_id":
        # An ILS that finds accounts by key would overwrite the other one.
        found |= dict.fromkeys(ils_cards.sharing_keys(connection, district.code, ils.key), OF_DISTRICTS)
    return found


def patron_types(district: District) -> Iterator[str]:
    """Every patron type that the rules can give."""
    rules = district.rules
    yield from (band.patron_type for band in rules.patron_types)
    if rules.educators:
        yield rules.educators.patron_type
    if rules.of_age and rules.of_age.patron_type:
        yield rules.of_age.patron_type


def _why_not(claim: Claim, ils: Ils, seen: Seen) -> str:
    # What a load told of once came after all.
    own = bool(claim.load) or (bool(claim.key) and claim.key == str(getattr(claim, ils.key)))
    if not own:
        return SOMEBODYS
    return ANOTHER_TYPE if seen.is_foreign(claim.patron_type) else ""
