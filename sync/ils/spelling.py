"""Names as they are compared: without accents, case, punctuation, and apart from Jr. and III."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

# A part of a double name that finds people; shorter ones are "de", "la" and "van".
_LEAST_PART = 4
_SUFFIXES = {"jr": "jr", "sr": "sr", "ii": "ii", "2nd": "ii", "iii": "iii", "3rd": "iii", "iv": "iv", "4th": "iv"}
# Letters that are no letter with a mark.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"})
_DROPPED = re.compile("['`.\u00b4\u02bb\u02bc\u2018\u2019]")
_BETWEEN = re.compile(r"[\W_]+")


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
    words = cache(_words)

    def spelled(given_name: str, family_name: str) -> Spelled | None:
        given, one = words(given_name)
        family, other = words(family_name)
        if not given or not family:
            return None
        whole = "".join(family)
        parts = (whole, *(part for part in family if len(part) >= _LEAST_PART and part != whole))
        return Spelled(given[0], " ".join(given), whole, parts, other or one)

    return spelled


def _words(name: str) -> tuple[tuple[str, ...], str]:
    """The words of a name, and its suffix."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(each))
    words = _BETWEEN.sub(" ", _DROPPED.sub("", plain.translate(_LETTERS))).split()
    suffix = _SUFFIXES.get(words[-1], "") if len(words) > 1 else ""
    return tuple(words[:-1] if suffix else words), suffix
