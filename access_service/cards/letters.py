"""Letters, one a page: the number, its bars, and how to sign in."""

from collections.abc import Iterator, Sequence

from fpdf import FPDF

from access_service.cards import paper
from access_service.cards.design import Bars, Design, drawn, whereabouts, who
from access_service.cards.holders import Holder
from access_service.cards.paper import Style
from access_service.cards.wording import Text, pin_words, words
from access_service.domain.pins import PinKind
from access_service.domain.wording import Language

MARGIN = 22.0
_TITLE, _PLAIN = Style(13, bold=True), Style(10.5)

# How far under the line before it, and what.
Line = tuple[float, str, Style]


def letters(holders: Sequence[Holder], design: Design) -> bytes:
    """A PDF. ChoiceError as of `drawn`."""
    pdf = paper.blank(design.library.paper, design.house)
    width = pdf.w - 2 * MARGIN
    with_bars = drawn(holders, design, width)
    # The same for all who have their PIN by one rule.
    bodies = {pin: list(_body(pdf, design, pin, width)) for pin in {holder.pin for holder in holders}}
    for holder, bars in with_bars:
        pdf.add_page()
        y = _head(pdf, holder, bars, design, width)
        for gap, text, style in bodies[holder.pin]:
            y += gap
            paper.write(pdf, (MARGIN, y), text, style, width)
    return bytes(pdf.output())


def _head(pdf: FPDF, holder: Holder, bars: Bars, design: Design, width: float) -> float:
    """Whose letter it is, down to the number; the height at which that ends."""
    first = design.languages[0]
    paper.write(pdf, (MARGIN, 24), design.house, Style(16, bold=True), width)
    if design.library.name:
        paper.write(pdf, (MARGIN, 30), design.district, Style(10), width)
    paper.write(pdf, (MARGIN, 46), who(pdf, holder, first, _TITLE), _TITLE, width)
    paper.write(pdf, (MARGIN, 52), whereabouts(holder, first, design), Style(10), width)
    label = " · ".join(words(Text.NUMBER, language) for language in design.languages)
    paper.write_centred(pdf, (MARGIN, 66), label, Style(9), width)
    paper.draw(pdf, (MARGIN, 69), bars, width, 18)
    paper.write_centred(pdf, (MARGIN, 94), holder.library_number, Style(16, bold=True), width)
    return 98


def _body(pdf: FPDF, design: Design, pin: PinKind | None, width: float) -> Iterator[Line]:
    for language in design.languages:
        yield 12, words(Text.TITLE, language), _TITLE
        gap = 7.5
        for text in _paragraphs(design, pin, language):
            for line in paper.lines(pdf, text, _PLAIN, width):
                yield gap, line, _PLAIN
                gap = 5
            gap = 7


def _paragraphs(design: Design, pin: PinKind | None, language: Language) -> Iterator[str]:
    library = design.library
    yield design.named(Text.WHAT, language)
    yield words(Text.HOW, language)
    yield pin_words(pin, design.digits, language)
    if library.url:
        yield words(Text.SITE, language, library.url)
    phone = " " + words(Text.PHONE, language, library.phone) if library.phone else ""
    yield design.named(Text.HELP, language) + phone
    yield words(Text.OPT_OUT, language)
