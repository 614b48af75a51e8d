"""The bars of a number."""

from itertools import groupby

from barcode.codabar import CODABAR
from barcode.codex import Code39, Code128
from barcode.writer import SVGWriter

from access_service.domain.symbology import Symbology

# In elements of the narrowest kind: what stays white on either side, and a wide element of Codabar.
QUIET = 10
_NARROW, _WIDE = 2, 5

# One for all; nothing is drawn with it.
_WRITER = SVGWriter()


class _Code128(Code128):  # type: ignore[misc]
    """python-barcode 0.16 takes a number's first pair 99 for a change to pairs, and leaves it out (its issue 251)."""

    def _try_to_optimize(self, encoded: list[int]) -> list[int]:
        return encoded if self.code.startswith("99") else super()._try_to_optimize(encoded)


def bars(number: str, symbology: Symbology, codabar_marks: str) -> list[float]:
    """Widths of a bar, a space, a bar and so on, in narrow elements, of a number that the symbology carries."""
    match symbology:
        case Symbology.CODE39:
            modules, narrow = Code39(number, _WRITER, add_checksum=False).build()[0], 1
        case Symbology.CODABAR:
            marked = f"{codabar_marks[0]}{number}{codabar_marks[1]}"
            modules, narrow = CODABAR(marked, _WRITER, _NARROW, _WIDE).build()[0], _NARROW
        case Symbology.CODE128:
            modules, narrow = _Code128(number, _WRITER).build()[0], 1
    return [len(list(run)) / narrow for _, run in groupby(modules)]
