"""The rules that were accepted for each district, the newest last, and who accepted them."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from access_service.storage.tables import rule_versions, runs


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """An accepted version. `diff` is against the one accepted before it; `run_id` is the night that it was accepted
    with, None where somebody accepted it beforehand, and `undone_by` the undo of that night: then it counts no more."""

    version: str
    text: str
    diff: str
    accepted_by: str
    accepted_at: datetime
    reason: str
    run_id: int | None
    undone_by: int | None = None


def keep(connection: Connection, district: str, accepted: RuleVersion) -> None:
    facts = asdict(accepted)
    del facts["undone_by"]
    connection.execute(insert(rule_versions).values(district=district, **facts))


def versions(connection: Connection, district: str) -> list[RuleVersion]:
    """Every version that a district ever had, the newest last."""
    names = [rule_versions.c[name] for name in RuleVersion.__dataclass_fields__ if name != "undone_by"]
    nights = rule_versions.outerjoin(runs, runs.c.run_id == rule_versions.c.run_id)
    statement = select(*names, runs.c.undone_by).select_from(nights).where(rule_versions.c.district == district)
    rows = connection.execute(statement.order_by(rule_versions.c.entry)).all()
    return [RuleVersion(**row._asdict() | {"accepted_at": _utc(row.accepted_at)}) for row in rows]


def standing(connection: Connection, district: str) -> RuleVersion | None:
    """The version that holds now, or None before the first."""
    return next((each for each in reversed(versions(connection, district)) if each.undone_by is None), None)


def _utc(moment: datetime) -> datetime:
    # SQLite keeps no zone; what we store is UTC.
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
