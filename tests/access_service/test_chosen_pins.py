"""PINs that patrons and the desk choose: what they may be, what opens, and that nothing is worked out twice."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from access_service.audit import Auditor
from access_service.domain.access import PinResult
from access_service.domain.chosen_pins import PinRefusal, like_issued, refusal
from access_service.domain.patron import PatronRecord, Presence
from access_service.domain.pins import PinKind, PinOwner
from access_service.domain.student import Role
from access_service.errors import ConfigError, OperatorError
from access_service.pin_desk import PinDesk
from access_service.pin_vault import PinVault
from access_service.remembered import SECONDS, Remembered
from access_service.settings import Pins
from access_service.storage import engine, patrons, peppers
from access_service.storage import tables as t
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.test_equal_work import Counted, cost, counting

OK, WRONG, LOCKED = PinResult.OK, PinResult.WRONG, PinResult.LOCKED


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(seed.VAULT, "kim by command", tmp_path / "heads", seed.at_noon)


def results(databases: Databases, *pins: str, number: str = "12345") -> list[PinResult]:
    directory = seed.directory(databases)
    return [directory.authenticate(number, pin, seed.client()).pin for pin in pins]


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("7392", None),
        ("0" * 10 + "7392", None),
        ("", PinRefusal.NOT_DIGITS),
        ("73a2", PinRefusal.NOT_DIGITS),
        ("٧٣٩٢", PinRefusal.NOT_DIGITS),
        ("739", PinRefusal.TOO_SHORT),
        ("73" * 33, PinRefusal.TOO_LONG),
        ("7777", PinRefusal.ONE_DIGIT),
        ("4567", PinRefusal.SEQUENCE),
        ("8901", PinRefusal.SEQUENCE),
        ("3210", PinRefusal.SEQUENCE),
        ("2345", PinRefusal.SEQUENCE),
        ("0012", PinRefusal.IN_NUMBER),
        ("2900", PinRefusal.IN_NUMBER),
    ],
)
def test_what_a_chosen_pin_may_be(pin: str, why: PinRefusal | None) -> None:
    """Digits enough, not in a row, not all alike, and none that stand on the card."""
    assert refusal(pin, 4, "0012345", "290012345") is why


def test_a_chosen_pin_opens_and_the_issued_one_does_not(databases: Databases, auditor: Auditor) -> None:
    """From the moment that it is chosen, until it is taken back."""
    desk = PinDesk(databases, seed.settings())
    record = seed.store(databases, seed.patron())
    assert desk.choose(auditor, record, "7392", "asked for it") is None
    assert results(databases, "7392", "0412", "7392") == [OK, WRONG, OK]
    chosen = stored(databases)
    assert desk.choose(auditor, chosen, "8264", "again") is None
    assert results(databases, "7392", "8264") == [WRONG, OK]
    desk.take_back(auditor, stored(databases), "forgot it")
    assert results(databases, "8264", "0412") == [WRONG, OK]
    with pytest.raises(OperatorError, match="patron 1 has no chosen PIN"):
        desk.take_back(auditor, stored(databases), "again")


def stored(databases: Databases, patron_id: int = 1) -> PatronRecord:
    with databases.reader.connect() as connection:
        return next(patrons.records(connection, [patron_id]))


def test_who_was_issued_none_can_choose_one(databases: Databases, auditor: Auditor) -> None:
    """That is what `unclaimed` is for."""
    record = seed.store(databases, seed.patron(), pin=None)
    pin = PinDesk(databases, seed.settings()).give_random(auditor, record, "first time")
    assert len(pin) == 6 and pin.isdigit()
    assert results(databases, pin, "0412") == [OK, WRONG]


def test_the_issued_one_cannot_be_chosen(databases: Databases, auditor: Auditor) -> None:
    """Classmates know birthdays. Nothing is written then."""
    record = seed.store(databases, seed.patron())
    desk = PinDesk(databases, seed.settings())
    assert desk.choose(auditor, record, "0412", "") is PinRefusal.ISSUED
    assert stored(databases).chosen is None


@pytest.mark.parametrize(
    ("kind", "dates", "others"),
    [
        (PinKind.MMDD, ("0101", "0229", "1231"), ("0230", "1301", "0000", "010", "01012")),
        (PinKind.MMYYYY, ("012015", "121999"), ("002015", "132015", "0115")),
        (PinKind.MMDDYYYY, ("02292016",), ("02292015", "0229")),
        (PinKind.LAST, (), ("0101",)),
        (PinKind.COLUMN, (), ("0101",)),
    ],
)
def test_no_birth_date_can_be_chosen(kind: PinKind, dates: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Whoever's: if only the patron's own were refused, trying them all would tell it."""
    assert all(like_issued(kind, pin) for pin in dates)
    assert not any(like_issued(kind, pin) for pin in others)


def test_some_have_no_pin_here_to_choose(databases: Databases, auditor: Auditor) -> None:
    """Test cards, who left, and everybody where the ILS owns the PINs."""
    configured = seed.settings()
    service = configured.service.model_copy(update={"pins": Pins(owner=PinOwner.ILS)})
    record = seed.store(databases, seed.patron())
    left = replace(record, presence=Presence.LEFT)
    card = replace(record, patron=replace(record.patron, role=Role.TEST_CARD))
    desk, ils = PinDesk(databases, configured), PinDesk(databases, configured.model_copy(update={"service": service}))
    found = [desk.choose(auditor, left, "7392", ""), desk.choose(auditor, card, "7392", "")]
    assert [*found, ils.choose(auditor, record, "7392", "")] == [PinRefusal.NOT_KEPT_HERE] * 3
    assert ils.give_random(auditor, record, "") is PinRefusal.NOT_KEPT_HERE


def test_choosing_forgets_failures_everywhere(databases: Databases, auditor: Auditor) -> None:
    """Who is locked out at one client comes in with the new PIN at once."""
    record = seed.store(databases, seed.patron())
    assert results(databases, *"12345", "0412") == [WRONG] * 5 + [LOCKED]
    PinDesk(databases, seed.settings()).choose(auditor, record, "7392", "locked out")
    assert results(databases, "7392") == [OK]


def test_it_is_on_record_without_the_pin(databases: Databases, auditor: Auditor) -> None:
    """Who, whom and why, and no hash either."""
    desk = PinDesk(databases, seed.settings())
    desk.choose(auditor, seed.store(databases, seed.patron()), "7392", "asked for it")
    desk.take_back(auditor, stored(databases), "forgot it")
    with databases.reader.connect() as connection:
        entries = [tuple(row) for row in connection.execute(select(t.audit).order_by(t.audit.c.seq))]
    assert [(row[2], row[3], row[5], row[6]) for row in entries] == [
        ("kim by command", "pin_choose", "patron 1", "asked for it"),
        ("kim by command", "pin_reset", "patron 1", "forgot it"),
    ]
    assert "7392" not in repr(entries) and "argon2" not in repr(entries)


def test_what_is_stored_is_bound_to_its_patron_and_pepper(databases: Databases, auditor: Auditor) -> None:
    """A row copied to another patron opens nothing, and the pepper that it needs is asked for before serving."""
    desk = PinDesk(databases, seed.settings())
    desk.choose(auditor, seed.store(databases, seed.patron()), "7392", "")
    seed.store(databases, seed.patron(2, "7654321"))
    copied = {name: t.patrons.c[name] for name in ("chosen_key", "chosen_hash", "chosen_on")}
    with databases.writer.begin() as connection:
        mine = connection.execute(select(*copied.values()).where(t.patrons.c.patron_id == 1)).one()
        connection.execute(update(t.patrons).where(t.patrons.c.patron_id == 2).values(mine._asdict()))
    assert results(databases, "7392", number="7654321") == [WRONG]
    assert mine.chosen_hash.startswith("$argon2id$")
    assert "argon2" not in repr(stored(databases))
    with databases.reader.connect() as connection, pytest.raises(ConfigError, match="ACCESS_PEPPER"):
        PinVault([b"another pepper of thirty-two bytes"]).check(peppers.used(connection))


def test_the_pin_that_a_person_chose_opens_the_card_that_counts(databases: Databases, auditor: Auditor) -> None:
    """Of two linked cards the one that counts has the PIN chosen for the other, until one is chosen anew."""
    elder = seed.store(databases, seed.patron(1, presence=Presence.LEFT, left_on=date(2026, 9, 1)))
    younger = seed.store(databases, seed.patron(2, "7654321"), pin="1111")
    seed.choose(databases, elder, "7392")
    with databases.writer.begin() as connection:
        connection.execute(update(t.patrons).values(person=1))
    assert results(databases, "7392", "1111", number="12345") == [OK, WRONG]
    PinDesk(databases, seed.settings()).choose(auditor, replace(younger, person=1), "8264", "")
    assert results(databases, "8264", "7392", number="7654321") == [OK, WRONG]
    assert stored(databases, 1).chosen is None


class Slow(Counted):
    """Counts the checks too."""

    def same(self, made: str, secret: bytes) -> bool:
        self.count += 1
        return super().same(made, secret)


def test_a_chosen_pin_costs_one_slow_hash_right_or_wrong(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a right one none for some minutes after, until another is chosen; where the card is locked, one."""
    monkeypatch.setattr("tests.access_service.test_equal_work.Counted", Slow)
    record = seed.choose(databases, seed.store(databases, seed.patron()), "7392")
    directory, slow = counting(databases)
    asked = "7392", "7392", "1", "7392", "0412", "2"
    found = [cost(directory, slow, "12345", pin) for pin in asked]
    assert found == [(OK, 1), (OK, 0), (WRONG, 1), (OK, 0), (WRONG, 1), (WRONG, 1)]
    seed.choose(databases, record, "8264")
    assert [cost(directory, slow, "12345", pin) for pin in ("7392", "8264")] == [(WRONG, 1), (OK, 1)]
    assert [cost(directory, slow, "12345", pin)[1] for pin in ("3", "4", "5", "6", "7", "8264", "x" * 65)] == [1] * 7
    assert cost(directory, slow, "12345", "8264") == (LOCKED, 1)


def test_what_was_right_is_remembered_for_minutes_and_not_without_end() -> None:
    """Only pairs that were found right, the newest of them, and not for long."""
    clock = [0.0]
    known = Remembered(lambda: clock[0], most=2)
    known.add("hash", b"secret")
    assert ("hash", b"secret") in known
    assert not any(pair in known for pair in [("hash", b"other"), ("other", b"secret")])
    clock[0] = SECONDS
    assert ("hash", b"secret") not in known
    for name in ("a", "b", "c"):
        known.add(name, b"secret")
    assert [(name, b"secret") in known for name in ("a", "b", "c")] == [False, True, True]


def test_another_process_knows_a_changed_pin_at_once(databases: Databases, database_url: str) -> None:
    """What is remembered is of the stored hash, so there is nothing stale."""
    record = seed.choose(databases, seed.store(databases, seed.patron()), "7392")
    other = engine.connect(database_url)
    directory = seed.directory(other)
    assert directory.authenticate("12345", "7392", seed.client()).pin is OK
    seed.choose(databases, record, "8264")
    assert directory.authenticate("12345", "7392", seed.client()).pin is WRONG
    other.dispose()
