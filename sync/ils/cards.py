"""The cards of the ILS, from its patron file: read strictly, or not at all."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, TextIO

from access_service.domain.identifiers import MAX_TYPED, fold
from access_service.ils import Extract, ExtractColumns, Source
from sync.ils.incoming import ExtractRefusedError

MOST_ROWS = 5_000_000
# Before a key that has not our prefix, and is nobody's of ours.
ANOTHERS = "?"

Row = list[str]


class Card(NamedTuple):
    """One number of an account in the ILS; an account with several numbers is as many cards. Names and birth date are
    for marks alone: nobody stores or shows them."""

    folded: str
    number: str
    key: str
    patron_type: str
    branch: str
    expires: date | None
    blocked: bool
    given_name: str
    family_name: str
    birth_date: date | None

    def __repr__(self) -> str:
        return "Card(...)"


def read_cards(path: Path, name: str, terms: Extract, key_prefix: str = "") -> tuple[int, list[Card]]:
    """How many rows the file has, and every card in it. Rows without a number are no cards. Our keys stand behind
    `key_prefix` in the ILS.

    Errors: ExtractRefusedError, with the line and the remedy.
    """
    dates = Dates(terms.dates)
    cards: list[Card] = []
    rows = 0
    lines: dict[str, int] = {}
    cards_of = _Account(terms, dates, key_prefix)
    for line, cells in rows_of(path, name, terms, list(terms.named.values())):
        rows += 1
        for card in cards_of(cells):
            if not card.number.isprintable():
                raise ExtractRefusedError(f"{name} line {line}: the number has a character that is none of a text")
            if lines.setdefault(card.number, line) != line:
                raise ExtractRefusedError(
                    f"{name} line {line}: the number of line {lines[card.number]} is there again; have one row a card"
                )
            cards.append(card)
    if not cards:
        raise ExtractRefusedError(f"{name} is empty: no row has a number; see that the ILS exports again")
    dates.check(name)
    return rows, cards


def rows_of(path: Path, name: str, source: Source, columns: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Line number and the cells of these columns, trimmed, of every row. Errors as `read_cards`."""
    with strictly(name, source), path.open(encoding=encoding_of(source), newline="") as text:
        reader = csv.reader(
            _lines(text, source),
            strict=True,
            delimiter=source.delimiter,
            quotechar=source.quote or None,
            quoting=csv.QUOTE_MINIMAL if source.quote else csv.QUOTE_NONE,
        )
        first = next(reader, None)
        if first is None:
            raise ExtractRefusedError(f"{name} is empty; see that the ILS exports again")
        places = _places(first, name, source, columns)
        for count, cells in enumerate(reader if source.header else chain([first], reader)):
            if not cells:
                continue
            if len(cells) != len(first):
                raise ExtractRefusedError(
                    f"{name} line {reader.line_num}: {len(cells)} cells in place of {len(first)};"
                    " it was cut short, or a cell needs quotes: export it again"
                )
            if count > MOST_ROWS:
                raise ExtractRefusedError(f"{name}: more than {MOST_ROWS} rows; is it a list of patrons?")
            yield reader.line_num, [cells[place].strip() for place in places]


class Dates:
    """Reads dates in any of the formats, and counts those that it could not."""

    def __init__(self, formats: Sequence[str]) -> None:
        self._formats = formats
        self._parsed: Callable[[str], date | None] = cache(self._parse)
        self.read = self.unread = 0

    def __call__(self, cell: str) -> date | None:
        if not cell:
            return None
        found = self._parsed(cell)
        if found:
            self.read += 1
        else:
            self.unread += 1
        return found

    def check(self, name: str) -> None:
        """Errors: ExtractRefusedError where most are none: a word such as NEVER stands among dates, not for them."""
        if self.unread > self.read:
            raise ExtractRefusedError(
                f"{name}: {self.unread} of {self.unread + self.read} dates are not as [ils.extract] dates says; mend it"
            )

    def _parse(self, cell: str) -> date | None:
        for form in self._formats:
            with suppress(ValueError):
                return datetime.strptime(cell, form).date()  # noqa: DTZ007 - a date
        return None


class _Account:
    """Makes cards of the cells of a row, which stand in the order of [ils.extract.columns]; then comes a blank one for
    every column that is not there."""

    def __init__(self, terms: Extract, dates: Dates, key_prefix: str) -> None:
        places = {name: place for place, name in enumerate(terms.named)}
        self._at = itemgetter(*(places.get(name, len(places)) for name in ExtractColumns.model_fields))
        self._terms, self._dates, self._key_prefix = terms, dates, key_prefix
        self._types, self._branches = (terms.values.get(name, {}) for name in ("patron_type", "branch"))

    def __call__(self, cells: Row) -> list[Card]:
        cells.append("")
        numbers, key, patron_type, branch, expires, blocked, given, family, full, born = self._at(cells)
        if full:
            family, _, given = (part.strip() for part in full.partition(","))
        if key:
            key = key.removeprefix(self._key_prefix) if key.startswith(self._key_prefix) else ANOTHERS + key
        about = (
            key,
            self._types.get(patron_type, patron_type),
            self._branches.get(branch, branch),
            self._dates(expires),
            _is_blocked(blocked, self._terms),
            given,
            family,
            self._dates(born),
        )
        apart = self._terms.repeated
        several = dict.fromkeys(map(str.strip, numbers.split(apart))) if apart else (numbers,)
        # What is longer nobody types, and no template makes.
        return [
            Card(folded, number, *about) for number in several if (folded := fold(number)) and len(number) <= MAX_TYPED
        ]


def _is_blocked(cell: str, terms: Extract) -> bool:
    return cell in terms.blocked_values if terms.blocked_values else bool(cell) and cell not in terms.free_values


def _places(first: Row, name: str, source: Source, columns: Sequence[str]) -> list[int]:
    headers = [cell.strip() for cell in first] if source.header else [str(n + 1) for n in range(len(first))]
    for header in columns:
        if headers.count(header) != 1:
            often = "no column" if header not in headers else "more than one column"
            # Its first row is not shown: where the header is missing, that is somebody.
            raise ExtractRefusedError(f"{name}: {often} {header!r} among its {len(headers)}; is it the right file?")
    return [headers.index(header) for header in columns]


def encoding_of(source: Source) -> str:
    """A byte order mark is no part of the first header."""
    return "utf-8-sig" if source.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else source.encoding


def _lines(text: TextIO, source: Source) -> Iterator[str]:
    """Sierra puts each of the repeated values of a cell in quotes: "1";"2"."""
    if isinstance(source, Extract) and source.repeated and source.quote:
        between = f"{source.quote}{source.repeated}{source.quote}"
        return (line.replace(between, source.repeated) for line in text)
    return text


@contextmanager
def strictly(name: str, source: Source) -> Iterator[None]:
    """Turn what is wrong with a file into ExtractRefusedError."""
    try:
        yield
    except UnicodeDecodeError as error:
        table = "ils.extract" if isinstance(source, Extract) else "ils.rejects"
        raise ExtractRefusedError(f"{name}: not {error.encoding}; mend [{table}] encoding, or the export") from None
    except csv.Error as error:
        raise ExtractRefusedError(f"{name}: not CSV ({error}); export it again") from None
    except OSError as error:
        raise ExtractRefusedError(f"{name}: {error.strerror}") from error
