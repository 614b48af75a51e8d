"""New source ids for the same students, and source ids that were given to others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access_service.audit import Action
from access_service.domain.access import PinResult, Standing
from access_service.errors import OperatorError
from access_service.exceptions import Grant, add_test_card
from access_service.settings import load
from access_service.storage import audit, runs
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import holds, rekey
from sync.guard import Finding
from sync.order import Job, auditor
from sync.pairing import Pairing
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, package, pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def renewed(students: Sequence[Pupil]) -> list[Pupil]:
    """The same students in a system that counts them anew."""
    return [pupil.moved(source_id=f"guid-{pupil.number}-{n}") for n, pupil in enumerate(students)]


def do(nights: Nights, students: Sequence[Pupil]) -> Pairing:
    return rekey.rekey(nights.job(nights.roster(students)), "a test")[1]


def patron_ids(nights: Nights, count: int) -> list[int]:
    found = [nights.find(f"{n:07}").record for n in range(1, count + 1)]
    return [record.patron_id for record in found if record]


def rows(nights: Nights, statement: str) -> list[tuple[Any, ...]]:
    with nights.databases.reader.connect() as connection:
        return sorted(map(tuple, connection.exec_driver_sql(statement)))


def signed_in(nights: Nights, students: Sequence[Pupil]) -> list[bool]:
    return [nights.sign_in(p.number, date.fromisoformat(p.born).strftime("%m%d")).authenticated for p in students]


def waiting(nights: Nights) -> Job:
    return replace(nights.job(Path("nowhere")), file=None)


def test_a_held_night_of_new_ids_goes_through_after_a_rekey(nights: Nights) -> None:
    """Patrons, library numbers and PINs are those of before; the held run can be approved and changes nobody."""
    nights.night(pupils(40))
    ids, cards = patron_ids(nights, 40), rows(nights, "SELECT patron_id, library_number, pin_digest FROM patrons")
    held = nights.night(renewed(pupils(40)))
    assert held.outcome is Outcome.HELD and Finding.COLLISIONS in {reason.finding for reason in held.reasons}
    run_id, found = rekey.rekey(holds.of_district(waiting(nights)), "the district moved to another system")
    assert found.counts == {
        **{"matched": 40, "confirmed": 40, "contradicting": 0, "freed": 0, "new": 40, "missing": 40}
    }
    report = holds.approve(waiting(nights), held.run_id or 0, "the same students")
    assert (report.outcome, report.facts["counts"]["unchanged"]) == (Outcome.SAME_STUDENTS, 40)
    assert patron_ids(nights, 40) == ids
    assert rows(nights, "SELECT patron_id, library_number, pin_digest FROM patrons") == cards
    assert all(signed_in(nights, pupils(40)))
    with nights.databases.reader.connect() as connection:
        run, entry = runs.get(connection, run_id), [*audit.entries(connection, 2)][1]
        change = runs.last_change(connection, ids[0])
    assert run and (run.outcome, run.report["action"]) == (Outcome.EDITED, "rekey")
    assert (entry.action, entry.reason) == (Action.REKEY, "the district moved to another system")
    assert entry.after == '{"patrons":40}'
    assert change and change[1].before["source_id"] == "s-0000001" and change[1].after["source_id"] == "guid-0000001-0"


def test_the_next_night_is_clear_after_a_rekey(nights: Nights) -> None:
    """Without an approval too, and a student who is new in the same file gets a card."""
    nights.night(pupils(40))
    students = [*renewed(pupils(40)), *pupils(1, first=70)]
    do(nights, students)
    report = nights.night(students)
    assert (report.outcome, report.facts["counts"]["create"]) == (Outcome.APPLIED, 1)
    assert (report.facts["exclusions"], report.reasons) == ({}, ())


def test_a_preview_writes_nothing(nights: Nights) -> None:
    """And says what a rekey does then."""
    nights.night(pupils(20))
    before, file = nights.everything(), nights.roster(renewed(pupils(20)))
    told = rekey.preview(nights.job(file))
    assert nights.everything() == before
    assert rekey.rekey(nights.job(file), "a test")[1] == told


def test_a_test_card_is_in_no_roster_and_not_missing(nights: Nights) -> None:
    """A person made it: no source id of a roster is ever its."""
    nights.night(pupils(20))
    grant = Grant(nights.districts["demo"], nights.now.date() + timedelta(days=3), "a test")
    add_test_card(nights.databases, auditor(nights.job(nights.folder)), grant, None, "")
    assert do(nights, renewed(pupils(20))).counts["missing"] == 20


def test_two_people_with_one_number_are_left_alone(nights: Nights) -> None:
    """Name and birth date say that it is another child: nobody gets the other's card, and the person is told whose."""
    nights.night(pupils(20))
    other, born = pupils(20)[4].moved(given="Other", source_id="x-5"), pupils(20)[5].moved(born="2016-01-02")
    found = do(nights, [*renewed(pupils(4)), other, born.moved(source_id="x-6"), *renewed(pupils(14, first=7))])
    assert [known.library_number for known in found.contradicting] == ["290000005", "290000006"]
    assert rows(nights, "SELECT source_id FROM patrons WHERE student_number IN ('0000005', '0000006')") == [
        ("s-0000005",),
        ("s-0000006",),
    ]


def test_ids_that_go_round_are_told_apart_by_name_and_birth_date(nights: Nights) -> None:
    """Everybody has the id of the next one: nobody is anybody else afterwards."""
    nights.night(pupils(20))
    ids = patron_ids(nights, 20)
    turned = [p.moved(source_id=f"s-{(n + 1) % 20 + 1:07}") for n, p in enumerate(pupils(20))]
    assert do(nights, turned).counts["matched"] == 20
    report = nights.night(turned)
    assert (report.outcome, report.facts["exclusions"], patron_ids(nights, 20)) == (Outcome.SAME_STUDENTS, {}, ids)
    assert all(signed_in(nights, turned))


def test_numbers_that_were_swapped_are_no_new_ids(nights: Nights) -> None:
    """Two students with each other's student number keep their ids: that is a renumbering, for the night."""
    nights.night(pupils(20))
    one, two = pupils(2)
    with pytest.raises(OperatorError, match="nobody is in this file under another source id"):
        do(nights, [one.moved(number=two.number), two.moved(number=one.number), *pupils(18, first=3)])


def test_an_id_of_one_who_is_gone_passes_to_another(nights: Nights) -> None:
    """Who had it keeps card and patron id, is missing from then on, and the student who has it now stays the same."""
    nights.night(pupils(20))
    ids = patron_ids(nights, 20)
    students = [pupils(2)[1].moved(source_id="s-0000001"), *pupils(18, first=3)]
    assert do(nights, students).counts == {
        **{"matched": 1, "confirmed": 1, "contradicting": 0, "freed": 1, "new": 0, "missing": 1}
    }
    report = nights.night(students)
    assert (report.facts["exclusions"], report.facts["counts"]["absent"]) == ({}, 1)
    assert patron_ids(nights, 20) == ids
    assert nights.find("1").standing is Standing.ABSENT


def test_one_who_left_returns_under_a_new_id(nights: Nights) -> None:
    """Recognised by number, name and birth date; the same patron then."""
    nights.night(pupils(20))
    (record,) = [nights.find("20").record]
    nights.night([*pupils(19), pupils(1, first=20)[0].moved(status="tobedeleted")])
    back = [*pupils(19), *renewed(pupils(1, first=20))]
    assert do(nights, back).counts["matched"] == 1
    assert nights.night(back).facts["counts"]["return"] == 1
    again = nights.find("20").record
    assert again and record and again.patron_id == record.patron_id


def test_another_districts_file_is_refused(nights: Nights) -> None:
    """Its students have the same numbers and other names; nothing is changed."""
    nights.night(pupils(20))
    before = nights.everything()
    theirs = [p.moved(source_id=f"t-{n}", given=f"T{n}", family=f"F{n}") for n, p in enumerate(pupils(20))]
    with pytest.raises(OperatorError, match="nobody is in this file"):
        do(nights, theirs)
    with pytest.raises(OperatorError, match=r"2 match .* and 18 contradict: this looks like another district's"):
        do(nights, [*renewed(pupils(2)), *theirs[2:]])
    assert nights.everything() == before


def test_numbers_alone_must_match_for_half(nights: Nights) -> None:
    """Without names and birth dates a few equal numbers are chance."""
    fields = ["source_id", "student_number", "school", "grade"]
    nights.configure(agreement={"fields": fields}, rules={"pin": {"rule": "last", "digits": 4}})
    nights.districts["demo"] = nights.districts["demo"].model_copy(update={"examples": ()})
    nights.night(pupils(20))
    with pytest.raises(OperatorError, match=r"of 20 missing patrons 9 match .* and 0 contradict"):
        do(nights, [*renewed(pupils(9)), *pupils(11, first=500)])
    assert do(nights, renewed(pupils(20))).counts["matched"] == 20


def test_a_rekey_goes_back_and_forth(nights: Nights) -> None:
    """The ids are those of before, the night that was good is good again, and the way back has one too."""
    good = nights.roster(pupils(20))
    nights.again(good)
    before = {name: kept for name, kept in nights.everything().items() if name in {"seen", "identifiers"}}
    run_id, _ = rekey.rekey(nights.job(nights.roster(renewed(pupils(20)))), "a test")
    told = rekey.preview_back(waiting(nights), run_id)
    back = rekey.back(waiting(nights), run_id, "the wrong file")
    assert (len(told.moves), back.left_alone) == (20, ())
    assert {name: nights.everything()[name] for name in before} == before
    with pytest.raises(OperatorError, match=f"already undone by run {back.run_id}"):
        rekey.back(waiting(nights), run_id, "twice")
    rekey.back(waiting(nights), back.run_id, "it was right")
    assert nights.night(renewed(pupils(20))).outcome is Outcome.SAME_STUDENTS
    rekey.back(waiting(nights), run_id, "it was not")
    assert nights.again(good).facts["counts"]["unchanged"] == 20


def test_the_way_back_leaves_alone_whose_id_is_anothers_by_now(nights: Nights) -> None:
    """Listed, and nobody gets an id that somebody has."""
    nights.night(pupils(20))
    students = [*renewed(pupils(19)), *pupils(1, first=20)]
    run_id, _ = rekey.rekey(nights.job(nights.roster(students)), "a test")
    nights.night([*students, Pupil("s-0000003", "0000333", given="New", family="Child", born="2016-02-03")])
    back = rekey.back(waiting(nights), run_id, "a test")
    assert (len(back.moves), back.left_alone) == (18, (patron_ids(nights, 3)[2],))


def test_an_old_rekey_has_no_way_back(nights: Nights) -> None:
    """What it changed was forgotten."""
    nights.night(pupils(20))
    run_id, _ = rekey.rekey(nights.job(nights.roster(renewed(pupils(20)))), "a test")
    nights.now += timedelta(days=100)
    nights.night(renewed(pupils(20)))
    with pytest.raises(OperatorError, match="too old"):
        rekey.back(waiting(nights), run_id, "too late")


def test_undo_of_an_older_night_leaves_rekeyed_patrons_alone(nights: Nights) -> None:
    """What is newer stays."""
    nights.night(pupils(20))
    moved = nights.night([p.moved(school="102") for p in pupils(5)] + pupils(15, first=6))
    do(nights, renewed(pupils(20)))
    assert len(nights.undo(moved.run_id).facts["left_alone"]) == 5


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.permutations([*range(1, 9), *range(21, 25)]), gone=st.sets(st.integers(1, 8), max_size=3))
def test_after_any_new_ids_everybody_is_who_they_were(nights: Nights, ids: list[int], gone: set[int]) -> None:
    """Whatever ids a system gives, its own old ones too, night after night: the same patrons, the same PINs."""
    if not nights.count:
        nights.night(pupils(8))
    students = [p.moved(source_id=f"s-{ids[n]:07}") for n, p in enumerate(pupils(8)) if n + 1 not in gone]
    stored = dict(rows(nights, "SELECT student_number, source_id FROM patrons"))
    if any(stored[pupil.number] != pupil.source_id for pupil in students):
        do(nights, students)
    report = nights.night(students)
    assert (report.facts.get("exclusions", {}), report.reasons, patron_ids(nights, 8)) == ({}, (), [*range(1, 9)])
    for n in range(1, 9):
        answer = nights.sign_in(f"{n:07}", f"{n % 12 + 1:02}{n % 28 + 1:02}")
        assert answer.pin is PinResult.OK and (n in gone or answer.authenticated)


# -- ids that are given to others ----------------------------------------------------------------------------------


def other_child(number: str = "0000001") -> Pupil:
    return Pupil("s-0000001", number, given="New", family="Child", born="2016-02-03")


def test_an_id_that_another_child_has_makes_a_new_patron(nights: Nights) -> None:
    """When a person confirms it: another card, PIN and patron id; the child who had it is missing, and keeps all."""
    nights.night(pupils(20))
    old = nights.find("1").record
    students = [other_child("0000444"), *pupils(19, first=2)]
    file = nights.roster(students)
    report = nights.again(file)
    assert old and report.facts["excluded_from"] == {f"id_recycled: patron {old.patron_id} had the id": 1}
    run_id = rekey.recycle(waiting(nights), [old.patron_id], "the district says so")
    report = nights.again(file)
    assert (report.facts["counts"]["create"], report.facts["counts"]["absent"]) == (1, 1)
    new, still = nights.find("444").record, nights.find("1").record
    assert new and still and new.patron_id != still.patron_id == old.patron_id
    assert (new.patron.source_id, new.patron.library_number) == ("s-0000001", "290000444")
    assert nights.sign_in("444", "0203").authenticated and nights.sign_in("1", "0202").authenticated
    back = rekey.back(waiting(nights), run_id, "it was the same child")
    assert back.left_alone == (old.patron_id,)


def test_a_number_that_another_child_has_makes_no_card(nights: Nights) -> None:
    """A library number is one child's for ever: the row waits until the district gives another number."""
    nights.night(pupils(20))
    old = nights.find("1").record
    students = [other_child(), *pupils(19, first=2)]
    nights.night(students)
    assert old
    rekey.recycle(waiting(nights), [old.patron_id], "the district says so")
    assert nights.night(students).facts["exclusions"] == {"number_collision": 1}
    kept = nights.find("1").record
    assert kept and kept.patron_id == old.patron_id and not nights.sign_in("1", "0203").authenticated
    assert nights.night([other_child("0000445"), *students[1:]]).facts["counts"]["create"] == 1


def test_a_recycle_goes_back(nights: Nights) -> None:
    """It was the same child after all: the next night has the patron as before."""
    nights.night(pupils(20))
    old = nights.find("1").record
    assert old
    nights.night([other_child("0000444"), *pupils(19, first=2)])
    run_id = rekey.recycle(waiting(nights), [old.patron_id], "the district says so")
    rekey.back(waiting(nights), run_id, "it erred")
    assert nights.night(pupils(20)).facts["counts"]["unchanged"] == 20


def test_only_ids_that_the_roster_gives_to_others_are_taken_back(nights: Nights) -> None:
    """A mistyped patron id takes nobody's."""
    nights.night(pupils(20))
    with pytest.raises(OperatorError, match="patron 7: the last roster of demo gives nobody else this patron's id"):
        rekey.recycle(waiting(nights), [7], "a typing error")


# -- the commands --------------------------------------------------------------------------------------------------


def test_a_person_rekeys_from_the_held_file_and_back(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """Preview, rekey, approve; and undo finds its way with any of them."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    place.sync("run", "demo", "--file", package(place.folder / "good.zip", pupils(40)))
    new = package(place.folder / "new.zip", renewed(pupils(40)))
    assert "no file of demo is held" in place.sync("rekey", "demo", "--reason", "x").refused()
    held = place.sync("run", "demo", "--file", new, "--json")
    assert held.code == 2
    told = place.sync("rekey", "demo", "--preview")
    assert "demo: would give 40 patrons new source ids, 40 of them confirmed" in told.out
    assert place.sync("rekey", "demo").code == 1
    done = place.sync("rekey", "demo", "--reason", "new SIS", "--json").json
    assert (done["counts"]["matched"], done["contradicting"], done["preview"]) == (40, [], False)
    back = place.sync("undo", str(done["run"]), "--json").json
    assert (back["counts"], back["undoes"]) == ({"put_back": 40, "left_alone": 0}, done["run"])
    assert "40 patrons have the source ids" in place.sync("undo", str(back["run"])).out
    approved = place.sync("approve", str(held.json["run"]), "--reason", "the same students", "--json").json
    assert (approved["outcome"], approved["counts"]["unchanged"]) == ("same_students", 40)
    assert "number_collision" not in place.day("explain", "7").out
    assert place.sync("recycle", "demo", "3", "--reason", "x").refused().startswith("patron 3: ")


def test_ten_thousand_ids_are_new_in_seconds(nights: Nights) -> None:
    """A whole district at once, in one transaction."""
    nights.configure(limits={"creates_count": 20_000})
    nights.night(pupils(10_000))
    file = nights.job(nights.roster(renewed(pupils(10_000))))
    began = perf_counter()
    assert rekey.rekey(file, "a test")[1].counts["confirmed"] == 10_000
    assert perf_counter() - began < 30
