"""The numbers of a district on a day, with all hidden that must be: what is published, and by that alone is shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np
from sqlalchemy import Connection

from access_service.domain.student import GRADES
from access_service.settings import District
from access_service.storage import freezes, story
from access_service.storage.runs import GOOD_NIGHTS, Outcome
from access_service.storage.story import Group, Night, Span
from access_service.story.cells import Cell, Hidden
from access_service.story.months import access, as_before, back, by_month, by_school, listed
from access_service.story.suppression import Measure, Table, suppress
from access_service.story.telling import ACCESS, FIRST, MONTH, USED, YEAR, Figures, Kept, first_of_year, from_json

# By the classes of storage/story.py.
MEASURES = (
    Measure(ACCESS, frozenset(range(6))),
    Measure(USED, frozenset({1, 2, 3, 4, 5}), 0),
    Measure(YEAR, frozenset({2, 3, 4, 5}), 1),
    Measure(MONTH, frozenset({3, 5}), 2),
    Measure(FIRST, frozenset({4, 5}), 2),
)
CLASSES = 6
THIS_MONTH = 3
# This one and the twelve before it.
MONTHS = 13


def figures(connection: Connection, district: District, now: datetime) -> Figures:
    """Count everything, in one moment of the database, and hide what must be."""
    code, today = district.code, now.astimezone(district.zone).date()
    month = today.replace(day=1)
    year = first_of_year(district, today)
    span = Span(today, month, year, _good_on(connection, district, today))
    groups = story.students(connection, code, span)
    rows = story.by_month(connection, code, back(month, MONTHS - 1))
    schools = sorted({group.school for group in groups})
    grades = sorted({group.grade for group in groups}, key=[*GRADES, *(group.grade for group in groups)].index)
    lines = by_school(rows)
    table = _table(groups, schools, grades, lines.get(month, {}))
    bodies = story.published(connection, code, back(month, MONTHS - 1)).values()
    earlier = [edition for body in bodies if (edition := from_json(body))]
    lines = as_before(lines, rows, earlier)
    # Of this month the line is the table's own.
    lines[month] = _of_schools(table, THIS_MONTH, schools)
    return Figures(
        district=code,
        made_at=now,
        today=today,
        year=year,
        schools=tuple(schools),
        grades=tuple(grades),
        cells={measure.name: _cells(table, index) for index, measure in enumerate(MEASURES)},
        months=tuple(by_month(rows, span, lines, {**access(earlier), month: _of_schools(table, 0, schools)})),
        refused=listed(story.refused(connection, code, year)),
        nights=_kept(story.nights(connection, code, _midnight(year, district)), district, today),
    )


def _good_on(connection: Connection, district: District, today: date) -> date:
    """The day through which a card has to be good to be good today: an older one in a freeze, none after the end."""
    if today > district.agreement.last_day:
        return date.max
    frozen = [freeze.first for freeze in freezes.read(connection).get(district.code, ()) if freeze.holds(today)]
    return min([today, *frozen])


def _table(groups: Iterable[Group], schools: Sequence[str], grades: Sequence[str], hidden: Mapping[str, Cell]) -> Table:
    base = np.zeros((len(schools), len(grades), CLASSES), np.int64)
    for group in groups:
        base[schools.index(group.school), grades.index(group.grade), group.use] += group.students
    # What the line of this month hides of a school is hidden here too, or one would tell of the other.
    also = np.zeros((len(schools) + 1, len(grades) + 1), bool)
    for row, school in enumerate([*schools, ""]):
        also[row, -1] = isinstance(hidden.get(school), Hidden)
    return suppress(base, MEASURES, {THIS_MONTH: also})


def _of_schools(table: Table, index: int, schools: Sequence[str]) -> dict[str, Cell]:
    """The totals of schools, and under "" of all."""
    return {school: table.cell(index, (row, -1)) for row, school in enumerate([*schools, ""])}


def _cells(table: Table, index: int) -> tuple[tuple[Cell, ...], ...]:
    rows, columns = table.values[index].shape
    return tuple(tuple(table.cell(index, (row, column)) for column in range(columns)) for row in range(rows))


def _kept(nights: Iterable[Night], district: District, today: date) -> Kept:
    """By day: one good run keeps a night, whatever else happened in it."""
    days: dict[date, str] = {}
    for night in nights:
        day = night.started_at.astimezone(district.zone).date()
        how = "failed" if night.outcome is Outcome.FAILED else "held"
        how = "kept" if night.outcome in GOOD_NIGHTS and not night.undone else how
        days[day] = min(days.get(day, how), how, key=("kept", "held", "failed").index)
    found = list(days.values())
    missed = sum(1 for day in _due(district, min(days, default=today), today) if day not in days)
    return Kept(found.count("kept"), found.count("held"), found.count("failed"), missed)


def _due(district: District, first: date, today: date) -> set[date]:
    """The days before today on which the schedule has a night."""
    if not district.schedule:
        return set()
    due = set()
    for cron in district.schedule.times:
        for wall in cron.times(datetime(first.year, first.month, first.day)):  # noqa: DTZ001 - a time on the wall
            if wall.date() >= today:
                break
            if not district.schedule.is_out(wall.date()):
                due.add(wall.date())
    return due


def _midnight(day: date, district: District) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=district.zone).astimezone(UTC)
