"""Rows that no run could use. What they say is sealed; the key is the night's alone, and nothing here can open them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text

from access_service.storage.tables import quarantine

_RESERVE = text(
    "INSERT INTO counters (name, next) VALUES ('quarantine', 1 + :amount)"
    " ON CONFLICT (name) DO UPDATE SET next = counters.next + :amount RETURNING next"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `header` is the column at fault, as its file names it; `mark` recognises the same row in a later roster;
    `kept_on` is the day of the newest run that met it."""

    entry: int
    district: str
    run_id: int
    file: str
    line: int
    code: str
    header: str
    mark: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    kept_on: date


def reserve(connection: Connection, amount: int) -> int:
    """The first of `amount` numbers for entries. None is ever given again."""
    return int(connection.execute(_RESERVE, {"amount": amount}).scalar_one()) - amount


def of_district(connection: Connection, district: str) -> list[Entry]:
    """All entries of a district, oldest number first."""
    statement = select(quarantine).where(quarantine.c.district == district).order_by(quarantine.c.entry)
    return [_entry(row) for row in connection.execute(statement)]


def find(connection: Connection, entry: int) -> Entry | None:
    """One entry by its number."""
    row = connection.execute(select(quarantine).where(quarantine.c.entry == entry)).one_or_none()
    return _entry(row) if row else None


def replace(connection: Connection, gone: Iterable[int], kept: Sequence[Entry]) -> None:
    """Take the entries of these numbers out, then put `kept` in. The caller owns the transaction."""
    if leaving := [{"gone": entry} for entry in gone]:
        connection.execute(text("DELETE FROM quarantine WHERE entry = :gone"), leaving)
    if kept:
        connection.execute(insert(quarantine), [asdict(entry) for entry in kept])


def age_out(connection: Connection, oldest: Mapping[str, date], otherwise: date) -> int:
    """Delete what was kept before the `oldest` day of its district, and say how many; `otherwise` is that of districts
    not listed."""
    gone = 0
    for district, day in oldest.items():
        old = quarantine.c.district == district, quarantine.c.kept_on < day
        gone += connection.execute(delete(quarantine).where(*old)).rowcount
    unlisted = quarantine.c.district.not_in(list(oldest))
    return gone + connection.execute(delete(quarantine).where(unlisted, quarantine.c.kept_on < otherwise)).rowcount


def _entry(row: Any) -> Entry:
    return Entry(**row._asdict())
