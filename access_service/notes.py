"""What the desk writes down about a patron: added and removed, never changed. On record, but for the text."""

from access_service.audit import Action, Auditor, Deed
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.storage import chosen_pins, notes
from access_service.storage.engine import Databases
from access_service.storage.notes import Note

LONGEST = 500


def add(databases: Databases, auditor: Auditor, record: PatronRecord, text: str) -> int:
    """Write a note down, a line break at most between words; its number. OperatorError, and nothing is changed."""
    said = text.strip()
    if not said or len(said) > LONGEST or not said.replace("\n", " ").isprintable():
        raise OperatorError(f"a note has 1 to {LONGEST} characters, none of them a control character")
    with auditor.transaction(databases) as noting:
        if record.patron_id not in chosen_pins.cards(noting.connection, record):
            raise OperatorError(f"patron {record.patron_id} was forgotten this moment")
        at = auditor.now().replace(microsecond=0)
        number = notes.add(noting.connection, record.patron.district, Note(0, record.patron_id, said, auditor.by, at))
        noting.note(_deed(Action.NOTE_ADD, record, number))
    return number


def remove(databases: Databases, auditor: Auditor, record: PatronRecord, number: int) -> None:
    """Delete a note. Errors as above."""
    with auditor.transaction(databases) as noting:
        if not notes.remove(noting.connection, chosen_pins.cards(noting.connection, record), number):
            raise OperatorError(f"patron {record.patron_id} has no note {number} any more")
        noting.note(_deed(Action.NOTE_REMOVE, record, number))


def _deed(action: Action, record: PatronRecord, number: int) -> Deed:
    return Deed(action, f"patron {record.patron_id}", "", record.patron.district, after={"note": number})
