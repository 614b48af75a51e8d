import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paramiko import AuthenticationException, Ed25519Key, PKey, SFTPClient, Transport

from sync.synthetic.server import Login, RosterServer, host_key


@pytest.fixture(scope="module")
def key_of_user(tmp_path_factory: pytest.TempPathFactory) -> PKey:
    return host_key(tmp_path_factory.mktemp("user") / "key")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, key_of_user: PKey) -> Iterator[RosterServer]:
    folder = tmp_path_factory.mktemp("sftp")
    (folder / "root" / "outgoing").mkdir(parents=True)
    (folder / "root" / "outgoing" / "roster.zip").write_bytes(b"roster")
    (folder / "secret").write_bytes(b"secret")
    (folder / "root" / "link").symlink_to(folder / "secret")
    (folder / "root" / "up").symlink_to(folder)
    login = Login("library", "right", key_of_user)
    with RosterServer(folder / "root", host_key(folder / "host-key"), login) as running:
        yield running


@pytest.fixture(scope="module")
def sftp(server: RosterServer) -> Iterator[SFTPClient]:
    with closing(Transport(("127.0.0.1", server.port))) as transport:
        transport.connect(username="library", password="right")
        client = SFTPClient.from_transport(transport)
        assert client
        yield client


def test_the_server_offers_its_folder(sftp: SFTPClient) -> None:
    """Listing, size and content, from the root or from its folder."""
    assert sftp.listdir("outgoing") == ["roster.zip"]
    assert sftp.stat("/outgoing/roster.zip").st_size == len(b"roster")
    with sftp.open("outgoing/roster.zip") as file:
        assert (file.stat().st_size, file.read()) == (6, b"roster")


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["..", ".", "", "up", "link", "outgoing", "roster.zip", "secret", "etc", "passwd", "\0"]))
)
def test_no_path_leads_out_of_the_root(sftp: SFTPClient, steps: list[str]) -> None:
    """Whatever dots and links a path has, the file outside is neither read nor seen."""
    try:
        with sftp.open("/".join(steps)) as file:
            content = file.read()
    except OSError:
        return
    assert content == b"roster"


@pytest.mark.parametrize("folder", ["..", "up", "/up/root/.."])
def test_no_folder_outside_is_listed(sftp: SFTPClient, folder: str) -> None:
    """A folder above the root is refused, or is the root itself."""
    try:
        assert "secret" not in sftp.listdir(folder)
    except PermissionError:
        return


def test_nothing_can_be_written(sftp: SFTPClient) -> None:
    """Creating, changing, renaming and removing are refused."""
    for attempt in (
        lambda: sftp.open("outgoing/new", "w"),
        lambda: sftp.open("outgoing/roster.zip", "a"),
        lambda: sftp.remove("outgoing/roster.zip"),
        lambda: sftp.rename("outgoing/roster.zip", "outgoing/other"),
        lambda: sftp.mkdir("new"),
        lambda: sftp.symlink("/etc", "etc"),
    ):
        with pytest.raises(OSError, match=r"Permission denied|Operation unsupported"):
            attempt()
    assert sftp.listdir("outgoing") == ["roster.zip"]


@pytest.mark.parametrize(("user", "password"), [("library", "wrong"), ("library", ""), ("other", "right")])
def test_nobody_else_comes_in(server: RosterServer, user: str, password: str) -> None:
    """A wrong or empty password and another name are refused."""
    with closing(Transport(("127.0.0.1", server.port))) as transport, pytest.raises(AuthenticationException):
        transport.connect(username=user, password=password)


def test_the_users_key_opens_and_another_does_not(server: RosterServer, key_of_user: PKey, tmp_path: Path) -> None:
    """Key authentication takes the one key it was given."""
    with closing(Transport(("127.0.0.1", server.port))) as transport:
        transport.connect(username="library", pkey=key_of_user)
        assert transport.is_authenticated()
    with closing(Transport(("127.0.0.1", server.port))) as transport, pytest.raises(AuthenticationException):
        transport.connect(username="library", pkey=host_key(tmp_path / "other"))


def test_a_session_is_for_files_only(server: RosterServer) -> None:
    """No command runs and no port is forwarded."""
    with closing(Transport(("127.0.0.1", server.port))) as transport:
        transport.connect(username="library", password="right")
        with pytest.raises(Exception, match=r"Channel closed|prohibited"):
            transport.open_session().exec_command("id")


def test_the_host_key_stays(tmp_path: Path) -> None:
    """A key file is made once, for its owner only, and its fingerprint is as OpenSSH shows it."""
    key = host_key(tmp_path / "key")
    assert isinstance(key, Ed25519Key)
    assert host_key(tmp_path / "key") == key
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert key.fingerprint.startswith("SHA256:")
    assert len(key.fingerprint) == len("SHA256:") + 43


def test_a_stopped_server_is_gone(tmp_path: Path) -> None:
    """After the `with` the port is free again and connections are closed."""
    with RosterServer(tmp_path, host_key(tmp_path / "key"), Login("library", "right")) as server:
        port = server.port
        transport = Transport(("127.0.0.1", port))
        transport.connect(username="library", password="right")
    with socket.create_server(("127.0.0.1", port)):
        transport.join(5)
        assert not transport.is_active()
    transport.close()
