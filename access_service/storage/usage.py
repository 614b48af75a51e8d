"""Sign-ins, counted and never logged: by day, district, school, grade and client; for a patron first and last day."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from access_service.storage.tables import patron_use

# SQLite allows 32,766 values in a statement.
BATCH = 10_000


class UsageKey(NamedTuple):
    day: date
    district: str
    school: str
    # Blank for educators, and for nobody else.
    grade: str
    client: str


class Use(NamedTuple):
    """The day of a patron's last sign-in, and where they were."""

    day: date
    district: str
    school: str
    grade: str


class Refusal(NamedTuple):
    day: date
    # Blank where nobody knows of which.
    district: str
    reason: str


_USAGE = text(
    "INSERT INTO day.usage (day, district, school, grade, client, sign_ins)"
    " VALUES (:day, :district, :school, :grade, :client, :sign_ins)"
    " ON CONFLICT (day, district, school, grade, client) DO UPDATE SET sign_ins = usage.sign_ins + excluded.sign_ins"
)
_MONTHS = text(
    "INSERT INTO day.months (month, district, school, grade, active, first_time)"
    " VALUES (:day, :district, :school, :grade, :active, :first_time)"
    " ON CONFLICT (month, district, school, grade) DO UPDATE"
    " SET active = months.active + excluded.active, first_time = months.first_time + excluded.first_time"
)
_REFUSALS = text(
    "INSERT INTO day.refusals (day, district, reason, refused) VALUES (:day, :district, :reason, :refused)"
    " ON CONFLICT (day, district, reason) DO UPDATE SET refused = refusals.refused + excluded.refused"
)


def add(connection: Connection, sign_ins: Mapping[UsageKey, int], patrons: Mapping[int, Use]) -> None:
    """Add counts, in key order: unsorted, two workers would deadlock PostgreSQL. The caller owns the transaction."""
    if sign_ins:
        rows = [{**key._asdict(), "day": key.day.isoformat(), "sign_ins": sign_ins[key]} for key in sorted(sign_ins)]
        connection.execute(_USAGE, rows)
    if patrons:
        _add_patrons(connection, patrons)


def refuse(connection: Connection, refusals: Mapping[Refusal, int]) -> None:
    """Add refused sign-ins, as above."""
    if refusals:
        rows = [{**key._asdict(), "day": key.day.isoformat(), "refused": refusals[key]} for key in sorted(refusals)]
        connection.execute(_REFUSALS, rows)


def _add_patrons(connection: Connection, patrons: Mapping[int, Use]) -> None:
    """Move the last days on, and count who is the first time here in a month. Exact whoever else writes: a row that is
    new is inserted once, and the others are locked before they are read."""
    active: Counter[Use] = Counter()
    first_time: Counter[Use] = Counter()
    for ids in _batches(sorted(patrons)):
        new = _insert(connection, {patron_id: patrons[patron_id].day for patron_id in ids})
        first_time.update(_month(patrons[patron_id]) for patron_id in new)
        active.update(_month(patrons[patron_id]) for patron_id in _move(connection, ids, patrons) | new)
    if active:
        rows = [
            {**key._asdict(), "day": key.day.isoformat(), "active": active[key], "first_time": first_time[key]}
            for key in sorted(active)
        ]
        connection.execute(_MONTHS, rows)


def _insert(connection: Connection, days: Mapping[int, date]) -> set[int]:
    """Those who never signed in before, of these."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    rows = [{"patron_id": patron_id, "first_day": day, "last_day": day} for patron_id, day in days.items()]
    insert = dialect.insert(patron_use).on_conflict_do_nothing().returning(patron_use.c.patron_id)
    return {patron_id for (patron_id,) in connection.execute(insert, rows)}


def _move(connection: Connection, ids: list[int], patrons: Mapping[int, Use]) -> set[int]:
    """Those who had not signed in in their month yet; a day that is late, and past already, counts in no month."""
    known = select(patron_use.c.patron_id, patron_use.c.last_day).where(patron_use.c.patron_id.in_(ids))
    rows = connection.execute(known.order_by(patron_use.c.patron_id).with_for_update())
    older = {patron_id: day for patron_id, day in rows if day < patrons[patron_id].day}
    moved: dict[date, list[int]] = defaultdict(list)
    for patron_id in older:
        moved[patrons[patron_id].day].append(patron_id)
    for day, those in moved.items():
        connection.execute(update(patron_use).where(patron_use.c.patron_id.in_(those)).values(last_day=day))
    return {patron_id for patron_id, day in older.items() if day < patrons[patron_id].day.replace(day=1)}


def _month(use: Use) -> Use:
    return use._replace(day=use.day.replace(day=1))


def _batches(ids: list[int]) -> Iterator[list[int]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
