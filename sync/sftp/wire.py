"""The reading half of SFTP version 3, many requests ahead, in the calling thread.

paramiko's own SFTPClient is not used to read: it takes a file that ends early for a whole one, asks for all of a
large file at once from a second thread, cannot list a folder that holds one name outside UTF-8, and moves its
buffer once for each 32 KiB (measured: 60 % of the speed of this).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from paramiko import Message
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_HANDLE,
    CMD_INIT,
    CMD_LSTAT,
    CMD_NAME,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    CMD_VERSION,
    SFTP_EOF,
    SFTP_FLAG_READ,
    SFTP_OK,
)

from sync.sftp.trouble import SftpGarbageError, SftpRefusedError

VERSION = 3
BLOCK = 32 * 1024  # bytes a request: the size that every server answers whole
AHEAD = 64 * BLOCK  # bytes asked for and not yet handed on: one channel window
LARGEST_PACKET = 1024 * 1024
RECEIVE = 256 * 1024

_SIZE, _OWNER, _MODE, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000
_MOST_EXTENSIONS = 32


class Stream(Protocol):
    """A paramiko Channel, as far as it is used here."""

    def recv(self, nbytes: int, /) -> bytes: ...
    def sendall(self, s: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the server says of a file; None where it says nothing. `modified` is seconds since 1970, UTC."""

    size: int | None = None
    mode: int | None = None
    modified: int | None = None


class SftpReader:
    """One SFTP session over an open channel; made with the version exchange.

    Errors of all methods: SftpRefusedError for an SFTP status, SftpGarbageError for what is not SFTP, and what the
    stream raises: EOFError, TimeoutError, OSError.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._received = bytearray()
        self._number = 0
        self._stream.sendall(struct.pack(">IBI", 5, CMD_INIT, VERSION))
        if self._packet()[0] != CMD_VERSION:
            raise SftpGarbageError("no SFTP version")

    def names(self, folder: str) -> Iterator[tuple[str, Attributes]]:
        """Every entry of a folder, as it comes: nothing is checked, and bytes outside UTF-8 show as \\xNN."""
        handle = self._handle(CMD_OPENDIR, folder)
        while True:
            try:
                reply = self._ask(folder, CMD_READDIR, _string(handle), CMD_NAME)
            except SftpRefusedError as refusal:
                if refusal.code != SFTP_EOF:
                    raise
                break
            if not (count := reply.get_int()):
                raise SftpGarbageError("a listing that never ends")
            for _ in range(count):
                name = reply.get_binary()
                reply.get_binary()  # the line that `ls -l` would show
                yield name.decode("utf-8", "backslashreplace"), _attributes(reply)
        self._ask(folder, CMD_CLOSE, _string(handle), CMD_STATUS)

    def lstat(self, path: str) -> Attributes:
        """A link is not followed."""
        return _attributes(self._ask(path, CMD_LSTAT, _string(path.encode()), CMD_ATTRS))

    def read(self, path: str, size: int) -> Iterator[bytes]:
        """The first `size` bytes of a file, in order. SftpRefusedError with SFTP_EOF where it holds fewer."""
        handle = self._handle(CMD_OPEN, path, struct.pack(">II", SFTP_FLAG_READ, 0))
        asked: dict[int, tuple[int, int]] = {}  # request number -> offset, length
        early: dict[int, bytes] = {}  # offset -> what came before its turn
        sent = given = 0
        while given < size:
            if sent - given <= AHEAD // 2:
                until = min(size, given + AHEAD)
                asked |= self._request(handle, [(at, min(BLOCK, until - at)) for at in range(sent, until, BLOCK)])
                sent = until
            offset, length, data = self._piece(path, asked)
            if len(data) < length:
                asked |= self._request(handle, [(offset + len(data), length - len(data))])
            early[offset] = data
            while (block := early.pop(given, b"")) != b"":
                given += len(block)
                yield block
        self._ask(path, CMD_CLOSE, _string(handle), CMD_STATUS)

    def _request(self, handle: bytes, pieces: list[tuple[int, int]]) -> dict[int, tuple[int, int]]:
        asked = {}
        requests = b""
        for offset, length in pieces:
            self._number += 1
            asked[self._number] = offset, length
            requests += _packed(CMD_READ, self._number, _string(handle) + struct.pack(">QI", offset, length))
        # All in one write: a packet to encrypt and a system call for each request would cost more than the data.
        self._stream.sendall(requests)
        return asked

    def _piece(self, path: str, asked: dict[int, tuple[int, int]]) -> tuple[int, int, bytes]:
        packet = self._packet()
        kind, number, code_or_length = struct.unpack(">BII", packet[:9].ljust(9, b"\0"))
        if number not in asked or kind not in (CMD_DATA, CMD_STATUS):
            raise SftpGarbageError("an answer to no question")
        if kind == CMD_STATUS:
            raise SftpRefusedError(path, code_or_length)
        offset, length = asked.pop(number)
        if not 0 < code_or_length == len(packet) - 9 <= length:
            raise SftpGarbageError("data of another length than asked for")
        return offset, length, packet[9:]

    def _handle(self, command: int, path: str, flags: bytes = b"") -> bytes:
        return self._ask(path, command, _string(path.encode()) + flags, CMD_HANDLE).get_binary()

    def _ask(self, path: str, command: int, body: bytes, expected: int) -> Message:
        """One request and its answer, with nothing else under way."""
        self._number += 1
        self._stream.sendall(_packed(command, self._number, body))
        reply = Message(self._packet())
        kind, number = reply.get_byte()[0], reply.get_int()
        if number != self._number or kind not in (expected, CMD_STATUS):
            raise SftpGarbageError("an answer to no question")
        if kind == CMD_STATUS and (code := reply.get_int()) != SFTP_OK:
            raise SftpRefusedError(path, code)
        if kind != expected:
            raise SftpGarbageError("a bare OK where an answer was due")
        return reply

    def _packet(self) -> bytes:
        (length,) = struct.unpack(">I", self._take(4))
        if not 0 < length <= LARGEST_PACKET:
            raise SftpGarbageError("a packet of impossible size")
        return self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._received) < count:
            if not (more := self._stream.recv(RECEIVE)):
                raise EOFError
            self._received += more
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken


def _packed(command: int, number: int, body: bytes) -> bytes:
    return struct.pack(">IBI", 5 + len(body), command, number) + body


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _attributes(message: Message) -> Attributes:
    flags = message.get_int()
    size = message.get_int64() if flags & _SIZE else None
    if flags & _OWNER:
        message.get_int64()
    mode = message.get_int() if flags & _MODE else None
    times = (message.get_int(), message.get_int()) if flags & _TIMES else None
    extensions = message.get_int() if flags & _EXTENDED else 0
    if extensions > _MOST_EXTENSIONS:
        raise SftpGarbageError("attributes that never end")
    for _ in range(2 * extensions):
        message.get_binary()
    return Attributes(size, mode, times[1] if times else None)
