"""Tables to open in a spreadsheet: no cell of them is run as a formula, and what is hidden is hidden there too."""

from access_service.settings import District
from access_service.spreadsheet import as_csv
from access_service.story.scope import Scope
from access_service.story.telling import ACCESS, FIRST, MONTH, USED, YEAR
from access_service.story.words import grade_name, school_name

MEASURES = (ACCESS, USED, YEAR, MONTH, FIRST)
COLUMNS = (
    "district",
    "as_of",
    "school_code",
    "school",
    "grade",
    "with_access",
    "ever_used",
    "used_this_school_year",
    "active_this_month",
    "first_time_this_school_year",
)
ALL = "all"


def students(of: Scope, district: District) -> bytes:
    """A line for each school and grade, and for all grades; of a district for all schools, too."""
    figures, lines = of.figures, []
    schools: list[str | None] = [*figures.schools, None] if of.school is None else [of.school]
    for school in schools:
        code, name = (school, school_name(district, school)) if school is not None else (ALL, ALL)
        rows = [(grade_name(grade), numbers) for grade, numbers in figures.by_grade(school)]
        for grade, numbers in [*rows, (ALL, figures.numbers(school))]:
            about = (of.of, figures.today.isoformat(), code, name, grade)
            lines.append((*about, *(numbers[measure] for measure in MEASURES)))
    return as_csv(COLUMNS, lines)


def months(of: Scope) -> bytes:
    """A line for each month: who had access (blank where it was not counted) and who signed in; in a district who for
    the first time, too."""
    lines = [(f"{month:%Y-%m}", of.access.get(month, ""), cell) for month, cell in of.months]
    columns = ("month", "with_access", "active")
    if of.school is not None:
        return as_csv(columns, lines)
    first = (each.first for each in of.figures.months)
    return as_csv((*columns, "first_time"), [(*line, new) for line, new in zip(lines, first, strict=True)])
