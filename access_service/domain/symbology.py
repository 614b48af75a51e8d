"""Barcodes that scanners of libraries read, and what each can carry."""

import re
from enum import StrEnum


class Symbology(StrEnum):
    """Code 39 is written without its check character, which a scanner looks for only where somebody set it to."""

    CODE39 = "code39"
    CODABAR = "codabar"
    CODE128 = "code128"

    @property
    def label(self) -> str:
        return {"code39": "Code 39", "codabar": "Codabar", "code128": "Code 128"}[self]

    @property
    def alphabet(self) -> str:
        """What it carries, in words."""
        return _CARRIES[self][1]

    def carries(self, number: str) -> bool:
        """Whether a number can be written in it as it stands."""
        return re.fullmatch(_CARRIES[self][0], number) is not None


_CARRIES = {
    Symbology.CODE39: (r"[0-9A-Z. $/+%-]+", "digits, capital letters and - . $ / + %"),
    Symbology.CODABAR: (r"[0-9]+", "digits"),
    Symbology.CODE128: (r"[ -~]+", "letters without accents, digits and signs"),
}
