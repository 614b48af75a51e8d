"""What the software of a client needs of SIP2, of which no two programs have the same idea; and its checksum."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MOST_IDLE_SECONDS = 86_400

# What a client must be able to rely on, or reads in a way of its own: no option hides one of these or takes its place.
_NEEDED = frozenset("AO AA BL CQ AF AG AY AZ".split())
_OURS = _NEEDED | frozenset("AC AD AE CN CO PA PB PC XI".split())


class Terminator(StrEnum):
    CR = "cr"
    CRLF = "crlf"


class Encoding(StrEnum):
    """How our messages are written; the client's are read in UTF-8 where they are that."""

    ASCII = "ascii"
    UTF_8 = "utf-8"
    CP850 = "cp850"
    LATIN_1 = "latin-1"


class ErrorDetection(StrEnum):
    """MIRROR: a message that has a checksum is held to it, and answered with one. REQUIRED: one without is not taken.
    UNCHECKED: a wrong checksum is taken too."""

    MIRROR = "mirror"
    REQUIRED = "required"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Sip2Options:
    """How a client speaks SIP2. `login` is its CN, empty for its name; `name` makes AE; `home_library` is the field
    of that, AF for words of its own, or empty."""

    login: str = ""
    terminator: Terminator = Terminator.CR
    encoding: Encoding = Encoding.ASCII
    error_detection: ErrorDetection = ErrorDetection.MIRROR
    hidden_fields: tuple[str, ...] = ()
    name: str = "{given_name} {family_name}"
    home_library: str = "AQ"
    status_before_login: bool = False
    without_login: bool = False
    prompts: bool = False
    pin_required: bool = True
    idle_seconds: int = 900

    def __post_init__(self) -> None:
        if any(not _is_field(field) or field in _NEEDED for field in self.hidden_fields):
            raise ValueError(f"hidden_fields: should be fields such as AE,PA; never {', '.join(sorted(_NEEDED))}")
        if self.home_library not in {"", "AF"} and (not _is_field(self.home_library) or self.home_library in _OURS):
            raise ValueError("home_library: should be AQ, AF, a field that has no other use, such as XH, or empty")
        if "{" in self.name.replace("{given_name}", "").replace("{family_name}", ""):
            raise ValueError("name: has {given_name} and {family_name}, and no other name in braces")
        if not 1 <= self.idle_seconds <= MOST_IDLE_SECONDS:
            raise ValueError(f"idle_seconds: should be 1 to {MOST_IDLE_SECONDS} seconds")


def _is_field(text: str) -> bool:
    return len(text) == len("AE") and text.isascii() and text.isalnum() and text.isupper()


def checksum(covered: bytes) -> str:
    """Four upper-case hexadecimal digits over everything up to AZ (3M's SIP2 2.00, appendix on error detection)."""
    return f"{-sum(covered) & 0xFFFF:04X}"


def adds_up(covered: bytes, text: str, stated: int) -> bool:
    """Whether a stated checksum is right over bytes, or over the characters of their `text`, as some programs sum."""
    sums: Iterable[Iterable[int]] = (covered,) if covered.isascii() else (covered, map(ord, text))
    return any((sum(codes) + stated) & 0xFFFF == 0 for codes in sums)
