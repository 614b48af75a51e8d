"""What a server may show or do, and what becomes of it: nothing of it is believed, and nothing of it stays."""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service.errors import OperatorError
from sync.sftp import Credentials, RosterUnavailableError, fetch
from tests.sync.conftest import Serve, Source
from tests.sync.sftp_helpers import deliver, feed_for, no_sleep, refusal
from tests.sync.sftp_servers import (
    HANDLE,
    VERSION,
    ends_early,
    gluttonous,
    lists,
    packed,
    says,
    short_answers,
    tampering_proxy,
    touched_while_read,
)


def test_a_file_that_ends_early_is_refused(serve: Serve, login: Credentials, outgoing: Path, into: Path) -> None:
    """Fewer bytes than the server said is an error, which paramiko alone does not notice."""
    deliver(outgoing, "roster.zip", os.urandom(300_000))
    feed = feed_for(serve(ends_early))
    assert "roster.zip changed while it was read" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert list(into.iterdir()) == []


def test_short_answers_are_asked_for_again(serve: Serve, login: Credentials, outgoing: Path, into: Path) -> None:
    """Fewer bytes than asked for are no end of file, as long as there are some."""
    content = os.urandom(300_000)
    deliver(outgoing, "roster.zip", content)
    assert fetch(feed_for(serve(short_answers)), login, into, no_sleep).path.read_bytes() == content


def test_a_file_that_is_rewritten_while_read_is_refused(
    serve: Serve, login: Credentials, outgoing: Path, into: Path
) -> None:
    """The right number of bytes is not enough: the time must be the same afterwards."""
    deliver(outgoing, "roster.zip", os.urandom(300_000))
    feed = feed_for(serve(touched_while_read))
    assert "roster.zip changed while it was read" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert list(into.iterdir()) == []


def test_a_set_of_files_lands_whole_or_not_at_all(serve: Serve, login: Credentials, outgoing: Path, into: Path) -> None:
    """One bad file takes the others with it."""
    deliver(outgoing, "a.csv", b"id\n")
    deliver(outgoing, "b.csv", os.urandom(300_000))
    feed = feed_for(serve(ends_early), package="files", pattern="*.csv")
    assert "b.csv changed while it was read" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert list(into.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        b"../x.zip",
        b"/etc/x.zip",
        b"a\nb.zip",
        b"a\x1b[2Jb.zip",
        b"a\0b.zip",
        b"a b.zip",
        b"sch\xfcler.zip",
        "schüler.zip".encode(),
        b"x" * 125 + b".zip",
        b"-" * 5000 + b".zip",
    ],
)
def test_a_hostile_name_is_refused_in_one_printable_line(
    serve: Serve, login: Credentials, into: Path, name: bytes
) -> None:
    """A name that could lead elsewhere, or move a cursor, never becomes a path and never shows raw."""
    feed = feed_for(serve(lists(name)))
    line = refusal(lambda: fetch(feed, login, into, no_sleep))
    assert "plain names" in line
    assert len(line) < 400
    assert not into.exists()


def test_a_good_file_is_read_beside_hostile_names(serve: Serve, login: Credentials, outgoing: Path, into: Path) -> None:
    """One bad name in the folder does not cost the night."""
    deliver(outgoing, "roster.zip", b"rows")
    feed = feed_for(serve(lists(b"../x.zip", "schüler.zip".encode())))
    assert fetch(feed, login, into, no_sleep).name == "roster.zip"


def test_a_name_that_no_text_can_hold_is_told(serve: Serve, login: Credentials, outgoing: Path, into: Path) -> None:
    """paramiko lists no folder with a name outside UTF-8, whatever else is in it: the line shows which one it is."""
    deliver(outgoing, "roster.zip", b"rows")
    server, waits = serve(lists(b"sch\xfcler.txt")), list[float]()
    line = refusal(lambda: fetch(feed_for(server, tries=5), login, into, waits.append))
    assert r"'sch\\xfcler.txt' is not UTF-8; ask the district" in line
    assert waits == []


def test_a_set_of_files_with_a_hostile_name_is_refused(
    serve: Serve, login: Credentials, outgoing: Path, into: Path
) -> None:
    """A set without one of its files would be read as a district without those students."""
    deliver(outgoing, "users.csv", b"id\n")
    feed = feed_for(serve(lists(b"org s.csv")), package="files", pattern="*.csv")
    assert "'org s.csv'" in refusal(lambda: fetch(feed, login, into, no_sleep))


def test_a_folder_of_endless_entries_is_refused(serve: Serve, login: Credentials, into: Path) -> None:
    """A listing is not read past the number that a folder may hold."""
    feed = feed_for(serve(lists(*[b"x.txt"] * 10_100)))
    assert "over 10000 entries" in refusal(lambda: fetch(feed, login, into, no_sleep))


NAMES = b"\x68\0\0\0\2"  # then how many, and each


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ([b"Welcome"], "what answers is not SFTP"),
        ([b"\2"], "what answers is not SFTP"),
        ([VERSION, b"\x65\0\0\0\1\0\0\0\0"], "what answers is not SFTP"),  # OK where a handle was due
        ([VERSION, b"\x65\0\0\0\1\0\0\0\4\0\0\0\4ha\x1b!"], r"the server refuses ('ha\x1b!')"),
        ([VERSION, b"\x65\0\0\0\1\0\0\0\3"], "the account may not read it"),
        ([VERSION, HANDLE, NAMES + b"\xff\xff\xff\xff"], "over 10000 entries"),
        ([VERSION, HANDLE], "no answer within 0.5 seconds"),
    ],
)
def test_answers_that_are_no_listing_are_told(
    serve: Serve, login: Credentials, into: Path, answers: list[bytes], line: str
) -> None:
    """Whatever comes instead of SFTP, or claims more names than it holds, ends in one line and in time."""
    feed = feed_for(serve(sftp_factory=None, door=says(packed(*answers))), timeout_seconds=0.5)
    assert line in refusal(lambda: fetch(feed, login, into, no_sleep))


def test_a_server_that_sends_more_than_was_asked_for_is_refused(
    serve: Serve, login: Credentials, outgoing: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What paramiko has to keep until its turn has an end, so that no server fills our memory."""
    monkeypatch.setattr("sync.sftp.session.SLACK", 1_000_000)
    deliver(outgoing, "roster.zip", bytes(3_200_000))
    feed = feed_for(serve(gluttonous), max_bytes=3_200_000)
    assert "more than was asked for" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert list(into.iterdir()) == []


def test_a_link_is_refused(source: Source, into: Path) -> None:
    """Only a regular file is a roster: a link could name any file of the server."""
    (source.folder / "roster.zip").symlink_to("/etc/passwd")
    assert "roster.zip (a link, not a file)" in refusal(lambda: fetch(source.feed, source.login, into, no_sleep))


def test_a_folder_is_no_file(source: Source, into: Path) -> None:
    """Old deliveries in a folder of their own do not stand in the way, and are not looked into."""
    (source.folder / "older.zip").mkdir()
    deliver(source.folder / "older.zip", "oldest.zip", b"rows")
    assert "no file in" in refusal(lambda: fetch(source.feed, source.login, into, no_sleep))
    deliver(source.folder, "users.csv", b"id\n")
    everything = source.feed.model_copy(update={"package": "files", "pattern": "*"})
    assert fetch(everything, source.login, into, no_sleep).size == 3


def test_a_link_beside_the_file_is_passed_over(source: Source, into: Path) -> None:
    """A "latest" link next to dated files is common, and harmless when it is not followed."""
    path = deliver(source.folder, "roster-1.zip", b"rows")
    (source.folder / "roster-latest.zip").symlink_to(path)
    assert fetch(source.feed, source.login, into, no_sleep).name == "roster-1.zip"


@pytest.mark.parametrize(
    ("content", "line"), [(b"", "roster.zip is empty"), (b"x" * 1001, "1001 bytes, over [feed] max_bytes of 1000")]
)
def test_a_size_that_no_roster_has_is_refused(source: Source, into: Path, content: bytes, line: str) -> None:
    """An empty newest file is an export that failed, and the older one is not taken for it."""
    deliver(source.folder, "roster.zip", content)
    deliver(source.folder, "older.zip", b"rows", 1)
    feed = source.feed.model_copy(update={"max_bytes": 1000})
    assert line in refusal(lambda: fetch(feed, source.login, into, no_sleep))
    assert not into.exists()


def test_a_set_of_files_is_capped_as_a_whole(source: Source, into: Path) -> None:
    """Many files within the limit do not add up past it."""
    for number in range(3):
        deliver(source.folder, f"{number}.csv", b"x" * 400)
    feed = source.feed.model_copy(update={"max_bytes": 1000, "package": "files", "pattern": "*.csv"})
    assert "0.csv and 2 more: 1200 bytes" in refusal(lambda: fetch(feed, source.login, into, no_sleep))


def test_a_missing_folder_is_named(source: Source, into: Path) -> None:
    """The line says which folder, and where to look."""
    feed = source.feed.model_copy(update={"folder": "nowhere/at-all"})
    line = refusal(lambda: fetch(feed, source.login, into, no_sleep))
    assert "'nowhere/at-all': no such file or folder; check [feed] folder" in line


def test_no_matching_file_is_told_with_the_pattern(source: Source, into: Path) -> None:
    """The line says what was looked for."""
    deliver(source.folder, "roster.txt", b"rows")
    assert "matching '*.zip'" in refusal(lambda: fetch(source.feed, source.login, into, no_sleep))


@pytest.mark.parametrize("at", [5, 60, 700, 1300, 1600, 1900, 2200, 2600, 3400, 100_000, 290_000])
def test_bytes_altered_on_the_way_never_land(
    serve: Serve, login: Credentials, outgoing: Path, into: Path, at: int
) -> None:
    """Wherever in the stream a byte is changed, it ends in an error or, where it was only padding, changes nothing."""
    content = os.urandom(300_000)
    deliver(outgoing, "roster.zip", content)
    server = serve()
    with tampering_proxy(server, at) as proxy, contextlib.suppress(RosterUnavailableError):
        fetch(feed_for(server, port=proxy, timeout_seconds=0.5), login, into, no_sleep)
    assert all(path.read_bytes() == content for path in into.glob("*"))
    assert at < 100_000 or list(into.iterdir()) == []


@contextlib.contextmanager
def small_disk() -> Iterator[None]:
    """No file of this process may grow past 100,000 bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_our_trouble_and_leaves_nothing_behind(
    serve: Serve, login: Credentials, outgoing: Path, into: Path
) -> None:
    """The operator is told of the spool, not of the server, and nothing is tried again."""
    deliver(outgoing, "roster.zip", os.urandom(300_000))
    server = serve()
    waits: list[float] = []
    with small_disk(), pytest.raises(OperatorError, match=r"spool/demo/.*: file too large; make room") as caught:
        fetch(feed_for(server, settle_seconds=0, tries=3), login, into, waits.append)
    assert not isinstance(caught.value, RosterUnavailableError)
    assert waits == [0]
    assert list(into.iterdir()) == []


def test_a_spool_that_cannot_be_made_is_our_trouble(
    serve: Serve, login: Credentials, outgoing: Path, tmp_path: Path
) -> None:
    """A file where the spool folder should be is told in one line."""
    deliver(outgoing, "roster.zip", b"rows")
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="file/spool: not a directory"):
        fetch(feed_for(serve()), login, tmp_path / "file" / "spool", no_sleep)
