"""An SFTP server on loopback that offers one folder, read-only, to one user."""

import errno
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paramiko import (
    Ed25519Key,
    PKey,
    ServerInterface,
    SFTPAttributes,
    SFTPHandle,
    SFTPServer,
    SFTPServerInterface,
    Transport,
)
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)
from paramiko.sftp import SFTP_NO_SUCH_FILE, SFTP_PERMISSION_DENIED

_T = TypeVar("_T")

# A client that asks for another kind of host key is its own affair; paramiko would log a traceback of it.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Login:
    """The one who may come in: by password, by key, or by either. What is empty opens nothing."""

    user: str
    password: str = field(default="", repr=False)
    public_key: PKey | None = None


def host_key(path: Path) -> PKey:
    """The Ed25519 host key kept in a file; made on first use, mode 0600."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(pem)
    return Ed25519Key.from_private_key_file(str(path))


class RosterServer:
    """Serves `root` on 127.0.0.1 between `with` and its end; `port` 0 takes a free one.

    Errors: OSError where the port is taken.
    """

    def __init__(self, root: Path, key: PKey, login: Login, port: int = 0) -> None:
        self._root, self._key, self._login = root.resolve(), key, login
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.1)
        self._stopping = threading.Event()
        self._connections: list[Transport] = []
        self._thread = threading.Thread(target=self._accept, name="roster-server", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def fingerprint(self) -> str:
        """The host key as OpenSSH shows it: "SHA256:" and 43 characters."""
        return self._key.fingerprint

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._connections = [each for each in self._connections if each.is_active()]
            self._connections.append(self._serve(client))

    def _serve(self, client: socket.socket) -> Transport:
        transport = Transport(client)
        transport.add_server_key(self._key)
        transport.set_subsystem_handler("sftp", SFTPServer, _Folder, self._root)
        # With an event the handshake goes on in the transport's own thread: a slow client holds up nobody.
        transport.start_server(threading.Event(), _Door(self._login))
        return transport


class _Door(ServerInterface):
    def __init__(self, login: Login) -> None:
        self._login = login

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 the same for all, so that names do not leak
        offers = {"password": self._login.password, "publickey": self._login.public_key}
        return ",".join(kind for kind, offered in offers.items() if offered)

    def check_auth_password(self, username: str, password: str) -> int:
        right = self._login.password and secrets.compare_digest(password.encode(), self._login.password.encode())
        return AUTH_SUCCESSFUL if right and username == self._login.user else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: PKey) -> int:
        return AUTH_SUCCESSFUL if (username, key) == (self._login.user, self._login.public_key) else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


class _File(SFTPHandle):
    def __init__(self, path: Path) -> None:
        super().__init__()
        # The name is paramiko's: its own read() and close() look for it.
        self.readfile = path.open("rb")

    def stat(self) -> SFTPAttributes:
        return SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class _Folder(SFTPServerInterface):
    """Every path is resolved inside the root, links included; what leads outside is refused, and so is writing."""

    def __init__(self, server: ServerInterface, root: Path) -> None:
        super().__init__(server)
        self._root = root

    def canonicalize(self, path: str) -> str:
        return os.path.normpath("/" + path.lstrip("/"))

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        return _attempt(
            lambda: [SFTPAttributes.from_stat(each.lstat(), each.name) for each in self._inside(path).iterdir()]
        )

    def stat(self, path: str) -> SFTPAttributes | int:
        return _attempt(lambda: SFTPAttributes.from_stat(self._inside(path).stat()))

    def lstat(self, path: str) -> SFTPAttributes | int:
        folder, name = os.path.split(self.canonicalize(path))
        return _attempt(lambda: SFTPAttributes.from_stat((self._inside(folder) / name).lstat()))

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> SFTPHandle | int:  # noqa: ARG002
        return SFTP_PERMISSION_DENIED if flags & _WRITING else _attempt(lambda: _File(self._inside(path)))

    def _inside(self, path: str) -> Path:
        found = (self._root / self.canonicalize(path).lstrip("/")).resolve()
        if not found.is_relative_to(self._root):
            raise PermissionError(errno.EACCES, "outside the root")
        return found


def _attempt(act: Callable[[], _T]) -> _T | int:
    try:
        return act()
    except OSError as error:
        return SFTPServer.convert_errno(error.errno or errno.EIO)
    except ValueError:  # a NUL in the name
        return SFTP_NO_SUCH_FILE
