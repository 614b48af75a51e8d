"""Cards for wallets, ten a page, to be cut along the hairlines."""

from collections.abc import Sequence

from fpdf import FPDF

from access_service.cards import paper
from access_service.cards.design import Bars, Design, drawn, whereabouts, who
from access_service.cards.holders import Holder
from access_service.cards.paper import Style
from access_service.cards.wording import Text, pin_words, words

# 3.5 by 2 inches, as perforated sheets of business cards have them. The paper's edges share what is left.
ACROSS, DOWN = 2, 5
WIDTH, HEIGHT = 88.9, 50.8
MARGIN = 4.5
INSIDE = WIDTH - 2 * MARGIN
NAME = Style(10.5, bold=True)


def sheets(holders: Sequence[Holder], design: Design) -> bytes:
    """A PDF. ChoiceError as of `drawn`."""
    with_bars = drawn(holders, design, INSIDE)
    pdf = paper.blank(design.library.paper, design.house)
    left, top = (pdf.w - ACROSS * WIDTH) / 2, (pdf.h - DOWN * HEIGHT) / 2
    for place, (holder, bars) in enumerate(with_bars):
        down, across = divmod(place % (ACROSS * DOWN), ACROSS)
        if down == across == 0:
            pdf.add_page()
            pdf.set_draw_color(190)
            pdf.set_line_width(0.1)
        at = left + across * WIDTH, top + down * HEIGHT
        pdf.rect(*at, WIDTH, HEIGHT)
        _card(pdf, at, holder, bars, design)
    return bytes(pdf.output())


def _card(pdf: FPDF, at: tuple[float, float], holder: Holder, bars: Bars, design: Design) -> None:
    x, y = at[0] + MARGIN, at[1]
    first = design.languages[0]
    paper.write(pdf, (x, y + 6.5), design.house, Style(8, bold=True), INSIDE)
    paper.write(pdf, (x, y + 12), who(pdf, holder, first, NAME), NAME, INSIDE)
    paper.write(pdf, (x, y + 15.5), whereabouts(holder, first, design), Style(6.5), INSIDE)
    paper.draw(pdf, (x, y + 17.5), bars, INSIDE, 12)
    paper.write_centred(pdf, (x, y + 33.8), holder.library_number, Style(10, bold=True), INSIDE)
    y += 38.3
    for language in design.languages:
        if design.library.url:
            paper.write(pdf, (x, y), words(Text.SITE, language, design.library.url), Style(6), INSIDE)
            y += 2.6
        paper.write(pdf, (x, y), pin_words(holder.pin, design.digits, language), Style(6), INSIDE)
        y += 3.4
