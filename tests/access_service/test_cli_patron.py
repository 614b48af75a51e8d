"""What the desk does with one patron, by command."""

from datetime import UTC, datetime, timedelta
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


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "red \x1b[31m", "turned \u202e round"])
def test_a_reason_is_one_line_of_words(place: Place, reason: str) -> None:
    """Whoever reads the audit on a terminal reads what was typed; the other command asks the same."""
    before = place.stored()
    for ended in (
        place.day("patron", "set", "1", "branch=RIVER", "--reason", reason),
        place.sync("freeze", "demo", "--reason", reason),
        place.sync("undo", "1", "--reason", reason),
    ):
        assert "--reason': should be one line of words that says why" in ended.refused()
    assert place.stored() == before


@pytest.mark.parametrize("command", ["undo", "show"])
def test_a_number_that_no_run_can_have_is_told_as_such(place: Place, command: str) -> None:
    """Neither database has room for it."""
    assert "is not in the range" in place.sync(command, str(2**63)).refused()


def test_exceptions_are_granted_listed_and_removed(place: Place) -> None:
    """A test card with a PIN, typed unseen, and a student who is left alone; both are on record."""
    until = str(datetime.now(UTC).date() + timedelta(days=40))
    told = ("--district", "demo", "--until", until, "--reason", "the vendor")
    made = place.day("exception", "add", "test-card", *told, "--pin", typed="2468\n")
    assert made.out == f"exception 1: test card 299999999 works through {until}\n"
    assert place.day("exception", "add", "skip", *told, "--number", "1").out == (
        f"exception 2: nights leave patron 1 alone through {until}\n"
    )
    assert place.day("exception", "add", "skip", *told, "--source-id", "s-9").out.endswith(f"alone through {until}\n")
    listed = place.day("exception", "list").out
    assert f"demo: exception 1: test card patron 4 299999999, until {until} (" in listed
    rows = place.day("exception", "list", "--json").json["exceptions"]
    assert [(row["exception"], row["kind"], row["patron"]) for row in rows] == [
        (1, "test_card", 4),
        (2, "skip", 1),
        (3, "skip", None),
    ]
    story = place.day("explain", "9999999")
    assert (story.code, "a test card, which is nobody's" in story.out) == (0, True)
    assert "this is a test card" in place.day("patron", "set", "9999999", "branch=RIVER", "--reason", "no").refused()
    assert place.day("exception", "remove", "1", "--reason", "done").out == "exception 1 has ended\n"
    assert "no exception 1" in place.day("exception", "remove", "1", "--reason", "done").refused()
    assert "nobody" in place.day("patron", "set", "9999999", "branch=RIVER", "--reason", "no").refused()
    assert "2468" not in listed + place.day("audit", "list", "--json").out
    assert place.day("audit", "verify").code == 0


def test_a_skip_is_of_one_student(place: Place) -> None:
    """By one of number and source id."""
    told = ("--district", "demo", "--until", str(datetime.now(UTC).date() + timedelta(days=1)), "--reason", "a test")
    assert "one of --number and --source-id" in place.day("exception", "add", "skip", *told).refused()


def test_a_pin_is_chosen_shown_once_and_taken_back(place: Place) -> None:
    """Typed on standard input or made at random; who did it is on record, and no PIN is."""
    said = "patron 1: a PIN was chosen; the issued one opens nothing any more\n"
    why = "--reason", "asked for it"
    assert place.day("patron", "pin", "1", *why, typed="7392\n").out == said
    made = place.day("patron", "pin", "290000001", "--random", *why).out
    pin = made.removeprefix(f"{said}PIN, shown only now: ").strip()
    assert len(pin) == 6 and pin.isdigit()
    with place.nights() as nights:
        assert nights.sign_in("1", pin).authenticated and not nights.sign_in("1", "7392").authenticated
    assert "the PIN was chosen on" in place.day("explain", "1").out
    back = place.day("patron", "pin", "1", "--reset", *why).out
    assert back == "patron 1: the chosen PIN is forgotten; the issued one opens again\n"
    listed = place.day("audit", "list").out
    assert "pin_choose  patron 1: asked for it" in listed and "pin_reset  patron 1: asked for it" in listed
    assert not {pin, "7392"} & set(place.day("audit", "list", "--json").out.split('"'))


@pytest.mark.parametrize(
    ("typed", "options", "said"),
    [
        ("739\n", (), "at least 4 digits"),
        ("7777\n", (), "one digit repeated"),
        ("\n", (), "digits 0 to 9 only"),
        ("", ("--reset",), "patron 1 has no chosen PIN"),
        ("", ("--reset", "--random"), "give one of --random and --reset"),
    ],
)
def test_a_pin_that_cannot_be_is_refused(place: Place, typed: str, options: tuple[str, ...], said: str) -> None:
    """In one line, and nothing is changed."""
    ended = place.day("patron", "pin", "1", *options, "--reason", "x", typed=typed)
    assert ended.code == 1 and said in ended.err


def test_a_patron_is_blocked_and_unblocked(place: Place) -> None:
    """From the next lookup on; who did it is on record."""
    until = str(datetime.now(UTC).date() + timedelta(days=40))
    ended = place.day("patron", "block", "1", "--until", until, "--reason", "lost the badge")
    assert ended.out == f"patron 1, 290000001: blocked through {until}\n"
    again = place.day("patron", "block", "0000001", "--reason", "lost it twice")
    assert again.out == "patron 1, 290000001: blocked until `access-service patron unblock` lifts it\n"
    assert "lost it twice" in place.day("explain", "1").out
    assert place.day("explain", "1", "--json").json["standing"] == "blocked"
    assert place.day("patron", "unblock", "1", "--reason", "found").out == (
        "patron 1, 290000001: no longer blocked here\n"
    )
    assert "no block here" in place.day("patron", "unblock", "1", "--reason", "found").refused()
    assert "has passed" in place.day("patron", "block", "1", "--until", "2001-01-01", "--reason", "late").refused()
    assert "unblock  patron 1: found" in place.day("audit", "list").out
