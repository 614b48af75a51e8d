"""A whole night against a hostile server: one clear line, nothing applied, and nothing written but in the spool."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from access_service.settings import Feed, load
from access_service.storage.engine import Databases
from sync import job
from sync.sftp import Credentials, fetch
from sync.sftp.remote import BLOCK
from tests.consistency import consistent
from tests.sync.conftest import Serve
from tests.sync.nights import Nights
from tests.sync.rosters import package, pupils
from tests.sync.sftp_helpers import NIGHT, deliver, feed_for, refusal
from tests.sync.sftp_servers import (
    HostileServer,
    SftpFactory,
    ends_early,
    grows_while_read,
    hangs_up,
    hangs_up_later_each_time,
    lists,
    never_answers,
    touched_while_read,
)

CUTS = 100
OTHER_KEY = "SHA256:" + "B" * 43


def changed_key(feed: Feed, _outgoing: Path) -> Feed:
    return feed.model_copy(update={"host_keys": (OTHER_KEY,)})


def a_link(feed: Feed, outgoing: Path) -> Feed:
    (outgoing / "roster.zip").rename(outgoing / "kept")
    (outgoing / "roster.zip").symlink_to("/etc/passwd")
    return feed


def nothing(feed: Feed, _outgoing: Path) -> Feed:
    return feed


Misbehaviour = Callable[[HostileServer], SftpFactory] | None

HOSTILITIES: dict[str, tuple[Misbehaviour, Callable[[Feed, Path], Feed], str]] = {
    "another key": (None, changed_key, "host key"),
    "a stall": (never_answers, nothing, "no answer within 0.5 seconds"),
    "a cut": (hangs_up, nothing, "the connection broke"),
    "a file that ends early": (ends_early, nothing, "changed while it was read"),
    "a file that grows": (grows_while_read, nothing, "changed while it was read"),
    "a file that is replaced": (touched_while_read, nothing, "changed while it was read"),
    "a link": (None, a_link, "a link, not a file"),
}


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """Twenty students are known."""
    installed = Nights(databases, tmp_path / "here", dict(load(Path("config")).districts))
    installed.folder.mkdir()
    installed.night(pupils(20))
    return installed


def tree(folder: Path) -> dict[str, Any]:
    """Every path but the database's own, with what it is and when it was written."""
    found = {path: path.lstat() for path in folder.rglob("*") if not path.name.startswith("access.")}
    return {str(path): (fact.st_mode, fact.st_size) for path, fact in found.items()}


@pytest.mark.parametrize("hostility", HOSTILITIES)
def test_a_hostile_night_changes_nothing(  # noqa: PLR0913, PLR0917 - a server and an installation
    nights: Nights, serve: Serve, outgoing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostility: str
) -> None:
    """Everybody is served from the last good night, and the district's next file is read."""
    misbehaves, prepare, line = HOSTILITIES[hostility]
    package(outgoing / "roster.zip", pupils(25), changed={"noise.bin": os.urandom(400_000)})
    os.utime(outgoing / "roster.zip", (NIGHT, NIGHT))
    server = serve(misbehaves)
    feed = prepare(feed_for(server, timeout_seconds=0.5, settle_seconds=0), outgoing)
    nights.districts["demo"] = nights.districts["demo"].model_copy(update={"feed": feed})
    monkeypatch.setenv("SFTP_PASSWORD_DEMO", "correct horse")
    before, there = nights.everything(), tree(nights.folder)
    order = replace(nights.job(Path("nowhere")), file=None)
    assert line in refusal(lambda: job.run(order))
    assert nights.everything() == before and tree(nights.folder) == there
    others = {path.name for path in tmp_path.iterdir() if not path.name.startswith("access.")}
    assert others == {"here", "outgoing"}
    with nights.databases.reader.connect() as connection:
        consistent(connection)


@pytest.mark.parametrize("name", [b"../x.zip", b"/tmp/x.zip", b"..", b"a\x1b[2Jb.zip", b"a/../../x.zip"])
def test_a_night_of_hostile_names_writes_nothing(
    nights: Nights, serve: Serve, monkeypatch: pytest.MonkeyPatch, name: bytes
) -> None:
    """Whatever a file is called, it becomes no path of ours."""
    feed = feed_for(serve(lists(name)), pattern="*")
    nights.districts["demo"] = nights.districts["demo"].model_copy(update={"feed": feed})
    monkeypatch.setenv("SFTP_PASSWORD_DEMO", "correct horse")
    before, there = nights.everything(), tree(nights.folder.parent)
    refusal(lambda: job.run(replace(nights.job(Path("nowhere")), file=None)))
    assert nights.everything() == before and tree(nights.folder.parent) == there


def test_a_connection_cut_at_every_percent_leaves_nothing(
    serve: Serve, login: Credentials, outgoing: Path, into: Path
) -> None:
    """A hundred tries, each cut one percent of the file later: nothing of any stays, and then the file lands whole."""
    # A request for each percent.
    content = os.urandom(CUTS * BLOCK)
    deliver(outgoing, "roster.zip", content)
    left: list[list[Path]] = []

    def between(_seconds: float) -> None:
        left.append(list(into.iterdir()) if into.exists() else [])

    # More tries than a district's file may ask for.
    feed = feed_for(serve(hangs_up_later_each_time), settle_seconds=0).model_copy(update={"tries": CUTS + 10})
    landed = fetch(feed, login, into, between)
    assert landed.path.read_bytes() == content and list(into.iterdir()) == [landed.path]
    assert len(left) >= CUTS - 1 and not any(left)
