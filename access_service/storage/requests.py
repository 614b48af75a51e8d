"""What somebody asks of the night: the one word from the day to it, and its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from access_service.storage.runs import utc
from access_service.storage.tables import requests

# A wish that nobody served in this time is answered as failed. A run is waited for however long it takes.
PATIENCE = timedelta(days=1)
# So long an answer is kept. Who did what, and why, is in the audit.
KEPT = timedelta(days=90)
UNSERVED = "nobody served it within a day: is `roster-sync schedule` running?"


class RequestKind(StrEnum):
    """What the schedule can be asked for. LOOK is what a held run would do now."""

    RUN = "run"
    APPROVE = "approve"
    DISCARD = "discard"
    UNDO = "undo"
    LOOK = "look"
    UNDO_PREVIEW = "undo_preview"
    CHECK_SOURCE = "check_source"
    INSPECT = "inspect"


@dataclass(frozen=True, slots=True)
class Request:
    """One of them. `run_id` is the run that it is about, `taken_run` the run that answers a request for one. `tries` is
    how often it was begun. `answer` is empty until `answered_at`; "error" in it is why it came to nothing."""

    request_id: int
    kind: RequestKind
    district: str
    asked_by: str
    asked_at: datetime
    run_id: int | None
    reason: str
    tries: int
    taken_at: datetime | None
    taken_run: int | None
    answered_at: datetime | None
    answer: Mapping[str, Any]

    @property
    def error(self) -> str:
        return str(self.answer.get("error", ""))


_FIELDS = [requests.c[name] for name in Request.__dataclass_fields__]


def ask(  # noqa: PLR0913 - what a wish is made of
    connection: Connection,
    district: str,
    asked_by: str,
    now: datetime,
    *,
    kind: RequestKind = RequestKind.RUN,
    run_id: int | None = None,
    reason: str = "",
    payload: bytes | None = None,
) -> int:
    """Ask the night for something; returns the number of the request. `payload` is sealed (access_service/samples.py),
    and `district` is "" for a sample of nobody's."""
    expire(connection, now)
    values = {"district": district, "asked_by": asked_by, "asked_at": now, "kind": kind}
    values |= {"run_id": run_id, "reason": reason, "payload": payload}
    return int(connection.execute(insert(requests).values(**values).returning(requests.c.request_id)).scalar_one())


def get(connection: Connection, request_id: int) -> Request | None:
    row = connection.execute(select(*_FIELDS).where(requests.c.request_id == request_id)).one_or_none()
    return _request(row) if row else None


def unanswered(connection: Connection) -> list[Request]:
    """All that wait or are under way, the first first."""
    waits = select(*_FIELDS).where(requests.c.answered_at.is_(None))
    return list(map(_request, connection.execute(waits.order_by(requests.c.request_id))))


def newest(connection: Connection, kind: RequestKind, run_id: int) -> Request | None:
    """The last wish of a kind that is about a run."""
    about = select(*_FIELDS).where(requests.c.kind == kind, requests.c.run_id == run_id)
    row = connection.execute(about.order_by(requests.c.request_id.desc()).limit(1)).one_or_none()
    return _request(row) if row else None


def last(connection: Connection, kind: RequestKind, *, district: str = "", asked_by: str = "") -> Request | None:
    """The last wish of a kind that is about a district, or that somebody asked for."""
    mine = requests.c.district == district if district else requests.c.asked_by == asked_by
    found = select(*_FIELDS).where(requests.c.kind == kind, mine)
    row = connection.execute(found.order_by(requests.c.request_id.desc()).limit(1)).one_or_none()
    return _request(row) if row else None


def waiting(connection: Connection) -> Mapping[str, list[str]]:
    """Who asked for a run, by district, the first first; only of requests that no run has taken."""
    found: dict[str, list[str]] = {}
    for request in unanswered(connection):
        if request.kind is RequestKind.RUN:
            found.setdefault(request.district, []).append(request.asked_by)
    return found


def payload(connection: Connection, request_id: int) -> bytes | None:
    """What came with a request, sealed, as long as it is not answered."""
    row = connection.execute(select(requests.c.payload).where(requests.c.request_id == request_id)).one()
    return bytes(row.payload) if row.payload else None


def take(connection: Connection, district: str, run_id: int, now: datetime) -> int:
    """A run that starts answers all requests for one of its district that wait; returns how many there were."""
    expire(connection, now)
    mine = requests.c.district == district, requests.c.kind == RequestKind.RUN, requests.c.answered_at.is_(None)
    told = {"taken_run": run_id, "taken_at": now, "answered_at": now, "answer": json.dumps({"run": run_id})}
    return connection.execute(update(requests).where(*mine).values(told)).rowcount


def taken(connection: Connection, request_id: int, now: datetime) -> None:
    """A wish is begun."""
    begun = update(requests).where(requests.c.request_id == request_id)
    connection.execute(begun.values(taken_at=now, tries=requests.c.tries + 1))


def put_back(connection: Connection, request_id: int) -> None:
    """A wish could not be begun after all."""
    again = update(requests).where(requests.c.request_id == request_id)
    connection.execute(again.values(taken_at=None, tries=requests.c.tries - 1))


def answered(connection: Connection, request_id: int, answer: Mapping[str, Any], now: datetime) -> None:
    """Answer a wish, once; what came with it is let go. `answer` holds nothing personal."""
    mine = requests.c.request_id == request_id, requests.c.answered_at.is_(None)
    told = {"answered_at": now, "answer": json.dumps(answer), "payload": None}
    connection.execute(update(requests).where(*mine).values(told))


def expire(connection: Connection, now: datetime) -> None:
    """Answer the wishes that nobody has served in time, and let go of old answers."""
    late = requests.c.answered_at.is_(None), requests.c.kind != RequestKind.RUN, requests.c.asked_at < now - PATIENCE
    told = {"answered_at": now, "answer": json.dumps({"error": UNSERVED}), "payload": None}
    connection.execute(update(requests).where(*late).values(told))
    connection.execute(delete(requests).where(requests.c.answered_at < now - KEPT))


def _request(row: Row[Any]) -> Request:
    facts = row._asdict()
    moments = {name: utc(facts[name]) for name in ("asked_at", "taken_at", "answered_at") if facts[name]}
    return Request(**facts | moments | {"kind": RequestKind(row.kind), "answer": json.loads(row.answer)})
