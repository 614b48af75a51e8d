"""Cards as a CSV, for what the school itself prints badges and lists with."""

from collections.abc import Iterable

from access_service.cards.holders import Holder
from access_service.spreadsheet import as_csv

COLUMNS = ("student_number", "given_name", "family_name", "school", "grade", "library_number")
# Without it Excel takes UTF-8 for something else.
_MARK = "\ufeff".encode()


def listing(holders: Iterable[Holder]) -> bytes:
    """A line a student. No PIN, and nothing that one is made of but the number that is on the badge."""
    return _MARK + as_csv(COLUMNS, ([getattr(holder, column) for column in COLUMNS] for holder in holders))
