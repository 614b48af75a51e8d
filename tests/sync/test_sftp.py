"""Fetching from servers that behave: asyncssh, and the real sshd where it is installed."""

import hashlib
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access_service.settings import Feed
from sync.sftp import RosterUnavailableError, check_source, fetch
from tests.sync.conftest import Source
from tests.sync.sftp_helpers import NIGHT, deliver, no_sleep


def with_marker(feed: Feed, **changes: object) -> Feed:
    return feed.model_copy(update={"complete": "marker", **changes})


def test_the_newest_matching_file_lands_with_its_hash_size_and_time(source: Source, into: Path) -> None:
    """The newest file by time wins whatever its name, and what is said of it is true."""
    content = os.urandom(3_000_001)
    deliver(source.folder, "z-yesterday.zip", b"old", NIGHT - 86_400)
    deliver(source.folder, "a-today.zip", content)
    deliver(source.folder, "newer.txt", b"not ours", NIGHT + 9)
    landed = fetch(source.feed, source.login, into, no_sleep)
    assert landed.path.read_bytes() == content
    assert (landed.name, landed.size) == ("a-today.zip", 3_000_001)
    assert landed.sha256 == hashlib.sha256(content).hexdigest()
    assert landed.modified == datetime.fromtimestamp(NIGHT, UTC)


def test_of_two_files_of_one_second_the_later_name_is_newer(source: Source, into: Path) -> None:
    """Times are whole seconds, so a name decides between equals."""
    deliver(source.folder, "roster-1.zip", b"first")
    deliver(source.folder, "roster-2.zip", b"second")
    assert fetch(source.feed, source.login, into, no_sleep).name == "roster-2.zip"


def test_the_landed_file_has_a_name_of_ours_and_is_for_us_alone(source: Source, into: Path) -> None:
    """Nothing but a known ending of the remote name becomes part of a local one; no other account reads it."""
    deliver(source.folder, "roster.zip", b"rows")
    landed = fetch(source.feed, source.login, into, no_sleep)
    assert "roster" not in landed.path.name
    assert landed.path.suffix == ".zip"
    assert stat.S_IMODE(landed.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(into.stat().st_mode) == 0o700
    assert list(into.iterdir()) == [landed.path]


def test_a_files_package_lands_as_one_folder(source: Source, into: Path) -> None:
    """All matching files lie under their own names in one fresh folder, and one hash stands for all."""
    deliver(source.folder, "users.csv", b"id\n1\n", NIGHT + 5)
    deliver(source.folder, "orgs.csv", b"id\n7\n")
    deliver(source.folder, "readme.txt", b"hello")
    feed = source.feed.model_copy(update={"package": "files", "pattern": "*.csv"})
    landed = fetch(feed, source.login, into, no_sleep)
    assert {path.name: path.read_bytes() for path in landed.path.iterdir()} == {
        "users.csv": b"id\n1\n",
        "orgs.csv": b"id\n7\n",
    }
    lines = [
        f"{name} {hashlib.sha256(b).hexdigest()}\n" for name, b in (("orgs.csv", b"id\n7\n"), ("users.csv", b"id\n1\n"))
    ]
    assert landed.sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert (landed.name, landed.size) == ("*.csv", 10)
    assert landed.modified == datetime.fromtimestamp(NIGHT + 5, UTC)
    assert stat.S_IMODE(landed.path.stat().st_mode) == 0o700
    assert list(into.iterdir()) == [landed.path]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_pinned_key_of_any_kind_is_reached(source: Source, into: Path, kind: int) -> None:
    """A server with several host keys can be pinned by any of them, not only by the one it shows first."""
    deliver(source.folder, "roster.zip", b"rows")
    feed = source.feed.model_copy(update={"host_keys": (source.fingerprints[kind],)})
    assert fetch(feed, source.login, into, no_sleep).size == 4


def test_a_file_that_grows_during_the_wait_is_left_for_the_next_run(source: Source, into: Path) -> None:
    """Size and time must be the same over two looks; the wait between them is the configured one."""
    path = deliver(source.folder, "roster.zip", b"half")
    waits: list[float] = []

    def upload_goes_on(seconds: float) -> None:
        waits.append(seconds)
        path.write_bytes(b"half and more")

    with pytest.raises(RosterUnavailableError, match=r"roster\.zip is still being written"):
        fetch(source.feed, source.login, into, upload_goes_on)
    assert waits == [60]
    assert not into.exists()


def test_a_file_that_vanishes_during_the_wait_is_left_for_the_next_run(source: Source, into: Path) -> None:
    """An upload that is renamed away is no roster either."""
    path = deliver(source.folder, "roster.zip", b"rows")
    with pytest.raises(RosterUnavailableError, match="still being written"):
        fetch(source.feed, source.login, into, lambda _seconds: path.unlink())


@pytest.mark.parametrize("marker_time", [None, NIGHT - 1])
def test_without_a_marker_as_new_as_the_file_it_is_incomplete(
    source: Source, into: Path, marker_time: int | None
) -> None:
    """A marker that is missing, or left from the delivery before, does not vouch for this file."""
    deliver(source.folder, "roster.zip", b"rows")
    if marker_time:
        deliver(source.folder, "roster.zip.done", b"", marker_time)
    with pytest.raises(RosterUnavailableError, match="still being written: no newer marker"):
        fetch(with_marker(source.feed), source.login, into, no_sleep)


def test_a_marker_vouches_for_its_file_without_a_wait(source: Source, into: Path) -> None:
    """With markers nothing is waited for, and a marker is never itself the roster."""
    deliver(source.folder, "roster.zip", b"rows")
    deliver(source.folder, "roster.zip.done", b"", NIGHT + 1)
    waits: list[float] = []
    landed = fetch(with_marker(source.feed, pattern="*"), source.login, into, waits.append)
    assert (landed.name, waits) == ("roster.zip", [])


def test_one_marker_vouches_for_all_files_of_a_package(source: Source, into: Path) -> None:
    """For "files" the marker is a file of that very name, no older than any of the set."""
    feed = with_marker(source.feed, package="files", pattern="*.csv", marker="done.csv")
    deliver(source.folder, "users.csv", b"id\n")
    deliver(source.folder, "done.csv", b"", NIGHT)
    assert [path.name for path in fetch(feed, source.login, into, no_sleep).path.iterdir()] == ["users.csv"]
    deliver(source.folder, "orgs.csv", b"id\n", NIGHT + 1)
    with pytest.raises(RosterUnavailableError, match=r"orgs\.csv is still being written"):
        fetch(feed, source.login, into, no_sleep)


def test_unfinished_and_hidden_names_are_never_read(source: Source, into: Path) -> None:
    """Names that uploaders use for half a file are passed over, even where they match and are newest."""
    deliver(source.folder, "roster.zip", b"rows")
    for name in ("roster.zip.part", "roster.zip.FILEPART", "roster.tmp", ".roster.zip"):
        deliver(source.folder, name, b"half", NIGHT + 1)
    feed = source.feed.model_copy(update={"pattern": "*"})
    assert fetch(feed, source.login, into, no_sleep).name == "roster.zip"


def test_a_check_tells_every_step_and_downloads_nothing(source: Source, into: Path) -> None:
    """check_source shows all host keys, what the folder holds, and the newest file with its age."""
    deliver(source.folder, "roster.zip", b"rows")
    deliver(source.folder, "notes.txt", b"hello")
    check = check_source(source.feed, source.login, no_sleep)
    assert [line.split()[1] for line in check.host_keys] == source.fingerprints
    assert (check.pinned, check.logged_in, check.entries, check.matching) == (True, True, 2, 1)
    assert (check.newest, check.size, check.complete, check.problem) == ("roster.zip", 4, True, None)
    assert check.age(datetime.fromtimestamp(NIGHT + 60, UTC)) == timedelta(seconds=60)
    assert not into.exists()


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (lambda _folder: None, "no file in .* matching"),
        (lambda folder: deliver(folder, "roster.zip", b""), r"roster\.zip is empty"),
    ],
)
def test_a_check_stops_at_the_first_problem(source: Source, prepare: Callable[[Path], object], problem: str) -> None:
    """What was reached is kept, and the problem is the line that a run would end with."""
    prepare(source.folder)
    check = check_source(source.feed, source.login, no_sleep)
    assert check.logged_in
    assert not check.complete
    with pytest.raises(RosterUnavailableError, match=problem):
        raise RosterUnavailableError(check.problem)
