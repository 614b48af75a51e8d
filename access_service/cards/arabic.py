"""Arabic letters joined to their neighbours, as whoever draws letters one by one has to have them."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping

# Letters that Unicode has in each of their forms, for programs that do not join by themselves.
_BLOCKS = (range(0xFB50, 0xFE00), range(0xFE70, 0xFEFD))
_LAM_ALEF = "\ufef5\ufef7\ufef9\ufefb"


def _read() -> tuple[Mapping[str, Mapping[str, str]], Mapping[str, str]]:
    """Forms by letter, and by pairs of letters the one that is written for both (lam and alef)."""
    forms: dict[str, dict[str, str]] = defaultdict(dict)
    pairs: dict[str, str] = {}
    for shaped in (chr(code) for block in _BLOCKS for code in block):
        form, *codes = unicodedata.decomposition(shaped).split() or [""]
        letters = "".join(chr(int(code, 16)) for code in codes)
        if shaped in _LAM_ALEF:
            pairs[letters] = shaped
            letters = shaped
        elif form == "<final>" and letters in pairs:
            letters = pairs[letters]
        if len(letters) == 1:
            forms[letters].setdefault(form, shaped)
    return forms, pairs


_FORMS, _PAIRS = _read()


def joined(text: str) -> str:
    """The same text in the order of reading, each letter in the form that its neighbours ask for."""
    for letters, one in _PAIRS.items():
        text = text.replace(letters, one)
    # Signs above and below letters part nobody.
    bases = [place for place, letter in enumerate(text) if not unicodedata.combining(letter)]
    shaped = list(text)
    for nth, place in enumerate(bases):
        mine = _FORMS.get(text[place], {})
        before = _FORMS.get(text[bases[nth - 1]], {}) if nth else {}
        after = _FORMS.get(text[bases[nth + 1]], {}) if nth + 1 < len(bases) else {}
        from_before = "<final>" in mine and "<initial>" in before
        to_after = "<initial>" in mine and "<final>" in after
        form = {(True, True): "<medial>", (True, False): "<final>", (False, True): "<initial>"}
        shaped[place] = mine.get(form.get((from_before, to_after), "<isolated>"), text[place])
    return "".join(shaped)
