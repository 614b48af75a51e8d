"""A change of patrons by a person, between nights and in the middle of one."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from access_service import audit
from access_service.audit import Action, Deed
from access_service.edits import editing
from access_service.errors import OperatorError, OvertakenError
from access_service.settings import load
from access_service.storage import audit as entries
from access_service.storage import runs
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import job
from sync.judgement import plan_for
from sync.order import auditor
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def edit(nights: Nights, number: str, branch: str) -> int:
    """Move a patron to another branch by hand; returns the edit's row in the ledger."""
    record = nights.find(number).record
    assert record
    by = auditor(nights.job(nights.folder))
    deed = Deed(Action.UNDO, f"patron {record.patron_id}", "a test", "demo")
    with editing(nights.databases, by, deed, nights.now.date()) as under_way:
        under_way.change(record.patron_id, "edit", {"branch": record.patron.branch}, {"branch": branch})
    return under_way.run_id


def branch(nights: Nights, number: str) -> str:
    record = nights.find(number).record
    assert record
    return record.patron.branch


def test_an_edit_is_in_the_ledger_and_on_record(nights: Nights) -> None:
    """With before and after, and it is no night: the last good one is still the last."""
    first = nights.night(pupils(3))
    run_id = edit(nights, "1", "ELSEWHERE")
    assert branch(nights, "1") == "ELSEWHERE"
    with nights.databases.reader.connect() as connection:
        run, latest = runs.get(connection, run_id), runs.latest(connection, "demo", runs.GOOD_NIGHTS)
        change = runs.last_change(connection, 1)
        newest = next(entries.entries(connection, 1))
        assert list(audit.verify(connection, auditor(nights.job(nights.folder)).vault, nights.folder / "heads")) == []
    assert run and (run.outcome, run.report["reason"]) == (Outcome.EDITED, "a test")
    assert latest and latest.run_id == first.run_id
    assert change and change[1].after == {"branch": "ELSEWHERE"}
    assert json.loads(newest.after) == {"branch": "ELSEWHERE"}


def test_undo_leaves_an_edited_patron_alone(nights: Nights) -> None:
    """The run before it is undone for everybody else; the edit itself is no run to undo."""
    nights.night(pupils(3))
    moved = nights.night([pupil.moved(school="102", grade="04") for pupil in pupils(3)])
    edited = edit(nights, "1", "ELSEWHERE")
    assert nights.undo(moved.run_id).facts["left_alone"] == [1]
    assert (branch(nights, "1"), branch(nights, "2")) == ("ELSEWHERE", branch(nights, "3"))
    with pytest.raises(OperatorError, match="by hand"):
        nights.undo(edited)


def test_a_night_planned_before_an_edit_is_planned_again(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the desk did meanwhile is not written over, and the night is a good one."""
    nights.night(pupils(3))
    planned = plan_for
    edits = iter([True])

    def and_then_somebody_edits(*arguments: object) -> object:
        plan = planned(*arguments)  # type: ignore[arg-type]
        if next(edits, False):
            edit(nights, "1", "ELSEWHERE")
        return plan

    monkeypatch.setattr(job, "plan_for", and_then_somebody_edits)
    report = nights.night(pupils(4))
    assert (report.outcome, report.facts["counts"]["create"]) == (Outcome.APPLIED, 1)
    assert branch(nights, "1") == "ELSEWHERE"


def test_a_night_that_another_night_overtook_changes_nothing(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its roster is an older one by then."""
    nights.night(pupils(3))
    planned = plan_for

    def and_then_another_night_is_applied(*arguments: object) -> object:
        plan = planned(*arguments)  # type: ignore[arg-type]
        with nights.databases.writer.begin() as connection:
            run_id = runs.begin(connection, "demo", "another host", "", nights.now)
            connection.execute(text("UPDATE district_state SET applied_run = :run"), {"run": run_id})
            runs.finish(connection, run_id, Outcome.APPLIED, nights.now)
        return plan

    monkeypatch.setattr(job, "plan_for", and_then_another_night_is_applied)
    with pytest.raises(OvertakenError):
        nights.night(pupils(4))
    assert nights.find("4").record is None


def test_an_edit_that_fails_leaves_nothing(nights: Nights) -> None:
    """Neither the change nor a row in the ledger nor an entry; and before the first roster nobody can be changed."""
    with pytest.raises(OperatorError, match="no roster"):
        failing(nights)
    nights.night(pupils(2))
    with nights.databases.reader.connect() as connection:
        before = entries.last(connection)
    with pytest.raises(RuntimeError):
        failing(nights)
    with nights.databases.reader.connect() as connection:
        assert entries.last(connection) == before
        assert runs.get(connection, 2) is None
    assert branch(nights, "1") != "y"


def failing(nights: Nights) -> None:
    by, deed = auditor(nights.job(nights.folder)), Deed(Action.UNDO, "patron 1", "", "demo")
    with editing(nights.databases, by, deed, nights.now.date()) as made:
        made.change(1, "edit", {"branch": "x"}, {"branch": "y"})
        raise RuntimeError
