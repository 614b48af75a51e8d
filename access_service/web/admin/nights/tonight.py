"""Tonight: a card for each district, and a button that asks for a run."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from access_service import decisions
from access_service.domain.staff import Right
from access_service.due import due_days, next_due
from access_service.settings import District
from access_service.storage import progress, requests, runs
from access_service.storage.engine import database_errors, snapshot
from access_service.storage.progress import Progress
from access_service.storage.requests import Request, RequestKind
from access_service.storage.runs import GOOD_NIGHTS, Brief, Outcome, Run
from access_service.web.admin.gate import needs
from access_service.web.admin.nights.strip import NIGHTS, Square, strip
from access_service.web.admin.nights.words import OUTCOMES, PHASES, age
from access_service.web.admin.office import Office, who

# What has stood still for so long is not looked at every two seconds any more.
LIVELY = timedelta(minutes=15)
RECENT = 12


@dataclass(frozen=True, slots=True)
class Card:
    """How a district stands. `under_way` is the run that is, `reached` how far it is; `lately` are its newest runs."""

    district: District
    good: Run | None
    people: int | None
    held: Run | None
    under_way: Brief | None
    reached: Progress | None
    wishes: list[Request]
    next_due: datetime | None
    squares: list[Square]
    lately: list[Brief]
    live: bool

    @property
    def last(self) -> Brief | None:
        """The newest night that has ended."""
        nights = (run for run in self.lately if run.undoes is None and run.outcome not in _NO_NIGHTS)
        return next(nights, None)


_NO_NIGHTS = (Outcome.RUNNING, Outcome.EDITED)


def install(pages: Blueprint, office: Office) -> None:
    """/ and /districts/CODE/run."""

    @pages.get("/", endpoint="home")
    @needs(Right.NIGHTS)
    def home() -> str:
        now = office.now()
        with database_errors(), snapshot(office.databases) as connection:
            cards = [card(connection, district, now) for district in office.districts()]
        return render_template("nights/home.html", cards=cards, now=now, age=age, outcomes=OUTCOMES, phases=PHASES)

    @pages.post("/districts/<code>/run", endpoint="run_now")
    @needs(Right.DECIDE)
    def run_now(code: str) -> AnyResponse:
        district = office.district(code)
        with database_errors(), office.databases.writer.begin() as connection:
            if code not in requests.waiting(connection):
                requests.ask(connection, code, f"staff {who().name}", office.now(), kind=RequestKind.RUN)
        flash(f"A run of {district.district.name} is asked for.")
        return redirect(url_for("admin.nights.home"), 303)


def card(connection: Connection, district: District, now: datetime) -> Card:
    """All that a district's card shows. `connection` is a snapshot."""
    code, today = district.code, now.astimezone(district.zone).date()
    begin = now - timedelta(days=NIGHTS)
    found = runs.since(connection, code, begin)
    state, reached = runs.states(connection).get(code), progress.read(connection).get(code)
    wishes = [wish for wish in requests.unanswered(connection) if wish.district == code]
    under_way = next((run for run in found if run.outcome is Outcome.RUNNING), None)
    moments = [*(wish.asked_at for wish in wishes), *([reached.at] if reached else [])]
    moments += [under_way.started_at] if under_way else []
    return Card(
        district,
        good=runs.latest(connection, code, GOOD_NIGHTS),
        people=state.population if state else None,
        held=decisions.held(connection, code),
        under_way=under_way,
        reached=reached,
        wishes=wishes,
        next_due=next_due(district, now),
        squares=strip(found, due_days(district, begin, now), today, district.zone),
        lately=found[:RECENT],
        live=any(now - moment < LIVELY for moment in moments),
    )
