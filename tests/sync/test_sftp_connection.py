"""Whom we talk to, how we log in, and what is worth a second try."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

from access_service.settings import Feed
from sync.sftp import Credentials, RosterUnavailableError, check_source, fetch
from sync.sftp.session import session
from sync.sftp.trouble import ConnectionLostError
from tests.sync.conftest import Serve
from tests.sync.sftp_helpers import deliver, feed_for, no_sleep, refusal
from tests.sync.sftp_servers import (
    HANDLE,
    USER,
    VERSION,
    Door,
    HostileServer,
    drips,
    hangs_up,
    hangs_up_once,
    never_answers,
    packed,
    says,
)

OTHER_KEY = "SHA256:" + "A" * 43


def test_an_unpinned_server_is_refused_before_any_login(serve: Serve, login: Credentials, into: Path) -> None:
    """The line shows what the server offered; it saw nobody try to log in, and nothing is tried again."""
    server = serve()
    waits: list[float] = []
    feed = feed_for(server, host_keys=[OTHER_KEY], tries=5)
    assert server.fingerprints[0] in refusal(lambda: fetch(feed, login, into, waits.append))
    assert (server.logins_begun, waits) == (0, [])


def test_all_keys_of_an_unpinned_server_are_shown(serve: Serve, login: Credentials, into: Path) -> None:
    """Whoever has to compare fingerprints sees each one that the server has."""
    kinds = ["ssh-rsa", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp256", "ssh-ed25519"]
    server = serve(keys=kinds)
    feed = feed_for(server, host_keys=[OTHER_KEY])
    line = refusal(lambda: fetch(feed, login, into, no_sleep))
    assert all(fingerprint in line for fingerprint in server.fingerprints)
    assert (len(server.connections), server.logins_begun) == (5, 0)


def test_a_check_shows_the_keys_of_a_server_that_is_not_pinned_yet(serve: Serve, login: Credentials) -> None:
    """The first check of a new feed gives the fingerprints to compare, and goes no further."""
    server = serve(keys=["ssh-ed25519", "ssh-rsa"])
    check = check_source(feed_for(server, host_keys=[OTHER_KEY]), login, no_sleep)
    assert check.host_keys == (f"ssh-ed25519 {server.fingerprints[0]}", f"ssh-rsa {server.fingerprints[1]}")
    assert (check.pinned, check.logged_in, server.logins_begun) == (False, False, 0)
    assert "does not list" in str(check.problem)


def test_a_check_without_credentials_ends_before_the_login(serve: Serve) -> None:
    """The fingerprints can be had before the district has sent a password."""
    server = serve()
    check = check_source(feed_for(server), None, no_sleep)
    assert (check.pinned, check.logged_in, server.logins_begun) == (True, False, 0)
    assert "no key and no password" in str(check.problem)


@pytest.mark.parametrize(
    "outdated",
    [
        {"encryption_algs": ["aes128-cbc", "3des-cbc"]},
        {"mac_algs": ["hmac-sha1", "hmac-md5"], "encryption_algs": ["aes128-ctr"]},
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
    ],
)
def test_a_server_with_only_outdated_algorithms_is_refused(
    serve: Serve, login: Credentials, into: Path, outdated: dict[str, list[str]]
) -> None:
    """CBC, 3DES, MD5 and SHA-1 are never agreed on; the line says what to ask for, and nothing is tried again."""
    server = serve(**outdated)
    waits: list[float] = []
    assert "only outdated encryption" in refusal(lambda: fetch(feed_for(server, tries=5), login, into, waits.append))
    assert (server.logins_begun, waits) == (0, [])


def test_the_strongest_common_cipher_is_gcm(serve: Serve, login: Credentials) -> None:
    """Of what both sides have, AES-GCM is taken, whatever order paramiko prefers."""
    server = serve(encryption_algs=["aes128-ctr", "aes128-cbc", "aes256-gcm@openssh.com"])
    with session(feed_for(server), login):
        assert server.connections[0].get_extra_info("send_cipher") == "aes256-gcm@openssh.com"


class NoSubsystem(Door):
    """Opens sessions that know no subsystem."""

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return asyncssh.SSHServerSession()


@pytest.mark.parametrize("door", [Door, NoSubsystem])
def test_an_account_without_sftp_is_told(serve: Serve, login: Credentials, into: Path, door: type[Door]) -> None:
    """Logged in, but no SFTP: that is for the district to mend, and is not tried again."""
    server = serve(sftp_factory=None, door=door)
    feed = feed_for(server, tries=5)
    assert "may log in but has no SFTP" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert len(server.connections) == 1


def test_a_login_script_that_prints_is_told(serve: Serve, login: Credentials, into: Path) -> None:
    """Words where SFTP should be are the classic fault of an account that is not SFTP only."""
    feed = feed_for(serve(sftp_factory=None, door=says(b"Welcome to Maple County Schools! Today is a good day.\n")))
    assert "what answers is not SFTP" in refusal(lambda: fetch(feed, login, into, no_sleep))


def test_a_broken_download_is_tried_again_and_heals(
    serve: Serve, login: Credentials, outgoing: Path, into: Path
) -> None:
    """After a cut connection the whole file is read anew, and the half that came first is gone."""
    content = bytes(range(256)) * 4000
    deliver(outgoing, "roster.zip", content)
    server = serve(hangs_up_once)
    waits: list[float] = []
    landed = fetch(feed_for(server, tries=3, settle_seconds=7), login, into, waits.append)
    assert landed.path.read_bytes() == content
    assert list(into.iterdir()) == [landed.path]
    assert len(server.connections) == 2
    assert (waits[0], waits[2], len(waits)) == (7, 7, 3)
    assert 0 <= waits[1] <= 30


def test_a_server_that_is_away_is_tried_again_with_growing_waits(login: Credentials, into: Path) -> None:
    """As many tries as configured, up to 30, 60 and 120 seconds apart; then one line says how often."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    feed = Feed(host="127.0.0.1", port=port, user=USER, host_keys=(OTHER_KEY,), tries=4)
    waits: list[float] = []
    line = refusal(lambda: fetch(feed, login, into, waits.append))
    assert f"127.0.0.1:{port}: connection refused" in line
    assert line.endswith("(tried 4 times)")
    assert len(waits) == 3
    assert all(0 <= wait <= 30 * 2**number for number, wait in enumerate(waits))


def test_a_name_without_address_is_not_tried_again(login: Credentials, into: Path) -> None:
    """A misspelt host does not heal overnight."""
    feed = Feed(host="sftp.invalid", user=USER, host_keys=(OTHER_KEY,), tries=4)
    waits: list[float] = []
    line = refusal(lambda: fetch(feed, login, into, waits.append))
    assert "no address for this name" in line


def test_a_port_that_never_speaks_is_given_up(login: Credentials, into: Path) -> None:
    """The greeting must come within the feed's timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        feed = Feed(host="127.0.0.1", port=port, user=USER, host_keys=(OTHER_KEY,), timeout_seconds=0.5, tries=1)
        line = refusal(lambda: fetch(feed, login, into, no_sleep))
    # Who notices first, the library or its own clock, is a race.
    assert "no answer within 0.5 seconds" in line or "no SSH handshake" in line


def test_a_port_that_speaks_something_else_is_told(login: Credentials, into: Path) -> None:
    """A web server, for one, is not an SSH server; what it said does not reach the terminal raw."""
    with greeter(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n") as port:
        feed = Feed(host="127.0.0.1", port=port, user=USER, host_keys=(OTHER_KEY,), timeout_seconds=2, tries=1)
        assert "no SSH handshake" in refusal(lambda: fetch(feed, login, into, no_sleep))


@contextmanager
def greeter(words: bytes) -> Iterator[int]:
    """The port of a server that says its words to one client and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(words)

        thread = threading.Thread(target=greet)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)


def test_a_download_that_stalls_is_given_up(serve: Serve, login: Credentials, outgoing: Path, into: Path) -> None:
    """No byte within the feed's timeout is a broken connection, and nothing of the file stays."""
    deliver(outgoing, "roster.zip", b"rows")
    feed = feed_for(serve(never_answers), timeout_seconds=0.5)
    started = time.monotonic()
    assert "no answer within 0.5 seconds" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert time.monotonic() - started < 5
    assert list(into.iterdir()) == []


def test_a_server_that_drips_is_cut_off(serve: Serve, login: Credentials, outgoing: Path) -> None:
    """A byte now and then meets every timeout but the one for the whole session; that is not tried again."""
    path = deliver(outgoing, "roster.zip", b"rows" * 1000)

    def read_all() -> None:
        with session(feed_for(serve(drips), settle_seconds=0), login, longest=0.5) as remote:
            list(remote.read(str(path), 4000))

    with pytest.raises(RosterUnavailableError, match="too slow to wait for") as caught:
        read_all()
    assert not isinstance(caught.value, ConnectionLostError)


def test_a_listing_that_takes_long_to_read_ends_with_the_session(serve: Serve, login: Credentials) -> None:
    """Attributes that claim to be many keep paramiko busy; those of one entry only, once the time is over."""
    long = b"".join(value.to_bytes(4) for value in (1, 0, 0, 0x80000000, 300_000))
    answers = packed(VERSION, HANDLE, *(b"\x68" + number.to_bytes(4) + long for number in range(2, 12)))
    feed = feed_for(serve(sftp_factory=None, door=says(answers)), settle_seconds=0)
    seen = []

    def list_all() -> None:
        with session(feed, login, longest=0.3) as remote:
            for entry in remote.entries("."):
                seen.append(entry)  # noqa: PERF402 those before the error count

    assert "too slow to wait for" in refusal(list_all)
    assert len(seen) < 10


class SilentSession(asyncssh.SSHServerSession[bytes]):
    """Never answers the request for SFTP."""

    def __init__(self, house: HostileServer) -> None:
        self.house = house

    def subsystem_requested(self, subsystem: str) -> bool:  # noqa: ARG002
        return self.house.released.wait(5)


class Silent(Door):
    """Opens sessions that never answer."""

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return SilentSession(self.house)


def test_a_session_that_never_starts_is_given_up(serve: Serve, login: Credentials, into: Path) -> None:
    """paramiko alone would wait for ever for the answer to this one request."""
    server = serve(sftp_factory=None, door=Silent)
    feed = feed_for(server, timeout_seconds=0.5)
    assert "no answer within 0.5 seconds" in refusal(lambda: fetch(feed, login, into, no_sleep))
    server.released.set()


def test_a_server_that_dies_in_mid_download_leaves_no_trace(
    serve: Serve, login: Credentials, outgoing: Path, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """paramiko asks for what is ahead in a thread of its own, and nobody would catch what is raised there."""
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    with deliver(outgoing, "roster.zip", b"rows").open("r+b") as roster:
        roster.truncate(200 * 1024 * 1024)
    feed = feed_for(serve(hangs_up), timeout_seconds=2)
    for _ in range(5):
        assert "the connection broke" in refusal(lambda: fetch(feed, login, into, no_sleep))
    assert raised == []
    assert list(into.iterdir()) == []


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Every connection of these tests ends with its threads."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(1)
    assert set(threading.enumerate()) <= before
