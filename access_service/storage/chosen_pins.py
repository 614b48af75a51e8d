"""PINs that patrons or the desk chose. No night reads or writes them."""

from collections.abc import Collection

from sqlalchemy import Connection, or_, select, update

from access_service.domain.patron import ChosenPin, PatronRecord
from access_service.storage.tables import patrons

NONE = {"chosen_key": None, "chosen_hash": None, "chosen_on": None}


def put(connection: Connection, chosen: ChosenPin) -> None:
    """Keep a chosen PIN in place of any before."""
    values = {"chosen_key": chosen.key_id, "chosen_hash": chosen.hash, "chosen_on": chosen.since}
    connection.execute(update(patrons).where(patrons.c.patron_id == chosen.patron_id).values(values))


def drop(connection: Connection, patron_ids: Collection[int]) -> None:
    """Forget those of these patrons."""
    connection.execute(update(patrons).where(patrons.c.patron_id.in_(patron_ids)).values(NONE))


def cards(connection: Connection, record: PatronRecord) -> set[int]:
    """The patron ids of all cards of the person who has this one."""
    theirs = patrons.c.patron_id == record.patron_id
    if record.person:
        theirs = or_(theirs, patrons.c.person == record.person)
    known = theirs, patrons.c.forgotten_on.is_(None)
    return set(connection.execute(select(patrons.c.patron_id).where(*known)).scalars())
