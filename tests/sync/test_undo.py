"""Undo: what a run changed is put back, unless something newer changed it, and stays so."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.access import Standing
from access_service.errors import OperatorError
from access_service.settings import load
from access_service.storage import rosters, runs
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome, Run
from sync import undo
from sync.apply import exclusively
from sync.guard import Finding
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

OTHER_BRANCH = {"school": "102", "grade": "04"}


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def ledger(nights: Nights, run_id: int | None) -> Run:
    with nights.databases.reader.connect() as connection:
        run = runs.get(connection, run_id or 0)
    assert run
    return run


def rows(nights: Nights, statement: str) -> list[tuple[Any, ...]]:
    with nights.databases.reader.connect() as connection:
        return sorted(map(tuple, connection.exec_driver_sql(statement)))


def test_what_a_night_changed_is_put_back(nights: Nights) -> None:
    """Card, PIN, numbers and presence are last week's; who got a card has left and keeps patron id and number."""
    nights.night(pupils(20))
    wrong = [
        pupils(1)[0].moved(number="0000700", born="2017-11-30", **OTHER_BRANCH),
        *pupils(17, first=2),
        pupils(1, first=19)[0].moved(status="tobedeleted"),
        *pupils(2, first=30),
    ]
    run = nights.night(wrong)
    report = nights.undo(run.run_id)
    assert (report.outcome, report.facts["undoes"], report.facts["reason"]) == (
        Outcome.APPLIED,
        run.run_id,
        "a test's reason",
    )
    assert report.facts["counts"] == {"put_back": 3, "withdraw": 2, "restore": 0, "left_alone": 0}
    assert nights.sign_in("1", "0202").authenticated and not nights.sign_in("1", "1130").authenticated
    assert nights.find("700").standing is Standing.UNKNOWN
    assert nights.sign_in("19", "0820").authenticated
    made = nights.find("30").record
    assert made and (made.presence, made.left_on) == ("left", nights.now.date())
    assert made.patron.library_number == "290000030"
    assert rows(nights, "SELECT count(*) FROM seen") == [(20,)]
    assert rows(nights, "SELECT population, applied_run FROM district_state") == [(20, report.run_id)]


def test_an_undo_is_in_the_ledger_and_no_roster(nights: Nights) -> None:
    """Each says of the other; the last roster is the one before, and freshness is its."""
    first = nights.night(pupils(20))
    with nights.databases.reader.connect() as connection:
        before = runs.state(connection, "demo")
    run = nights.night(pupils(21))
    report = nights.undo(run.run_id)
    assert (ledger(nights, run.run_id).undone_by, ledger(nights, report.run_id).undoes) == (report.run_id, run.run_id)
    kept = ledger(nights, report.run_id)
    assert (kept.outcome, kept.report["undoes"], kept.file_sha256) == (Outcome.APPLIED, run.run_id, None)
    with nights.databases.reader.connect() as connection:
        latest, state = runs.latest(connection, "demo", runs.GOOD_NIGHTS), runs.state(connection, "demo")
    assert latest and latest.run_id == first.run_id
    assert state and before and (state.seen_at, state.file_sha256) == (before.seen_at, before.file_sha256)


def test_an_undone_file_is_held_until_the_undo_is_undone(nights: Nights) -> None:
    """The district sends the same bytes every night; they are applied again when somebody wants that."""
    nights.night(pupils(20))
    file = nights.roster([pupil.moved(**OTHER_BRANCH) for pupil in pupils(5)] + pupils(15, first=6))
    run = nights.again(file)
    undone = nights.undo(run.run_id)
    before = nights.everything()
    for _ in range(2):
        held = nights.again(file)
        assert (held.outcome, [reason.finding for reason in held.reasons]) == (Outcome.HELD, [Finding.UNDONE_FILE])
        assert f"undone by run {undone.run_id}" in held.reasons[0].text
    assert nights.everything() == before
    redone = nights.undo(undone.run_id)
    assert redone.facts["counts"] == {"put_back": 5, "withdraw": 0, "restore": 0, "left_alone": 0}
    record = nights.find("1").record
    assert record and record.patron.grade == "04"
    assert nights.again(file).outcome is Outcome.SAME_FILE
    nights.undo(redone.run_id)
    assert nights.again(file).outcome is Outcome.HELD


def test_the_file_before_the_undone_one_is_the_last_one_again(nights: Nights) -> None:
    """The district takes its wrong file away and sends the good one again: nothing to do."""
    good = nights.roster(pupils(20))
    nights.again(good)
    nights.undo(nights.night(pupils(18)).run_id)
    assert nights.again(good).outcome is Outcome.SAME_FILE
    assert nights.find("20").standing is Standing.ACTIVE


def test_an_undone_first_night_has_never_been(nights: Nights) -> None:
    """Nobody is served, and the next roster is a first one, which no limit holds."""
    run = nights.night(pupils(20))
    nights.undo(run.run_id)
    assert nights.find("7").standing is Standing.LEFT
    assert rows(nights, "SELECT district FROM district_state") == []
    right = nights.night([pupil.moved(given="Other") for pupil in pupils(20)])
    assert (right.outcome, right.facts["counts"]["return"]) == (Outcome.APPLIED, 20)
    assert nights.sign_in("7", "0808").authenticated


def test_what_is_newer_is_left_alone_and_listed(nights: Nights) -> None:
    """A patron that a later run changed, or somebody else did, stays as it is; the others are put back."""
    nights.night(pupils(20))
    moved = [pupil.moved(grade="04") for pupil in pupils(4)]
    run = nights.night([*moved, *pupils(17, first=5)])
    nights.night(
        [moved[0].moved(grade="05"), *moved[1:], *pupils(16, first=5), pupils(1, first=21)[0].moved(grade="04")]
    )
    first, second, newcomer = (nights.find(number).record for number in ("1", "2", "21"))
    assert first and second and newcomer
    with nights.databases.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE patrons SET grade = '09' WHERE student_number = '0000002'")
    report = nights.undo(run.run_id)
    assert report.facts["counts"] == {"put_back": 2, "withdraw": 0, "restore": 0, "left_alone": 3}
    assert report.facts["left_alone"] == [first.patron_id, second.patron_id, newcomer.patron_id]
    assert f"left alone: patrons {first.patron_id}, {second.patron_id}" in report.as_text()
    grades = {number: record.patron.grade for number in "1234" if (record := nights.find(number).record)}
    assert grades == {"1": "05", "2": "09", "3": "03", "4": "03"}


def test_after_an_older_run_is_undone_the_next_roster_has_the_last_word(nights: Nights) -> None:
    """A rule edit that one night brought is undone after another; the next works every row out again."""
    students = [pupil.moved(school="102") for pupil in pupils(21)]
    nights.night(students[:20])
    nights.configure(rules={"schools": dict(nights.districts["demo"].rules.schools) | {"102": "HARBOR"}})
    run = nights.night(students[19::-1])
    assert run.facts["counts"]["update"] == 20
    nights.night(students)
    assert nights.undo(run.run_id).facts["counts"]["put_back"] == 20
    assert rows(nights, "SELECT DISTINCT branch FROM patrons") == [("HARBOR",), ("RIVER",)]
    assert nights.night(students[::-1]).facts["counts"]["update"] == 20
    assert rows(nights, "SELECT DISTINCT branch FROM patrons") == [("HARBOR",)]


def test_nights_are_undone_one_after_the_other(nights: Nights) -> None:
    """What an undo put back is not newer than the run before: last night, then the night before that."""
    nights.night(pupils(20))
    before = nights.everything()
    changed = [nights.night([pupils(1)[0].moved(grade=grade), *pupils(19, first=2)]).run_id for grade in ("04", "05")]
    for run_id in reversed(changed):
        assert nights.undo(run_id).facts["counts"] == {"put_back": 1, "withdraw": 0, "restore": 0, "left_alone": 0}
    after = nights.everything()
    for table in ("identifiers", "seen"):
        assert after[table] == before[table]
    record = nights.find("1").record
    assert record and record.patron.grade == "03"
    assert nights.night(pupils(20)[::-1]).outcome is Outcome.SAME_STUDENTS


def test_a_number_that_is_somebody_elses_by_now_is_not_taken_back(nights: Nights) -> None:
    """Neither would get in with it. Who gave their own up for it is left alone as well, and so on."""
    ada, ben, cat = pupils(3)
    nights.night([ada.moved(number="0000011"), ben, cat])
    nights.night([ada, ben, cat])
    run = nights.night([ada.moved(number="0000012"), ben.moved(number="0000001"), cat])
    nights.night([ada.moved(number="0000012"), ben.moved(number="0000001"), cat.moved(number="0000002")])
    before = nights.everything()
    report = nights.undo(run.run_id)
    assert report.facts["counts"] == {"put_back": 0, "withdraw": 0, "restore": 0, "left_alone": 2}
    after = nights.everything()
    for table in ("patrons", "identifiers", "seen"):
        assert after[table] == before[table]


def test_whom_a_number_belongs_to_has_it_back(nights: Nights) -> None:
    """A wrong file gave it to a newcomer. The newcomer who comes back with it loses to the owner."""
    ada = pupils(1)[0]
    nights.night([ada.moved(number="0000009"), *pupils(19, first=20)])
    nights.night([ada, *pupils(19, first=20)])
    wrong = nights.night([ada.moved(number="0000005"), Pupil("s-new", "0000001"), *pupils(19, first=20)])
    assert wrong.facts["counts"]["create"] == 1
    nights.undo(wrong.run_id)
    assert nights.sign_in("0000001", "0202").authenticated
    assert nights.night([ada, *pupils(18, first=20)]).facts["exclusions"] == {}
    again = nights.night([ada, Pupil("s-new", "0000006"), *pupils(19, first=20)])
    assert (again.facts["counts"]["return"], again.facts["exclusions"]) == (1, {})
    assert nights.sign_in("0000006", "0412").authenticated


def test_contested_numbers_are_as_before(nights: Nights) -> None:
    """A wrong file that contests another district's number leaves no trace of that."""
    raw = nights.districts["demo"].model_dump()
    raw["district"]["code"] = "other"
    nights.districts["other"] = type(nights.districts["demo"]).model_validate(raw)
    nights.night(pupils(20))
    nights.night([Pupil("o-1", "0000100")], code="other")
    run = nights.night([Pupil("o-1", "0000100"), Pupil("o-2", "0000101"), Pupil("o-7", "0000007")], code="other")
    assert nights.find("290000007").standing is Standing.AMBIGUOUS
    undone = nights.undo(run.run_id)
    assert nights.find("290000007").standing is Standing.ACTIVE
    nights.undo(undone.run_id)
    assert nights.find("290000007").standing is Standing.AMBIGUOUS


def test_a_preview_of_an_undo_writes_nothing(nights: Nights) -> None:
    """It says what the undo would do, and does none of it."""
    nights.night(pupils(20))
    run_id = nights.night([pupils(1)[0].moved(grade="04"), *pupils(20, first=2)]).run_id or 0
    before, known = nights.everything(), rows(nights, "SELECT run_id, undone_by FROM runs")
    report = undo.preview(nights.order(run_id))
    assert (report.outcome, report.run_id) == (Outcome.APPLIED, None)
    assert report.facts["counts"] == {"put_back": 1, "withdraw": 1, "restore": 0, "left_alone": 0}
    assert report.as_text().startswith("demo: preview, nothing was written; the plan would be applied\n")
    assert (nights.everything(), rows(nights, "SELECT run_id, undone_by FROM runs")) == (before, known)
    assert nights.undo(run_id).facts["counts"] == report.facts["counts"]


def test_an_undo_that_breaks_down_changes_nothing(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the last row of the transaction something fails: nothing is half put back, and it can be tried again."""
    nights.night(pupils(20))
    run_id = nights.night([pupils(1)[0].moved(grade="04"), *pupils(20, first=2)]).run_id
    before = nights.everything()

    def fail(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(rosters, "replace_exclusions", fail)
        with pytest.raises(RuntimeError):
            nights.undo(run_id)
    assert nights.everything() == before
    run = ledger(nights, run_id)
    failed = ledger(nights, (run_id or 0) + 1)
    assert (run.undone_by, failed.outcome, failed.report["error"]) == (None, Outcome.FAILED, "RuntimeError")
    assert nights.undo(run_id).facts["counts"]["put_back"] == 1


def test_only_an_applied_run_is_undone_and_once(nights: Nights) -> None:
    """Of any other, one line says why not, and the ledger has no row of it."""
    first = nights.night(pupils(20)).run_id or 0
    same = nights.night(pupils(20)[::-1]).run_id or 0
    held = nights.night(pupils(2)).run_id or 0
    undone = nights.undo(first).run_id
    for run_id, line in {
        first: f"run {first}: already undone by run {undone}",
        same: f"run {same}: changed nothing (same_students)",
        held: f"run {held}: changed nothing (held)",
        99: "run 99: there is no such run",
    }.items():
        with pytest.raises(OperatorError) as refused:
            nights.undo(run_id)
        assert str(refused.value).startswith(line)
    assert len(rows(nights, "SELECT run_id FROM runs")) == 4


def test_an_undo_that_something_came_over_is_undone_after_that(nights: Nights) -> None:
    """A night undone, applied again and undone once more: to take back the second step, take back the third first."""
    run = nights.night(pupils(20)).run_id
    again = nights.undo(nights.undo(run).run_id).run_id
    last = nights.undo(run).run_id
    with pytest.raises(OperatorError, match=f"run {again}: what it applied again was undone since by run {last}"):
        nights.undo(again)
    nights.undo(last)
    nights.undo(again)
    assert nights.find("7").standing is Standing.LEFT


def test_an_undo_waits_for_no_run_and_no_run_for_it(nights: Nights) -> None:
    """One at a time, whoever starts it."""
    run_id = nights.night(pupils(5)).run_id
    with (
        exclusively(nights.databases, nights.settings().service.spool, "demo"),
        pytest.raises(OperatorError, match="under way"),
    ):
        nights.undo(run_id)


def test_a_row_that_reads_otherwise_and_makes_the_same_card_is_put_back_too(nights: Nights) -> None:
    """The mark of a birth date whose PIN is the same: else the right date would be another one the night after."""
    nights.night(pupils(20))
    wrong = [pupils(1)[0].moved(born="2016-02-02"), *pupils(18, first=2), pupils(1, first=20)[0].moved(grade="04")]
    before = rows(nights, "SELECT source_id, fingerprint, marks FROM seen")
    run = nights.night(wrong)
    assert run.facts["counts"]["update"] == 1
    assert nights.undo(run.run_id).facts["counts"]["put_back"] == 1
    assert rows(nights, "SELECT source_id, fingerprint, marks FROM seen") == before


def test_a_run_of_before_this_version_can_be_undone(nights: Nights) -> None:
    """Of it no state is kept: patrons are put back, and the next night works every row out again."""
    nights.night(pupils(20))
    file = nights.roster([pupils(1)[0].moved(grade="04"), *pupils(19, first=2)])
    run = nights.again(file)
    with nights.databases.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM states_before")
    nights.undo(run.run_id)
    assert rows(nights, "SELECT basis, population FROM district_state") == [("", 20)]
    assert nights.again(file).outcome is Outcome.HELD
    assert nights.night(pupils(20)[::-1]).facts["counts"]["unchanged"] == 20
    assert nights.find("1").told_expiry == date(2027, 9, 15)
