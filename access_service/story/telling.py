"""What is published: numbers with the hidden ones left out, of a district or one of its schools."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from access_service.settings import District
from access_service.story.cells import Cell, Hidden

ACCESS, USED, YEAR, MONTH, FIRST = "access", "used", "year", "month", "first"
# Where a district names no school years: as agreements and budgets have it.
JULY = 7
# Another one wherever `Figures` changes.
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Active:
    """A month: who signed in and who for the first time, in the district, and by school who signed in. `access` are
    students with access by school, with their total under "", by the month's last edition; empty where it had none."""

    month: date
    active: Cell
    first: Cell
    schools: Mapping[str, Cell]
    access: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Kept:
    """Nights of this school year: good, held, failed, and those of the schedule that never ran."""

    kept: int
    held: int
    failed: int
    missed: int

    @property
    def all(self) -> int:
        return self.kept + self.held + self.failed + self.missed


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a district, on the day `today`. `cells` are by measure, school and grade, with totals as last row and column;
    `refused` are sign-ins this year by reason, with their total under ""."""

    district: str
    made_at: datetime
    today: date
    year: date
    schools: tuple[str, ...]
    grades: tuple[str, ...]
    cells: Mapping[str, Sequence[Sequence[Cell]]]
    months: Sequence[Active]
    refused: Mapping[str, Cell]
    nights: Kept

    def numbers(self, school: str | None = None, grade: str | None = None) -> dict[str, Cell]:
        """By measure; of the whole district without a school, of all grades without one."""
        row = -1 if school is None else self.schools.index(school)
        column = -1 if grade is None else self.grades.index(grade)
        return {measure: cells[row][column] for measure, cells in self.cells.items()}

    def by_grade(self, school: str | None = None) -> Iterator[tuple[str, dict[str, Cell]]]:
        """The grades that there are."""
        for grade in self.grades:
            numbers = self.numbers(school, grade)
            if numbers[ACCESS] != 0:
                yield grade, numbers

    def by_month(self, school: str | None = None) -> list[tuple[date, Cell]]:
        """Who signed in."""
        return [(each.month, each.active if school is None else each.schools.get(school, 0)) for each in self.months]

    def access_by_month(self, school: str | None = None) -> dict[date, Cell]:
        """Students with access, in the months of which it is known."""
        found = {each.month: each.access.get(school or "") for each in self.months}
        return {month: cell for month, cell in found.items() if cell is not None}


def first_of_year(district: District, today: date) -> date:
    """The first day of the newest school year that has begun; of those who name none, 1 July."""
    begun = [year.first_day for year in district.calendar.years if year.first_day <= today]
    return begun[-1] if begun else date(today.year - (today.month < JULY), JULY, 1)


def as_json(figures: Figures) -> str:
    """What `from_json` reads."""
    return json.dumps({"format": FORMAT, **asdict(figures)}, default=str, separators=(",", ":"))


def from_json(text: str) -> Figures | None:
    """None: another version of this program wrote it."""
    facts = json.loads(text)
    if facts.get("format") != FORMAT:
        return None
    months = [
        Active(
            month=date.fromisoformat(each["month"]),
            active=_cell(each["active"]),
            first=_cell(each["first"]),
            schools=_cells(each["schools"]),
            access=_cells(each["access"]),
        )
        for each in facts["months"]
    ]
    return Figures(
        district=facts["district"],
        made_at=datetime.fromisoformat(facts["made_at"]),
        today=date.fromisoformat(facts["today"]),
        year=date.fromisoformat(facts["year"]),
        schools=tuple(facts["schools"]),
        grades=tuple(facts["grades"]),
        cells={name: tuple(tuple(map(_cell, row)) for row in rows) for name, rows in facts["cells"].items()},
        months=tuple(months),
        refused=_cells(facts["refused"]),
        nights=Kept(**facts["nights"]),
    )


def _cells(facts: Mapping[str, int | str]) -> dict[str, Cell]:
    return {name: _cell(cell) for name, cell in facts.items()}


def _cell(told: int | str) -> Cell:
    return told if isinstance(told, int) else Hidden(told)
