"""What stands in a table: a number, or a word where the number is hidden."""

from enum import StrEnum

TEN = 10


class Hidden(StrEnum):
    """What is shown in place of a number: FEW of 0 to 9 and OTHER of more. Where not even that can be said, NOTHING."""

    FEW = "< 10"
    OTHER = "hidden"
    NOTHING = "not shown"


Cell = int | Hidden
