"""What the desk does with one patron, by command."""

from pathlib import Path

import pytest

from access_service.storage.runs import Outcome
from tests.commands import Commands
from tests.place import Place
from tests.sync.rosters import pupils


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """A district of three students."""
    made = Place.on_sqlite(tmp_path, commands, empty)
    with made.nights() as nights:
        assert nights.night(pupils(3)).outcome is Outcome.APPLIED
    return made


def test_a_field_is_set_told_and_released(place: Place) -> None:
    """By any form of the number; who did it is on record, and a name is not."""
    ended = place.day("patron", "set", "290000001", "branch=RIVER", "given_name=Countess", "--reason", "asked for it")
    assert ended.out == "patron 1: branch, given_name set; no night changes that until released\n"
    field = place.day("explain", "1", "--json").json["fields"]["branch"]
    assert (field["owner"], field["source"], field["held"]) == ("roster", "set by hand", True)
    assert field["by"].endswith(" by command")
    with place.nights() as nights:
        nights.night(pupils(4))
        record = nights.find("1").record
    assert record and (record.patron.branch, record.patron.given_name) == ("RIVER", "Countess")
    released = place.day("patron", "release", "0000001", "branch", "--reason", "moved back")
    assert released.out == "patron 1: branch released; the next night puts the roster's back\n"
    listed = place.day("audit", "list").out
    assert "patron_set  patron 1: asked for it" in listed and "patron_release  patron 1: moved back" in listed
    assert "Countess" not in place.day("audit", "list", "--json").out + place.day("explain", "1").out
    assert place.day("audit", "verify").code == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("set", "9", "branch=RIVER"), "nobody has this number"),
        (("set", "1", "branch=MOON"), "the rules know no 'MOON'"),
        (("set", "1", "branch=RIVER", "--until", "2001-01-01"), "--until 2001-01-01: should be from"),
        (("release", "1", "branch"), "branch of patron 1 is not set by hand"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(place: Place, command: tuple[str, ...], said: str) -> None:
    """And leaves nothing behind."""
    before = place.stored()
    assert said in place.day("patron", *command, "--reason", "a test").refused()
    assert place.stored() == before
