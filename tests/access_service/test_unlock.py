"""What staff see of guessing, and how they end what it did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access_service.domain.access import PinResult
from access_service.storage import traffic
from access_service.storage.engine import day_transaction
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
    assert "wrong PINs 5 of 284, this hour 5 of 44" in place.day("client", "list").out
    told = place.day("explain", "1").out
    assert "5 of 20 wrong PINs since the last right one, at all clients together" in told
    assert "; 5 wrong PINs" in told


def test_staff_see_where_a_budget_is_spent(place: Place) -> None:
    """By which client, until when and what ends it at once: then the right PIN works, and no word of it is left."""
    with place.nights() as nights, day_transaction(nights.databases.reader) as day:
        counted = traffic.hold(day, "test", int(nights.now.timestamp()))
        traffic.keep(day, "test", replace(counted, wrong=284))
    told = place.day("explain", "2").out
    midnight = nights.now.date() + timedelta(days=1)
    assert f"client test is told: active; no PIN is tried until {midnight} 00:00 UTC: its budget is spent" in told
    assert "`access-service unlock --client test --reason ...`" in told.splitlines()[-1]
    assert place.day("unlock", "--client", "test", "--reason", "a launch").code == 0
    assert place.day("explain", "2").out.splitlines()[-1] == "next: nothing: with the right PIN this card works"


def test_a_number_of_nobody_is_said_to_be_the_ilss(place: Place) -> None:
    """Where there is a relay and a client that has it: for which, and how to try."""
    with (place.config / "service.toml").open("a", encoding="utf-8") as text:
        text.write('[relay]\nprotocol = "patronapi"\nhost = "ils.example.org"\n')
    assert "ILS" not in place.day("explain", "21000000000017").out
    assert place.day("client", "set", "test", "relay=true").code == 0
    told = place.day("explain", "21000000000017").out
    assert "for client test the ILS is asked ([relay])" in told
    assert "`access-service lookup NUMBER --client test --with-pin`" in told


def test_what_is_unlocked_is_named_once(place: Place) -> None:
    """One of number, client and district; and one that there is."""
    assert place.day("unlock", "--reason", "x").code == 1
    assert place.day("unlock", "1", "--client", "test", "--reason", "x").code == 1
    assert "no client 'nobody'" in place.day("unlock", "--client", "nobody", "--reason", "x").refused()
