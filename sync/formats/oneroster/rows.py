"""The rows of one file, by the columns of the standard."""

from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sync.formats.oneroster.columns import bare, headers_of, leniencies
from sync.formats.oneroster.parts import Part
from sync.formats.oneroster.words import STATUSES, among, understood
from sync.formats.reader import Reader
from sync.formats.table import NoRowsError, Table
from sync.roster import Reject, RejectCode, WarningCode

NULLS = frozenset({"NULL", "null", "Null"})


@dataclass(frozen=True, slots=True)
class Rows:
    """One file as read. `columns` are by the standard's names, blank where there is no such column."""

    part: Part
    table: Table
    headers: Mapping[str, str]
    columns: Mapping[str, list[str]]
    reader: Reader

    def statuses(self) -> list[str]:
        """What each row says of itself. In a bulk file it should say nothing, in a delta always something."""
        sent = self.columns["status"]
        said = understood(sent, among(STATUSES), self.reader)
        if self.part.delta:
            self.reader.warnings[WarningCode.STATUS_UNREADABLE] += said.count("")
        else:
            self.reader.warnings[WarningCode.STATUS_IN_BULK] += len(sent) - sent.count("")
        return said

    def reject(self, at: int, code: RejectCode, column: str, source_id: str, school: str = "") -> None:
        """Not use the row at this position."""
        cells = {name: cells[at] for name, cells in self.table.columns.items()}
        header = self.headers.get(column, column)
        line = self.table.lines[at]
        self.reader.rejects.append(Reject(self.part.file, line, code, source_id or None, school or None, header, cells))


def read_rows(reader: Reader, part: Part, wanted: Mapping[str, bool], as_sent: Collection[str] = ()) -> Rows:
    """The `wanted` columns of a file (name -> must it be there), the id of whom it is about first. They are the
    standard's, or the district's own. A cell "NULL" is blank but for the columns `as_sent`: somebody has that name.

    Errors: BadRosterError, for no rows too, but for a delta: nothing has changed then.
    """
    found = headers_of(part.kind, part.header, part.file)
    by_bare = {bare(name): name for name in part.header}
    wanted = {**wanted, "status": False}
    if part.delta:
        wanted |= {"dateLastModified": False, "sourcedId": wanted.get("sourcedId", False)}
    headers = {name: found.get(name) or by_bare.get(bare(name), name) for name in wanted}
    if not reader.partial:
        # Rows that were put right have a header of our making.
        reader.warnings.update(leniencies(found, part.header, headers.values()))
    table = _table(reader, part, {headers[name]: must for name, must in wanted.items()})
    if part.delta:
        every = len(table.lines)
        table = _newest(table, headers["sourcedId"], headers["dateLastModified"])
        reader.warnings[WarningCode.ROW_REPEATED] += every - len(table.lines)
        reader.tables[part.file] = table
    blank = [""] * len(table.lines)
    columns = {name: table.columns.get(header, blank) for name, header in headers.items()}
    columns |= {name: _without_nulls(cells, reader) for name, cells in columns.items() if name not in as_sent}
    return Rows(part, table, headers, columns, reader)


def _table(reader: Reader, part: Part, wanted: Mapping[str, bool]) -> Table:
    try:
        return reader.table(part.file, wanted)
    except NoRowsError:
        if not part.delta:
            raise
        reader.warnings[WarningCode.EMPTY_FILE] += 1
        return Table(part.file, tuple(part.header), {name: [] for name in wanted if name in part.header})


def _without_nulls(cells: list[str], reader: Reader) -> list[str]:
    if NULLS.isdisjoint(cells):
        return cells
    reader.warnings[WarningCode.NULL_CELL] += sum(map(cells.count, NULLS))
    return ["" if cell in NULLS else cell for cell in cells]


def _newest(table: Table, by: str, modified: str) -> Table:
    """Of the rows with one id the one that was modified last, where that can be told; else all of them."""
    ids = table.columns.get(by, [])
    if len(set(ids)) == len(ids) or modified not in table.columns:
        return table
    repeated = {source_id for source_id, count in Counter(ids).items() if source_id and count > 1}
    dates: dict[str, list[datetime | None]] = {}
    for source_id, cell in zip(ids, table.columns[modified], strict=True):
        if source_id in repeated:
            dates.setdefault(source_id, []).append(_moment(cell))
    last = {source_id: max(filter(None, found)) for source_id, found in dates.items() if all(found)}
    kept = [
        index
        for index, (source_id, cell) in enumerate(zip(ids, table.columns[modified], strict=True))
        if source_id not in last or _moment(cell) == last[source_id]
    ]
    columns = {name: [cells[index] for index in kept] for name, cells in table.columns.items()}
    return Table(table.file, table.header, columns, [table.lines[index] for index in kept], table.rejects, table.rows)


def _moment(cell: str) -> datetime | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(cell)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
