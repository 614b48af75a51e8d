"""Nights on their pages: how they stand, what a person decides, and what comes of it."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from access_service.errors import OperatorError
from access_service.storage import audit, progress, requests, runs
from access_service.storage.engine import Databases
from access_service.storage.progress import Progress
from access_service.storage.runs import Brief, Outcome
from access_service.web.admin.nights.strip import strip
from sync.schedule.answers import DECIDING
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages, Visitor
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

HOME, RUN = "/admin/nights/", "/admin/nights/runs/{}"
LIMITS = {"removals_percent": 0, "removals_count": 5, "second_person_removals": 10, "file_shrink_percent": 100}
WHY = {"reason": "a school <b>closed</b>"}


@pytest.fixture
def nights(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """Sixty students are known, and then twenty of them are missing."""
    monkeypatch.setenv("ACCESS_PEPPER", seed.PEPPER.hex())
    made = Nights(databases, tmp_path, {"demo": seed.district(), "oak": seed.district("oak", "39{student_number}")})
    made.now = seed.NOON - timedelta(days=4)
    made.configure(limits=LIMITS, schedule={"cron": ["30 3 * * *"]})
    made.night(pupils(60))
    made.night(pupils(40))
    return made


@pytest.fixture
def pages(nights: Nights) -> Pages:
    return Pages(seed.app(nights.databases, nights.settings()), nights.databases)


def serve(nights: Nights) -> None:
    """Do what was asked, as the schedule does."""
    with nights.databases.reader.connect() as connection:
        wishes = [wish for wish in requests.unanswered(connection) if wish.kind in DECIDING]
    for wish in wishes:
        job = replace(nights.job(None, wish.district), started_by=wish.asked_by)
        try:
            answer = DECIDING[wish.kind](job, wish)
        except OperatorError as error:
            answer = {"error": str(error)}
        with nights.databases.writer.begin() as connection:
            requests.answered(connection, wish.request_id, answer, nights.now)


def text(visitor: Visitor, path: str) -> str:
    answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    assert " style=" not in answer.text and "Family" not in answer.text
    return re.sub(r"\s+", " ", answer.text)


def test_tonight_shows_how_a_district_stands(pages: Pages) -> None:
    """Age, people, next night, the strip, and what waits; a run that goes on is looked at again by itself."""
    ana = pages.sign_in("library-admin", name="ana")
    shown = text(ana, HOME)
    assert "! held" in shown and "Run 2 waits for a person" in shown and "2 days ago" not in shown
    assert "3 days ago (<time" in shown and ">Sat 31 Oct 2026, 13:00<" in shown and "<dd>60</dd>" in shown
    assert "Wed 4 Nov 2026, 03:30" in shown
    assert 'title="Sat 31 Oct: applied"' in shown and 'title="Sun 1 Nov: held in part"' in shown
    assert 'title="Mon 2 Nov: missed"' in shown and 'title="Fri 30 Oct: no night"' in shown
    assert "data-poll" not in shown and "no night yet" in shown
    for _ in range(2):
        assert ana.post("/admin/nights/districts/demo/run").headers["Location"].endswith(HOME)
    with pages.databases.reader.connect() as connection:
        assert requests.waiting(connection) == {"demo": ["staff ana"]}
    with pages.databases.writer.begin() as connection:
        running = runs.begin(connection, "demo", "staff ana by request", "", seed.NOON)
    with pages.databases.reader.connect() as connection:
        progress.note(connection, "demo", Progress(running, "read", seed.NOON))
    shown = text(ana, HOME)
    assert 'id="now-demo" data-poll="/admin/nights/"' in shown and 'id="now-oak" data-poll' not in shown
    assert "run, asked for by staff ana" in shown and '<li aria-current="step">Read it' in shown
    assert 'data-poll="/admin/nights/runs/3"' in text(ana, RUN.format(3))


def test_a_held_night_is_looked_at(pages: Pages, nights: Nights) -> None:
    """Why it waits and what it would do, by school and grade; a decision without a reason is none."""
    ana, path = pages.sign_in("library-admin", name="ana"), RUN.format(2)
    shown = text(ana, path)
    assert "Why it waits" in shown and "20 removals of 60 patrons" in shown
    assert "20 removals: two people have to approve it." in shown
    assert "ask the district for a complete export" not in shown and "<code>removals</code>" in shown
    assert '<th scope="row">101 Abbott Elementary School</th>' in shown and "By grade" in shown and "SHA-256" in shown
    for empty in ("  ", "two\nlines"):
        wrong = ana.post(f"{path}/approve", {"reason": empty})
        assert wrong.status_code == 422 and "should be one line of words" in wrong.text
    for _ in range(2):
        assert ana.post(f"{path}/look").status_code == 303
    with pages.databases.reader.connect() as connection:
        assert len(requests.unanswered(connection)) == 1
    assert f'data-poll="{path}"' in text(ana, path)
    serve(nights)
    assert "As it was planned anew on" in text(ana, path)


def test_a_held_night_is_no_question_after_a_newer_one(pages: Pages, nights: Nights) -> None:
    """Whoever still has its page open hears that, and asks the night for nothing."""
    nights.night(pupils(61))
    bo = pages.sign_in("library-admin", name="bo")
    for deed in ("look", "approve", "discard"):
        late = bo.post(f"{RUN.format(2)}/{deed}", WHY)
        assert late.status_code == 409 and "a newer night has taken its place" in late.text
    with pages.databases.reader.connect() as connection:
        assert requests.unanswered(connection) == []


def test_a_held_night_is_decided_by_two(pages: Pages, nights: Nights) -> None:
    """A first and a second word; whoever comes later hears who was faster."""
    ana, bo = (pages.sign_in("library-admin", name=name) for name in ("ana", "bo"))
    path = RUN.format(2)
    assert ana.post(f"{path}/approve", WHY).status_code == 303
    serve(nights)
    shown = text(ana, path)
    assert "The first was staff ana; it waits for a second person." in shown
    assert "You have approved it. Another person has to as well." in shown
    again = ana.post(f"{path}/approve", WHY)
    assert again.status_code == 409 and "another person has to as well" in again.text
    assert "a school &lt;b&gt;closed&lt;/b&gt;" in text(bo, path)
    assert bo.post(f"{path}/approve", WHY).status_code == 303
    assert ana.post(f"{path}/discard", WHY).status_code == 303
    serve(nights)
    shown = text(ana, path)
    assert "It was approved by staff bo on" in shown and "To run 3" in shown and "Decide" not in shown
    assert "was approved by staff bo on 2026-11-01 at 17:00 UTC (run 3); nothing was done" in shown
    late = ana.post(f"{path}/discard", WHY)
    assert late.status_code == 409 and "was approved by staff bo" in late.text
    with pages.databases.reader.connect() as connection:
        deeds = [(entry.by, entry.action, entry.subject) for entry in audit.entries(connection)][-2:]
    assert deeds == [("staff ana", "approve_first", "run 2"), ("staff bo", "approve", "run 2")]
    assert "Approves" in text(ana, RUN.format(3))


def test_a_night_is_undone_after_a_look(pages: Pages, nights: Nights) -> None:
    """Nobody undoes what they have not seen; the page of an undone run says so."""
    ana, path = pages.sign_in("library-admin", name="ana"), RUN.format(1)
    blind = ana.post(f"{path}/undo", WHY)
    assert blind.status_code == 409 and "Look first at what undoing would do" in blind.text
    assert "What it changed" in text(ana, path) and "60" in text(ana, path)
    assert ana.post(f"{path}/undo_preview").status_code == 303
    serve(nights)
    assert "undoing this run would do this" in text(ana, path) and "Undo this run" in text(ana, path)
    assert ana.post(f"{path}/undo", WHY).status_code == 303
    serve(nights)
    shown = text(ana, path)
    assert ">Undone<" in shown and "/admin/nights/runs/3" in shown
    assert ana.post(f"{path}/undo", WHY).status_code == 409
    assert "It put back what" in text(ana, RUN.format(3))


def test_runs_are_for_those_who_may_see_and_decide(pages: Pages) -> None:
    """IT of another district finds no run; an auditor sees no form; the desk sees no page."""
    assert text(pages.sign_in("district-it", "demo"), RUN.format(2)).count("<form") == 5
    oak = pages.sign_in("district-it", "oak")
    assert oak.get(RUN.format(2)).status_code == oak.get(RUN.format(99)).status_code == 404
    assert oak.post(RUN.format(2) + "/approve", WHY).status_code == 404
    assert oak.post("/admin/nights/districts/demo/run").status_code == 404
    assert "Maple" not in text(oak, HOME) or "now-demo" not in text(oak, HOME)
    auditor = pages.sign_in("auditor")
    assert text(auditor, RUN.format(2)).count("<form") == 1
    assert auditor.post(RUN.format(2) + "/look").status_code == 403
    assert pages.sign_in("desk").get(HOME).status_code == 403
    assert pages.sign_in("operator").get(RUN.format(2**40)).status_code == 404


def test_a_strip_tells_each_night_by_its_best_run() -> None:
    """A good run after a failed one counts, an undone one does not; no day before the first is missed."""

    def run(day: int, outcome: Outcome, number: int, undone_by: int | None = None, undoes: int | None = None) -> Brief:
        return Brief(number, datetime(2026, 11, day, 9, tzinfo=UTC), "", outcome, undoes, undone_by)

    found = [
        run(2, Outcome.FAILED, 1),
        run(2, Outcome.SAME_FILE, 2),
        run(3, Outcome.APPLIED, 3, undone_by=4),
        run(3, Outcome.APPLIED, 4, undoes=3),
        run(4, Outcome.EDITED, 5),
        run(6, Outcome.HELD, 6),
    ]
    due = frozenset(date(2026, 11, day) for day in range(1, 7))
    squares = strip(found, due, date(2026, 11, 6), ZoneInfo("UTC"))
    assert len(squares) == 60
    told = [(square.word.word, square.run_id) for square in squares[-6:]]
    assert told == [
        ("no night", None),
        ("nothing new", 2),
        ("undone", 3),
        ("missed", None),
        ("missed", None),
        ("held", 6),
    ]
