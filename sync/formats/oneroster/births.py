"""Birth dates, which OneRoster keeps in a file of their own."""

from collections.abc import Mapping
from itertools import compress

from sync.formats.oneroster.parts import Part
from sync.formats.oneroster.rows import Rows, read_rows
from sync.formats.oneroster.words import GONE
from sync.formats.reader import Reader
from sync.formats.table import NoRowsError
from sync.roster import WarningCode


def read_births(reader: Reader, part: Part | None) -> Mapping[str, str]:
    """Birth date by user, "" where it cannot be read or two rows contradict each other. Errors: BadRosterError."""
    if part is None or "birth_date" not in reader.district.agreement.fields:
        return {}
    column = reader.district.feed.columns.get("birth_date", "birthDate")
    try:
        rows = read_rows(reader, part, {"sourcedId": True, column: True})
    except NoRowsError:
        # Real exporters send it so; the guard sees a night on which all birth dates are gone.
        reader.warnings[WarningCode.EMPTY_FILE] += 1
        return {}
    sent = rows.columns[column]
    reader.named["birth_date"] = rows.headers[column]
    dates = reader.birth_dates(sent)
    spelled = sum(1 for cell, date in zip(sent, dates, strict=True) if date and date != cell)
    reader.warnings[WarningCode.VALUE_SPELLING] += spelled
    return _agreed(*_kept(rows, dates))


def _kept(rows: Rows, dates: list[str]) -> tuple[list[str], list[str]]:
    said, ids = rows.statuses(), rows.columns["sourcedId"]
    if GONE.isdisjoint(said):
        return ids, dates
    kept = [status not in GONE for status in said]
    return list(compress(ids, kept)), list(compress(dates, kept))


def _agreed(ids: list[str], cells: list[str]) -> dict[str, str]:
    found = dict(zip(ids, cells, strict=True))
    if len(found) < len(ids):
        contradicted = {user for user, cell in zip(ids, cells, strict=True) if found[user] != cell}
        found |= dict.fromkeys(contradicted, "")
    return found
