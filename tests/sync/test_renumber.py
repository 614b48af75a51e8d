"""Other library numbers for a district's patrons, once the template is another, and the way back."""

import csv
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.audit import Action
from access_service.domain.access import Standing
from access_service.errors import ConfigError, OperatorError
from access_service.exceptions import Grant, add_test_card
from access_service.settings import District, load
from access_service.storage import audit, ils_cards, runs
from access_service.storage.engine import Databases
from access_service.storage.ils_cards import CardRow, LastRead
from access_service.storage.runs import Outcome
from sync import renumber
from sync.order import Job, auditor
from sync.renumber import Clash, Renumbering
from tests.commands import Commands
from tests.place import Place
from tests.sync.ils.test_load import ils as csv_ils
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def templated(nights: Nights, template: str, code: str = "demo", *, accept: bool = True) -> None:
    """Another template, and examples that say so."""
    raw = nights.districts[code].model_dump()
    raw["rules"] |= {"library_number": template}
    for example in raw["examples"]:
        if example["library_number"]:
            example["library_number"] = template.replace("{student_number}", "0012345")
    nights.districts[code] = District.model_validate(raw)
    if accept:
        nights.accept_rules(code)


def waiting(nights: Nights, code: str = "demo") -> Job:
    return nights.job(None, code)


def do(nights: Nights) -> Renumbering:
    return renumber.renumber(waiting(nights), "a test")[1]


def numbers(nights: Nights) -> dict[str, str]:
    """Library numbers by student number."""
    with nights.databases.reader.connect() as connection:
        rows = connection.exec_driver_sql("SELECT student_number, library_number FROM patrons").fetchall()
    return {row[0]: row[1] for row in rows}


def test_everybody_gets_the_number_of_the_new_template_and_is_found_by_both(nights: Nights) -> None:
    """Who is here, absent, graduated or gone: patron and PIN are those of before, and it is on record."""
    nights.night(pupils(40))
    nights.night([*pupils(38), pupils(1, first=39)[0].moved(status="tobedeleted")])
    before = {n: nights.find(f"29{n:07}").record for n in range(1, 41)}
    templated(nights, "8{student_number}")
    run_id, found = renumber.renumber(waiting(nights), "eight digits on new cards")
    assert found.counts == {"renumbered": 40, "same": 0, "left_alone": 0, "passed_on": 0, "clashing": 0}
    assert numbers(nights) == {f"{n:07}": f"8{n:07}" for n in range(1, 41)}
    for n, record in before.items():
        for number in (f"29{n:07}", f"8{n:07}", f"{n}"):
            now = nights.find(number).record
            assert now and record and now.patron_id == record.patron_id
    assert nights.find("290000039").standing is Standing.LEFT
    assert nights.sign_in("290000001", "0201").pin == nights.sign_in("80000001", "0201").pin
    with nights.databases.reader.connect() as connection:
        run, *_, entry = runs.get(connection, run_id), *audit.entries(connection)
        change = runs.last_change(connection, 1)
    assert run and (run.outcome, run.report["action"]) == (Outcome.EDITED, "renumber")
    assert (entry.action, entry.reason, entry.after) == (
        Action.RENUMBER,
        "eight digits on new cards",
        '{"patrons":40}',
    )
    assert change and (change[1].before, change[1].after) == (
        {"library_number": "290000001"},
        {"library_number": "80000001"},
    )


def test_a_night_after_it_leaves_the_numbers_alone(nights: Nights) -> None:
    """Newcomers and those who return have numbers of the same template."""
    nights.night(pupils(30))
    nights.night([*pupils(29), pupils(1, first=30)[0].moved(status="tobedeleted")])
    templated(nights, "8{student_number}")
    do(nights)
    report = nights.night(pupils(31))
    assert (report.outcome, report.facts["counts"]["create"], report.facts["counts"]["return"]) == (
        Outcome.APPLIED,
        1,
        1,
    )
    assert numbers(nights) == {f"{n:07}": f"8{n:07}" for n in range(1, 32)}


def test_a_night_does_not_renumber_by_itself(nights: Nights) -> None:
    """Between the new template and the renumbering newcomers have the new number and others the old one."""
    nights.night(pupils(30))
    templated(nights, "8{student_number}")
    nights.night(pupils(31))
    assert {number[0] for number in numbers(nights).values()} == {"2", "8"}
    assert do(nights).counts["same"] == 1
    assert {number[0] for number in numbers(nights).values()} == {"8"}


def test_rules_that_nobody_accepted_renumber_nobody(nights: Nights) -> None:
    """They can be looked at; a night is held by them."""
    nights.night(pupils(20))
    with pytest.raises(OperatorError, match="everybody has the number"):
        do(nights)
    templated(nights, "8{student_number}", accept=False)
    assert nights.night(pupils(20)).outcome is Outcome.HELD
    before = nights.everything()
    assert not renumber.preview(waiting(nights)).accepted
    with pytest.raises(OperatorError, match="roster-sync rules accept demo"):
        do(nights)
    assert nights.everything() == before
    nights.accept_rules()
    assert len(do(nights).moves) == 20


def test_it_can_be_undone_and_that_too(nights: Nights) -> None:
    """Both numbers go on finding their patron, whichever is on the card."""
    nights.night(pupils(20))
    before = numbers(nights)
    templated(nights, "8{student_number}")
    run_id, _ = renumber.renumber(waiting(nights), "a test")
    after, identifiers = numbers(nights), nights.everything()["identifiers"]
    found = renumber.preview_back(waiting(nights), run_id)
    back = renumber.back(waiting(nights), run_id, "no")
    assert back.moves == found.moves and not back.left_alone
    assert numbers(nights) == before
    assert nights.find("80000003").record == nights.find("290000003").record != None  # noqa: E711
    with pytest.raises(OperatorError, match="already undone"):
        renumber.back(waiting(nights), run_id, "no")
    again = renumber.back(waiting(nights), back.run_id, "yes")
    assert numbers(nights) == after and nights.everything()["identifiers"] == identifiers
    renumber.back(waiting(nights), again.run_id, "no")
    assert numbers(nights) == before


def test_a_night_before_it_can_be_undone(nights: Nights) -> None:
    """What the night did is taken back, and the numbers stay; whom it made leaves with the new one."""
    one, *others = pupils(20)
    nights.night([one, *others])
    report = nights.night([one.moved(given="Zoë", number="0000050"), *others, *pupils(1, first=60)])
    templated(nights, "8{student_number}")
    do(nights)
    undone = nights.undo(report.run_id).facts
    assert (undone["counts"]["put_back"], undone["counts"]["withdraw"], undone["left_alone"]) == (1, 1, [])
    record = nights.find("80000050").record
    assert record and record.patron.given_name == one.given and record.patron.student_number == one.number
    assert nights.find("80000060").standing is Standing.LEFT
    assert do(nights).counts["renumbered"] == 1


def test_numbers_that_clash_stop_it(nights: Nights) -> None:
    """Each is named with why: too long, another's of the district, another district's."""
    other = replace_code(nights.districts["demo"], "other")
    nights.districts["other"] = other
    templated(nights, "79{student_number}", "other")
    nights.night(pupils(20))
    nights.night([p.moved(source_id=f"o-{n}") for n, p in enumerate(pupils(20))], "other")
    templated(nights, "8{student_number}")
    short = nights.districts["demo"].model_dump()
    short["rules"] |= {"number_max_length": 7}
    short["examples"] = [each for each in short["examples"] if each["excluded"]]
    longer, nights.districts["demo"] = nights.districts["demo"], District.model_validate(short)
    nights.accept_rules()
    before = nights.everything()
    assert {clash for _, clash in renumber.preview(waiting(nights)).clashes} == {Clash.TOO_LONG}
    with pytest.raises(OperatorError, match=r"20 numbers clash, such as 80000001: longer than"):
        do(nights)
    # By now the other district mints otherwise, and its patrons still have what demo's would get.
    templated(nights, "6{student_number}", "other")
    nights.districts["demo"] = longer
    templated(nights, "79{student_number}")
    assert {clash for _, clash in renumber.preview(waiting(nights)).clashes} == {Clash.OTHER_DISTRICT}
    with pytest.raises(OperatorError, match="another district"):
        do(nights)
    assert nights.everything() == before
    templated(nights, "6{student_number}")
    with pytest.raises(ConfigError, match="can make the same number"):
        do(nights)


def test_a_card_of_the_library_is_nobody_elses(nights: Nights) -> None:
    """By the ILS's newest extract; a number that is an account of ours can pass on."""
    nights.night(pupils(20))
    templated(nights, "8{student_number}")
    nights.ils = csv_ils(nights.folder / "ils", extract={"folder": nights.folder, "columns": {"number": "barcode"}})
    with nights.databases.writer.begin() as connection:
        ils_cards.note_read(connection, LastRead("extract", nights.now, nights.now, "0" * 64, 2, 1))
        cards = [CardRow(f"8000000{n}", f"8000000{n}", "", "ADULT", "", None, False, n - 1 or None) for n in (1, 2)]
        ils_cards.replace_cards(connection, [], cards)
    assert [(move.new, clash) for move, clash in renumber.preview(waiting(nights)).clashes] == [
        ("80000001", Clash.OF_THE_ILS)
    ]


def replace_code(district: District, code: str) -> District:
    raw = district.model_dump()
    raw["district"]["code"] = code
    return District.model_validate(raw)


def test_a_number_of_one_who_is_forgotten_stays_theirs(nights: Nights) -> None:
    """It is given to nobody else by a renumbering either."""
    nights.night(pupils(20))
    nights.configure(agreement={"forget_days": 30, "undo_days": 30})
    nights.night([*pupils(18), *(p.moved(status="tobedeleted") for p in pupils(2, first=19))])
    nights.now = nights.now.replace(month=12)
    nights.night(pupils(18))
    templated(nights, "8{student_number}")
    do(nights)
    # Two newcomers are given the numbers of the forgotten: their old template would make those again.
    nights.night([*pupils(18), *(p.moved(source_id=f"n-{p.number}") for p in pupils(2, first=19))])
    templated(nights, "29{student_number}")
    found = renumber.preview(waiting(nights))
    assert [(move.new, clash) for move, clash in found.clashes] == [
        ("290000019", Clash.FORGOTTEN),
        ("290000020", Clash.FORGOTTEN),
    ]


def test_two_who_swapped_their_student_numbers_swap_library_numbers(nights: Nights) -> None:
    """All at once; the current number wins over the former one, and an undo turns it round again."""
    one, two, *others = pupils(20)
    nights.night([one, two, *others])
    nights.night([one.moved(number=two.number), two.moved(number=one.number), *others])
    assert nights.find("290000001").standing is Standing.AMBIGUOUS
    before = numbers(nights)
    run_id, found = renumber.renumber(waiting(nights), "a test")
    assert (len(found.moves), found.counts["same"], found.counts["passed_on"]) == (2, 18, 2)
    assert numbers(nights) == {f"{n:07}": f"29{n:07}" for n in range(1, 21)}
    assert [nights.find(n).record.patron_id for n in ("290000002", "290000001")] == [1, 2]  # type: ignore[union-attr]
    renumber.back(waiting(nights), run_id, "no")
    assert numbers(nights) == before


def test_who_left_gives_way(nights: Nights) -> None:
    """One whose number is another's by now keeps the old one, and stops nobody."""
    *others, last = pupils(30)
    nights.night([*others, last])
    first = nights.night([*others, last, *pupils(1, first=31)])
    nights.undo(first.run_id)
    # Nobody has the badge number of the one withdrawn, so that another student can be given it.
    nights.accept_rules()
    nights.night([*others, last.moved(number="0000031")])
    templated(nights, "8{student_number}")
    found = do(nights)
    assert (len(found.moves), found.left_alone) == (30, 1)
    assert numbers(nights)["0000031"] in ("80000031", "290000031")
    assert nights.find("80000031").standing is Standing.ACTIVE


def test_test_cards_and_full_cards_keep_theirs(nights: Nights) -> None:
    """They are no student's any more, or nobody's."""
    nights.night(pupils(20))
    grant = Grant(nights.districts["demo"], nights.now.date(), "a test")
    add_test_card(nights.databases, auditor(nights.job(nights.folder)), replace(grant), None, "")
    with nights.databases.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE patrons SET presence = 'converted' WHERE student_number = '0000001'")
    templated(nights, "8{student_number}")
    assert len(do(nights).moves) == 19
    assert numbers(nights)["0000001"] == "290000001"


def test_more_than_are_asked_for_at_once(nights: Nights) -> None:
    """All of them, though the database is asked in batches."""
    nights.night(pupils(1200))
    templated(nights, "8{student_number}")
    assert len(do(nights).moves) == 1200
    assert len({number for number in numbers(nights).values() if number.startswith("8")}) == 1200


def test_the_commands(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """Preview, list and undo; the list is for its owner alone and written only with the renumbering."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    with place.nights() as nights:
        nights.night(pupils(20))
    place.edit('"29{student_number}"', '"8{student_number}"')
    place.edit('"290012345"', '"80012345"')
    told = place.sync("renumber", "demo", "--preview")
    assert "would give 20 patrons" in told.out and "290000001 -> 80000001" in told.out
    assert "not accepted yet" in told.out
    to = place.folder / "numbers.csv"
    assert place.sync("renumber", "demo", "--list", to).code == 1
    assert "rules accept demo" in place.sync("renumber", "demo", "--reason", "x", "--list", to).refused()
    assert not to.exists()
    place.sync("rules", "accept", "demo", "--reason", "new cards")
    done = place.sync("renumber", "demo", "--reason", "new cards", "--list", to, "--json").json
    assert (done["counts"]["renumbered"], done["clashes"]) == (20, [])
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    with to.open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert len(listed) == 20 and listed[0] == {"former_number": "290000001", "library_number": "80000001"}
    assert "is there already" in place.sync("renumber", "demo", "--preview", "--list", to).refused()
    assert "found by its former: patron 1 of demo" in place.day("explain", "290000001").out
    back = place.sync("undo", str(done["run"]), "--json").json
    assert back["counts"] == {"put_back": 20, "left_alone": 0}
    assert "20 patrons have the library numbers" in place.sync("undo", str(back["run"]), "--preview").out
    printed = place.sync("renumber", "demo", "--preview", "--csv")
    assert printed.out.splitlines()[1] == "290000001,80000001" and "would give" in printed.err


def test_a_list_that_cannot_be_written_renumbers_nobody(nights: Nights) -> None:
    """All of it or nothing."""
    nights.night(pupils(20))
    templated(nights, "8{student_number}")
    before = nights.everything()

    def full(_: Renumbering) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        renumber.renumber(waiting(nights), "a test", full)
    assert nights.everything() == before
