"""What we ask of the district's SFTP server, in paramiko's words: list a folder, look at a file, read or write it."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from paramiko import Channel, SFTPAttributes, SFTPClient, SSHException
from paramiko.sftp import SFTPError

from access_service.settings import Feed
from sync.sftp.trouble import in_plain_words, quoted, unavailable

BLOCK = 32 * 1024  # bytes a request
SLACK = 64 * 1024 * 1024  # bytes of a session that are not a file's

_REFUSALS = {
    errno.ENOENT: "no such file or folder; check [feed] folder, and that the district still delivers there",
    errno.EACCES: "the account may not read it; ask the district for read permission",
}
_WRITE_REFUSALS = {
    errno.ENOENT: "no such folder; check [feed] feedback, and that the district made it",
    errno.EACCES: 'the account may not write there; ask the district for a folder, or set [feed] feedback to ""',
}


@dataclass(frozen=True, slots=True)
class Remote:
    """An SFTP session with the server of one feed. Errors of all methods: those of `in_plain_words`."""

    feed: Feed
    channel: Channel
    sftp: SFTPClient

    def entries(self, folder: str) -> Iterator[SFTPAttributes]:
        """What is in a folder, as it comes: nothing is checked."""
        with self._asking(folder):
            for entry in self.sftp.listdir_iter(folder):
                if self.channel.closed:  # one packet can hold entries for hours
                    raise EOFError
                yield entry

    def lstat(self, path: str) -> SFTPAttributes | None:
        """A link is not followed. None where there is nothing."""
        with self._asking(path):
            try:
                return self.sftp.lstat(path)
            except FileNotFoundError:
                return None

    def read(self, path: str, size: int) -> Iterator[bytes]:
        """The first `size` bytes of a file, in order; fewer where it holds fewer."""
        with self._asking(path):
            file = self.sftp.open(path, "rb")
            file.prefetch(size)
            while (left := size - file.tell()) > 0 and (block := file.read(min(BLOCK, left))):
                yield block
            file.close()

    def write(self, path: str, content: bytes) -> None:
        """Make a new file. One that is there already is left alone, and refused."""
        with self._asking(path, _WRITE_REFUSALS):
            file = self.sftp.open(path, "wx")
            for start in range(0, len(content), BLOCK):
                file.write(content[start : start + BLOCK])
            file.close()

    def rename(self, path: str, other: str) -> None:
        """In one step where the server can; a plain rename never replaces a file."""
        with self._asking(other, _WRITE_REFUSALS):
            try:
                self.sftp.posix_rename(path, other)
            except OSError as error:
                if isinstance(error, TimeoutError) or error.errno is not None:
                    raise
                self.sftp.rename(path, other)

    def remove(self, path: str) -> None:
        """Delete one file."""
        with self._asking(path, _WRITE_REFUSALS):
            self.sftp.remove(path)

    @contextmanager
    def _asking(self, path: str, refusals: Mapping[int, str] = _REFUSALS) -> Iterator[None]:
        with in_plain_words(self.feed):
            try:
                yield
            except TimeoutError:
                raise
            except OSError as error:  # paramiko's form of an SFTP status; a lost connection is an SSHException
                other = f"the server refuses ({quoted(str(error))}); ask the district why"
                reason = refusals.get(error.errno or 0, other)
                raise unavailable(self.feed, f"{quoted(path)}: {reason}") from error


class GuardedChannel:
    """A Channel as far as SFTPClient uses it, whose `send` never fails and whose `recv` gives `most` bytes in all.

    The thread in which paramiko prefetches handles no error: it would end with a traceback on stderr, and whoever
    waits for what it was to ask for would spin without end. A request that is lost has no answer, and the wait for
    that ends in time. paramiko keeps all that comes before its turn, however long: without `most` it fills our memory.
    """

    def __init__(self, channel: Channel, most: int) -> None:
        self.get_name, self.close = channel.get_name, channel.close
        self._channel, self._left = channel, most

    def send(self, data: bytes) -> int:
        with suppress(OSError, EOFError, SSHException):
            return self._channel.send(data) or len(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        data = self._channel.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise SFTPError("more than was asked for")
        return data
