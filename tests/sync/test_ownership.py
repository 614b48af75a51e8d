"""Who owns a field: roster, library, whoever fills it first, or a person who set it by hand."""

from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from access_service import overrides
from access_service.audit import Auditor
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.explain import Explainer
from access_service.overrides import Setting
from access_service.pin_vault import PinVault
from access_service.provenance import Provenance
from access_service.settings import load
from access_service.storage import overrides as held
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import job
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils
from tests.sync.test_invariants import ROSTER, district, on_sqlite, rows_of, stored

OTHERS = pupils(4, 2)
ADA = Pupil("s-0000001", "0000001", given="Ada", family="Lovelace")


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def auditor(nights: Nights) -> Auditor:
    return Auditor(PinVault.from_environment(), "kim by command", nights.folder / "heads", lambda: nights.now)


def record(nights: Nights, number: str = "1") -> PatronRecord:
    found = nights.find(number).record
    assert found
    return found


def hold(nights: Nights, until: date | None = None, number: str = "1", **values: Any) -> None:
    setting = Setting(values, "asked at the desk", until)
    overrides.hold(
        nights.databases, auditor(nights), nights.districts["demo"], record(nights, number).patron_id, setting
    )


def release(nights: Nights, *fields: str) -> None:
    patron_id = record(nights).patron_id
    overrides.release(nights.databases, auditor(nights), nights.districts["demo"], patron_id, fields, "no more")


def names(nights: Nights) -> tuple[str, str]:
    patron = record(nights).patron
    return patron.given_name, patron.family_name


def provenance(nights: Nights) -> dict[str, Provenance]:
    with nights.databases.reader.connect() as connection:
        found = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now).explain("1")
    return dict(found.fields)


def test_a_blank_keeps_a_name_unless_it_is_clearable(nights: Nights) -> None:
    """A column that comes out empty takes nobody's name; where the two sides agreed so, it does."""
    nights.night([ADA, *OTHERS])
    nights.night([ADA.moved(given="", family=""), *OTHERS])
    assert names(nights) == ("Ada", "Lovelace")
    nights.configure(rules=nights.districts["demo"].model_dump()["rules"] | {"owners": {"clearable": ["given_name"]}})
    nights.night([ADA.moved(given="", family=""), *OTHERS])
    assert names(nights) == ("", "Lovelace")


def test_a_name_that_may_no_longer_be_shared_is_cleared(nights: Nights) -> None:
    """Whoever owns it: the agreement is above the rules."""
    rules = nights.districts["demo"].model_dump()["rules"]
    nights.configure(rules=rules | {"owners": {"given_name": "library", "family_name": "fill"}})
    nights.night([ADA, *OTHERS])
    agreed = nights.districts["demo"].agreement.fields - {"given_name", "family_name"}
    nights.configure(agreement={"fields": agreed})
    nights.night([ADA, *OTHERS])
    assert names(nights) == ("", "")


def test_the_library_and_whoever_fills_a_field_first_keep_it(nights: Nights) -> None:
    """The card is made of the roster; after that the library's field stays, and the other once there is something."""
    rules = nights.districts["demo"].model_dump()["rules"]
    nights.configure(rules=rules | {"owners": {"branch": "library", "given_name": "fill"}})
    nights.night([ADA.moved(given=""), *OTHERS])
    made = record(nights).patron.branch
    nights.night([ADA.moved(school="102", grade="04"), *OTHERS])
    assert (record(nights).patron.branch, record(nights).patron.school, names(nights)[0]) == (made, "102", "Ada")
    nights.night([ADA.moved(given="Augusta"), *OTHERS])
    assert names(nights)[0] == "Ada"
    nights.configure(rules=rules)
    nights.night([ADA.moved(school="102", grade="04", given="Augusta"), *OTHERS])
    assert (record(nights).patron.branch != made, names(nights)[0]) == (True, "Augusta")


def test_what_is_set_by_hand_stays_until_it_is_released(nights: Nights) -> None:
    """Any other field goes on; after a release the very same file puts the roster's value back."""
    nights.night([ADA, *OTHERS])
    hold(nights, given_name="Countess")
    file = nights.roster([ADA.moved(given="Augusta", family="King", school="102", grade="04"), *OTHERS])
    report = nights.again(file)
    assert names(nights) == ("Countess", "King")
    assert record(nights).patron.school == "102"
    assert report.facts["counts"]["update"] == 1
    assert nights.again(file).outcome is Outcome.SAME_FILE
    release(nights, "given_name")
    assert names(nights) == ("Countess", "King")
    assert job.preview(nights.job(file)).facts["counts"]["update"] == 1
    assert nights.again(file).facts["counts"]["update"] == 1
    assert names(nights) == ("Augusta", "King")
    assert nights.again(file).outcome is Outcome.SAME_FILE


def test_what_is_set_by_hand_survives_rules_returns_and_undos(nights: Nights) -> None:
    """Other rules work every row out again, a leaver comes back, and an undo of an older run leaves it alone."""
    nights.night([ADA, *OTHERS])
    moved = nights.night([ADA.moved(school="102", grade="04"), *OTHERS])
    # What it is already, confirmed by a person.
    hold(nights, branch=record(nights).patron.branch, family_name="Byron")
    mine = record(nights).patron.branch
    assert nights.undo(moved.run_id).facts["left_alone"] == [record(nights).patron_id]
    nights.configure(rules=nights.districts["demo"].model_dump()["rules"] | {"number_max_length": 19})
    nights.night([ADA, *OTHERS])
    gone = nights.night([ADA.moved(status="tobedeleted"), *OTHERS])
    back = nights.night([ADA, *OTHERS])
    assert back.facts["counts"]["return"] == 1
    for run in (back, gone):
        nights.undo(run.run_id)
    assert (record(nights).patron.branch, names(nights)[1], record(nights).presence) == (mine, "Byron", "present")


def test_a_name_set_by_hand_is_nobodys_renaming(nights: Nights) -> None:
    """The roster says another all the time: that is no finding."""
    nights.configure(limits={"renamed_percent": 0, "renamed_count": 0})
    nights.night([ADA, *OTHERS])
    hold(nights, given_name="Countess")
    assert nights.night([ADA.moved(school="102", grade="04"), *OTHERS]).outcome is Outcome.APPLIED
    assert nights.night([ADA.moved(family="King"), *OTHERS]).outcome is Outcome.HELD


def test_each_field_says_whose_it_is_and_where_it_comes_from(nights: Nights) -> None:
    """Owner, source, run and day; of what a person set, who."""
    rules = nights.districts["demo"].model_dump()["rules"]
    nights.configure(rules=rules | {"owners": {"profile": "library"}})
    first = nights.night([ADA, *OTHERS])
    second = nights.night([ADA.moved(family="King"), *OTHERS])
    hold(nights, branch="RIVER")
    found = provenance(nights)
    assert str(found["given_name"]) == f"owner roster; roster, run {first.run_id} on 2026-10-06"
    assert str(found["family_name"]) == f"owner roster; roster, run {second.run_id} on 2026-10-07"
    assert str(found["profile"]).startswith("owner library; rules [[rules.patron_types]], run 1 on")
    assert str(found["branch"]) == "owner roster; set by hand by kim by command on 2026-10-07, until it is released"
    assert found["branch"].as_json()["on"] == "2026-10-07"
    release(nights, "branch")
    assert provenance(nights)["branch"].source == "set by hand, released since"


def test_where_a_field_comes_from_outlives_the_images(nights: Nights) -> None:
    """The values of an old change are let go of, and the columns it had stay known."""
    nights.night([ADA, *OTHERS])
    second = nights.night([ADA.moved(family="King"), *OTHERS])
    before = provenance(nights)
    nights.now += timedelta(days=nights.districts["demo"].agreement.undo_days + 1)
    aged = nights.night([ADA.moved(family="King"), *pupils(5, 2)])
    assert aged.facts["aged"]
    after = provenance(nights)
    assert after["family_name"] == before["family_name"]
    assert str(after["family_name"]) == f"owner roster; roster, run {second.run_id} on 2026-10-07"


def test_only_what_is_set_can_be_released(nights: Nights) -> None:
    """And nothing is set of one who has left."""
    nights.night([ADA, *OTHERS])
    with pytest.raises(OperatorError, match="branch of patron 1 is not set by hand; nothing is"):
        release(nights, "branch")
    nights.night([ADA.moved(status="tobedeleted"), *OTHERS])
    with pytest.raises(OperatorError, match="has left"):
        hold(nights, given_name="Countess")


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("school=101", "one of these fields"),
        ("branch", "should be FIELD=VALUE"),
        ("branch=MOON", "the rules know no 'MOON'"),
        ("patron_type=KING", "the rules know no 'KING'"),
        ("profile=all", "the rules know no 'all'"),
        ("expires=30.06.2027", "should be a date"),
        ("given_name=" + "x" * 256, "at most 255"),
        ("family_name=a\tb", "control character"),
    ],
)
def test_a_value_that_the_rules_could_not_make_is_refused(assignment: str, said: str) -> None:
    """With one line that says what there is."""
    with pytest.raises(OperatorError, match=said):
        overrides.parsed([assignment], load(Path("config")).district("demo").rules)


STEPS = st.lists(
    st.one_of(
        ROSTER.map(lambda night: list(night.values())),
        st.integers(0, 9),
        st.sampled_from([("hold", "branch", "RIVER"), ("hold", "given_name", "Zoe"), ("release", "branch", "")]),
    ),
    min_size=3,
    max_size=9,
)


@budget(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(first=ROSTER, steps=STEPS)
def test_nothing_but_a_release_ends_what_is_set_by_hand(
    empty: Path, first: dict[str, Pupil], steps: list[list[Pupil] | int | tuple[str, str, str]]
) -> None:
    """Whatever nights and undos come, each field that is held has the value that somebody gave it."""
    with on_sqlite(empty, district()) as nights:
        nights.night(list(first.values()))
        expected: dict[tuple[int, str], str] = {}
        for step in steps:
            if isinstance(step, int):
                undo_one(nights, step)
            elif isinstance(step, list):
                nights.night(step)
            else:
                by_hand(nights, step, expected)
            with nights.databases.reader.connect() as connection:
                rows = held.of_district(connection, "demo")
            assert {(row.patron_id, row.field) for row in rows} == expected.keys()
            people = {one.patron_id: one for one in everybody(nights)}
            assert {key: getattr(people[key[0]].patron, key[1]) for key in expected} == expected


def everybody(nights: Nights) -> list[PatronRecord]:
    return list(stored(nights).values())


def undo_one(nights: Nights, which: int) -> None:
    able = rows_of(nights, "runs WHERE outcome = 'applied' AND undone_by IS NULL", "run_id")
    if able:
        # What it applied again may have been undone since.
        with suppress(OperatorError):
            nights.undo(able[which % len(able)][0])


def by_hand(nights: Nights, step: tuple[str, str, str], expected: dict[tuple[int, str], str]) -> None:
    what, field, value = step
    here = [one for one in everybody(nights) if one.presence != "left"]
    if not here or not rows_of(nights, "district_state", "district"):
        # Nobody to change: there is none, or the first roster was undone.
        return
    patron_id = min(one.patron_id for one in here)
    demo = nights.districts["demo"]
    if what == "hold":
        overrides.hold(nights.databases, auditor(nights), demo, patron_id, Setting({field: value}, "", None))
        expected[patron_id, field] = value
    elif expected.pop((patron_id, field), None):
        overrides.release(nights.databases, auditor(nights), demo, patron_id, [field], "")
