"""The bytes of a file as text, with a limit to every line: csv would take all of an endless one into memory."""

import io
from typing import TYPE_CHECKING, BinaryIO

from sync.formats.style import Style
from sync.roster import BadRosterError

if TYPE_CHECKING:
    from typing_extensions import Buffer

BATCH = 500
MAX_LINE = 1024 * 1024
MAX_BATCH = 16 * MAX_LINE


def decoded(lines: "BoundedLines", style: Style) -> io.TextIOWrapper:
    """The text of a file from its header on."""
    text = io.TextIOWrapper(io.BufferedReader(lines, MAX_LINE // 4), style.encoding, errors="strict", newline="")
    for _ in range(style.above):
        text.readline()
    return text


class BoundedLines(io.RawIOBase):
    """Bytes that may hold no line longer than MAX_LINE, and no batch of rows longer than MAX_BATCH. Whoever has
    read a batch sets `since_batch` to 0."""

    def __init__(self, source: BinaryIO, file: str) -> None:
        self._source = source
        self._file = file
        self._since_line = 0
        self.since_batch = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        chunk = self._source.read(len(view))
        view[: len(chunk)] = chunk
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._since_line = len(chunk) - 1 - last if last >= 0 else self._since_line + len(chunk)
        self.since_batch += len(chunk)
        if self._since_line > MAX_LINE:
            raise BadRosterError(f"{self._file}: a line is longer than {MAX_LINE} bytes; this is no roster")
        if self.since_batch > MAX_BATCH:
            raise BadRosterError(f"{self._file}: {BATCH} rows are longer than {MAX_BATCH} bytes; this is no roster")
        return len(chunk)
