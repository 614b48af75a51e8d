"""Ink on paper: lines of text in any script that the font has, and bars. Millimetres; sizes of text are points."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.bidi import BidiParagraph

from access_service.cards.arabic import joined
from access_service.cards.bars import QUIET
from access_service.settings import PaperSize

FONT = "DejaVu"
_SMALLEST = 5.0
# In place of a letter that the font does not have.
_NO_LETTER = "□"
# Scanners read narrow elements of these widths: 0.19 is 7.5 mil.
WIDEST, NARROWEST = 0.33, 0.19


@dataclass(frozen=True, slots=True)
class Style:
    size: float
    bold: bool = False


def blank(size: PaperSize, title: str) -> FPDF:
    """A document without a page. Its fonts come with matplotlib, which has no need to be imported for that."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise AssertionError("matplotlib brings the fonts, and is not installed")
    fonts = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    pdf = FPDF(unit="mm", format=size.value)
    pdf.set_auto_page_break(auto=False)
    pdf.add_font(FONT, fname=fonts / "DejaVuSans.ttf")
    pdf.add_font(FONT, "B", fonts / "DejaVuSans-Bold.ttf")
    pdf.set_title(title)
    return pdf


def write(pdf: FPDF, at: tuple[float, float], text: str, style: Style, width: float) -> None:
    """One line from a point on its base line, smaller where it is longer than `width`, and then cut."""
    use(pdf, style)
    shown = printable(pdf, text)
    if (wide := pdf.get_string_width(shown)) > width:
        pdf.set_font_size(max(_SMALLEST, style.size * width / wide * 0.99))
        while len(shown) > 1 and pdf.get_string_width(shown) > width:
            shown = shown[:-2] + "…"
    if shown:
        pdf.text(*at, shown)


def write_centred(pdf: FPDF, at: tuple[float, float], text: str, style: Style, width: float) -> None:
    """The same in the middle of this width."""
    use(pdf, style)
    room = max(0, width - pdf.get_string_width(printable(pdf, text)))
    write(pdf, (at[0] + room / 2, at[1]), text, style, width - room / 2)


def use(pdf: FPDF, style: Style) -> None:
    pdf.set_font(FONT, "B" if style.bold else "")
    pdf.set_font_size(style.size)


def printable(pdf: FPDF, text: str) -> str:
    """A text as it stands on paper: letters written from the right in the order of the eye, and no letter that the
    current font does not have, for of those the library would tell the log."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in composed):
        composed = BidiParagraph(joined(composed)).get_reordered_string()
    known = _letters(pdf)
    return "".join(letter if ord(letter) in known else _NO_LETTER for letter in composed if letter.isprintable())


def can_write(pdf: FPDF, text: str, style: Style) -> bool:
    """Whether the font has every letter of it."""
    use(pdf, style)
    return _NO_LETTER not in printable(pdf, text)


def _letters(pdf: FPDF) -> Mapping[int, Any]:
    font: Any = pdf.current_font
    letters: Mapping[int, Any] = font.cmap
    return letters


def lines(pdf: FPDF, text: str, style: Style, width: float) -> list[str]:
    """A text in lines of at most this width, but for words that are longer."""
    use(pdf, style)
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".strip()
        if pdf.get_string_width(printable(pdf, longer)) <= width:
            found[-1] = longer
        else:
            found.append(word)
    return found


def narrow(widths: Sequence[float], width: float) -> float:
    """How wide the narrowest element can be where bars and quiet zones have this much room."""
    return min(WIDEST, width / (sum(widths) + 2 * QUIET))


def draw(pdf: FPDF, at: tuple[float, float], widths: Sequence[float], width: float, height: float) -> None:
    """Bars in the middle of a box, as shapes that a printer draws as sharp as it can."""
    module = narrow(widths, width)
    x, y = at[0] + (width - sum(widths) * module) / 2, at[1]
    for place, elements in enumerate(widths):
        if place % 2 == 0:
            pdf.rect(x, y, elements * module, height, style="F")
        x += elements * module
