"""Birth dates as student information systems spell them."""

import re
from datetime import date

_MONTHS = {name: n for n, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), start=1)}
_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})")
# American order: the systems that write slashes are sold there. Which order a file has cannot be guessed from a cell.
_MONTH_FIRST = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})")
_MONTH_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ](\d{4}|\d{2})")
_NAMED_MONTH_FIRST = re.compile(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}), ?(\d{4})")
# A time of day after the date says nothing; databases add it.
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$")


def iso_date(cell: str, today: date) -> str:
    """YYYY-MM-DD, or "" for what is no date. Two-digit years are the latest that is not after `today`."""
    text = _TIME.sub("", cell) if cell.isascii() else ""
    if match := _YEAR_FIRST.fullmatch(text):
        return _iso(int(match[1]), int(match[3]), int(match[4]))
    if match := _MONTH_FIRST.fullmatch(text):
        return _iso(_year(match[3], today), int(match[1]), int(match[2]))
    if match := _MONTH_NAMED.fullmatch(text):
        return _iso(_year(match[3], today), _MONTHS.get(match[2].upper(), 0), int(match[1]))
    if match := _NAMED_MONTH_FIRST.fullmatch(text):
        return _iso(int(match[3]), _MONTHS.get(match[1].upper(), 0), int(match[2]))
    return ""


# New Year's Days of so long ago are what databases write for "no date"; Unix does it on the last day of 1969.
_LONG_AGO, _OLDEST = 25, 100


def is_placeholder(iso: str, today: date) -> bool:
    """Whether a birth date stands for none: in the future, a century ago, or a New Year's Day long past.

    Grown-ups go to school too, so that age alone, below a hundred, says nothing.
    """
    age = today.year - int(iso[:4])
    new_year = age > _LONG_AGO and iso.endswith("-01-01")
    return new_year or age > _OLDEST or iso > today.isoformat() or iso == "1969-12-31"


def _year(digits: str, today: date) -> int:
    if len(digits) == len("2017"):
        return int(digits)
    year = today.year // 100 * 100 + int(digits)
    return year if year <= today.year else year - 100


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
