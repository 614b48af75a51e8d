"""The year as one picture: hand-made SVG, the same bytes for the same year."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

from tests.year import story

WIDTH, HEIGHT = 1080, 700
LEFT, RIGHT = 62, 900
TICKS = 520
# Okabe and Ito's colours, which everybody can tell apart; the dashes are for print.
LINES = {
    "works": ("#0072B2", "", "working card"),
    "listed": ("#000000", "6 3", "in the roster"),
    "graduated": ("#009E73", "", "graduated"),
    "absent": ("#E69F00", "", "absent"),
    "left": ("#CC79A7", "6 3", "left"),
}
SEASONS = {"summer": "#FFF3C4", "first_days": "#E4F1E1", "break": "#E3E3E3", "frozen": "#CFE6F7"}
MARKS = {"held": "#D55E00", "failed": "#000000", "approved": "#009E73"}
EVENTS = {
    date(2026, 8, 17): "the rollover: 4,614 move up, 385 begin",
    date(2026, 9, 21): "day 20: no-shows are absent, then gone",
    story.HALF_A_FILE: "half a file: held; the next night is good",
    story.NO_FILE: "no file: failed, the cards stay as they are",
    story.SCHOOL_CLOSES: "a school closes: held, approved by a person",
    story.NEIGHBOURS_FILE: "the neighbours' file: held, discarded",
    story.TORNADO: "tornado: frozen, 376 students missing",
    story.GRADUATION: "graduation: 385, with cards to 31 August",
    date(2027, 7, 1): "after the pivot: every card is renewed",
    date(2027, 8, 16): "the second rollover, as quiet as the first",
    date(2027, 9, 1): "the graduates' cards have run out",
    date(2027, 9, 20): "day 20 again",
}


@dataclass(frozen=True)
class Point:
    """One night. `listed` are those present in the last accepted roster, `graduated` those whose card still works."""

    today: date
    season: str
    outcomes: tuple[str, ...]
    works: int
    listed: int
    absent: int
    graduated: int
    left: int


@dataclass(frozen=True)
class Panel:
    """A field with a scale: `low` at the bottom, `high` at the top."""

    top: int
    bottom: int
    low: int
    high: int
    step: int

    def y(self, value: int) -> int:
        return round(self.bottom - (value - self.low) * (self.bottom - self.top) / (self.high - self.low))


CARDS, OTHERS = Panel(96, 300, 4500, 5500, 250), Panel(330, 500, 0, 450, 100)


def picture(points: Sequence[Point]) -> str:
    """The SVG of these nights."""
    days = (points[-1].today - points[0].today).days

    def x(day: date) -> int:
        return round(LEFT + (day - points[0].today).days * (RIGHT - LEFT) / days)

    parts = [*_seasons(points, x), *_axes(points, x), *_events(x), *_lines(points, x), *_nights(points, x), *_legend()]
    title = f"A simulated school year: {len(points)} nights of a district with 5,000 students"
    subtitle = "Who has a working library card after each night, and what the night said; August 2026 to October 2027"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            ' font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222">',
            f"<title>{title}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            _text(LEFT, 28, title, 'font-size="19" font-weight="bold"'),
            _text(LEFT, 48, subtitle, 'fill="#555"'),
            *parts,
            "</svg>\n",
        ]
    )


def _text(x: int, y: int, text: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{text}</text>'


def _seasons(points: Sequence[Point], x: Callable[[date], int]) -> Iterator[str]:
    bands = [(season, next(nights).today) for season, nights in groupby(points, lambda point: point.season)]
    for (season, first), (_, then) in pairwise([*bands, ("", points[-1].today)]):
        if colour := SEASONS.get(season):
            yield f'<rect x="{x(first)}" y="{CARDS.top}" width="{x(then) - x(first)}" height="436" fill="{colour}"/>'


def _axes(points: Sequence[Point], x: Callable[[date], int]) -> Iterator[str]:
    yield _text(LEFT - 7, CARDS.top - 12, "students", 'fill="#555" text-anchor="end"')
    for panel in (CARDS, OTHERS):
        for value in range(panel.low, panel.high + 1, panel.step):
            y = panel.y(value)
            yield f'<path d="M{LEFT} {y}H{RIGHT}" stroke="#bbb" stroke-width=".6"/>'
            yield _text(LEFT - 7, y + 4, f"{value:,}", 'text-anchor="end"')
    for first in sorted({point.today.replace(day=1) for point in points[1:]} - {points[0].today.replace(day=1)}):
        yield f'<path d="M{x(first)} 532v5" stroke="#222"/>'
        if first < points[-1].today.replace(day=1):
            yield _text(x(first) + 4, 549, f"{first:%b}" if first.month > 1 else f"{first:%b %Y}")


def _events(x: Callable[[date], int]) -> Iterator[str]:
    for number, (day, what) in enumerate(EVENTS.items(), 1):
        column, row = divmod(number - 1, 4)
        for at, y in ((x(day), 84), (LEFT + 8 + column * 340, 588 + row * 24)):
            yield f'<circle cx="{at}" cy="{y}" r="9" fill="#fff" stroke="#555"/>'
            yield _text(at, y + 4, str(number), 'text-anchor="middle" font-size="11"')
        yield f'<path d="M{x(day)} 93V532" stroke="#555" stroke-dasharray="2 3"/>'
        yield _text(LEFT + 24 + column * 340, 592 + row * 24, f"{day.day} {day:%b}: {what}")


def _lines(points: Sequence[Point], x: Callable[[date], int]) -> Iterator[str]:
    for field, (colour, dash, name) in LINES.items():
        panel = CARDS if field in {"works", "listed"} else OTHERS
        values = [getattr(point, field) for point in points]
        steps = "".join(f"H{x(point.today)}V{panel.y(value)}" for point, value in zip(points, values, strict=True))
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        start = f"M{LEFT} {panel.y(values[0])}"
        yield f'<path d="{start}{steps}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
        nudge = {"works": -2, "listed": 12, "absent": -6, "graduated": 9}.get(field, 4)
        label = f"{name}: {values[-1]:,}"
        yield _text(RIGHT + 8, panel.y(values[-1]) + nudge, label, f'fill="{colour}" font-weight="bold"')


def _nights(points: Sequence[Point], x: Callable[[date], int]) -> Iterator[str]:
    yield _text(RIGHT + 8, TICKS + 6, "each night; pale: no change")
    for point in points:
        at, colour = x(point.today), "#999" if point.outcomes[-1] == "applied" else "#ddd"
        yield f'<path d="M{at} {TICKS - 5}v12" stroke="{colour}" stroke-width="1.6"/>'
    for point in points:
        said = "approved" if point.outcomes == ("held", "applied") else point.outcomes[0]
        if said in MARKS:
            yield _mark(said, x(point.today), TICKS + 1)


def _mark(said: str, x: int, y: int) -> str:
    colour = MARKS[said]
    shapes = {
        "held": f'<path d="M{x} {y - 9}l8 15h-16z" fill="{colour}" stroke="#fff"/>',
        "failed": f'<path d="M{x - 6} {y - 6}l12 12m0 -12l-12 12" stroke="{colour}" stroke-width="3.5"/>',
        "approved": f'<circle cx="{x}" cy="{y}" r="7" fill="{colour}" stroke="#fff"/>',
    }
    return shapes[said]


def _legend() -> Iterator[str]:
    for row, (season, colour) in enumerate(SEASONS.items()):
        yield f'<rect x="{RIGHT + 8}" y="{98 + 20 * row}" width="14" height="14" fill="{colour}" stroke="#999"/>'
        yield _text(RIGHT + 28, 110 + 20 * row, season.replace("_", " ").replace("frozen", "frozen by a command"))
    for row, said in enumerate(MARKS):
        yield _mark(said, RIGHT + 15, 390 + 20 * row)
        yield _text(RIGHT + 28, 395 + 20 * row, said.replace("approved", "held, then approved"))
