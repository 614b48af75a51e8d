"""A student moves: from school to school, from number to number, and from district to district."""

from dataclasses import replace
from pathlib import Path

import pytest

from access_service.audit import Action
from access_service.domain.access import PinResult, Standing
from access_service.domain.client import Client, DialectName, Release
from access_service.protocols.patronapi import codec as patronapi
from access_service.protocols.rest import codec as rest
from access_service.settings import District, load
from access_service.storage import audit, links
from access_service.storage.engine import Databases
from access_service.storage.links import Pair
from access_service.storage.runs import Outcome
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

# The state's id stands in a column that the packages have anyway.
MOVED = Pupil("e-1", "0000900", "201", "03", extra={"sms": "st 0001"})
BEFORE = Pupil("s-1", "0000001", extra={"sms": "ST-0001"})


def district(code: str, prefix: str) -> District:
    """One like the demo district, whose agreement has the state id."""
    demo = load(Path("config")).districts["demo"]
    fields = frozenset({*demo.agreement.fields, "state_id"})
    return demo.model_copy(
        update={
            "district": demo.district.model_copy(update={"code": code}),
            "agreement": demo.agreement.model_copy(update={"fields": fields}),
            "feed": demo.feed.model_copy(update={"columns": {"state_id": "sms"}}),
            "rules": replace(demo.rules, library_number=f"{prefix}{{student_number}}"),
            "examples": demo.examples if prefix == "29" else (),
        }
    )


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, {"demo": district("demo", "29"), "east": district("east", "39")})


@pytest.fixture
def moved(nights: Nights) -> Nights:
    """A student of both districts: missing here, new there."""
    nights.night([BEFORE, *pupils(20, first=2)])
    nights.night(pupils(20, first=30), "east")
    nights.night(pupils(20, first=2))
    nights.night([MOVED, *pupils(20, first=30)], "east")
    return nights


def proposed(nights: Nights) -> list[Pair]:
    with nights.databases.reader.connect() as connection:
        return links.proposed(connection)


def decide(nights: Nights, pair: Pair, *, confirmed: bool = True) -> None:
    with nights.databases.writer.begin() as connection:
        links.decide(connection, links.Link(*pair, confirmed, "a test", nights.now, "a test"))


def ids(nights: Nights) -> Pair:
    one, two = nights.find("290000001").record, nights.find("390000900").record
    assert one and two
    return Pair(one.patron_id, two.patron_id)


# -- between schools, and numbers ------------------------------------------------------------------------------------


def test_a_transfer_between_schools_is_a_change_of_one_patron(nights: Nights) -> None:
    """Same patron, number and PIN, at another branch."""
    nights.night(pupils(20))
    before = nights.find("5").record
    report = nights.night([p.moved(school="102") if p.number == "0000005" else p for p in pupils(20)])
    after = nights.find("5").record
    assert (report.outcome, report.facts["counts"]["update"]) == (Outcome.APPLIED, 1)
    assert before and after and before.patron_id == after.patron_id
    assert (before.patron.branch, after.patron.branch) == ("MAPLE", "RIVER")
    assert nights.sign_in("5", "0606").authenticated


def test_a_school_that_gives_its_students_to_another_loses_none(nights: Nights) -> None:
    """Who has moved is no removal, of the district or of the school: the guard lets half a school go."""
    nights.configure(limits={"removals_percent": 0, "removals_count": 0})
    nights.configure(limits={"group": {"removals_percent": 0, "removals_count": 0, "updates_count": 20}})
    nights.night(pupils(40))
    report = nights.night([p.moved(school="102") if int(p.number) <= 20 else p for p in pupils(40)])
    assert (report.outcome, report.reasons) == (Outcome.APPLIED, ())


def test_a_former_number_finds_the_student_until_another_has_it(nights: Nights) -> None:
    """The library number stays, so vendors know the account; a new owner of the student number comes first."""
    nights.night(pupils(20))
    nights.night([p.moved(number="0000500") if p.number == "0000005" else p for p in pupils(20)])
    new, old = nights.find("500").record, nights.find("5").record
    assert new and old and new.patron_id == old.patron_id and new.patron.library_number == "290000005"
    students = [p.moved(number="0000500") if p.number == "0000005" else p for p in pupils(20)]
    report = nights.night([*students, Pupil("s-x", "0000005", given="New", family="Child", born="2016-02-03")])
    assert report.facts["exclusions"] == {"number_collision": 1}
    owner = nights.find("500").record
    assert owner and owner.patron_id == new.patron_id
    raw = nights.districts["demo"]
    rules = replace(raw.rules, library_number="28{student_number}")
    nights.districts["demo"] = raw.model_copy(update={"rules": rules, "examples": ()})
    nights.accept_rules()
    nights.night([*students, Pupil("s-x", "0000005", given="New", family="Child", born="2016-02-03")])
    child = nights.find("5").record
    assert child and child.patron_id != new.patron_id and child.patron.library_number == "280000005"


def test_everything_waits_where_creates_and_removals_are_too_many(nights: Nights) -> None:
    """Only removals alone wait alone."""
    nights.configure(limits={"creates_percent": 0, "creates_count": 5, "removals_percent": 0, "removals_count": 5})
    nights.night(pupils(40))
    before = nights.everything()
    report = nights.night(pupils(40, first=15))
    assert report.outcome is Outcome.HELD and nights.everything() == before
    assert {reason.finding.value for reason in report.reasons} >= {"creates", "removals"}


# -- between districts -----------------------------------------------------------------------------------------------


def test_a_shared_state_id_proposes_and_a_person_decides(moved: Nights) -> None:
    """However it is spelled; until then they are two."""
    pair = ids(moved)
    assert proposed(moved) == [pair]
    record = moved.find("390000900").record
    assert record and record.told_id == pair.younger
    decide(moved, pair, confirmed=False)
    assert proposed(moved) == [] and ids(moved) == pair


def test_the_state_id_is_nowhere(moved: Nights) -> None:
    """Only its mark."""
    kept = repr(moved.everything()) + "".join(
        path.read_bytes().decode("latin-1") for path in moved.folder.glob("access.db*")
    )
    assert "ST-0001" not in kept and "st 0001" not in kept and "ST0001" not in kept


def test_all_numbers_of_a_linked_student_find_the_card_that_counts(moved: Nights) -> None:
    """The district where they are now, its PIN, and the elder's patron id, which vendors know."""
    pair = ids(moved)
    decide(moved, pair)
    assert proposed(moved) == []
    for number in ("290000001", "390000900", "0000900"):
        answer = moved.sign_in(number, "0412")
        assert answer.record and answer.authenticated
        assert (answer.record.patron_id, answer.record.told_id) == (pair.younger, pair.elder)
        assert rest.verdict(answer, moved.client())["patron"]["patron_id"] == pair.elder  # type: ignore[index]
        assert f"RECORD #[p81]={pair.elder}" in patronapi.dump(answer, moved.client().releases)
        assert answer.record.patron.library_number == "390000900"


def test_a_link_counts_failures_once(moved: Nights) -> None:
    """A wrong PIN is a wrong PIN of the one card, by whichever number."""
    decide(moved, ids(moved))
    for number, wrong in zip(["290000001", "390000900"] * 3, range(1111, 1117), strict=True):
        last = moved.sign_in(number, str(wrong))
    assert last.pin is PinResult.LOCKED


def test_who_goes_back_is_found_where_they_are(moved: Nights) -> None:
    """A return switches the card that counts without anybody\'s doing."""
    pair = ids(moved)
    decide(moved, pair)
    moved.night([BEFORE, *pupils(20, first=2)])
    moved.night(pupils(20, first=30), "east")
    record = moved.find("390000900").record
    assert record and (record.patron_id, record.told_id) == (pair.elder, pair.elder)


def test_a_client_is_told_of_the_districts_it_serves(moved: Nights) -> None:
    """One that serves only the former district learns nothing of the other."""
    pair = ids(moved)
    decide(moved, pair)
    only = Client("old", frozenset(DialectName), frozenset({"demo"}), (), frozenset(Release))
    answer = moved.directory().find("290000001", only)
    assert answer.record and (answer.record.patron_id, answer.standing) == (pair.elder, Standing.ABSENT)
    assert moved.directory().find("390000900", only).standing is Standing.UNKNOWN


def test_the_same_number_in_both_districts_is_one_persons(nights: Nights) -> None:
    """Ambiguous for two people, and not for one."""
    nights.night([BEFORE, *pupils(20, first=2)])
    nights.night(pupils(20, first=30), "east")
    nights.night(pupils(20, first=2))
    nights.night([MOVED.moved(number="0000001"), *pupils(20, first=30)], "east")
    assert nights.find("1").standing is Standing.AMBIGUOUS
    (pair,) = proposed(nights)
    decide(nights, pair)
    assert nights.find("1").standing is Standing.ACTIVE


def test_a_third_district_keeps_the_eldest_id(moved: Nights) -> None:
    """And taking one link back leaves the other."""
    first = ids(moved)
    decide(moved, first)
    moved.districts["west"] = district("west", "49")
    moved.night([MOVED.moved(source_id="w-1", number="0000700"), *pupils(20, first=60)], "west")
    moved.night(pupils(20, first=30), "east")
    third = moved.find("490000700").record
    assert third
    pair = Pair(first.younger, third.patron_id)
    assert pair in proposed(moved)
    decide(moved, pair)
    record = moved.find("290000001").record
    assert record and (record.patron_id, record.told_id) == (third.patron_id, first.elder)
    with moved.databases.writer.begin() as connection:
        assert links.forget(connection, first)
    record = moved.find("390000900").record
    assert record and (record.patron_id, record.told_id) == (third.patron_id, first.younger)
    assert moved.find("290000001").record == moved.find("1").record


def test_twins_and_namesakes_are_not_proposed(nights: Nights) -> None:
    """Same name and birth date without the state id say nothing."""
    nights.night([Pupil("s-1", "0000001"), *pupils(20, first=2)])
    nights.night(pupils(20, first=30), "east")
    nights.night(pupils(20, first=2))
    nights.night([Pupil("e-1", "0000900"), *pupils(20, first=30)], "east")
    assert proposed(nights) == []


def test_one_who_left_long_ago_is_proposed_too(nights: Nights) -> None:
    """By the change with which they left."""
    nights.night([BEFORE, *pupils(20, first=2)])
    nights.night(pupils(20, first=30), "east")
    nights.night([BEFORE.moved(status="tobedeleted"), *pupils(20, first=2)])
    nights.night([MOVED, *pupils(20, first=30)], "east")
    assert proposed(nights) == [ids(nights)]


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    return Place.on_sqlite(tmp_path, commands, empty)


def test_a_person_links_and_takes_it_back(place: Place) -> None:
    """List, confirm, undo, reject, by the command; each is on record."""
    with place.nights() as nights:
        nights.districts |= {"demo": district("demo", "29"), "east": district("east", "39")}
        nights.night([BEFORE, *pupils(20, first=2)])
        nights.night(pupils(20, first=30), "east")
        nights.night(pupils(20, first=2))
        nights.night([MOVED, *pupils(20, first=30)], "east")
        found = ids(nights)
        pair = f"{found.elder}-{found.younger}"
        assert (
            f"{pair}  proposed  demo 290000001 (absent)  and  east 390000900 (present)" in place.day("link", "list").out
        )
        assert place.day("link", "confirm", pair).code == 1
        assert "one person" in place.day("link", "confirm", pair, "--reason", "came with the parents").out
        assert place.day("link", "list", "--json").json == {"links": [{"pair": pair, "state": "confirmed"}]}
        assert "is not proposed" in place.day("link", "confirm", pair, "--reason", "again").refused()
        record = nights.find("290000001").record
        assert record and record.patron_id == found.younger
        assert place.day("link", "undo", pair, "--reason", "it erred").code == 0
        assert ids(nights) == found
        assert place.day("link", "reject", pair, "--reason", "two people").code == 0
        assert place.day("link", "list", "--json").json == {"links": [{"pair": pair, "state": "rejected"}]}
        assert "nothing was decided" in place.day("link", "undo", "1-2", "--reason", "x").refused()
        with nights.databases.reader.connect() as connection:
            actions = [entry.action for entry in audit.entries(connection, 3)]
        assert actions == [Action.LINK_REJECT, Action.LINK_UNDO, Action.LINK_CONFIRM]
