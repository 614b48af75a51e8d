"""SFTP servers of both kinds, ready to fetch from."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from access_service.settings import Feed
from sync.sftp import Credentials
from tests.sync.openssh_server import OpenSshServer
from tests.sync.sftp_helpers import feed_for
from tests.sync.sftp_servers import PASSWORD, HostileServer

Serve = Callable[..., HostileServer]


@pytest.fixture(scope="session")
def host_keys() -> dict[str, asyncssh.SSHKey]:
    """One key of each kind that a server can have."""
    kinds = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "ssh-rsa")
    return {kind: asyncssh.generate_private_key(kind) for kind in kinds}


@pytest.fixture(scope="session")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshServer]:
    """The system's own sshd, for the whole session."""
    if not OpenSshServer.binary():
        pytest.skip("no sshd on this machine (apt-get install openssh-server)")
    with OpenSshServer(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def login() -> Credentials:
    """The right password of an asyncssh server."""
    return Credentials(password=PASSWORD)


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """The folder that an asyncssh server offers."""
    folder = tmp_path / "outgoing"
    folder.mkdir()
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """Where a roster lands; it does not exist yet."""
    return tmp_path / "spool" / "demo"


@pytest.fixture
def serve(outgoing: Path, host_keys: dict[str, asyncssh.SSHKey]) -> Iterator[Serve]:
    """Starts an asyncssh server over `outgoing`, misbehaving as asked, until the test ends."""
    with ExitStack() as running:

        def start(sftp: Any = None, keys: list[str] | None = None, **options: Any) -> HostileServer:
            chosen = [host_keys[kind] for kind in keys or ["ssh-ed25519"]]
            return running.enter_context(HostileServer(outgoing, chosen, sftp, **options))

        yield start


@dataclass(frozen=True)
class Source:
    """A server that behaves: the folder it offers, a feed that reads it, and the right login."""

    folder: Path
    feed: Feed
    login: Credentials
    fingerprints: list[str]


@pytest.fixture(params=["asyncssh", "openssh"])
def source(request: pytest.FixtureRequest, serve: Serve, login: Credentials, tmp_path: Path) -> Source:
    """The same from asyncssh and from the real sshd."""
    if request.param == "asyncssh":
        server = serve(keys=["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
        return Source(server.root, feed_for(server), login, server.fingerprints)
    sshd: OpenSshServer = request.getfixturevalue("openssh")
    folder = sshd.root / tmp_path.name
    folder.mkdir()
    return Source(folder, feed_for(sshd, folder=str(folder)), sshd.login, sshd.fingerprints)
