"""A look at the district's folder: whether a run would find another file than the last one did."""

from datetime import UTC, datetime

import pytest

from sync.sftp import Credentials, LoginRefusedError, RosterUnavailableError, new_file
from tests.sync.conftest import Serve, Source
from tests.sync.sftp_helpers import NIGHT, deliver, feed_for, no_sleep

KNOWN = {"name": "roster.zip", "size": 6, "written": datetime.fromtimestamp(NIGHT, UTC).isoformat(timespec="minutes")}


def test_only_another_file_is_new(source: Source) -> None:
    """By name, size and time; an empty folder is nothing new, and nothing is downloaded."""
    assert not new_file(source.feed, source.login, {}, no_sleep)
    deliver(source.folder, "roster.zip", b"roster")
    assert new_file(source.feed, source.login, {}, no_sleep)
    assert not new_file(source.feed, source.login, KNOWN, no_sleep)
    for name, content, modified in (
        ("roster.zip", b"longer roster", NIGHT),
        ("roster.zip", b"rostew", NIGHT + 60),
        ("roster-2.zip", b"roster", NIGHT + 120),
    ):
        deliver(source.folder, name, content, modified)
        assert new_file(source.feed, source.login, KNOWN, no_sleep)


def test_all_files_of_a_package_count(source: Source) -> None:
    """A package of files is known by its pattern, the sum of sizes and the newest time."""
    feed = source.feed.model_copy(update={"package": "files", "pattern": "*.csv"})
    for name in ("a.csv", "b.csv"):
        deliver(source.folder, name, b"row")
    known = {**KNOWN, "name": "*.csv"}
    assert not new_file(feed, source.login, known, no_sleep)
    deliver(source.folder, "c.csv", b"row")
    assert new_file(feed, source.login, known, no_sleep)


def test_a_file_that_is_being_written_is_not_there_yet(source: Source) -> None:
    """It is an error of the look, and no failed run; the next look sees it whole."""
    file = deliver(source.folder, "roster.zip", b"ros")

    def goes_on(_seconds: float) -> None:
        file.write_bytes(b"roster")

    with pytest.raises(RosterUnavailableError, match="still being written"):
        new_file(source.feed, source.login, {}, goes_on)
    assert new_file(source.feed, source.login, {}, no_sleep)


def test_a_refused_login_has_an_error_of_its_own(serve: Serve) -> None:
    """Whoever asks often must stop then."""
    with pytest.raises(LoginRefusedError, match="refused"):
        new_file(feed_for(serve()), Credentials(password="wrong"), {}, no_sleep)
