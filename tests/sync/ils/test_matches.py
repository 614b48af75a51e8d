"""Students who had a card before: proposed with evidence, decided by people, remembered, and taken back."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from access_service.domain.access import Standing
from access_service.errors import OperatorError
from access_service.existing_cards import Review
from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage import audit, ils_matches
from access_service.storage.engine import Databases
from access_service.storage.tables import metadata
from sync import ageing, ils
from sync.order import auditor
from tests.commands import Commands
from tests.place import Place
from tests.sync.ils.test_extract import Library
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

CARD, NUMBER = "21999999990001", "290000001"
WHY = "seen at the desk"
STUDENTS = pupils(24)


@pytest.fixture
def library(databases: Databases, tmp_path: Path) -> Library:
    """With a card that the first student had before."""
    library = Library(Nights(databases, tmp_path, dict(load(Path("config")).districts)))
    library.adults.append(own(STUDENTS[0]))
    return library


def own(pupil: Pupil, number: str = CARD, **changes: str) -> dict[str, str]:
    """A card of a student in the ILS."""
    card = {"barcode": number, "first": pupil.given.upper(), "last": pupil.family.upper(), "born": pupil.born}
    return {**card, "type": "CHILD", "home": "MAIN", **changes}


def policy(library: Library, existing: str) -> None:
    library.nights.configure(ils={"existing": existing})


def review(library: Library) -> Review:
    job = library.nights.job(None)
    return Review(library.nights.databases, auditor(job), job.settings, job.district)


def listed(library: Library) -> list[tuple[str, str, str, list[str]]]:
    with library.nights.databases.reader.connect() as connection:
        found = ils_matches.of_district(connection, "demo")
    return [(number, match.number, match.state, ils_matches.codes(match)) for match, number in found]


def states(library: Library) -> list[str]:
    return [state for _, _, state, _ in listed(library)]


def expiry(library: Library, number: str) -> str:
    """The last day of an account in the ILS, once it has loaded; "" where there is none."""
    found = [each for each in library.ils.accounts if each["barcode"] == number]
    return found[0]["expires"] if found else ""


def rows(files: Mapping[str, str]) -> list[dict[str, str]]:
    return [row for text in files.values() for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_an_extract_proposes_and_a_link_finds_the_student_by_both_numbers(library: Library) -> None:
    """The old card is one more number of theirs, on record, until the link is taken back."""
    library.night(STUDENTS)
    assert listed(library) == []
    report = library.night(STUDENTS)
    assert listed(library) == [(NUMBER, CARD, "proposed", ["same_birth_date", "same_name"])]
    assert report.facts["ils_extract"]["extract"]["counts"]["matches_proposed"] == 1
    assert library.nights.find(CARD).standing is Standing.UNKNOWN
    assert review(library).link(NUMBER, CARD, WHY) == NUMBER
    old, new = library.nights.find(CARD), library.nights.find(NUMBER)
    assert old.standing is Standing.ACTIVE and old.record == new.record
    assert library.nights.find("2-1999-99999-0001").record == new.record
    assert library.nights.sign_in(CARD, "0202").authenticated
    library.night(STUDENTS)
    assert states(library) == ["linked"] and library.nights.find(CARD).record
    review(library).undo(NUMBER, CARD, WHY)
    assert states(library) == ["proposed"] and library.nights.find(CARD).standing is Standing.UNKNOWN
    with library.nights.databases.reader.connect() as connection:
        deeds = [(entry.action, entry.subject) for entry in audit.entries(connection)]
    assert [deed for deed in deeds if "match" in deed[0]] == [
        ("match_link", f"patron {new.record.patron_id if new.record else 0}"),
        ("match_undo", f"patron {new.record.patron_id if new.record else 0}"),
    ]


def test_decisions_are_remembered_and_proposals_go_with_their_card(library: Library) -> None:
    """A rejected pair is not proposed again until that is taken back; a card that is gone is proposed no more."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    review(library).reject(NUMBER, CARD, WHY)
    library.night(STUDENTS)
    assert states(library) == ["rejected"]
    with pytest.raises(OperatorError, match="is not proposed for this patron"):
        review(library).reject(NUMBER, CARD, WHY)
    review(library).undo(NUMBER, CARD, WHY)
    assert states(library) == ["proposed"]
    library.adults.pop()
    library.export(13)
    library.night(STUDENTS)
    assert states(library) == []
    with pytest.raises(OperatorError, match="nothing was decided"):
        review(library).undo(NUMBER, CARD, WHY)


def test_with_a_second_card_nothing_waits(library: Library) -> None:
    """The account is made the first night, and a link changes nothing in the ILS."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    review(library).link(NUMBER, CARD, WHY)
    report = library.nights.night(STUDENTS)
    assert not rows(library.load()) and "waiting" not in report.facts["ils_load"]
    assert expiry(library, NUMBER) == "2027-09-15"


def test_attach_ends_the_second_card_with_the_link_and_brings_it_back(library: Library) -> None:
    """It is made at once; a link ends it the day before and tells no more of it; without the link it is good again.
    The old card itself is never touched."""
    policy(library, "attach")
    library.night(STUDENTS)
    library.night(STUDENTS)
    assert expiry(library, NUMBER) == "2027-09-15"
    review(library).link(NUMBER, CARD, WHY)
    linked_on = library.nights.now.date()
    library.nights.night(STUDENTS)
    ended = rows(library.load())
    yesterday = (linked_on - timedelta(days=1)).isoformat()
    assert [(row["barcode"], row["expires"]) for row in ended] == [(NUMBER, yesterday)]
    library.export()
    one, *others = STUDENTS
    library.nights.night([one.moved(given="Another", school="102"), *others])
    assert not rows(library.load())
    told = ils.load(ils.loading_of(library.nights.job(None)), library.nights.folder / "spool", whole=True)
    assert told.counts["update"] == len(STUDENTS)
    of_one = next(row for row in rows(library.load()) if row["barcode"] == NUMBER)
    assert of_one["expires"] == yesterday and not of_one.get("first") and not of_one.get("home")
    library.export()
    review(library).undo(NUMBER, CARD, WHY)
    library.night([one.moved(given="Another", school="102"), *others])
    assert expiry(library, NUMBER) == "2027-09-15" and library.account(NUMBER)["first"] == "Another"
    assert CARD not in {each["barcode"] for each in library.ils.accounts}


def test_review_makes_no_account_before_the_decision(library: Library) -> None:
    """Newcomers wait for an extract, then those with a match for a person: rejected makes the account, linked never."""
    policy(library, "review")
    library.adults.append(own(STUDENTS[1], "21999999990002"))
    report = library.night(STUDENTS)
    assert not library.ils.accounts and report.facts["ils_load"]["waiting"] == len(STUDENTS)
    report = library.night(STUDENTS)
    assert len(library.ils.accounts) == len(STUDENTS) - 2 and report.facts["ils_load"]["waiting"] == 2
    assert library.nights.find(NUMBER).standing is Standing.ACTIVE
    review(library).link(NUMBER, CARD, WHY)
    review(library).reject("290000002", "21999999990002", WHY)
    report = library.night(STUDENTS)
    assert "waiting" not in report.facts["ils_load"]
    assert expiry(library, "290000002") == "2027-09-15" and not expiry(library, NUMBER)
    library.night(STUDENTS)
    assert not expiry(library, NUMBER)
    review(library).undo(NUMBER, CARD, WHY)
    assert library.night(STUDENTS).facts["ils_load"]["waiting"] == 1
    review(library).reject(NUMBER, CARD, WHY)
    library.night(STUDENTS)
    assert expiry(library, NUMBER) == "2027-09-15"


def test_review_lets_nobody_wait_who_has_an_account(library: Library) -> None:
    """A match that is found later holds no changes back, and a link then ends the account."""
    library.night(STUDENTS)
    policy(library, "review")
    one, *others = STUDENTS
    library.night([one.moved(given="Given1 Paul"), *others])
    assert states(library) == ["proposed"] and library.account(NUMBER)["first"] == "Given1 Paul"
    review(library).link(NUMBER, CARD, WHY)
    library.night(STUDENTS)
    assert expiry(library, NUMBER) < library.nights.now.date().isoformat()


def test_our_own_accounts_are_never_proposed(library: Library) -> None:
    """Not with a second number, nor after staff renumbered them, and a linked card is nobody else's."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    assert len(listed(library)) == 1
    review(library).link(NUMBER, CARD, WHY)
    twin = STUDENTS[0].moved(source_id="s-99", number="0000099")
    library.night([*STUDENTS, twin])
    library.night([*STUDENTS, twin])
    assert [(number, state) for number, _, state, _ in listed(library)] == [(NUMBER, "linked")]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("21234567899999", "is no card in the ILS's newest extract"),
        ("290000001", "is an account that we made"),
        ("290000002", "finds patron 2 of demo already"),
        ("0000003", "finds patron 3 of demo already"),
    ],
)
def test_only_a_card_from_before_is_linked(library: Library, card: str, words: str) -> None:
    """Never one of ours, nor a number that is another student's: it would be two people's."""
    library.adults.append({"barcode": "0000003", "type": "CHILD", "home": "MAIN"})
    library.night(STUDENTS)
    library.night(STUDENTS)
    before = library.nights.everything()
    with pytest.raises(OperatorError, match=words):
        review(library).link(NUMBER, card, WHY)
    assert library.nights.everything() == before


def test_a_card_is_linked_with_one_patron_alone_and_needs_no_proposal(library: Library) -> None:
    """Whoever shows it at the desk; taken back, nothing is left of a link that no extract proposed."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    review(library).link("290000005", CARD, WHY)
    assert listed(library) == [("290000005", CARD, "linked", [])]
    for number in (NUMBER, "290000005"):
        with pytest.raises(OperatorError, match="already"):
            review(library).link(number, CARD, WHY)
    review(library).undo("290000005", CARD, WHY)
    assert listed(library) == []


def test_a_linked_card_that_is_another_students_number_too_is_nobodys(library: Library) -> None:
    """Neither yields: two people for one number are ambiguous, and a PIN decides nothing."""
    library.adults.append({"barcode": "0000077", "type": "CHILD", "home": "MAIN"})
    library.night(STUDENTS)
    library.night(STUDENTS)
    review(library).link(NUMBER, "0000077", WHY)
    assert library.nights.find("0000077").standing is Standing.ACTIVE
    library.night([*STUDENTS, pupils(1, first=77)[0]])
    assert library.nights.find("0000077").standing is Standing.AMBIGUOUS
    assert library.nights.find("290000077").standing is Standing.ACTIVE


def test_a_block_of_the_linked_card_is_a_block_of_the_student(library: Library) -> None:
    """From the link on, and until the ILS lifts it or the link is taken back."""
    library.adults[-1]["block"] = "y"
    policy(library, "review")
    library.night(STUDENTS)
    library.night(STUDENTS)
    assert library.nights.find(NUMBER).standing is Standing.ACTIVE
    review(library).link(NUMBER, CARD, WHY)
    assert library.nights.find(NUMBER).standing is Standing.BLOCKED
    library.night(STUDENTS)
    assert library.nights.find(NUMBER).standing is Standing.BLOCKED
    library.adults[-1]["block"] = ""
    library.export(13)
    library.night(STUDENTS)
    assert library.nights.find(NUMBER).standing is Standing.ACTIVE
    library.adults[-1]["block"] = "y"
    library.export(13)
    library.night(STUDENTS)
    review(library).undo(NUMBER, CARD, WHY)
    assert library.nights.find(NUMBER).standing is Standing.ACTIVE


def test_an_undo_of_a_night_leaves_a_linked_student_alone(library: Library) -> None:
    """A person said so since."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    one, *others = STUDENTS
    report = library.night([one.moved(school="102"), *others])
    review(library).link(NUMBER, CARD, WHY)
    undone = library.nights.undo(report.run_id)
    assert undone.facts["counts"]["left_alone"] == 1 and library.nights.find(CARD).record


def test_nothing_is_left_of_a_student_who_opts_out(library: Library) -> None:
    """Neither the link nor what was proposed."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    review(library).link(NUMBER, CARD, WHY)
    nights = library.nights
    Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"]).add(
        [Given(NUMBER, None)], "a form"
    )
    with nights.databases.reader.connect() as connection:
        for table in ("ils_matches", "identifiers"):
            assert CARD not in repr(connection.execute(metadata.tables[table].select()).all())
    assert nights.find(CARD).standing is Standing.UNKNOWN


def test_nothing_is_left_of_a_student_who_is_forgotten(library: Library) -> None:
    """When the agreement is over, nor of what was decided."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    review(library).link(NUMBER, CARD, WHY)
    nights = library.nights
    nights.configure(
        agreement={"ends": nights.now.date(), "wind_down_days": 0, "undo_days": 1, "forget_days": 1}, accept=False
    )
    nights.now += timedelta(days=5)
    ageing.age_alone(nights.job(None))
    with nights.databases.reader.connect() as connection:
        for table in ("ils_matches", "identifiers"):
            assert not connection.execute(metadata.tables[table].select()).all()


def test_no_name_and_no_birth_date_is_stored_or_told(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    """Of those who are not students: in no table, no report and no log."""
    stranger = own(STUDENTS[0], "21999999990009", first="Given1 Xylotomachus", last="Family1", born="1931-08-07")
    library.adults += [stranger, {**stranger, "barcode": "21999999990010", "born": ""}]
    library.night(STUDENTS)
    report = library.night(STUDENTS)
    assert len(listed(library)) == 1
    said = json.dumps(report.as_json(), default=str) + report.as_text() + caplog.text
    with library.nights.databases.reader.connect() as connection:
        said += "".join(repr(connection.execute(table.select()).all()) for table in metadata.sorted_tables)
    assert "21999999990010" in said and "xylotomachus" not in said.lower() and "1931" not in said


def test_a_person_decides_by_command(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """List, link, undo, reject: numbers, codes and reasons, and no name."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    with place.nights() as nights:
        library = Library(nights)
        library.adults.append(own(STUDENTS[0]))
        assert place.sync("matches", "list", "demo").out == "demo: no card of the ILS is near a student\n"
        library.night(STUDENTS)
        library.night(STUDENTS)
        pair, proposed = ("demo", NUMBER, CARD), f"{NUMBER}  {CARD}  proposed  same_birth_date, same_name\n"
        assert place.sync("matches", "list", "demo").out == proposed
        assert "Missing option '--reason'" in place.sync("matches", "link", *pair).refused()
        assert place.sync("matches", "link", *pair, "--reason", WHY).out.startswith(f"{NUMBER}: {CARD} is one more")
        assert "found by its linked card" in place.day("explain", CARD).out
        (match,) = place.sync("matches", "list", "demo", "--json").json["matches"]
        assert (match["state"], match["reason"], match["score"]) == ("linked", WHY, 90)
        assert (
            place.sync("matches", "undo", *pair, "--reason", "it erred").out == f"{NUMBER}: {CARD} is undecided again\n"
        )
        assert place.sync("matches", "reject", *pair, "--reason", "her twin's").code == 0
        assert place.sync("matches", "list", "demo").out.endswith(": her twin's\n")
        assert "is linked" not in place.sync("matches", "link", *pair, "--reason", "hers after all").err
        assert (
            "nobody has this number"
            in place.sync("matches", "link", "demo", "9999999", CARD, "--reason", "x").refused()
        )


def test_the_policies_need_an_extract(tmp_path: Path) -> None:
    """Without it nobody would be proposed, and under review nobody have an account."""
    folder = tmp_path / "config"
    (folder / "districts").mkdir(parents=True)
    (folder / "service.toml").write_text("")
    demo = Path("config/districts/demo.toml").read_text(encoding="utf-8")
    (folder / "districts" / "demo.toml").write_text(f'{demo}\n[ils]\nexisting = "review"\n', encoding="utf-8")
    with pytest.raises(OperatorError, match=r"ils\.existing: needs \[ils\.extract\]"):
        load(folder)
