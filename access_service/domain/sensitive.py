"""Columns that are never read, whatever an agreement or a district's file says: a library has no use for them."""

import re

# Parts of a header written as one word, too long to be met by chance.
_PARTS = re.compile(
    "passw|passphrase|ethnic|hispanic|latino|disabilit|specialed|immigra|migrant|refugee|religio|disciplin|suspension"
    "|medical|health|gender|gifted|homeless|foster|socialsec|economic|freereduced|section504|birthplace|citizen"
    "|birth(?:city|state|country)|(?:city|state|country|place)ofbirth|englishlearner|limitedenglish|americanindian"
    "|africanamerican|pacificislander"
)
# Short words, only where they stand alone: a race is no terrace and an ELL no cell.
_WORD = re.compile(
    "(?:pwd|races?|sex|iep|504|sped|ell|lep|eld|esl|fr[lp]|frpm|nslp|ssn|gpa|asian|white|pronouns)"
    "(?:status|code|flag|desc|description|indicator)?"
)
# The lunch line's own number is a number like any other; what a family pays for lunch is nobody's business.
_MEALS = frozenset({"meal", "meals", "lunch"})
_NUMBERS = frozenset({"pin", "number", "num", "no", "id"})


def is_sensitive(header: str) -> bool:
    """Whether a column of this name is one: a password, race, sex, disability, language, meals, health, conduct ..."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", header)
    words = re.findall(r"[a-z]+|[0-9]+", apart.lower())
    if _PARTS.search("".join(words)) or any(map(_WORD.fullmatch, words)):
        return True
    return bool(_MEALS & set(words)) and not _NUMBERS & set(words)
