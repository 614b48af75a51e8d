"""Where the secrets of a district come from, and how they are used."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paramiko import ECDSAKey, PKey, RSAKey, ServerInterface, Transport
from paramiko.common import AUTH_PARTIALLY_SUCCESSFUL, AUTH_SUCCESSFUL
from paramiko.server import InteractiveQuery

from access_service.errors import ConfigError
from access_service.settings import Feed
from sync.sftp import Credentials, check_source, credentials, fetch
from tests.sync.conftest import Serve
from tests.sync.sftp_helpers import deliver, feed_for, no_sleep, refusal
from tests.sync.sftp_servers import PASSWORD, USER, Door


@pytest.fixture
def pem() -> str:
    """An unprotected private key in PEM form."""
    text = StringIO()
    ECDSAKey.generate().write_private_key(text)
    return text.getvalue()


def test_a_password_comes_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The district's code is upper case in the variable, with "_" for "-"."""
    monkeypatch.setenv("SFTP_PASSWORD_MAPLE_COUNTY", "from the environment")
    assert credentials("maple-county") == Credentials(password="from the environment")
    monkeypatch.delenv("SFTP_PASSWORD_MAPLE_COUNTY")
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("SFTP_PASSWORD_MAPLE_COUNTY_FILE", str(tmp_path / "secret"))
    assert credentials("maple-county") == Credentials(password="from a file")


def test_a_key_comes_from_the_environment_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pem: str) -> None:
    """A key and a password may both be there."""
    monkeypatch.setenv("SFTP_KEY_DEMO", pem)
    monkeypatch.setenv("SFTP_PASSWORD_DEMO", "too")
    both = credentials("demo")
    assert (both.password, both.key is not None) == ("too", True)
    monkeypatch.delenv("SFTP_KEY_DEMO")
    (tmp_path / "key").write_text(pem)
    monkeypatch.setenv("SFTP_KEY_DEMO_FILE", str(tmp_path / "key"))
    assert credentials("demo").key == both.key


def test_secrets_do_not_print(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Credentials in a log line or a traceback shows neither part."""
    monkeypatch.setenv("SFTP_KEY_DEMO", pem)
    monkeypatch.setenv("SFTP_PASSWORD_DEMO", "hunter2")
    assert repr(credentials("demo")) == "Credentials()"


def test_a_key_without_a_comment_is_read_whatever_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """paramiko's own parser loses about one in eight of them."""
    for _ in range(40):
        key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        monkeypatch.setenv("SFTP_KEY_DEMO", key.export_private_key().decode())
        assert credentials("demo").key


def test_without_secrets_both_variables_are_named() -> None:
    """Whoever sets up a feed learns which variables there are."""
    with pytest.raises(ConfigError, match="set SFTP_KEY_MAPLE_COUNTY or SFTP_PASSWORD_MAPLE_COUNTY"):
        credentials("maple-county")


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set variable whose file is missing is an error even where the other kind would do."""
    monkeypatch.setenv("SFTP_KEY_DEMO_FILE", "/nowhere/key")
    monkeypatch.setenv("SFTP_PASSWORD_DEMO", "hunter2")
    with pytest.raises(ConfigError, match="SFTP_KEY_DEMO_FILE: cannot read /nowhere/key"):
        credentials("demo")


@pytest.mark.parametrize("form", [{"format_name": "openssh", "rounds": 50}, {"format_name": "pkcs1-pem"}])
def test_a_key_with_a_passphrase_is_refused(
    monkeypatch: pytest.MonkeyPatch, host_keys: dict[str, asyncssh.SSHKey], form: dict[str, Any]
) -> None:
    """Nobody is there at night to type it; the line says how to take it off."""
    protected = host_keys["ssh-rsa"].export_private_key(passphrase="secret words", **form)
    monkeypatch.setenv("SFTP_KEY_DEMO", protected.decode())
    with pytest.raises(ConfigError, match=r"SFTP_KEY_DEMO: not a private key .* without a passphrase"):
        credentials("demo")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_key_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch, host_keys: dict[str, asyncssh.SSHKey], data: st.DataObject
) -> None:
    """Whatever became of the text, either it is still a key or the line names the variable and nothing of the key."""
    kind = data.draw(st.sampled_from(["ssh-ed25519", "ecdsa-sha2-nistp256"]))
    whole = host_keys[kind].export_private_key().decode()
    at, cut = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 40))
    damaged = whole[:at] + data.draw(st.text("Aa0+/=\n- x", max_size=3)) + whole[at + cut :]
    monkeypatch.setenv("SFTP_KEY_DEMO", damaged)
    with contextlib.suppress(ConfigError):
        credentials("demo")


def test_a_wrong_password_is_tried_exactly_once(serve: Serve, into: Path) -> None:
    """A second attempt could lock the account."""
    server = serve()
    waits: list[float] = []
    wrong = Credentials(password="wrong")
    assert f"login as {USER} refused" in refusal(lambda: fetch(feed_for(server, tries=5), wrong, into, waits.append))
    assert (server.passwords_tried, waits) == (1, [])


def test_a_refused_key_is_not_followed_by_the_password(
    serve: Serve, into: Path, host_keys: dict[str, asyncssh.SSHKey]
) -> None:
    """With both configured, one refusal is one failed login."""
    server = serve()
    server.public_key = host_keys["ssh-rsa"].convert_to_public()
    both = Credentials(password=PASSWORD, key=RSAKey.generate(2048))
    assert "refused" in refusal(lambda: fetch(feed_for(server), both, into, no_sleep))
    assert server.passwords_tried == 0


class KeysOnly(Door):
    """Offers no password login."""

    def password_auth_supported(self) -> bool:
        return False

    def public_key_auth_supported(self) -> bool:
        return True


def test_a_server_that_takes_no_passwords_says_what_it_takes(serve: Serve, login: Credentials, into: Path) -> None:
    """The kind of proof that is missing is in the line."""
    feed = feed_for(serve(door=KeysOnly))
    assert "the server takes 'publickey'" in refusal(lambda: fetch(feed, login, into, no_sleep))


class KeyThenPassword(ServerInterface):
    """Wants both proofs, in this order."""

    def __init__(self) -> None:
        self.proofs: list[str] = []

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "password" if self.proofs else "publickey"

    def check_auth_publickey(self, username: str, key: PKey) -> int:  # noqa: ARG002
        self.proofs.append("key")
        return AUTH_PARTIALLY_SUCCESSFUL

    def check_auth_password(self, username: str, password: str) -> int:  # noqa: ARG002
        self.proofs.append(password)
        return AUTH_SUCCESSFUL


class AsksForIt(ServerInterface):
    """Takes the password only as the answer to a question."""

    def __init__(self) -> None:
        self.answers: list[str] = []

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "keyboard-interactive"

    def check_auth_interactive(self, username: str, submethods: str) -> int | InteractiveQuery:  # noqa: ARG002
        return InteractiveQuery("", "", "Password:")

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        self.answers += responses
        return AUTH_SUCCESSFUL


@contextlib.contextmanager
def paramiko_server(door: ServerInterface, host_key: PKey) -> Iterator[int]:
    """The port of a server that takes one connection and opens no session."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served: list[Transport] = []

        def accept() -> None:
            transport = Transport(listener.accept()[0])
            served.append(transport)
            transport.add_server_key(host_key)
            transport.start_server(event=threading.Event(), server=door)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            thread.join(5)
            served[0].close()
            served[0].join(5)


def test_a_password_is_given_to_a_server_that_asks_for_it(into: Path) -> None:
    """Keyboard-interactive login with one question is a password login by another name."""
    key, door = RSAKey.generate(2048), AsksForIt()
    with paramiko_server(door, key) as port:
        feed = Feed(host="127.0.0.1", port=port, user=USER, host_keys=(key.fingerprint,), tries=1)
        line = refusal(lambda: fetch(feed, Credentials(PASSWORD), into, no_sleep))
    assert door.answers == [PASSWORD]
    assert "may log in but has no SFTP" in line


def test_a_server_that_wants_key_and_password_gets_both(into: Path) -> None:
    """Where the key is only the first proof the password follows it."""
    key, door = RSAKey.generate(2048), KeyThenPassword()
    with paramiko_server(door, key) as port:
        feed = Feed(host="127.0.0.1", port=port, user=USER, host_keys=(key.fingerprint,), tries=1)
        line = refusal(lambda: fetch(feed, Credentials(PASSWORD, key), into, no_sleep))
    assert door.proofs == ["key", PASSWORD]
    assert "may log in but has no SFTP" in line


def test_half_a_login_is_none(into: Path) -> None:
    """A server that is content with the key only in part has not let us in."""
    key, door = RSAKey.generate(2048), KeyThenPassword()
    with paramiko_server(door, key) as port:
        feed = Feed(host="127.0.0.1", port=port, user=USER, host_keys=(key.fingerprint,), tries=1)
        assert "login as library refused" in refusal(lambda: fetch(feed, Credentials(key=key), into, no_sleep))


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_private_key_of_each_kind_logs_in(
    serve: Serve, outgoing: Path, host_keys: dict[str, asyncssh.SSHKey], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ssh-keygen writes is what the environment may hold."""
    deliver(outgoing, "roster.zip", b"rows")
    server = serve()
    server.public_key = host_keys[kind].convert_to_public()
    monkeypatch.setenv("SFTP_KEY_DEMO", host_keys[kind].export_private_key().decode())
    assert check_source(feed_for(server), credentials("demo"), no_sleep).complete
