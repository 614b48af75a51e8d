"""Being wrong costs one slow hash, whatever the reason; being right costs none."""

from datetime import timedelta

import pytest

from access_service import answering
from access_service.directory import PatronDirectory
from access_service.domain.access import PinResult
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.pins import PinOwner
from access_service.errors import UnavailableError
from access_service.pin_vault import PinVault
from access_service.settings import Pins
from access_service.slow_hash import SlowHash
from access_service.storage.engine import Databases
from access_service.usage import UsageCounter
from tests.access_service import seed


class Counted(SlowHash):
    """Counts what it is asked for; with no `room` there is none for the work of failures."""

    def __init__(self) -> None:
        super().__init__(seed.CHEAP.cost)
        self.count = 0
        self.room = True

    def waste(self) -> None:
        if not self.room:
            raise UnavailableError("full")
        self.count += 1
        super().waste()


def counting(
    databases: Databases, clock: seed.Clock | None = None, owner: PinOwner = PinOwner.SERVICE
) -> tuple[PatronDirectory, Counted]:
    slow, now = Counted(), clock or seed.Clock()
    service = seed.settings().service.model_copy(update={"pins": Pins(owner=owner)})
    configured = seed.settings().model_copy(update={"service": service})
    usage = UsageCounter(databases.reader, lambda: seed.TODAY)
    return answering.directory(configured, databases, PinVault([seed.PEPPER], slow), usage, now), slow


def cost(directory: PatronDirectory, slow: Counted, number: str, pin: str) -> tuple[PinResult, int]:
    before = slow.count
    result = directory.authenticate(number, pin, seed.client()).pin
    return result, slow.count - before


def test_every_failure_costs_one_slow_hash(databases: Databases) -> None:
    """Nobody's number, two people's number, no PIN issued, the first wrong PIN, the same again, another, a locked card:
    one each. The right PIN and an empty one cost none."""
    seed.store(databases, seed.patron(1))
    seed.store(databases, seed.patron(2, "7654321"), pin=None)
    two = seed.store(databases, seed.patron(3, "0000099"))
    seed.name_as(databases, IdentifierKind.CONTESTED, "290000099", two)
    directory, slow = counting(databases)
    assert cost(directory, slow, "7777777", "0412") == (PinResult.UNCHECKED, 1)
    assert cost(directory, slow, "0000099", "0412") == (PinResult.UNCHECKED, 1)
    assert cost(directory, slow, "7654321", "0412") == (PinResult.NONE_ISSUED, 1)
    assert cost(directory, slow, "0012345", "0412") == (PinResult.OK, 0)
    for pin in ("1111", "1111", "2222"):
        assert cost(directory, slow, "0012345", pin) == (PinResult.WRONG, 1)
    assert cost(directory, slow, "0012345", "0412") == (PinResult.OK, 0)
    for pin in "12345":
        assert cost(directory, slow, "0012345", pin) == (PinResult.WRONG, 1)
    for pin in ("0412", "6"):
        assert cost(directory, slow, "0012345", pin) == (PinResult.LOCKED, 1)
    assert cost(directory, slow, "0012345", "") == (PinResult.MISSING, 0)
    assert cost(directory, slow, "7777777", " ") == (PinResult.UNCHECKED, 0)


def test_a_pin_that_is_the_ils_s_costs_the_same(databases: Databases) -> None:
    """Nothing is verified here, and that is not to be told by the time it takes."""
    seed.store(databases, seed.patron())
    directory, slow = counting(databases, owner=PinOwner.ILS)
    assert cost(directory, slow, "0012345", "0412") == (PinResult.NONE_ISSUED, 1)


def test_without_room_a_wrong_pin_is_counted_all_the_same(databases: Databases) -> None:
    """Where too many wait nobody is told anything, but nobody guesses for nothing either; the right PIN opens."""
    seed.store(databases, seed.patron())
    clock = seed.Clock()
    directory, slow = counting(databases, clock)
    slow.room = False
    assert cost(directory, slow, "0012345", "0412") == (PinResult.OK, 0)
    for pin in "12345":
        with pytest.raises(UnavailableError):
            directory.authenticate("0012345", pin, seed.client())
    slow.room = True
    assert cost(directory, slow, "0012345", "0412") == (PinResult.LOCKED, 1)
    clock.now += timedelta(minutes=1)
    assert cost(directory, slow, "0012345", "0412") == (PinResult.OK, 0)
