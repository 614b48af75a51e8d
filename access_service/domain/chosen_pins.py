"""What a chosen PIN must be. Whether it is the issued one is not to be seen here: nobody keeps that."""

from datetime import datetime
from enum import StrEnum

from access_service.domain.pins import PinKind

MAX_DIGITS = 64
_UP = "01234567890123456789"
_DOWN = _UP[::-1]
# How a PIN of a birth date is read; for a day without a year one that has 29 February.
_DATES = {PinKind.MMDD: ("2000{}", "%Y%m%d"), PinKind.MMYYYY: ("01{}", "%d%m%Y"), PinKind.MMDDYYYY: ("{}", "%m%d%Y")}


class PinRefusal(StrEnum):
    """Why a PIN cannot be chosen. NOT_KEPT_HERE: it is the ILS's, or a test card's, or of one who left."""

    NOT_DIGITS = "not_digits"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    ONE_DIGIT = "one_digit"
    SEQUENCE = "sequence"
    IN_NUMBER = "in_number"
    ISSUED = "issued"
    NOT_KEPT_HERE = "not_kept_here"


def refusal(pin: str, minimum: int, *numbers: str) -> PinRefusal | None:
    """What is wrong with a PIN for one whose card has these numbers, or None. Keypads have digits, so it has no other
    characters."""
    wrong = {
        PinRefusal.NOT_DIGITS: not (pin.isascii() and pin.isdigit()),
        PinRefusal.TOO_SHORT: len(pin) < minimum,
        PinRefusal.TOO_LONG: len(pin) > MAX_DIGITS,
        PinRefusal.ONE_DIGIT: len(set(pin)) == 1,
        PinRefusal.SEQUENCE: pin in _UP or pin in _DOWN,
        PinRefusal.IN_NUMBER: any(pin in number for number in numbers),
    }
    return next((why for why, is_so in wrong.items() if is_so), None)


def like_issued(kind: PinKind, pin: str) -> bool:
    """Whether it is somebody's birth date as such a rule issues it. All of them are refused: were only the patron's own
    one, trying them would tell it."""
    if kind not in _DATES or len(pin) != len(kind):
        return False
    whole, layout = _DATES[kind]
    try:
        datetime.strptime(whole.format(pin), layout)  # noqa: DTZ007 - a date
    except ValueError:
        return False
    return True
