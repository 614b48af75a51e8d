"""The SFTP reader against peers that answer byte by byte as a test says, over a real socket."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from paramiko.sftp import CMD_ATTRS, CMD_CLOSE, CMD_DATA, CMD_HANDLE, CMD_NAME, CMD_READ, CMD_STATUS, SFTP_EOF

from sync.sftp.trouble import SftpGarbageError, SftpRefusedError
from sync.sftp.wire import AHEAD, BLOCK, Attributes, SftpReader

CONTENT = bytes(range(256)) * 2048  # 16 blocks
OK = (CMD_STATUS, struct.pack(">I", 0))
HANDLE = (CMD_HANDLE, struct.pack(">I", 1) + b"h")

Reply = tuple[int, bytes]
Answer = Callable[[int, bytes], Reply]  # command and the rest of a request -> kind and body


def data(content: bytes) -> Reply:
    return CMD_DATA, struct.pack(">I", len(content)) + content


def wanted(rest: bytes) -> tuple[int, int]:
    """Offset and length of a read request."""
    offset, length = struct.unpack(">QI", rest[-12:])
    return offset, length


class Peer(threading.Thread):
    """Answers `together` requests at a time, last first, until the other side hangs up."""

    def __init__(self, sock: socket.socket, answer: Answer, together: int) -> None:
        super().__init__()
        self.sock, self.answer, self.together = sock, answer, together
        self.waiting: list[bytes] = []
        self.most_waiting = 0

    def run(self) -> None:
        with contextlib.suppress(ConnectionError), self.sock, self.sock.makefile("rb") as stream:
            stream.read(9)
            self.sock.sendall(struct.pack(">IBI", 5, 2, 3))
            while header := stream.read(4):
                self.waiting.append(stream.read(struct.unpack(">I", header)[0]))
                self.most_waiting = max(self.most_waiting, len(self.waiting))
                if self.waiting[0][0] != CMD_READ or len(self.waiting) == self.together:
                    self.flush()

    def flush(self) -> None:
        for request in reversed(self.waiting):
            kind, body = self.answer(request[0], request[5:])
            self.sock.sendall(struct.pack(">IB", 5 + len(body), kind) + request[1:5] + body)
        self.waiting = []


@contextmanager
def reader(answer: Answer, together: int = 1) -> Iterator[SftpReader]:
    ours, theirs = socket.socketpair()
    peer = Peer(theirs, answer, together)
    peer.start()
    try:
        with ours:
            ours.settimeout(5)
            yield SftpReader(ours)
    finally:
        peer.join(5)


def serves(piece: Callable[[int, int], Reply]) -> Answer:
    """A peer with one file; `piece` answers for an offset and a length."""

    def answer(command: int, rest: bytes) -> Reply:
        if command == CMD_READ:
            return piece(*wanted(rest))
        return OK if command == CMD_CLOSE else HANDLE

    return answer


def test_answers_out_of_order_come_out_in_order() -> None:
    """A server may answer requests as it likes; the bytes come in theirs."""
    answer = serves(lambda offset, length: data(CONTENT[offset : offset + length]))
    with reader(answer, together=8) as sftp:
        assert b"".join(sftp.read("f", len(CONTENT))) == CONTENT


@pytest.mark.parametrize("most", [1000, BLOCK - 1])
def test_short_answers_are_asked_for_again(most: int) -> None:
    """Fewer bytes than asked for are no end of file, as long as there are some."""
    answer = serves(lambda offset, length: data(CONTENT[offset : offset + min(length, most)]))
    with reader(answer) as sftp:
        assert b"".join(sftp.read("f", len(CONTENT))) == CONTENT


def test_an_early_end_is_a_refusal() -> None:
    """The end of file before the promised size is never taken for success."""
    eof: Reply = CMD_STATUS, struct.pack(">I", SFTP_EOF)
    answer = serves(lambda offset, length: eof if offset else data(CONTENT[:length]))
    with reader(answer) as sftp, pytest.raises(SftpRefusedError) as caught:
        list(sftp.read("f", len(CONTENT)))
    assert caught.value.code == SFTP_EOF


@pytest.mark.parametrize(
    "reply",
    [
        data(b""),
        data(CONTENT[: BLOCK + 1]),
        (CMD_DATA, struct.pack(">I", 10) + b"x"),
        (CMD_DATA, b""),
        (CMD_ATTRS, b"\0\0\0\0"),
        HANDLE,
    ],
)
def test_data_of_another_size_than_asked_for_is_garbage(reply: Reply) -> None:
    """None, too much, or less than its own length says: such a server is not read."""
    with reader(serves(lambda _offset, _length: reply)) as sftp, pytest.raises(SftpGarbageError):
        list(sftp.read("f", len(CONTENT)))


def test_only_a_window_of_requests_is_under_way() -> None:
    """A large file is not asked for at once, which stalls some servers, nor held in memory."""
    size = 4 * AHEAD
    seen: list[int] = []

    def piece(offset: int, length: int) -> Reply:
        seen.append(offset)
        return data(bytes(length))

    with reader(serves(piece)) as sftp:
        blocks = sftp.read("f", size)
        next(blocks)
        assert max(seen) < AHEAD + BLOCK
        assert sum(len(block) for block in blocks) == size - BLOCK


def listing(*entries: bytes, count: int | None = None) -> Answer:
    """A folder whose listing is one packet of these entries, then its end."""
    replies = [
        (CMD_NAME, struct.pack(">I", len(entries) if count is None else count) + b"".join(entries)),
        (CMD_STATUS, struct.pack(">I", SFTP_EOF)),
        OK,
    ]
    return lambda command, _rest: HANDLE if command == 11 else replies.pop(0)


def entry(name: bytes, attributes: bytes) -> bytes:
    return struct.pack(">I", len(name)) + name + struct.pack(">I", 4) + b"long" + attributes


def test_a_listing_tells_names_and_attributes_whatever_is_in_them() -> None:
    """Unknown attributes are skipped, missing ones are None, and bytes outside UTF-8 are shown, not fatal."""
    full = (
        struct.pack(">IQIIIIII", 0x8000000F, 7, 1, 2, 0o100644, 3, 4, 1)
        + struct.pack(">I", 1)
        + b"k"
        + struct.pack(">I", 1)
        + b"v"
    )
    with reader(listing(entry(b"a.zip", full), entry(b"\xfc.zip", struct.pack(">I", 0)))) as sftp:
        assert list(sftp.names(".")) == [("a.zip", Attributes(7, 0o100644, 4)), (r"\xfc.zip", Attributes())]


@pytest.mark.parametrize(
    "answer",
    [
        listing(),
        listing(entry(b"a", struct.pack(">II", 0x80000000, 2**32 - 1))),
        lambda _command, _rest: OK,
        lambda _command, _rest: (99, b""),
    ],
)
def test_a_listing_that_is_none_is_garbage(answer: Answer) -> None:
    """Empty packets without end, attributes without end, and answers of another kind are not waited through."""
    with reader(answer) as sftp, pytest.raises(SftpGarbageError):
        list(sftp.names("."))


def test_a_listing_that_claims_too_many_names_ends_with_its_reader() -> None:
    """Names are handed on as they come, so that whoever counts them can stop."""
    with reader(listing(entry(b"a", struct.pack(">I", 0)), count=2**32 - 1)) as sftp:
        names = sftp.names(".")
        assert [next(names)[0] for _ in range(3)] == ["a", "", ""]


@pytest.mark.parametrize(
    "greeting", [b"Welcome to the district server!\n", struct.pack(">IB", 2**31, 2), struct.pack(">I", 0)]
)
def test_what_is_not_sftp_is_garbage(greeting: bytes) -> None:
    """Words, and packets of an impossible size, are told apart from SFTP at once."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(greeting)
        with pytest.raises(SftpGarbageError):
            SftpReader(ours)


def test_a_hang_up_in_the_middle_is_the_end_of_the_connection() -> None:
    """EOFError, never a short answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">IB", 5, 2))
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(EOFError):
            SftpReader(ours)
