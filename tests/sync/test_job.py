"""Nights from end to end: a roster file, a run, and who is let in the morning after."""

import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service.domain.access import PinResult, Standing
from access_service.errors import ConfigError, OperatorError
from access_service.settings import load
from access_service.storage import runs
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync.apply import exclusively
from sync.roster import BadRosterError
from tests.sync.nights import Nights
from tests.sync.rosters import USERS_11, Pupil, csv_bytes, files, package, pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def test_a_student_of_tonights_roster_is_let_in_tomorrow(nights: Nights) -> None:
    """A new student signs in with the number of the badge and the PIN of the rule."""
    report = nights.night(pupils(20))
    assert report.outcome is Outcome.APPLIED
    assert report.facts["counts"]["create"] == 20
    answer = nights.sign_in("0000007", "0808")
    assert (answer.standing, answer.pin, answer.authenticated) == (Standing.ACTIVE, PinResult.OK, True)
    assert not nights.sign_in("0000007", "0809").authenticated


@pytest.mark.parametrize("typed", ["7", "0000007", "290000007", "29 0000007", " 0000007\r", "*290000007*", "A0000007B"])
def test_every_way_to_type_a_number_finds_its_student(nights: Nights, typed: str) -> None:
    """Lost zeros, the library prefix, spaces and scanner marks all read as one student."""
    nights.night(pupils(20))
    record = nights.find(typed).record
    assert record is not None
    assert record.patron.student_number == "0000007"


def test_the_same_bytes_change_nothing(nights: Nights) -> None:
    """The same file again is a good night that writes no patron, and says so."""
    file = nights.roster(pupils(20))
    nights.again(file)
    before = nights.everything()
    assert nights.again(file).outcome is Outcome.SAME_FILE
    after = nights.everything()
    assert {name: after[name] for name in after if name != "district_state"} == {
        name: before[name] for name in before if name != "district_state"
    }


def test_the_same_students_in_other_bytes_change_nothing(nights: Nights) -> None:
    """Another order of rows is another file and the same night."""
    nights.night(pupils(20))
    before = nights.everything()
    report = nights.night(reversed(pupils(20)))
    assert report.outcome is Outcome.SAME_STUDENTS
    assert report.facts["counts"]["unchanged"] == 20
    after = nights.everything()
    for table in ("patrons", "identifiers", "seen", "changes"):
        assert after[table] == before[table]


def test_moves_are_updates_and_keep_the_patron(nights: Nights) -> None:
    """A new school and grade change the card, not whose it is."""
    nights.night(pupils(20))
    before = nights.find("7").record
    students = pupils(20)
    students[6] = students[6].moved(school="102", grade="04", family="Other")
    assert nights.night(students).facts["counts"]["update"] == 1
    after = nights.find("7").record
    assert before and after
    assert (after.patron_id, after.patron.branch, after.patron.grade) == (before.patron_id, "RIVER", "04")
    with nights.databases.reader.connect() as connection:
        change = runs.last_change(connection, after.patron_id)
    assert change and change[1].before["grade"] == "03" and change[1].after["grade"] == "04"


def test_absence_is_not_departure(nights: Nights) -> None:
    """A missing student is served until three different rosters and seven days have passed, then has left."""
    nights.night(pupils(20))
    for missing in range(1, 8):
        # Each roster differs from the one before.
        report = nights.night([*pupils(19), *pupils(1, first=100 + missing)])
        expected = Standing.ABSENT if missing < 8 else Standing.LEFT
        assert nights.find("20").standing is expected, (missing, report.facts["counts"])
        assert nights.sign_in("20", "0921").authenticated
    nights.night([*pupils(19), *pupils(1, first=200)])
    assert nights.find("20").standing is Standing.LEFT
    answer = nights.sign_in("20", "0921")
    assert (answer.pin, answer.authenticated) == (PinResult.OK, False)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"school": ""}, "school_missing"),
        ({"school": "of no list"}, "school_missing"),
        ({"grade": "?"}, "unknown_grade"),
        ({"number": ""}, "number_missing"),
        ({"number": "12345678"}, "number_pattern"),
    ],
)
def test_a_fault_in_the_row_takes_nobodys_card(nights: Nights, fault: dict[str, str], code: str) -> None:
    """Who has a card keeps it as it is, and their absence ends; a newcomer with the same fault gets none."""
    nights.night(pupils(20))
    nights.night(pupils(19))
    faulty = [pupil.moved(**fault) for pupil in pupils(1, first=20) + pupils(1, first=31)]
    report = nights.night([*pupils(19), *faulty])
    assert (report.facts["exclusions"], report.facts["counts"]["seen_again"]) == ({code: 2}, 1)
    assert nights.sign_in("20", "0921").authenticated
    assert nights.find("20").standing is Standing.ACTIVE
    assert nights.find("31").standing is Standing.UNKNOWN
    assert nights.night(pupils(20)).facts["counts"]["unchanged"] == 20


def test_a_returned_student_is_the_same_patron(nights: Nights) -> None:
    """One who left and comes back keeps patron id and number."""
    nights.night(pupils(20))
    before = nights.find("20").record
    for n in range(9):
        nights.night([*pupils(19), *pupils(1, first=100 + n)])
    assert nights.find("20").standing is Standing.LEFT
    assert nights.night(pupils(20)).facts["counts"]["return"] == 1
    after = nights.find("20").record
    assert before and after and before.patron_id == after.patron_id
    assert nights.sign_in("20", "0921").authenticated


def test_the_same_roster_again_and_again_never_makes_a_leaver(nights: Nights) -> None:
    """Only rosters with different content count against an absent student."""
    nights.night(pupils(20))
    file = nights.roster(pupils(19))
    for _ in range(15):
        nights.again(file)
    assert nights.find("20").standing is Standing.ABSENT


def test_nobody_leaves_in_a_break_or_a_freeze(nights: Nights) -> None:
    """While the calendar stands still, so do absences."""
    nights.night(pupils(20))
    nights.configure(calendar={"freeze": True})
    for n in range(10):
        nights.night([*pupils(19), *pupils(1, first=100 + n)])
    assert nights.find("20").standing is Standing.ACTIVE


def test_a_stated_exit_leaves_at_once(nights: Nights) -> None:
    """tobedeleted is the district's word, and needs no days of grace."""
    nights.night(pupils(20))
    students = pupils(20)
    students[19] = students[19].moved(status="tobedeleted")
    assert nights.night(students).facts["counts"]["leave"] == 1
    assert nights.find("20").standing is Standing.LEFT


def test_a_rejected_row_is_a_present_student(nights: Nights) -> None:
    """A row that cannot be used never makes its student absent."""
    nights.night(pupils(20))
    rows = files(pupils(20))["users.csv"].split(b"\r\n")
    rows[20] += b",one cell too many"
    report = nights.night(pupils(20), users=b"\r\n".join(rows))
    assert report.facts["rejects"] == {"row_width": 1}
    assert report.facts["counts"]["absent"] == 0
    assert nights.find("20").standing is Standing.ACTIVE


def test_an_unreadable_row_suspends_absence(nights: Nights) -> None:
    """Where nobody can tell whose row was lost, nobody is counted absent."""
    nights.night(pupils(20))
    students = pupils(18)
    unreadable = pupils(1, first=19)[0].moved(source_id="")
    report = nights.night([*students, unreadable])
    assert report.facts["rejects"] == {"id_missing": 1}
    assert report.facts["counts"]["absence_suspended"] == 2
    assert nights.find("20").standing is Standing.ACTIVE


def test_too_many_removals_hold_the_run(nights: Nights) -> None:
    """Half a roster changes nothing and says why."""
    nights.configure(limits={"removals_count": 5, "file_shrink_percent": 100})
    nights.night(pupils(200))
    before = nights.everything()
    report = nights.night(pupils(100))
    assert report.outcome is Outcome.HELD_IN_PART
    assert {reason.finding for reason in report.reasons} == {"removals"}
    after = nights.everything()
    assert [name for name in after if after[name] != before[name]] == ["district_state"]
    assert nights.sign_in("150", "0711").authenticated


def test_a_shrunken_file_holds_the_run(nights: Nights) -> None:
    """A file a fifth smaller than the last one waits for a person."""
    nights.night(pupils(200))
    report = nights.night(pupils(120))
    assert report.outcome is Outcome.HELD
    assert "file_shrunk" in [reason.finding for reason in report.reasons]


def test_too_many_updates_hold_the_run(nights: Nights) -> None:
    """A shifted column looks like everybody changed."""
    nights.night(pupils(200))
    report = nights.night([pupil.moved(school="102") for pupil in pupils(200)])
    assert "updates" in [reason.finding for reason in report.reasons]


def test_a_preview_writes_nothing(nights: Nights) -> None:
    """A preview says what a run would do, and does none of it."""
    nights.night(pupils(20))
    before = nights.everything()
    report = nights.preview(pupils(25))
    assert (report.outcome, report.facts["counts"]["create"]) == (Outcome.APPLIED, 5)
    assert nights.everything() == before


def test_two_rows_with_one_number_exclude_both(nights: Nights) -> None:
    """Nobody gets a number that two students of a roster have."""
    students = pupils(20)
    students[19] = students[19].moved(number="0000007")
    report = nights.night(students)
    assert report.facts["exclusions"] == {"number_collision": 2}
    assert nights.find("7").standing is Standing.UNKNOWN


def test_a_newcomer_with_a_students_number_excludes_both(nights: Nights) -> None:
    """The student who had the number first cannot use it either, until the district settles it."""
    nights.night(pupils(20))
    report = nights.night([*pupils(20), pupils(1, first=21)[0].moved(number="0000007")])
    assert report.facts["exclusions"] == {"number_collision": 1}
    assert not nights.sign_in("7", "0808").authenticated
    assert nights.night(pupils(20)).facts["counts"]["return"] == 1
    assert nights.sign_in("7", "0808").authenticated


def test_a_number_of_another_district_opens_nothing(nights: Nights) -> None:
    """Two districts that mint one library number: neither student is let in by it."""
    raw = nights.districts["demo"].model_dump()
    raw["district"]["code"] = "other"
    nights.districts["other"] = type(nights.districts["demo"]).model_validate(raw)
    nights.night(pupils(20))
    report = nights.night([pupil.moved(source_id=f"o{pupil.source_id}") for pupil in pupils(1, first=7)], code="other")
    assert report.facts["exclusions"] == {"number_collision": 1}
    assert nights.find("290000007").standing is Standing.AMBIGUOUS


def test_a_changed_number_still_finds_its_student(nights: Nights) -> None:
    """The old number becomes a former one, and the library number stays as it was minted."""
    nights.night(pupils(20))
    students = pupils(20)
    students[6] = students[6].moved(number="0000700")
    nights.night(students)
    old, new = nights.find("0000007").record, nights.find("0000700").record
    assert old and new and old.patron_id == new.patron_id
    assert new.patron.library_number == "290000007"
    back = nights.night(pupils(20))
    assert back.facts["counts"]["update"] == 1
    assert nights.find("0000007").record == nights.find("0000700").record


def test_two_students_can_swap_numbers(nights: Nights) -> None:
    """A correction that exchanges two numbers is no collision."""
    nights.night(pupils(20))
    students = pupils(20)
    students[0], students[1] = students[0].moved(number="0000002"), students[1].moved(number="0000001")
    report = nights.night(students)
    assert report.facts["exclusions"] == {}
    assert report.facts["counts"]["update"] == 2


def test_a_rule_edit_changes_only_what_it_touches(nights: Nights) -> None:
    """An edited rule is compared by value; a school's new branch updates that school's students only."""
    nights.night([*pupils(20), *(pupil.moved(school="102") for pupil in pupils(5, first=50))])
    schools = dict(nights.districts["demo"].rules.schools) | {"102": "HARBOR"}
    nights.configure(rules={"schools": schools})
    report = nights.night([*pupils(20), *(pupil.moved(school="102") for pupil in pupils(5, first=50))])
    assert report.facts["counts"]["update"] == 5
    assert report.facts["counts"]["unchanged"] == 20


def test_the_pivot_renews_every_card_that_is_seen(nights: Nights) -> None:
    """After 30 June the same file makes cards good for another year, which no limit counts as updates."""
    file = nights.roster(pupils(200))
    nights.again(file)
    assert nights.find("7").told_expiry == date(2027, 9, 15)
    nights.now += timedelta(days=300)
    report = nights.again(file)
    assert report.facts["counts"]["renew"] == 200
    assert nights.find("7").told_expiry == date(2028, 9, 15)


def test_a_school_that_is_not_served_any_more_lets_its_students_go(nights: Nights) -> None:
    """Taking a school out of the rules is a stated end."""
    nights.night(pupils(20))
    served = tuple(example for example in nights.districts["demo"].examples if example.excluded)
    nights.districts["demo"] = nights.districts["demo"].model_copy(update={"examples": served})
    nights.configure(rules={"schools": {"102": "RIVER"}})
    report = nights.night(pupils(20))
    assert report.facts["exclusions"] == {"unknown_school": 20}
    assert report.facts["counts"]["leave"] == 20


def test_an_unknown_school_is_counted_and_stops_nobody_else(nights: Nights) -> None:
    """A student of a school outside the agreement gets no card, and the report says how many."""
    report = nights.night([*pupils(20), pupils(1, first=30)[0].moved(school="999")])
    assert report.facts["exclusions"] == {"unknown_school": 1}
    assert report.facts["counts"]["create"] == 20


def test_a_missing_birth_date_is_a_card_without_a_pin(nights: Nights) -> None:
    """Identified, listed, and no PIN works, the empty one least of all."""
    nights.night([*pupils(5), pupils(1, first=9)[0].moved(born="")])
    assert nights.find("9").standing is Standing.ACTIVE
    assert nights.sign_in("9", "").pin is PinResult.MISSING
    assert nights.sign_in("9", "0101").pin is PinResult.NONE_ISSUED


def test_a_corrected_birth_date_makes_a_new_pin(nights: Nights) -> None:
    """The issued PIN follows the rule; the old one stops."""
    nights.night(pupils(20))
    students = pupils(20)
    students[6] = students[6].moved(born="2017-11-30")
    nights.night(students)
    assert not nights.sign_in("7", "0808").authenticated
    assert nights.sign_in("7", "1130").authenticated


def test_oneroster_12_ends_a_role_on_its_date(nights: Nights) -> None:
    """In 1.2 a student whose role has ended has left; one whose role ends later has not."""
    students = pupils(20)
    nights.again(_package_12(nights, students))
    students[0] = students[0].moved(role_end="2026-10-01")
    students[1] = students[1].moved(role_end="2027-06-01")
    report = nights.again(_package_12(nights, students))
    assert report.facts["format"] == "OneRoster 1.2 bulk"
    assert report.facts["counts"]["leave"] == 1
    assert nights.find("1").standing is Standing.LEFT
    assert nights.find("2").standing is Standing.ACTIVE


def _package_12(nights: Nights, students: list[Pupil]) -> Path:
    nights.count += 1
    return package(nights.folder / f"roster-{nights.count}.zip", students, "1.2")


def test_a_bad_file_fails_the_run_and_changes_nothing(nights: Nights) -> None:
    """The run is in the ledger as failed, and last night's students are still served."""
    nights.night(pupils(20))
    before = nights.everything()
    with pytest.raises(BadRosterError, match="no rows"):
        nights.night(pupils(20), users=csv_bytes(USERS_11, []))
    assert nights.everything() == before
    with nights.databases.reader.connect() as connection:
        failed = runs.latest(connection, "demo", (Outcome.FAILED,))
    assert failed and failed.report["error"]
    assert nights.sign_in("7", "0808").authenticated


def test_too_many_bad_rows_refuse_the_file(nights: Nights) -> None:
    """Above the ceiling of rejects the file is refused whole."""
    rows = files(pupils(200))["users.csv"].split(b"\r\n")
    broken = [rows[0], *(row + b",more" for row in rows[1:40]), *rows[40:]]
    with pytest.raises(BadRosterError, match="39 of 200 rows"):
        nights.night(pupils(200), users=b"\r\n".join(broken))


def test_an_agreement_that_has_ended_stops_the_run(nights: Nights) -> None:
    """No agreement, no roster."""
    nights.configure(agreement={"ends": date(2026, 9, 30)})
    with pytest.raises(ConfigError, match="agreement"):
        nights.night(pupils(5))


def test_a_wrong_example_stops_the_run(nights: Nights) -> None:
    """Rules that do not do what their examples say are not run."""
    nights.configure(rules={"library_number": "30{student_number}"})
    with pytest.raises(ConfigError, match="library_number"):
        nights.night(pupils(5))


def test_a_second_run_at_the_same_time_is_refused(nights: Nights) -> None:
    """One run a district at a time, whoever starts it."""
    with (
        exclusively(nights.databases, nights.settings().service.spool, "demo"),
        pytest.raises(OperatorError, match="under way"),
    ):
        nights.night(pupils(5))


def test_nothing_of_the_roster_stays_in_the_spool(nights: Nights) -> None:
    """After a run, good or bad, no roster lies about."""
    nights.night(pupils(5))
    assert [path.name for path in (nights.folder / "spool").iterdir()] == ["demo.lock"]


def test_what_a_killed_run_left_is_cleared_away(nights: Nights) -> None:
    """The next run removes the roster of one that was killed, and says in the ledger that it failed."""
    spool = nights.folder / "spool" / "demo"
    spool.mkdir(parents=True)
    (spool / "roster.zip").write_bytes(b"left behind")
    with nights.databases.writer.begin() as connection:
        killed = runs.begin(connection, "demo", "a test", "", nights.now)
    nights.night(pupils(5))
    with nights.databases.reader.connect() as connection:
        ended = runs.get(connection, killed)
    assert ended and ended.outcome is Outcome.FAILED
    assert not spool.exists()


def test_an_export_that_died_grows_old(nights: Nights) -> None:
    """Freshness is when the district wrote the file, however often we read it again."""
    file = nights.roster(pupils(5))
    written = nights.now - timedelta(days=40)
    os.utime(file, (written.timestamp(), written.timestamp()))
    for _ in range(2):
        nights.again(file)
        with nights.databases.reader.connect() as connection:
            state = runs.state(connection, "demo")
        assert state and state.seen_at == written


def test_a_wrong_pepper_stops_the_night(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every PIN would be made anew, and nobody would know why the service answers wrong."""
    nights.night(pupils(5))
    monkeypatch.setenv("ACCESS_PEPPER", "6f" * 32)
    with pytest.raises(ConfigError, match="stored PINs or opt-outs need pepper"):
        nights.night(pupils(6))


def test_a_roster_without_a_student_is_refused(nights: Nights) -> None:
    """Rows of which none is a student's are no roster, on the first night as on any."""
    with pytest.raises(BadRosterError, match="none of 5 rows is a student's"):
        nights.night([pupil.moved(role="teacher") for pupil in pupils(5)])
