"""The ledger of nights: one row a run, what each changed, and what the last accepted one left behind."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from access_service.storage.tables import changes, district_state, exclusions, runs


class Outcome(StrEnum):
    """How a run ended. SAME_FILE and SAME_STUDENTS changed nothing and are good nights. DISCARDED was HELD before;
    EDITED was no night, but a person who changed patrons."""

    RUNNING = "running"
    APPLIED = "applied"
    SAME_FILE = "same_file"
    SAME_STUDENTS = "same_students"
    HELD_IN_PART = "held_in_part"
    HELD = "held"
    DISCARDED = "discarded"
    EDITED = "edited"
    FAILED = "failed"


# The kind of change that only `seen` shows: a row that reads otherwise and makes the same card.
REFRESH = "refresh"
GOOD_NIGHTS = (Outcome.APPLIED, Outcome.SAME_FILE, Outcome.SAME_STUDENTS)
# Those that may have changed a patron.
CHANGING = (Outcome.APPLIED, Outcome.HELD_IN_PART)
# Those that set district_state and wrote rows.
PUBLISHED = (*CHANGING, Outcome.SAME_STUDENTS)
HOLDS = (Outcome.HELD, Outcome.HELD_IN_PART)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `report` holds counts, codes, findings and durations, and nothing personal. `undoes` is set of an
    undo, `undone_by` of a run that counts no more, and `aged_on` of one that cannot be undone any more."""

    run_id: int
    district: str
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome
    rules_version: str
    file_name: str | None
    file_sha256: str | None
    report: Mapping[str, Any]
    undoes: int | None
    undone_by: int | None
    aged_on: date | None


class Brief(NamedTuple):
    """A run without its report."""

    run_id: int
    started_at: datetime
    started_by: str
    outcome: Outcome
    undoes: int | None
    undone_by: int | None


@dataclass(frozen=True, slots=True)
class DistrictState:
    """What the last applied run left behind; `seen_at` is when the district wrote the newest accepted roster, and
    `profile` what the last complete one was like, as JSON, or ""."""

    applied_run: int
    basis: str
    file_sha256: str
    file_size: int
    content: bytes
    population: int
    seen_at: datetime
    profile: str


@dataclass(frozen=True, slots=True)
class Change:
    """The columns of one patron that a run changed, before and after, as JSON values."""

    patron_id: int
    kind: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def begin(connection: Connection, district: str, started_by: str, rules_version: str, now: datetime) -> int:
    """A new row for a run that starts; returns its id. The caller has the district to itself, so one that still
    stands there as running was killed."""
    dead = update(runs).where(runs.c.district == district, runs.c.outcome == Outcome.RUNNING)
    connection.execute(dead.values(outcome=Outcome.FAILED, finished_at=now))
    values = {
        "district": district,
        "started_by": started_by,
        "started_at": now,
        "rules_version": rules_version,
    }
    statement = insert(runs).values(**values, outcome=Outcome.RUNNING, report="{}").returning(runs.c.run_id)
    return int(connection.execute(statement).scalar_one())


def edit(connection: Connection, district: str, by: str, facts: Mapping[str, Any], now: datetime) -> int:
    """A row for a change of patrons by a person; returns its id. A night under way is left alone."""
    values = {"district": district, "started_by": by, "started_at": now, "finished_at": now, "rules_version": ""}
    statement = insert(runs).values(**values, outcome=Outcome.EDITED, report=json.dumps(facts)).returning(runs.c.run_id)
    return int(connection.execute(statement).scalar_one())


def only_edited(connection: Connection, district: str, since: int) -> bool:
    """Whether no other night or undo of a district was applied after run `since`."""
    newer = runs.c.district == district, runs.c.run_id > since, runs.c.outcome.in_(PUBLISHED)
    return connection.execute(select(runs.c.run_id).where(*newer).limit(1)).first() is None


def finish(connection: Connection, run_id: int, outcome: Outcome, now: datetime, **facts: Any) -> None:
    """How the run ended. `facts`: file_name, file_sha256 and report (a mapping)."""
    if "report" in facts:
        facts["report"] = json.dumps(facts["report"])
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(outcome=outcome, finished_at=now, **facts))


def under_way(connection: Connection, run_id: int) -> bool:
    """Whether a run has not ended yet."""
    found = select(runs.c.run_id).where(runs.c.run_id == run_id, runs.c.outcome == Outcome.RUNNING)
    return connection.execute(found).first() is not None


def retell(connection: Connection, run_id: int, report: Mapping[str, Any]) -> None:
    """Replace the report of a run that has ended."""
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(report=json.dumps(report)))


def seen_again(connection: Connection, district: str, now: datetime) -> None:
    """The file of the last applied run came again, written `now`."""
    connection.execute(update(district_state).where(district_state.c.district == district).values(seen_at=now))


def latest(connection: Connection, district: str, outcomes: tuple[Outcome, ...]) -> Run | None:
    """The newest night of a district that ended in one of `outcomes`; no undo, and none that was undone."""
    nights = runs.c.undoes.is_(None), runs.c.undone_by.is_(None)
    statement = select(runs).where(runs.c.district == district, runs.c.outcome.in_(outcomes), *nights)
    row = connection.execute(statement.order_by(runs.c.run_id.desc()).limit(1)).one_or_none()
    return _run(row) if row else None


def last_started(connection: Connection, district: str) -> datetime | None:
    """When the newest run of a district began, however it ended; an undo is none."""
    newest = select(func.max(runs.c.started_at)).where(runs.c.district == district, runs.c.undoes.is_(None))
    moment = connection.execute(newest).scalar_one()
    return utc(moment) if moment else None


def last_file(connection: Connection, district: str) -> Mapping[str, Any]:
    """Name, SHA-256, size and time of the newest file that a run had, as its report has them; empty before."""
    with_file = select(runs).where(runs.c.district == district, runs.c.file_sha256.is_not(None))
    row = connection.execute(with_file.order_by(runs.c.run_id.desc()).limit(1)).one_or_none()
    return dict(_run(row).report.get("file", {})) if row else {}


def of_file(connection: Connection, district: str, sha256: str) -> Run | None:
    """The newest run that accepted the whole of this file and still counts."""
    mine = runs.c.district == district, runs.c.file_sha256 == sha256, runs.c.undone_by.is_(None)
    statement = select(runs).where(*mine, runs.c.outcome.in_((Outcome.APPLIED, Outcome.SAME_STUDENTS)))
    row = connection.execute(statement.order_by(runs.c.run_id.desc()).limit(1)).one_or_none()
    return _run(row) if row else None


def get(connection: Connection, run_id: int) -> Run | None:
    row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
    return _run(row) if row else None


def since(connection: Connection, district: str, moment: datetime) -> list[Brief]:
    """All of a district's runs that began then or later, the newest first."""
    columns = [runs.c[name] for name in Brief._fields]
    found = select(*columns).where(runs.c.district == district, runs.c.started_at >= moment)
    rows = connection.execute(found.order_by(runs.c.run_id.desc()))
    return [Brief(*row)._replace(started_at=utc(row.started_at), outcome=Outcome(row.outcome)) for row in rows]


def approval(connection: Connection, run_id: int) -> Run | None:
    """The run by which a held run was approved and applied."""
    district = select(runs.c.district).where(runs.c.run_id == run_id).scalar_subquery()
    newer = runs.c.district == district, runs.c.run_id > run_id
    said = *newer, runs.c.report.contains(f'"approves": {run_id},', autoescape=True)
    applied = select(runs).where(*said, runs.c.outcome.in_(PUBLISHED)).order_by(runs.c.run_id).limit(1)
    row = connection.execute(applied).one_or_none()
    return _run(row) if row else None


def state(connection: Connection, district: str) -> DistrictState | None:
    """What the last applied run left behind, or None before the first."""
    return states(connection).get(district)


def states(connection: Connection) -> Mapping[str, DistrictState]:
    """The same for every district that ever had an accepted roster."""
    found = {}
    for row in connection.execute(select(district_state)):
        facts = row._asdict() | {"seen_at": utc(row.seen_at)}
        district = facts.pop("district")
        found[district] = DistrictState(**facts)
    return found


def last_change(connection: Connection, patron_id: int) -> tuple[int, Change] | None:
    """The newest change of a patron, and the run that made it."""
    statement = select(changes).where(changes.c.patron_id == patron_id, changes.c.kind != REFRESH)
    row = connection.execute(statement.order_by(changes.c.run_id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return row.run_id, Change(row.patron_id, row.kind, json.loads(row.before), json.loads(row.after))


def exclusion(connection: Connection, district: str, marks: list[bytes]) -> tuple[str, str] | None:
    """Code and detail of the last roster's exclusion of any of these marks."""
    statement = select(exclusions.c.code, exclusions.c.detail).where(
        exclusions.c.district == district, exclusions.c.mark.in_(marks)
    )
    row = connection.execute(statement).first()
    return (row.code, row.detail) if row else None


def _run(row: Any) -> Run:
    facts = row._asdict() | {
        "started_at": utc(row.started_at),
        "finished_at": utc(row.finished_at) if row.finished_at else None,
        "outcome": Outcome(row.outcome),
        "report": json.loads(row.report),
    }
    return Run(**facts)


def utc(moment: datetime) -> datetime:
    """A stored moment with its zone: SQLite keeps none, and what we store is UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
