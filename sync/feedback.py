"""What we found in a district's rows, as a small CSV for its own folder. Places and codes; no name, number or id."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

from access_service import spreadsheet
from access_service.remedies import remedy
from access_service.spreadsheet import Line
from sync.formats.bad_rows import BadRow
from sync.guard import Reason
from sync.sftp import FEEDBACK_NAME

COLUMNS = ("severity", "code", "file", "line", "column", "count", "what_to_do")
MOST_LINES = 1000


def file_name(now: datetime) -> str:
    """The name of a run's feedback. The time is UTC, so that names sort by it."""
    return now.astimezone(UTC).strftime(FEEDBACK_NAME)


def as_csv(bad: Sequence[BadRow], warnings: Mapping[str, int], reasons: Iterable[Reason], refusal: str | None) -> bytes:
    """The file: why the roster was refused or held, then the rows at fault, then what was tolerated, counted."""
    return spreadsheet.as_csv(COLUMNS, _lines(bad, warnings, reasons, refusal))


def _lines(
    bad: Sequence[BadRow], warnings: Mapping[str, int], reasons: Iterable[Reason], refusal: str | None
) -> Iterator[Line]:
    if refusal:
        yield "error", "failed", "", "", "", 1, refusal
    for reason in reasons:
        yield "finding", reason.finding, "", "", "", 1, f"{reason.text}; {remedy(reason.finding).cure}"
    for row in islice(bad, MOST_LINES):
        yield "error", row.code, row.file, row.line, row.column, 1, remedy(row.code).cure
    if (more := len(bad) - MOST_LINES) > 0:
        yield "error", "", "", "", "", more, f"... and {more} more"
    for code, count in sorted(warnings.items()):
        yield "warning", code, "", "", "", count, remedy(code).cure
