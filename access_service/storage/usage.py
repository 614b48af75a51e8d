"""Sign-ins, counted and never logged: by day, district, school, grade and client; for a patron first and last day."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, text


class UsageKey(NamedTuple):
    day: date
    district: str
    school: str
    # Blank for educators, and for nobody else.
    grade: str
    client: str


_USAGE = text(
    "INSERT INTO day.usage (day, district, school, grade, client, sign_ins)"
    " VALUES (:day, :district, :school, :grade, :client, :sign_ins)"
    " ON CONFLICT (day, district, school, grade, client) DO UPDATE SET sign_ins = usage.sign_ins + excluded.sign_ins"
)
_PATRON_USE = text(
    "INSERT INTO day.patron_use (patron_id, first_day, last_day) VALUES (:patron_id, :day, :day)"
    " ON CONFLICT (patron_id) DO UPDATE SET last_day = excluded.last_day WHERE patron_use.last_day < excluded.last_day"
)


def add(connection: Connection, sign_ins: Mapping[UsageKey, int], patrons: Mapping[int, date]) -> None:
    """Add counts, in key order: unsorted, two workers would deadlock PostgreSQL. The caller owns the transaction."""
    if sign_ins:
        rows = [{**key._asdict(), "day": key.day.isoformat(), "sign_ins": sign_ins[key]} for key in sorted(sign_ins)]
        connection.execute(_USAGE, rows)
    if patrons:
        connection.execute(_PATRON_USE, [{"patron_id": p, "day": patrons[p].isoformat()} for p in sorted(patrons)])
