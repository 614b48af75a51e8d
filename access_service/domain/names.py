"""Names as they are compared: without accents, case and punctuation."""

import re
import unicodedata

# Letters that are no letter with a mark.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"})
_DROPPED = re.compile("['`.\u00b4\u02bb\u02bc\u2018\u2019]")
_BETWEEN = re.compile(r"[\W_]+")


def words(name: str) -> list[str]:
    """The words of a name: "María-José O'Brien" has maria, jose and obrien."""
    plain = name.casefold()
    if not plain.isascii():
        marked = unicodedata.normalize("NFKD", plain)
        plain = "".join(each for each in marked if not unicodedata.combining(each)).translate(_LETTERS)
    return _BETWEEN.sub(" ", _DROPPED.sub("", plain)).split()
