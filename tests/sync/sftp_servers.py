"""An SFTP server in a thread, as hostile as a test asks for."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncssh

USER, PASSWORD = "library", "correct horse"
PROMISED = 100_000  # bytes after which the servers below misbehave

SftpFactory = Callable[[asyncssh.SSHServerChannel[bytes]], asyncssh.SFTPServer]


class Door(asyncssh.SSHServer):
    """Lets USER in by PASSWORD or by the one public key, and counts who tries."""

    def __init__(self, house: "HostileServer") -> None:
        self.house = house

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.house.connections.append(conn)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        self.house.logins_begun += 1
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.house.passwords_tried += 1
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return self.house.public_key is not None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key == self.house.public_key


class HostileServer:
    """Serves the folder `root` between `with` and its end, through an SFTPServer that may misbehave.

    `options` go to asyncssh.listen. What clients did is counted in the attributes.
    """

    user = USER

    def __init__(
        self,
        root: Path,
        host_keys: list[asyncssh.SSHKey],
        sftp: Callable[["HostileServer"], SftpFactory] | None = None,
        door: type[Door] = Door,
        **options: Any,
    ) -> None:
        self.root, self.host_keys, self.options = root, host_keys, options
        self.fingerprints = [key.get_fingerprint("sha256") for key in host_keys]
        self.sftp = sftp(self) if sftp else Honest
        self.door = door
        self.public_key: asyncssh.SSHKey | None = None
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.logins_begun = self.passwords_tried = self.reads = 0
        self.released = threading.Event()
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.options.setdefault("sftp_factory", self.sftp)
        async with asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: self.door(self),
            server_host_keys=self.host_keys,
            **self.options,
        ) as acceptor:
            self.port = acceptor.get_port()
            self._ready.set()
            await self._stop.wait()
            for connection in self.connections:
                connection.abort()
        for connection in self.connections:
            await connection.wait_closed()
        # What still answers a request must end by itself, or it leaves its file open.
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=5)


class Honest(asyncssh.SFTPServer):
    """Serves what is there."""


def ends_early(_house: HostileServer) -> SftpFactory:
    """Says the full size, and serves only the first PROMISED bytes."""

    class EndsEarly(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            return super().read(file_obj, offset, max(0, min(size, PROMISED - offset)))

    return EndsEarly


def touched_while_read(house: HostileServer) -> SftpFactory:
    """A new file with other contents and the same size takes the place of the one being read."""

    class TouchedWhileRead(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            for path in house.root.glob("*.zip"):
                os.utime(path, (1, 1))
            return super().read(file_obj, offset, size)

    return TouchedWhileRead


def never_answers(house: HostileServer) -> SftpFactory:
    """Takes the request for the first bytes and says nothing more."""

    class NeverAnswers(asyncssh.SFTPServer):
        async def read(self, file_obj: object, offset: int, size: int) -> bytes:  # noqa: ARG002
            while not house.released.is_set():
                await asyncio.sleep(0.02)
            return b""

    return NeverAnswers


def drips(_house: HostileServer) -> SftpFactory:
    """Serves a byte at a time, each long before any timeout."""

    class Drips(asyncssh.SFTPServer):
        async def read(self, file_obj: object, offset: int, size: int) -> bytes:  # noqa: ARG002
            await asyncio.sleep(0.01)
            return b"x"

    return Drips


def hangs_up_once(house: HostileServer) -> SftpFactory:
    """Drops the first connection in the middle of the file; later ones are honest."""

    class HangsUpOnce(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            house.reads += 1
            if len(house.connections) == 1 and offset >= PROMISED:
                self.connection.abort()
            return super().read(file_obj, offset, size)

    return HangsUpOnce


def hangs_up(_house: HostileServer) -> SftpFactory:
    """Drops the connection at the first read, while more is being asked for."""

    class HangsUp(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            self.connection.abort()
            return super().read(file_obj, offset, size)

    return HangsUp


def short_answers(_house: HostileServer) -> SftpFactory:
    """Answers a read with at most 20,000 bytes, whatever is asked for."""

    class ShortAnswers(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            return super().read(file_obj, offset, min(size, 20_000))

    return ShortAnswers


def gluttonous(_house: HostileServer) -> SftpFactory:
    """Answers every read with four times as much."""

    class Gluttonous(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> bytes:  # noqa: ARG002
            return bytes(4 * size)

    return Gluttonous


class Answers(asyncssh.SSHServerSession[bytes]):
    """Says what it was given to say as soon as SFTP is asked for, and listens to nothing."""

    def __init__(self, words: bytes) -> None:
        self.words = words

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        chan.set_encoding(None)
        self.chan = chan

    def subsystem_requested(self, subsystem: str) -> bool:  # noqa: ARG002
        return True

    def session_started(self) -> None:
        self.chan.write(self.words)


def says(words: bytes) -> type[Door]:
    """A server of which nothing but these words comes, whatever is asked."""

    class Says(Door):
        def session_requested(self) -> Answers:
            return Answers(words)

    return Says


def packed(*answers: bytes) -> bytes:
    """SFTP packets of these contents."""
    return b"".join(len(answer).to_bytes(4) + answer for answer in answers)


VERSION = b"\2\0\0\0\3"
HANDLE = b"\x66\0\0\0\1\0\0\0\1h"  # to request 1


def lists(*names: bytes) -> Callable[[HostileServer], SftpFactory]:
    """Shows files of these names besides those that are there, each newer than all."""

    def factory(_house: HostileServer) -> SftpFactory:
        class Lists(asyncssh.SFTPServer):
            async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
                async for entry in super().scandir(path):
                    yield entry
                for name in names:
                    attributes = asyncssh.SFTPAttrs(size=10, permissions=0o100644, atime=0, mtime=2**32 - 1)
                    yield asyncssh.SFTPName(name, attrs=attributes)

        return Lists

    return factory


@contextmanager
def tampering_proxy(house: HostileServer, at: int) -> Iterator[int]:
    """The port of a way to the server on which byte `at` of all that it says is changed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def carry() -> None:
            client = listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", house.port))
            upward = threading.Thread(target=_copy, args=(client, server, -1))
            with client, server:
                upward.start()
                _copy(server, client, at)
                upward.join()

        carrier = threading.Thread(target=carry)
        carrier.start()
        yield int(listener.getsockname()[1])
        carrier.join(10)


def _copy(source: socket.socket, target: socket.socket, at: int) -> None:
    """Carry bytes, one of them altered, until a side ends; then both end."""
    seen = 0
    with suppress(OSError):
        while block := bytearray(source.recv(65536)):
            if 0 <= at - seen < len(block):
                block[at - seen] ^= 1
            seen += len(block)
            target.sendall(block)
    for side in (source, target):
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


def grows_while_read(house: HostileServer) -> SftpFactory:
    """More is written to the file while it is read, under the time that it had."""

    class GrowsWhileRead(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            for path in house.root.glob("*.zip"):
                before = path.stat()
                with path.open("ab") as file:
                    file.write(b"more")
                os.utime(path, (before.st_atime, before.st_mtime))
            return super().read(file_obj, offset, size)

    return GrowsWhileRead


def hangs_up_later_each_time(house: HostileServer) -> SftpFactory:
    """Drops the first connection after the first percent of the file, the next after two, and so on to the end."""

    class HangsUpLater(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> Any:
            content = super().read(file_obj, offset, size)
            whole = next(house.root.glob("*.zip")).stat().st_size
            if (offset + size) * 100 > whole * len(house.connections):
                self.connection.abort()
            return content

    return HangsUpLater
