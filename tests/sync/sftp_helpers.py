"""What all tests of fetching need."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from access_service.settings import Feed
from sync.sftp import RosterUnavailableError
from tests.sync.openssh_server import OpenSshServer
from tests.sync.sftp_servers import HostileServer

NIGHT = 1_700_000_000  # an mtime, seconds since 1970


def feed_for(server: HostileServer | OpenSshServer, **changes: object) -> Feed:
    """A feed that reads the *.zip files of a server, with short times and no wait."""
    values: dict[str, object] = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "host_keys": server.fingerprints[:1],
        "folder": str(server.root),
        "timeout_seconds": 5,
        "tries": 1,
    }
    return Feed.model_validate(values | changes)


def deliver(folder: Path, name: str, content: bytes, modified: int = NIGHT) -> Path:
    """What a district does every night."""
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (modified, modified))
    return path


def no_sleep(_seconds: float) -> None:
    """For waits that need not pass."""


def refusal(call: Callable[[], object]) -> str:
    """The one line that a call ends with; nothing raw in it could move a terminal's cursor."""
    with pytest.raises(RosterUnavailableError) as caught:
        call()
    line = str(caught.value)
    assert line.isprintable()
    return line
