"""One file of a package, and its bytes: as many as stated, or an error."""

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from sync.package.errors import damage, refused

# PowerSchool calls its quick export "student.export.text".
KINDS = frozenset({".csv", ".txt", ".text", ".tsv", ".tab", ".xlsx"})
BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """`name` is lower-case and without its folder; `start` begins to read, and may raise what reading raises.
    `numbers` are the columns in which a sheet holds numbers, not text.
    """

    name: str
    label: str
    size: int
    start: Callable[[], IO[bytes]]
    numbers: frozenset[int] = frozenset()

    def open(self) -> BinaryIO:
        with damage(self.label):
            return io.BufferedReader(_Exact(self.start(), self), BUFFER)


def local_file(path: Path) -> Member:
    """A file of our own disk. Errors: BadPackageError for a link or folder."""
    with damage(path.name):
        status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise refused(path.name, "a link or folder, not a file", "ask the district to deliver plain files")
    return Member(path.name.lower(), path.name, status.st_size, lambda: io.FileIO(path, opener=_without_links))


def is_roster(name: str) -> bool:
    """Whether a file of this name can hold a roster: .csv, .txt, .xlsx and the like, and not hidden."""
    return os.path.splitext(name)[1].lower() in KINDS and not name.startswith((".", "~$"))


class _Exact(io.RawIOBase):
    """Exactly the stated size of a source: more, fewer or damaged bytes are an error, not a result."""

    def __init__(self, source: IO[bytes], member: Member) -> None:
        super().__init__()
        self._source, self._left, self._label = source, member.size, member.label

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        with damage(self._label):
            data = self._source.read(len(buffer))
        self._left -= len(data)
        if self._left < 0 or (self._left and not data):
            raise refused(self._label, "not of the size that it states")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)
