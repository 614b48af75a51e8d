"""What people type and scan, and every identifier it can mean."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_NOT_IN_A_KEY = re.compile(r"[^0-9A-Z]+")
_CODABAR = re.compile(r"[A-D]([0-9]+)[A-D]")

# Longer than any barcode; what is longer is not looked up at all.
MAX_TYPED = 64


class IdentifierKind(StrEnum):
    """CONTESTED marks a number that two people would own: it opens nothing, for anybody. TEST_CARD is nobody's. A staff
    number may be the same as somebody's student number: they are two people's, each in its own right. LINKED_CARD is a
    card that a student had before: it does not yield, so a number that is another's too is nobody's."""

    STUDENT_NUMBER = "student_number"
    STAFF_NUMBER = "staff_number"
    LIBRARY_NUMBER = "library_number"
    FORMER = "former"
    CONTESTED = "contested"
    TEST_CARD = "test_card"
    LINKED_CARD = "linked_card"


# Kinds that lose a number to whoever has it now.
YIELDING = frozenset({IdentifierKind.FORMER, IdentifierKind.TEST_CARD})


BADGES = (IdentifierKind.STUDENT_NUMBER, IdentifierKind.STAFF_NUMBER)
OF_ANYBODY = frozenset(IdentifierKind) - {*BADGES}


class CleanUp(StrEnum):
    """Steps from a roster's ID cell to a student number, applied in the order configured."""

    TRIM = "trim"
    CUT_AT_AT = "cut-at-@"
    DIGITS_ONLY = "digits-only"
    UPPER = "upper"


_CLEAN: dict[CleanUp, Callable[[str], str]] = {
    CleanUp.TRIM: lambda text: text.strip(),
    CleanUp.CUT_AT_AT: lambda text: text.split("@", 1)[0],
    CleanUp.DIGITS_ONLY: lambda text: re.sub("[^0-9]+", "", text),
    CleanUp.UPPER: lambda text: text.upper(),
}


def fold(text: str) -> str:
    """The key under which a number is stored and sought: ASCII letters and digits only, upper case."""
    if not text.isascii():
        return ""
    upper = text.upper()
    return upper if upper.isalnum() else _NOT_IN_A_KEY.sub("", upper)


@dataclass(frozen=True, slots=True)
class NumberRule:
    """How a district's ID cell becomes a student number: cleaned, zero-padded to `pad_to`, then matched whole.

    `pattern` is a regular expression; a number it does not match is an Exclusion, never repaired further.
    """

    clean: tuple[CleanUp, ...] = (CleanUp.TRIM,)
    pad_to: int = 0
    pattern: str = "[0-9A-Za-z]+"

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern is not a regular expression: {error}") from None

    def apply(self, cell: str) -> str | None:
        """The student number of a roster cell, or None where it does not fit the pattern.

        A cell that is not ASCII is never one: cleaning would make a full-width or accented ID somebody else's number.
        """
        if not cell.isascii():
            return None
        for step in self.clean:
            cell = _CLEAN[step](cell)
        padded = cell.rjust(self.pad_to, "0") if cell else ""
        return padded if re.fullmatch(self.pattern, padded) else None


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """A library number: text with the number on the badge in it, such as "29{student_number}"."""

    prefix: str
    suffix: str

    @classmethod
    def parse(cls, text: str, kind: IdentifierKind = IdentifierKind.STUDENT_NUMBER) -> "NumberTemplate":
        """Read a template; ValueError unless it holds {student_number}, or another `kind`, exactly once."""
        prefix, placeholder, suffix = text.partition(f"{{{kind}}}")
        if not placeholder or "{" in prefix + suffix or "}" in prefix + suffix:
            raise ValueError(f"must hold {{{kind}}} exactly once")
        return cls(prefix, suffix)

    def mint(self, number: str) -> str:
        return f"{self.prefix}{number}{self.suffix}"


class Reading(NamedTuple):
    """One thing that a typed or scanned string can mean. A lookup makes a dozen, and a tuple is made fastest."""

    kind: IdentifierKind
    key: str


def is_minted(key: str, rule: NumberRule, template: NumberTemplate) -> bool:
    """Whether a folded key is, as it stands, a library number that the template can make."""
    prefix, suffix = fold(template.prefix), fold(template.suffix)
    if not (key.startswith(prefix) and key.endswith(suffix) and len(key) > len(prefix) + len(suffix)):
        return False
    return re.fullmatch(rule.pattern, key[len(prefix) : len(key) - len(suffix)]) is not None


def readings(
    typed: str,
    rule: NumberRule,
    template: NumberTemplate,
    kind: IdentifierKind = IdentifierKind.STUDENT_NUMBER,
    beside: Collection[tuple[NumberRule, NumberTemplate]] = (),
) -> frozenset[Reading]:
    """Every identifier of one district that `typed` can mean, where numbers on badges are of one `kind`. `beside` are
    rule and template of the district's other kinds.

    As it stands, without scanner start and stop marks, without the library prefix (typed once or twice), with it,
    and with zeros that were lost or added. A reading as the number on a badge must fit the district's pattern.
    """
    found: set[Reading] = set()
    for key in _scanned(typed):
        found |= {Reading(each, key) for each in (kind, *OF_ANYBODY)}
        theirs = any(is_minted(key, *other) for other in beside)
        for number in set(_badge_numbers(key, rule, template)):
            # A cleaned "T0012345" is not 0012345 where it is a whole library number of staff.
            if theirs and fold(number).lstrip("0") != key.lstrip("0"):
                continue
            minted = fold(template.mint(number))
            found |= {
                Reading(kind, fold(number)),
                Reading(IdentifierKind.FORMER, fold(number)),
                Reading(IdentifierKind.FORMER, minted),
                # Not the library number, with the prefix put in front: its owner has, or had, the student number in
                # it. So when two students swap numbers, the number on the badge is still one person's.
                Reading(IdentifierKind.CONTESTED, minted),
            }
    return frozenset(found)


def _scanned(typed: str) -> set[str]:
    key = fold(typed[: MAX_TYPED + 1])
    if not key or len(key) > MAX_TYPED:
        return set()
    codabar = _CODABAR.fullmatch(key)
    return {key, codabar[1]} if codabar else {key}


def _badge_numbers(key: str, rule: NumberRule, template: NumberTemplate) -> Iterator[str]:
    for spelling in {key, key.lower(), key.lstrip("0")}:
        if number := rule.apply(spelling):
            yield number
    prefix, suffix = fold(template.prefix), fold(template.suffix)
    bare = key
    for _ in range(2):
        if not (bare.startswith(prefix) and bare.endswith(suffix) and len(bare) > len(prefix) + len(suffix)):
            return
        bare = bare[len(prefix) : len(bare) - len(suffix)]
        for spelling in {bare, bare.lower()}:
            # Who types the prefix types all of the number. With zeros put back as well, the full number of one
            # student could be another's: with prefix 29, "2912345" is not student 0012345.
            number = rule.apply(spelling)
            if number and fold(number) == bare:
                yield number
