"""Oddities of how a file is written: its style, its lines, and where it ends."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sync.synthetic.oddities.cells import RAW_DELIMITER, RAW_QUOTE, Turn
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.oddities.turns import rarely
from sync.synthetic.style import Style, Text

_WINDOW = 1024 * 1024

Restyle = Callable[[Style], Style]


def _with_stray_bytes(style: Style) -> Style:
    # Only in UTF-8 is a lone byte an oddity.
    return replace(style, errors="surrogateescape" if style.encoding == "utf-8" else "replace")


# How every file of the package is written.
STYLES: dict[Oddity, Restyle] = {
    Oddity.BOM: lambda style: replace(style, mark=True),
    Oddity.UTF_16: lambda style: replace(style, encoding="utf-16-le", mark=True),
    Oddity.CP1252: lambda style: replace(style, encoding="cp1252", mark=False, errors="replace"),
    Oddity.STRAY_BYTE: _with_stray_bytes,
    Oddity.CR_LINE_ENDS: lambda style: replace(style, line_end="\r"),
    Oddity.LF_LINE_ENDS: lambda style: replace(style, line_end="\n"),
    Oddity.QUOTE_EVERYTHING: lambda style: replace(style, quotes="all"),
    Oddity.BACKSLASH_QUOTES: lambda style: replace(style, quotes="backslash"),
}


@dataclass(frozen=True)
class LineOddity:
    """Another text for lines of the students' file, the header not among them."""

    line: Callable[[str, int], str]
    turn: Turn = lambda _: True


def _ended_by_turns(line: str, number: int) -> str:
    return line.rstrip("\r\n") + ("\r\n", "\n", "\r")[number % 3]


LINES: dict[Oddity, LineOddity] = {
    Oddity.MIXED_LINE_ENDS: LineOddity(_ended_by_turns),
    Oddity.BLANK_LINES: LineOddity(lambda line, _: f"{line}\r\n", rarely),
}

# Whole lines before and after all others.
ABOVE = {Oddity.TITLE_LINE: "Student Export - Maple County Schools"}
BELOW = {Oddity.FOOTER: "Total students: as shown above"}


def _halved(path: Path, style: Style) -> None:
    """Ends after a line of the middle."""
    end = style.line_end.encode(style.encoding)
    middle = path.stat().st_size // 2
    with path.open("r+b") as file:
        start = max(middle - _WINDOW, 0)
        # An even place, for UTF-16 has two bytes to a character.
        file.seek(start - start % 2)
        found = file.read(middle - file.tell()).rfind(end)
        file.truncate(start - start % 2 + found + len(end) if found >= 0 else middle)


def _cut(path: Path, _style: Style) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 6 // 10 | 1)


def _emptied(path: Path, _style: Style) -> None:
    path.write_bytes(b"")


# What is done to the students' file once it is written.
ENDS: dict[Oddity, Callable[[Path, Style], None]] = {
    Oddity.HALF_FILE: _halved,
    Oddity.TRUNCATED_BYTES: _cut,
    Oddity.EMPTY_FILE: _emptied,
}
# Those that go through the lines; those that need a text file; those that need quotes to be written.
OF_LINES = frozenset((*LINES, *ABOVE, *BELOW, Oddity.UNQUOTED_COMMA, Oddity.STRAY_QUOTE, Oddity.UNCLOSED_QUOTE))
OF_TEXT = OF_LINES | frozenset((*STYLES, *ENDS))
OF_QUOTES = frozenset((Oddity.QUOTE_EVERYTHING, Oddity.BACKSLASH_QUOTES))


class OddLines:
    """Takes the lines of the students' file and writes them as these oddities have them."""

    def __init__(self, text: Text, style: Style, oddities: Sequence[Oddity], *, headed: bool) -> None:
        self._text, self._style = text, style
        self._lines = [LINES[each] for each in oddities if each in LINES]
        self._below = [BELOW[each] for each in oddities if each in BELOW]
        self._number = -1 if headed else 0
        for each in oddities:
            if each in ABOVE:
                text.write(ABOVE[each] + style.line_end)

    def write(self, line: str) -> None:
        line = line.replace(RAW_QUOTE, '"').replace(RAW_DELIMITER, self._style.delimiter)
        for oddity in self._lines:
            if self._number >= 0 and oddity.turn(self._number):
                line = oddity.line(line, self._number)
        self._text.write(line)
        self._number += 1

    def finish(self) -> None:
        """Write what stands below all rows."""
        for line in self._below:
            self._text.write(line + self._style.line_end)


def styled(style: Style, oddities: Iterable[Oddity]) -> Style:
    """The style with all that these oddities change in it."""
    for each in oddities:
        if each in STYLES:
            style = STYLES[each](style)
    return style
