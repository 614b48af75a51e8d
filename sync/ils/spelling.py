"""Names as they are compared: without accents, case, punctuation, and apart from Jr. and III."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from access_service.domain.names import words

# A part of a double name that finds people; shorter ones are "de", "la" and "van".
_LEAST_PART = 4
_SUFFIXES = {"jr": "jr", "sr": "sr", "ii": "ii", "2nd": "ii", "iii": "iii", "3rd": "iii", "iv": "iv", "4th": "iv"}


class Spelled(NamedTuple):
    """`first` is the first given name, `given` all of them, `family` has no gaps ("delacruz"); `parts` are those of a
    double family name, `suffix` such as "jr"."""

    first: str
    given: str
    family: str
    parts: tuple[str, ...]
    suffix: str

    def __repr__(self) -> str:
        return "Spelled(...)"


def speller() -> Callable[[str, str], Spelled | None]:
    """Spells (given name, family name); None where one of them is missing. It remembers names as long as it lives."""
    spelling = cache(_words)

    def spelled(given_name: str, family_name: str) -> Spelled | None:
        given, one = spelling(given_name)
        family, other = spelling(family_name)
        if not given or not family:
            return None
        whole = "".join(family)
        parts = (whole, *(part for part in family if len(part) >= _LEAST_PART and part != whole))
        return Spelled(given[0], " ".join(given), whole, parts, other or one)

    return spelled


def _words(name: str) -> tuple[tuple[str, ...], str]:
    """The words of a name, and its suffix."""
    found = words(name)
    suffix = _SUFFIXES.get(found[-1], "") if len(found) > 1 else ""
    return tuple(found[:-1] if suffix else found), suffix
