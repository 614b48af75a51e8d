"""A chosen PIN is the patron's: no night and no undo takes it, and it ends with the patron."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from access_service.audit import Auditor
from access_service.domain.access import PinResult
from access_service.explain import Explainer
from access_service.opting_out import Given, Office
from access_service.pin_desk import PinDesk
from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage import ils
from access_service.storage import tables as t
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import ageing, holds, rekey
from sync.order import auditor
from tests.access_service.seed import CHEAP
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

CHOSEN, NUMBER = "7392", "0000002"
COLUMNS = [t.patrons.c[name] for name in ("chosen_key", "chosen_hash", "chosen_on")]


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def choose(nights: Nights) -> None:
    record = nights.find(NUMBER).record
    assert record
    by = Auditor(PinVault.from_environment(CHEAP), "a test", nights.folder / "heads", lambda: nights.now)
    assert PinDesk(nights.databases, nights.settings()).choose(by, record, CHOSEN, "a test's reason") is None


def opens(nights: Nights, pin: str = CHOSEN) -> bool:
    return nights.sign_in(NUMBER, pin).pin is PinResult.OK


def kept(nights: Nights) -> int:
    with nights.databases.reader.connect() as connection:
        return sum(any(row) for row in connection.execute(select(*COLUMNS)))


def changed(students: list[Pupil]) -> list[Pupil]:
    """The second one's birth date was corrected, and they moved to another school."""
    return [students[0], students[1].moved(born="2017-09-09", school="102"), *students[2:]]


def test_no_night_changes_a_chosen_pin(nights: Nights) -> None:
    """A corrected birth date issues another PIN, which opens nothing; nor does an undo of that night change the one
    that was chosen, before it or after it, and it puts the rest back."""
    nights.night(pupils(4))
    choose(nights)
    report = nights.night(changed(pupils(4)))
    assert report.facts["counts"]["update"] == 1
    assert (opens(nights), opens(nights, "0909"), opens(nights, "0303")) == (True, False, False)
    moved = nights.find(NUMBER).record
    assert moved and moved.patron.school == "102"
    assert nights.undo(report.run_id).facts["counts"]["put_back"] == 1
    back = nights.find(NUMBER).record
    assert back and back.patron.school == "101" and opens(nights)


def test_who_comes_back_has_it_still(nights: Nights) -> None:
    """Who leaves and comes back has the PIN that they chose."""
    nights.night(pupils(4))
    choose(nights)
    nights.configure(limits={"removals_percent": 100})
    nights.night([*pupils(1), pupils(2)[1].moved(status="tobedeleted"), *pupils(2, 3)])
    assert kept(nights) == 1
    nights.night(pupils(4))
    assert opens(nights) and nights.sign_in(NUMBER, CHOSEN).authenticated


def test_an_undo_puts_back_the_rest_of_who_chose_one_since(nights: Nights) -> None:
    """It is on no run's record, so that no undo leaves a patron as a bad night made them for it."""
    nights.night(pupils(4))
    report = nights.night(changed(pupils(4)))
    choose(nights)
    assert nights.undo(report.run_id).facts["counts"]["put_back"] == 1
    record = nights.find(NUMBER).record
    assert record and record.patron.school == "101" and opens(nights)


def test_new_source_ids_keep_it(nights: Nights) -> None:
    """It hangs on the patron, whatever the roster calls them."""
    nights.night(pupils(40))
    choose(nights)
    held = nights.night([pupil.moved(source_id=f"guid-{pupil.number}") for pupil in pupils(40)])
    assert held.outcome is Outcome.HELD
    waiting = nights.job(None)
    rekey.rekey(holds.of_district(waiting), "the district moved to another system")
    holds.approve(waiting, held.run_id or 0, "the same students")
    assert opens(nights)


def test_it_goes_with_the_patron(nights: Nights) -> None:
    """Forgotten after they left, and at once where the family opts out."""
    nights.configure(limits={"removals_percent": 100}, agreement={"undo_days": 20, "forget_days": 30})
    nights.night(pupils(4))
    choose(nights)
    nights.night([*pupils(1), pupils(2)[1].moved(status="tobedeleted"), *pupils(2, 3)])
    nights.now += timedelta(days=31)
    ageing.age_alone(nights.job(None))
    assert kept(nights) == 0
    nights.night(pupils(4))
    choose(nights)
    office = Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])
    office.add([Given(NUMBER, None)], "a form")
    assert kept(nights) == 0


def test_it_goes_where_the_ils_owns_the_pins(nights: Nights) -> None:
    """With the issued ones, in one statement."""
    nights.night(pupils(4))
    choose(nights)
    with nights.databases.writer.begin() as connection:
        ils.drop_digests(connection, "demo")
    assert kept(nights) == 0


def test_explain_says_so(nights: Nights) -> None:
    """Since when, and that the other opens nothing."""
    nights.night(pupils(4))
    choose(nights)
    with nights.databases.reader.connect() as connection:
        explainer = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now)
        lines = explainer.explain(NUMBER).lines
    assert f"the PIN was chosen on {nights.now.date()}; the issued one opens nothing" in lines
