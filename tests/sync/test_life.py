"""A student's life by the calendar: what a date does though no row changed, and what waits for one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from access_service import desk
from access_service.audit import Auditor
from access_service.domain.access import Standing
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.pin_vault import PinVault
from access_service.provenance import provenance
from access_service.settings import load
from access_service.storage import freezes, runs
from access_service.storage.engine import Databases
from access_service.storage.freezes import Order
from access_service.storage.runs import Outcome
from access_service.storage.tables import freezes as freezes_table
from access_service.storage.tables import patrons
from sync import job
from sync.report import Report
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

YEARS = [
    {"first_day": date(2026, 8, 24), "last_day": date(2027, 6, 4)},
    {"first_day": date(2027, 8, 23), "last_day": date(2028, 6, 2)},
]
ANYTHING = {"removals_percent": 100, "file_shrink_percent": 100, "drift_percent": 100, "group": None}
SENIOR = Pupil("senior", "0000900", school="301", grade="12", born="2009-02-10")
GRADUATES = {"grades": ("12",), "first": "05-15", "last": "12-31"}
GONE = {"status": "tobedeleted"}


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """One missed roster and a day make a leaver; limits are not what is looked at here."""
    made = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    made.configure(calendar={"absence_rosters": 1, "absence_days": 1, "breaks": []}, limits=ANYTHING)
    return made


def on(nights: Nights, day: str, students: Iterable[Pupil]) -> Report:
    """The night of a day; every roster is another."""
    other = Pupil("other", "0005000", born="2017-01-01", family=f"Family of {day}")
    return again(nights, day, nights.roster([*students, other]))


def again(nights: Nights, day: str, file: Path) -> Report:
    """The night of a day that brings these bytes."""
    nights.now = datetime.fromisoformat(f"{day}T08:00").replace(tzinfo=UTC)
    return job.run(nights.job(file))


def record(nights: Nights, number: str) -> PatronRecord:
    found = nights.find(number).record
    assert found
    return found


def freeze(nights: Nights, until: date | None = None) -> None:
    with nights.databases.writer.begin() as connection:
        freezes.freeze(connection, Order("demo", "a test", nights.now, nights.now.date(), "tornado"), until)


def thaw(nights: Nights) -> None:
    with nights.databases.writer.begin() as connection:
        freezes.thaw(connection, Order("demo", "a test", nights.now, nights.now.date(), "sunshine"))


def but(students: list[Pupil], number: str, **changes: Any) -> list[Pupil]:
    """The same, but for one of them."""
    return [each.moved(**changes) if each.number == number else each for each in students]


# -- the calendar ---------------------------------------------------------------------------------------------------


def test_nobody_leaves_in_summer_nor_before_the_day_that_counts(nights: Nights) -> None:
    """Missing or stated to be gone: both wait from the last day of school to day 20 of the next year."""
    nights.configure(calendar={"years": YEARS, "absence_from_day": 20})
    on(nights, "2027-05-20", pupils(20))
    gone = but(pupils(19), "0000019", **GONE)
    # 23 August is the first school day, 17 September the twentieth.
    for day in ("2027-06-05", "2027-07-15", "2027-08-23", "2027-09-16"):
        report = on(nights, day, gone)
        assert report.facts["counts"]["absence_suspended"] == 2
        assert "nobody becomes absent or leaves" in report.as_text()
        assert nights.find("19").record and nights.find("20").record
        assert record(nights, "19").presence == record(nights, "20").presence == "present"
    on(nights, "2027-09-17", gone)
    assert (nights.find("19").standing, record(nights, "20").presence) == (Standing.LEFT, "absent")
    on(nights, "2027-09-20", gone)
    assert nights.find("20").standing is Standing.LEFT


def test_an_exit_that_waited_happens_though_the_file_is_the_same(nights: Nights) -> None:
    """The bytes of the summer, on the first night on which somebody may leave."""
    nights.configure(calendar={"years": YEARS})
    on(nights, "2027-05-20", pupils(20))
    file = nights.roster(but(pupils(20), "0000019", **GONE))
    assert again(nights, "2027-07-01", file).facts["calendar"] == "summer"
    assert again(nights, "2027-07-02", file).outcome is Outcome.SAME_FILE
    assert again(nights, "2027-08-23", file).facts["counts"]["leave"] == 1
    assert nights.find("19").standing is Standing.LEFT


def test_a_card_is_renewed_after_the_pivot_though_the_file_is_the_same(nights: Nights) -> None:
    """Being seen after 30 June makes a card good for another year; who is not seen is not renewed."""
    nights.configure(calendar={"absence_rosters": 9})
    again(nights, "2027-06-28", nights.roster(pupils(21)))
    file = nights.roster(pupils(20))
    for day in ("2027-06-29", "2027-06-30"):
        assert again(nights, day, file).facts["counts"]["unchanged"] == 20
    assert again(nights, "2027-07-01", file).facts["counts"]["renew"] == 20
    expires = [str(record(nights, number).patron.expires) for number in ("20", "21")]
    assert expires == ["2028-09-15", "2027-09-15"]


def test_an_issued_pin_follows_a_correction_as_the_rule_says(nights: Nights) -> None:
    """Always, never, or once the days for it have come, though the file is then the same; a first PIN at any time."""
    window = {"first": date(2027, 8, 23), "last": date(2027, 9, 17)}
    nights.configure(calendar={"years": [YEARS[0], YEARS[1] | {"pin_reissue": window}]})
    corrected = but(but(pupils(20), "0000007", born="2017-03-03"), "0000008", born="")
    on(nights, "2027-03-01", but(pupils(20), "0000009", born=""))
    file = nights.roster(corrected)
    for reissue, works in (("never", "0808"), ("window", "0808"), ("always", "0303")):
        nights.configure(rules={"pin": {"rule": "MMDD", "reissue": reissue}})
        again(nights, "2027-03-02", file)
        assert nights.sign_in("7", works).authenticated, reissue
        assert nights.sign_in("9", "1010").authenticated
        assert nights.sign_in("8", "0909").authenticated is (reissue != "always")
    nights.configure(rules={"pin": {"rule": "MMDD", "reissue": "window"}})
    file = nights.roster(pupils(20))
    for day in ("2027-03-03", "2027-08-20"):
        again(nights, day, file)
        assert nights.sign_in("7", "0303").authenticated
    assert again(nights, "2027-08-23", file).facts["counts"]["update"] == 1
    assert nights.sign_in("7", "0808").authenticated


# -- freeze ---------------------------------------------------------------------------------------------------------


def test_in_a_freeze_nobody_expires_or_leaves(nights: Nights) -> None:
    """At once, the missing and those stated to be gone; cards that were over before stay over."""
    again(nights, "2027-06-01", nights.roster(pupils(20)))
    nights.now = datetime(2027, 9, 15, 8, tzinfo=UTC)
    freeze(nights)
    nights.now = datetime(2027, 9, 20, 8, tzinfo=UTC)
    answer = nights.sign_in("20", "0921")
    assert (answer.authenticated, str(answer.told_expiry)) == (True, "2027-09-20")
    file = nights.roster(but(pupils(19), "0000019", **GONE))
    report = again(nights, "2027-09-21", file)
    assert report.facts["counts"]["absence_suspended"] == 2
    assert "calendar frozen (tornado): nobody becomes absent or leaves" in report.as_text()
    assert nights.find("19").standing is nights.find("20").standing is Standing.ACTIVE
    thaw(nights)
    assert nights.find("20").standing is Standing.EXPIRED
    report = again(nights, "2027-09-22", file)
    assert (report.facts["counts"]["leave"], nights.find("19").standing) == (1, Standing.LEFT)
    freeze(nights)
    assert nights.find("20").standing is Standing.EXPIRED


def test_two_freezes_of_the_same_moment_are_one(nights: Nights) -> None:
    """Both see none in force and both are written; the next command and the thaw mean both."""
    row = {"district": "demo", "first_day": nights.now.date(), "reason": "x", "frozen_by": "x", "frozen_at": nights.now}
    with nights.databases.writer.begin() as connection:
        connection.execute(insert(freezes_table), [row, row])
    freeze(nights, until=date(2027, 1, 1))
    thaw(nights)
    with nights.databases.reader.connect() as connection:
        assert freezes.read(connection) == {}


def test_a_freeze_can_be_set_ahead_moved_and_called_off(nights: Nights) -> None:
    """Until its first day it holds for nobody; another first day takes its place until it has begun."""
    day = nights.now.date()
    order = Order("demo", "a test", nights.now, day, "flood")
    ahead = [day + timedelta(days=days) for days in (7, 5, 9)]
    with nights.databases.writer.begin() as connection:
        assert freezes.freeze(connection, order, ahead[2], ahead[0]).first == ahead[0]
        assert freezes.freeze(connection, order, ahead[2], ahead[1]).first == ahead[1]
        (planned,) = freezes.read(connection)["demo"]
        assert not planned.holds(day) and planned.holds(ahead[1]) and planned.holds(ahead[2])
        assert freezes.thaw(connection, order) == ahead[1] and freezes.read(connection) == {}
        freezes.freeze(connection, order, None)
        assert freezes.freeze(connection, order, ahead[2], ahead[0]).first == day


def test_the_days_of_a_freeze_are_no_days_of_absence(nights: Nights) -> None:
    """After its last day the days of grace go on where they stood."""
    nights.configure(calendar={"absence_days": 3})
    on(nights, "2026-10-01", pupils(20))
    on(nights, "2026-10-02", pupils(19))
    nights.now = datetime(2026, 10, 3, 8, tzinfo=UTC)
    freeze(nights, date(2026, 10, 30))
    for day, standing in (
        ("2026-10-20", Standing.ABSENT),
        ("2026-11-01", Standing.ABSENT),
        ("2026-11-02", Standing.LEFT),
    ):
        on(nights, day, pupils(19))
        assert nights.find("20").standing is standing, day


def test_a_night_that_was_planned_before_a_freeze_is_planned_again(nights: Nights) -> None:
    """Nobody leaves by a plan that was made before somebody froze the district; the rest of it goes in."""
    on(nights, "2026-10-01", pupils(20))
    planned = nights.job(nights.roster([*but(pupils(20), "0000019", **GONE), *pupils(1, first=30)]))
    report = job.run(replace(planned, phase=lambda phase: freeze(nights) if phase == "apply" else None))
    assert (report.facts["counts"]["leave"], report.facts["counts"]["create"]) == (0, 1)
    assert nights.find("19").standing is Standing.ACTIVE


# -- coming of age --------------------------------------------------------------------------------------------------


def test_on_the_18th_birthday_the_card_is_another_though_the_file_is_the_same(nights: Nights) -> None:
    """The patron type changes that day and not before; no birth date is stored, and nobody is missing by it."""
    nights.configure(rules={"of_age": {"patron_type": "ADULT", "profile": "full"}}, calendar={"absence_rosters": 2})
    again(nights, "2027-02-08", nights.roster([*pupils(20), SENIOR]))
    file = nights.roster([*pupils(19), SENIOR])
    again(nights, "2027-02-09", file)
    assert record(nights, "900").patron.patron_type == "STU-TEEN"
    assert again(nights, "2027-02-10", file).facts["counts"]["update"] == 1
    assert (record(nights, "900").patron.patron_type, nights.find("20").standing) == ("ADULT", Standing.ABSENT)
    again(nights, "2027-02-11", nights.roster([*pupils(20), SENIOR]))
    report = again(nights, "2027-02-12", nights.roster([SENIOR, *pupils(20)]))
    assert (report.outcome, report.facts["counts"]["unchanged"]) == (Outcome.SAME_STUDENTS, 21)


def test_a_card_may_end_at_18(nights: Nights) -> None:
    """Without a patron type for it, the birthday ends the card, and no newcomer of that age gets one."""
    nights.configure(rules={"of_age": {}})
    file = nights.roster([*pupils(20), SENIOR])
    again(nights, "2027-02-09", file)
    assert nights.find("900").standing is Standing.ACTIVE
    report = again(nights, "2027-02-10", file)
    assert (report.facts["counts"]["leave"], report.facts["exclusions"]) == (1, {"of_age": 1})
    answer = nights.find("900")
    assert (answer.standing, str(answer.told_expiry)) == (Standing.LEFT, "2027-02-09")


# -- graduation -----------------------------------------------------------------------------------------------------


def test_a_senior_who_leaves_in_the_days_of_graduation_keeps_the_card_till_their_end(nights: Nights) -> None:
    """By absence or by the district's word; others leave, and who comes back is a student again."""
    nights.configure(rules={"graduates": GRADUATES})
    missing = SENIOR.moved(source_id="s-m", number="0000901")
    junior = SENIOR.moved(source_id="s-j", number="0000902", grade="11")
    early = SENIOR.moved(source_id="s-e", number="0000903")
    on(nights, "2027-05-12", [*pupils(20), SENIOR, missing, junior, early])
    on(nights, "2027-05-13", [*pupils(20), SENIOR, missing, junior, early.moved(**GONE)])
    for day in ("2027-05-20", "2027-05-21"):
        report = on(nights, day, [*pupils(20), SENIOR.moved(**GONE), junior.moved(**GONE)])
    assert report.facts["counts"]["graduate"] == 1
    assert "without a card" not in report.as_text()
    standings = [nights.find(number).standing for number in ("900", "901", "902", "903")]
    assert standings == [Standing.GRADUATED, Standing.GRADUATED, Standing.LEFT, Standing.LEFT]
    answer = nights.sign_in("900", "0210")
    assert (answer.authenticated, answer.told_standing, str(answer.told_expiry)) == (True, "active", "2027-12-31")
    nights.now = datetime(2028, 1, 2, 8, tzinfo=UTC)
    answer = nights.sign_in("900", "0210")
    assert (answer.standing, answer.authenticated, str(answer.told_expiry)) == (Standing.LEFT, False, "2027-12-31")
    assert on(nights, "2028-01-03", [*pupils(20), SENIOR]).facts["counts"]["return"] == 1
    assert nights.find("900").standing is Standing.ACTIVE


def test_a_graduation_is_undone_like_any_change(nights: Nights) -> None:
    """Undo makes them students again, and undo of undo graduates."""
    nights.configure(rules={"graduates": GRADUATES})
    on(nights, "2027-05-19", [*pupils(20), SENIOR])
    before = nights.everything()
    report = on(nights, "2027-05-20", [*pupils(20), SENIOR.moved(**GONE)])
    after = nights.everything()
    undone = nights.undo(report.run_id)
    kept = ("patrons", "identifiers", "seen")
    assert nights.find("900").standing is Standing.ACTIVE
    assert _but_updated(nights, kept) == {name: _plain(name, before[name]) for name in kept}
    nights.undo(undone.run_id)
    assert nights.find("900").standing is Standing.GRADUATED
    assert _but_updated(nights, kept) == {name: _plain(name, after[name]) for name in kept}


def _but_updated(nights: Nights, names: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    found = nights.everything()
    return {name: _plain(name, found[name]) for name in names}


def _plain(name: str, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Without the column of patrons that says when they were changed."""
    when = patrons.c.keys().index("updated_on") if name == "patrons" else -1
    return sorted((tuple(cell for n, cell in enumerate(row) if n != when) for row in rows), key=repr)


# -- a full library card --------------------------------------------------------------------------------------------


def convert(nights: Nights, number: str, expires: date = date(2030, 1, 31), **card: Any) -> None:
    """As the desk does."""
    by = Auditor(PinVault.from_environment(), "a test", nights.folder / "heads", lambda: nights.now)
    found = record(nights, number)
    district = nights.districts["demo"]
    desk.convert(nights.databases, by, district, found.patron_id, desk.Conversion(expires, None, "a test", **card))


def give_back(nights: Nights, number: str) -> None:
    by = Auditor(PinVault.from_environment(), "a test", nights.folder / "heads", lambda: nights.now)
    desk.give_back(nights.databases, by, nights.districts["demo"], record(nights, number).patron_id, "a mistake")


def test_no_roster_touches_a_full_card(nights: Nights) -> None:
    """Not one that has the student, otherwise or gone, nor one that does not, nor another who claims the number."""
    nights.configure(rules={"graduates": GRADUATES})
    on(nights, "2027-05-20", [*pupils(20), SENIOR])
    convert(nights, "900")
    converted = record(nights, "900")
    with nights.databases.reader.connect() as connection:
        where_from = provenance(connection, converted, nights.districts["demo"])
    assert where_from["expires"].source == "the full library card that the desk gave"
    claimant = SENIOR.moved(source_id="claimant", born="2016-01-01", given="Another")
    moved = SENIOR.moved(family="Other", school="101", grade="03")
    for n, rows in enumerate(([SENIOR], [moved], [SENIOR.moved(**GONE)], [], [claimant], [SENIOR, claimant])):
        report = on(nights, f"2027-06-{n + 1:02}", [*pupils(20), *rows])
        assert report.facts["counts"]["converted"] == (
            SENIOR.source_id in {row.source_id for row in rows if not row.status}
        )
        assert record(nights, "900") == converted
    assert nights.sign_in("900", "0210").authenticated
    assert population(nights) == 21
    nights.now = datetime(2030, 2, 1, 8, tzinfo=UTC)
    assert nights.find("900").standing is Standing.EXPIRED


def population(nights: Nights) -> int:
    with nights.databases.reader.connect() as connection:
        state = runs.state(connection, "demo")
    assert state
    return state.population


def test_a_graduate_and_a_senior_can_be_converted_and_nobody_else(nights: Nights) -> None:
    """Before they leave or after, in the days of graduation; no junior, no leaver, not too late, and no educator."""
    nights.configure(rules={"graduates": GRADUATES})
    junior = SENIOR.moved(source_id="s-j", number="0000902", grade="11")
    other = SENIOR.moved(source_id="s-o", number="0000903")
    on(nights, "2027-05-13", [*pupils(20), SENIOR, junior, other])
    with pytest.raises(OperatorError, match="is no graduate: only grade 12 from 05-15 to 12-31"):
        convert(nights, "900")
    on(nights, "2027-05-20", [*pupils(20), SENIOR.moved(**GONE), junior, other])
    with pytest.raises(OperatorError, match="is no graduate"):
        convert(nights, "902")
    with pytest.raises(OperatorError, match="should be after today"):
        convert(nights, "900", date(2027, 5, 20))
    convert(nights, "900")
    convert(nights, "900", date(2031, 1, 31))
    assert (str(record(nights, "900").patron.expires), record(nights, "900").left_on) == ("2031-01-31", None)
    with nights.databases.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE patrons SET role = 'educator' WHERE source_id = 's-o'")
    with pytest.raises(OperatorError, match="is no student but educator"):
        convert(nights, "903")


def test_a_conversion_is_given_back_and_undo_leaves_it_alone(nights: Nights) -> None:
    """An undo of the night before does not touch it; taken back, the next roster makes it a student's card again."""
    nights.configure(rules={"graduates": GRADUATES})
    on(nights, "2027-05-19", [*pupils(20), SENIOR])
    report = on(nights, "2027-05-20", [*pupils(20), SENIOR.moved(**GONE)])
    convert(nights, "900")
    patron_id = record(nights, "900").patron_id
    assert nights.undo(report.run_id).facts["left_alone"] == [patron_id]
    assert record(nights, "900").presence == "converted"
    give_back(nights, "900")
    assert nights.find("900").standing is Standing.LEFT
    with pytest.raises(OperatorError, match="no full library card"):
        give_back(nights, "900")
    assert on(nights, "2027-05-21", [*pupils(20), SENIOR]).facts["counts"]["return"] == 1
    assert (nights.find("900").standing, record(nights, "900").patron_id) == (Standing.ACTIVE, patron_id)
