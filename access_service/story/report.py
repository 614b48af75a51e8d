"""Two pages of paper of a district or a school: the numbers and two pictures, then a table and what the words mean."""

from collections.abc import Iterator
from io import BytesIO

from fpdf import FPDF

from access_service.cards.paper import Style, blank, lines, write
from access_service.settings import PaperSize
from access_service.story.pictures import Form, Picture, draw
from access_service.story.scope import Part, Scope, largest
from access_service.story.sheets import MEASURES
from access_service.story.telling import ACCESS, MONTH, USED, YEAR
from access_service.story.words import HIDING, MEANINGS, NAMES, NIGHTS, day_name, month_name, reason, share, shown

EDGE, ROW, LINE = 16.0, 5.4, 4.4
MOST_ROWS, MOST_REASONS = 20, 6
TITLE, HEAD, BIG, PLAIN, SMALL = (
    Style(20, bold=True),
    Style(12, bold=True),
    Style(19, bold=True),
    Style(9.5),
    Style(8.5),
)


def pdf(of: Scope, size: PaperSize) -> bytes:
    """The file; exactly two pages, however much there is."""
    paper = blank(size, f"{of.place}: student access report")
    paper.set_creation_date(of.figures.made_at)
    paper.set_creator("student-id-access")
    _first(paper, of)
    _second(paper, of)
    return bytes(paper.output())


def _first(paper: FPDF, of: Scope) -> None:
    y = _begin(paper, of, 1)
    write(paper, (EDGE, y), of.place, TITLE, _width(paper))
    school = "" if of.school is None else f"{of.of}. "
    y += 7
    write(paper, (EDGE, y), f"{school}School IDs as library cards: {day_name(of.figures.today)}", PLAIN, _width(paper))
    y += 14
    numbers = list(_numbers(of))
    for place, (number, name, more) in enumerate(numbers):
        x, wide = EDGE + _width(paper) * place / len(numbers), _width(paper) / len(numbers) - 3
        write(paper, (x, y), number, BIG, wide)
        for nth, text in enumerate([*lines(paper, name, SMALL, wide)[:2], more]):
            write(paper, (x, y + 5 + nth * LINE), text, SMALL, wide)
    y += 20
    wide = _width(paper) * 0.93
    for picture in (Picture.SCHOOLS if of.school is None else Picture.GRADES, Picture.MONTHS):
        paper.image(BytesIO(draw(of, picture, Form.PNG)), EDGE + _width(paper) * 0.035, y, wide)
        y += wide * 9 / 16 + 3


def _numbers(of: Scope) -> Iterator[tuple[str, str, str]]:
    """The number, what it is and its share, in large."""
    access = of.numbers[ACCESS]
    yield shown(access), NAMES[ACCESS], ""
    for measure in (USED, YEAR):
        yield shown(of.numbers[measure]), NAMES[measure], share(of.numbers[measure], access)
    if of.last_month:
        month, active = of.last_month
        yield shown(active), f"Active in {month_name(month)}", ""
    else:
        yield shown(of.numbers[MONTH]), NAMES[MONTH], share(of.numbers[MONTH], access)
    nights = of.figures.nights
    yield f"{nights.kept} of {nights.all}", "Nights kept this school year", ""


def _second(paper: FPDF, of: Scope) -> None:
    y = _begin(paper, of, 2)
    parts = of.schools or of.grades
    kind = "School" if of.schools else "Grade"
    few = largest(parts, MOST_ROWS) if of.schools else list(parts)[:MOST_ROWS]
    y = _table(paper, y, kind, [*few, Part("", "All", of.numbers)])
    if more := len(parts) - len(few):
        write(paper, (EDGE, y), f"and {more} more: the table to download has all of them", SMALL, _width(paper))
        y += LINE
    y = _words(paper, y + 5, "What the words mean", [f"{NAMES[each]}. {MEANINGS[each]}" for each in MEASURES])
    y = _words(paper, y + 3, "What is hidden", [HIDING])
    nights = of.figures.nights
    others = f"{nights.held} held, {nights.failed} failed, {nights.missed} missed"
    y = _words(paper, y + 3, f"Nights kept: {nights.kept} of {nights.all}", [f"{NIGHTS} Of this district: {others}."])
    refused = {code: cell for code, cell in of.figures.refused.items() if code}
    told = sorted(refused, key=lambda code: -cell if isinstance(cell := refused[code], int) else 1)[:MOST_REASONS]
    why = "; ".join(f"{reason(code)}: {shown(refused[code])}" for code in told) or "None"
    _words(paper, y + 3, f"Sign-ins refused in this district since {day_name(of.figures.year)}", [f"{why}."])


def _table(paper: FPDF, y: float, kind: str, rows: list[Part]) -> float:
    first = _width(paper) * 0.34
    wide = (_width(paper) - first) / len(MEASURES)
    heads = [lines(paper, NAMES[measure], Style(8, bold=True), wide - 2) for measure in MEASURES]
    write(paper, (EDGE, y), kind, HEAD, first)
    for column, head in enumerate(heads):
        for nth, text in enumerate(head):
            write(paper, (EDGE + first + column * wide, y - 3 + nth * 3.4), text, Style(8, bold=True), wide - 2)
    y += 5.5
    for part in rows:
        style = Style(9.5, bold=not part.code)
        paper.set_draw_color(200)
        paper.line(EDGE, y - ROW + 1.6, EDGE + _width(paper), y - ROW + 1.6)
        write(paper, (EDGE, y), part.name, style, first - 3)
        for column, measure in enumerate(MEASURES):
            write(paper, (EDGE + first + column * wide, y), shown(part.numbers[measure]), style, wide - 2)
        y += ROW
    return y


def _words(paper: FPDF, y: float, head: str, texts: list[str]) -> float:
    write(paper, (EDGE, y), head, HEAD, _width(paper))
    y += 5
    for text in texts:
        for line in lines(paper, text, PLAIN, _width(paper)):
            write(paper, (EDGE, y), line, PLAIN, _width(paper))
            y += LINE
    return y


def _begin(paper: FPDF, of: Scope, page: int) -> float:
    paper.add_page()
    foot = f"{of.source} Page {page} of 2."
    write(paper, (EDGE, paper.h - 9), foot, SMALL, _width(paper))
    return EDGE + 5


def _width(paper: FPDF) -> float:
    return float(paper.w) - 2 * EDGE
