"""Pictures for slides: 1600 by 900, in colours that everybody can tell apart, with title, source and date."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any

from access_service.story.cells import Cell, Hidden
from access_service.story.scope import Part, Scope, largest
from access_service.story.telling import ACCESS, YEAR
from access_service.story.words import NAMES, share, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's blue beside a grey of another lightness: told apart by any eyes and on paper.
USED_COLOUR, ALL_COLOUR, INK, SOFT = "#0072B2", "#C9D1D6", "#1C2422", "#4B5652"
INCHES, DPI = (16, 9), 100
MOST = 14
# The library's settings are the whole process's, and its files must not tell of the machine or differ without cause.
_SETTINGS: Any = {
    "svg.hashsalt": "story",
    "svg.fonttype": "path",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
}
_one_at_a_time = Lock()


class Picture(StrEnum):
    SCHOOLS = "schools"
    GRADES = "grades"
    MONTHS = "months"


class Form(StrEnum):
    PNG = "png"
    SVG = "svg"


def pictures(of: Scope) -> list[Picture]:
    """Those that there are of a district or a school."""
    return [each for each in Picture if each is not Picture.SCHOOLS or of.school is None]


def draw(of: Scope, picture: Picture, form: Form) -> bytes:
    """The file. Imports matplotlib, which takes a second; the object API, for pyplot is one state for all threads."""
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with _one_at_a_time, rc_context(_SETTINGS):
        figure = Figure(figsize=INCHES, dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        title = _DRAWN[picture](figure.add_axes((0.24, 0.14, 0.7, 0.64)), of)
        figure.text(0.04, 0.93, of.place, fontsize=30, fontweight="bold", color=INK, va="center")
        figure.text(0.04, 0.86, title, fontsize=22, color=INK, va="center")
        figure.text(0.04, 0.04, of.source, fontsize=15, color=SOFT, va="center")
        file = BytesIO()
        figure.savefig(file, format=form.value, dpi=DPI, metadata=_nothing(form))
    return file.getvalue()


def _nothing(form: Form) -> dict[str, Any]:
    """The metadata that a file would have by itself, left out."""
    return {"Software": None} if form is Form.PNG else {"Date": None, "Creator": None}


def _by_school(axes: "Axes", of: Scope) -> str:
    chosen = largest(of.schools, MOST)
    more = f" (the {MOST} largest of {len(of.schools)} schools)" if len(of.schools) > MOST else ""
    _bars(axes, chosen)
    return f"Students with access, and who used it this school year{more}"


def _by_grade(axes: "Axes", of: Scope) -> str:
    _bars(axes, of.grades)
    return "Students with access, and who used it this school year, by grade"


def _bars(axes: "Axes", parts: Sequence[Part]) -> None:
    most = max((_length(part.numbers[ACCESS]) for part in parts), default=0) or 1
    for row, part in enumerate(parts):
        whole, used = part.numbers[ACCESS], part.numbers[YEAR]
        axes.barh(row, _length(whole), height=0.72, color=ALL_COLOUR)
        axes.barh(row, _length(used), height=0.72, color=USED_COLOUR)
        words = shown(whole)
        if not isinstance(whole, Hidden):
            words = f"{shown(used)} of {words}  {share(used, whole)}"
        axes.text(_length(whole) + most / 80, row, words, va="center", fontsize=17, color=INK)
    axes.set_yticks(range(len(parts)), [_cut(part.name, 26) for part in parts], fontsize=17, color=INK)
    axes.set_xlim(0, most * 1.32)
    axes.set_ylim(max(len(parts), 4) - 0.4, -0.6)
    for name, colour, x in ((NAMES[YEAR], USED_COLOUR, 0.0), (NAMES[ACCESS], ALL_COLOUR, 0.34)):
        axes.text(x, 1.03, "■ ", transform=axes.transAxes, fontsize=20, color=colour)
        axes.text(x + 0.03, 1.035, name, transform=axes.transAxes, fontsize=16, color=INK)
    _bare(axes)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _by_month(axes: "Axes", of: Scope) -> str:
    axes.set_position((0.06, 0.16, 0.9, 0.62))
    most = max((_length(cell) for _, cell in of.months), default=0) or 1
    for column, (_, cell) in enumerate(of.months):
        axes.bar(column, _length(cell), width=0.7, color=USED_COLOUR)
        axes.text(column, _length(cell) + most / 60, shown(cell), ha="center", fontsize=18, color=INK)
    names = [f"{month:%b}\n{month:%Y}" for month, _ in of.months]
    if names:
        names[-1] += "\nso far"
    axes.set_xticks(range(len(names)), names, fontsize=16, color=INK)
    axes.set_xlim(-0.7, max(len(names), 6) - 0.3)
    axes.set_ylim(0, most * 1.12)
    _bare(axes)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    return "Students who signed in, by month"


_DRAWN: Mapping[Picture, Callable[["Axes", Scope], str]] = {
    Picture.SCHOOLS: _by_school,
    Picture.GRADES: _by_grade,
    Picture.MONTHS: _by_month,
}


def _bare(axes: "Axes") -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)


def _length(cell: Cell) -> int:
    return 0 if isinstance(cell, Hidden) else cell


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
