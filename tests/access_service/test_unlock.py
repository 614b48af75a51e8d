"""What staff see of guessing, and how they end what it did."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_service.domain.access import PinResult
from access_service.storage.runs import Outcome
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

GUESSES = 7


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """A district of three students, and somebody who guessed at the first."""
    made = Place.on_sqlite(tmp_path, commands, empty)
    added = ("--dialect", "rest", "--district", "demo", "--network", "127.0.0.1")
    assert made.day("client", "add", "test", *added).code == 0
    with made.nights() as nights:
        assert nights.night(pupils(3)).outcome is Outcome.APPLIED
        # The commands know no other time.
        nights.now = datetime.now(UTC)
        guess(nights)
    return made


def guess(nights: Nights) -> None:
    for n in range(GUESSES):
        nights.sign_in("0000001", f"8{n:03}")


@pytest.mark.parametrize("whom", [("1",), ("--client", "test"), ("--district", "demo")])
def test_who_is_locked_is_unlocked(place: Place, whom: tuple[str, ...]) -> None:
    """By number, client or district, on record with the reason and how many it were."""
    with place.nights() as nights:
        assert nights.sign_in("0000001", "0000").pin is PinResult.LOCKED
    ended = place.day("unlock", *whom, "--reason", "a prank")
    assert ended.code == 0 and ": 1 unlocked" in ended.out
    with place.nights() as nights:
        assert nights.sign_in("0000001", "0000").pin is PinResult.WRONG
    assert '"patrons":1' in place.day("audit", "list", "--json").out.replace(" ", "").replace("\\", "")
    assert place.day("audit", "verify").code == 0


def test_staff_see_what_a_client_asks(place: Place) -> None:
    """How much of its budget is spent today, and what `explain` says of the student."""
    assert "wrong PINs 5 of 300" in place.day("client", "list").out
    told = place.day("explain", "1").out
    assert "5 of 20 wrong PINs since the last right one, at all clients together" in told
    assert "; 5 wrong PINs" in told


def test_what_is_unlocked_is_named_once(place: Place) -> None:
    """One of number, client and district; and one that there is."""
    assert place.day("unlock", "--reason", "x").code == 1
    assert place.day("unlock", "1", "--client", "test", "--reason", "x").code == 1
    assert "no client 'nobody'" in place.day("unlock", "--client", "nobody", "--reason", "x").refused()
