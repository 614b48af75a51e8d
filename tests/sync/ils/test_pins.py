"""PINs that the ILS owns: sealed until a load has brought them there, and nowhere after that."""

from datetime import timedelta
from pathlib import Path

import pytest

from access_service.domain.access import PinResult
from access_service.domain.pins import PinOwner
from access_service.errors import ConfigError
from access_service.exceptions import Grant, add_test_card
from access_service.explain import Explainer
from access_service.opting_out import Given, Office
from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage import ils as accounts
from access_service.storage.engine import Databases, snapshot
from access_service.storage.ils import AccountState
from access_service.storage.tables import metadata
from sync.ageing import age_alone
from sync.awaited import PinSeal
from sync.order import auditor
from tests.sync.ils.model import COLUMNS, configure
from tests.sync.ils.test_load import delivered
from tests.sync.ils.test_load import ils as csv_ils
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

BORN, PIN = "1931-08-07", "08071931"
TEMPLATE = {"columns": [*COLUMNS, {"header": "pin", "field": "pin"}]}


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    made = Nights(databases, tmp_path, dict(load(Path("config")).districts), pin_owner=PinOwner.ILS)
    examples = [each.model_dump() for each in made.districts["demo"].examples]
    examples[0]["pin"] = "04122017"
    made.configure(rules={"pin": {"rule": "MMDDYYYY"}}, examples=examples)
    takes(made)
    return made


def takes(nights: Nights, *branches: str) -> None:
    """The ILS takes accounts of these branches alone, or all."""
    nights.ils = csv_ils(nights.folder / "ils", csv=TEMPLATE, branches=branches)


def born(count: int) -> list[Pupil]:
    return [pupil.moved(born=BORN) for pupil in pupils(count)]


def waiting(nights: Nights) -> list[int]:
    """Whose PINs wait."""
    with nights.databases.reader.connect() as connection:
        return sorted(connection.exec_driver_sql("SELECT patron_id FROM ils_pins").scalars())


def digests(nights: Nights) -> int:
    with nights.databases.reader.connect() as connection:
        found = connection.exec_driver_sql("SELECT patron_id FROM patrons WHERE pin_digest IS NOT NULL")
        return len(found.all())


def told_pins(nights: Nights) -> list[str]:
    """What the ILS was told of new accounts, in the order of their numbers."""
    return [row["pin"] for name, rows in delivered(nights).items() if "create" in name for row in rows]


def test_a_pin_is_in_the_load_and_then_nowhere(nights: Nights, capfd: pytest.CaptureFixture[str]) -> None:
    """Not in a table, nor in a file of ours, nor in what is logged; in no later load either. Nobody signs in here."""
    students = born(3)
    nights.night(students)
    assert told_pins(nights) == [PIN] * 3
    assert not waiting(nights) and not digests(nights)
    nights.night([students[0].moved(given="Zoë"), *students[1:]])
    assert all("pin" not in row for rows in delivered(nights).values() for row in rows)
    assert nights.sign_in("1", PIN).pin is PinResult.NONE_ISSUED
    with snapshot(nights.databases) as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(table.select()):
                assert not any(PIN in (v.decode("latin-1") if isinstance(v, bytes) else str(v)) for v in row), table
    for file in nights.folder.rglob("*"):
        assert not file.is_file() or PIN.encode() not in file.read_bytes(), file
    assert PIN not in "".join(capfd.readouterr())


def test_it_waits_sealed_until_the_load_has_come(nights: Nights) -> None:
    """However late that is, and it comes once."""
    (nights.folder / "ils").rmdir()
    nights.night(born(3))
    assert waiting(nights) == [1, 2, 3] and not digests(nights)
    with snapshot(nights.databases) as connection:
        assert all(PIN.encode() not in sealed for _, sealed in accounts.waiting_pins(connection, "demo"))
    assert nights.sign_in("1", PIN).pin is PinResult.NONE_ISSUED
    (nights.folder / "ils").mkdir()
    nights.night(born(3))
    assert told_pins(nights) == [PIN] * 3 and not waiting(nights)


def test_a_corrected_birth_date_before_the_account_is_made_is_the_pin(nights: Nights) -> None:
    """After that the PIN is the ILS's."""
    takes(nights, "RIVER")
    one, two = born(2)
    nights.night([one, two])
    assert waiting(nights) == [1, 2]
    nights.night([one.moved(born="1931-09-08"), two.moved(born="")])
    assert waiting(nights) == [1]
    takes(nights)
    nights.night([one.moved(born="1931-09-08"), two])
    assert told_pins(nights) == ["09081931", PIN]
    nights.night([one, two])
    assert not delivered(nights) and not waiting(nights)


def test_who_was_refused_has_a_pin_for_the_next_load(nights: Nights) -> None:
    """Also where the roster is the very same file."""
    file = nights.roster(born(2))
    nights.again(file)
    delivered(nights)
    with nights.databases.writer.begin() as connection:
        row = accounts.accounts(connection, [2])[2]
        refused = row._replace(made=False, told="{}", state=AccountState.REFUSED, reason="no such branch")
        accounts.replace_accounts(connection, [refused])
    nights.again(file)
    assert told_pins(nights) == [PIN] and not waiting(nights)


def test_another_owner(nights: Nights) -> None:
    """Given to the ILS, no digest stays, of those who left neither, and none works from the first moment; taken back,
    everybody has a PIN here with the next night."""
    nights.pin_owner, everybody = PinOwner.SERVICE, born(30)
    file = nights.roster([*everybody[:29], everybody[29].moved(status="tobedeleted")])
    nights.night(everybody)
    run = nights.again(file)
    delivered(nights)
    assert digests(nights) == 30 and nights.sign_in("1", PIN).authenticated
    nights.pin_owner = PinOwner.ILS
    assert nights.sign_in("1", PIN).pin is PinResult.NONE_ISSUED
    switch = nights.again(file)
    assert (switch.outcome, switch.facts["counts"]["update"]) == ("same_students", 0)
    assert not digests(nights) and not waiting(nights) and not delivered(nights)
    nights.undo(run.run_id)
    assert not digests(nights) and not nights.sign_in("1", PIN).authenticated
    nights.pin_owner = PinOwner.SERVICE
    report = nights.night(everybody)
    assert (report.outcome, digests(nights)) == ("applied", 30)
    assert nights.sign_in("1", PIN).authenticated


def test_an_undo_brings_no_pin_back(nights: Nights) -> None:
    """Of a night in which the service still owned them."""
    nights.pin_owner = PinOwner.SERVICE
    students = born(20)
    nights.night(students)
    changed = nights.night([students[0].moved(born="1931-09-08"), *students[1:]])
    nights.pin_owner = PinOwner.ILS
    undone = nights.undo(changed.run_id)
    assert undone.facts["counts"]["put_back"] == 1
    nights.night(students)
    assert not digests(nights)
    nights.undo(undone.run_id)
    assert not digests(nights)


def test_a_pin_that_waits_goes_with_the_patron(nights: Nights) -> None:
    """Undone, opted out, gone: before any load."""
    takes(nights, "RIVER")
    students = born(30)
    nights.night(students[:28])
    made = nights.night(students)
    assert len(waiting(nights)) == 30
    nights.undo(made.run_id)
    assert len(waiting(nights)) == 28
    office = Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])
    office.add([Given("290000002", None)], "a form")
    assert 2 not in waiting(nights)
    nights.night([*students[:27], students[27].moved(status="tobedeleted")])
    assert 28 not in waiting(nights) and len(waiting(nights)) == 26


def test_of_the_forgotten_no_account_stays(nights: Nights) -> None:
    """Once it has expired in the ILS; before that what expires it there."""
    nights.configure(agreement={"forget_days": 30, "undo_days": 30})
    students = born(30)
    nights.night(students)
    nights.night([*students[:28], *(one.moved(status="tobedeleted") for one in students[28:])])
    with nights.databases.writer.begin() as connection:
        row = accounts.accounts(connection, [30])[30]
        accounts.replace_accounts(connection, [row._replace(told='{"expires":"2027-09-15","branch":"MAPLE"}')])
    nights.now += timedelta(days=40)
    assert age_alone(nights.job(None))["patrons"] == 2
    with snapshot(nights.databases) as connection:
        assert accounts.accounts(connection, [29, 30])[30].told == '{"expires": "2027-09-15"}'
        assert 29 not in accounts.accounts(connection, [29, 30])
    delivered(nights)
    nights.night(students[:28])
    ((row_,),) = delivered(nights).values()
    assert row_["barcode"] == "290000030"
    with snapshot(nights.databases) as connection:
        assert not accounts.accounts(connection, [29, 30])


def test_a_test_card_has_a_pin_of_ours(nights: Nights) -> None:
    """It is in no ILS."""
    nights.night(born(3))
    grant = Grant(nights.districts["demo"], nights.now.date() + timedelta(days=3), "a test")
    add_test_card(nights.databases, auditor(nights.job(nights.folder)), grant, "99990001", "4711-x")
    nights.night(born(3))
    assert nights.sign_in("99990001", "4711-x").authenticated


def test_explain_says_whose_pins_are(nights: Nights) -> None:
    """Instead of sending anybody to the district."""
    nights.night(born(3))
    with snapshot(nights.databases) as connection:
        explainer = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now, PinOwner.ILS)
        found = explainer.explain("1")
    assert any(line.startswith("the PIN is the ILS's") for line in found.lines)
    assert found.next_step.startswith("nothing: the card works where the ILS asks")


def test_a_sealed_pin_is_one_patrons() -> None:
    """And opens under the key that sealed it alone."""
    sealed = PinSeal(b"k" * 32).seal(7, PIN)
    assert PinSeal(b"k" * 32).open(7, sealed) == PIN
    for key, patron_id in ((b"k" * 32, 8), (b"l" * 32, 7)):
        assert PinSeal(key).open(patron_id, sealed) is None


def test_a_key_that_was_lost_loses_no_pin(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next night seals it under the new one."""
    takes(nights, "RIVER")
    nights.night(born(2))
    takes(nights)
    monkeypatch.setenv("SYNC_KEY", "7b" * 32)
    nights.night(born(2))
    assert told_pins(nights) == [PIN] * 2 and not waiting(nights)


def test_pins_of_an_ils_need_an_ils(tmp_path: Path) -> None:
    """One line, with the key."""
    (tmp_path / "service.toml").write_text('[pins]\nowner = "ils"\n')
    with pytest.raises(ConfigError, match=r'service\.toml: pins\.owner: "ils" needs \[ils\]'):
        load(tmp_path)


def test_an_ils_that_is_told_no_pins_cannot_own_them(tmp_path: Path) -> None:
    """Nobody would have a PIN: the check of the configuration says so."""
    configure(tmp_path / "service.toml", tmp_path / "ils")
    assert load(tmp_path).service.ils
    with (tmp_path / "service.toml").open("a") as text:
        text.write('[pins]\nowner = "ils"\n')
    with pytest.raises(ConfigError, match=r'pins\.owner: "ils" needs loads with PINs'):
        load(tmp_path)
