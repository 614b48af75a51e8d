"""The numbers of a district on a day, with all hidden that must be: what is published, and by that alone is shown."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import groupby

import numpy as np
from sqlalchemy import Connection

from access_service.domain.student import GRADES
from access_service.settings import District
from access_service.storage import freezes, story
from access_service.storage.runs import GOOD_NIGHTS, Outcome
from access_service.storage.story import Group, Month, Night, Span
from access_service.story.cells import TEN, Cell, Hidden
from access_service.story.suppression import Mask, Measure, Table, suppress
from access_service.story.telling import ACCESS, FIRST, MONTH, USED, YEAR, Active, Figures, Kept, first_of_year

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
ONE = (Measure("count", frozenset({0})),)
# This one and the twelve before it.
MONTHS = 13


def figures(connection: Connection, district: District, now: datetime) -> Figures:
    """Count everything, in one moment of the database, and hide what must be."""
    code, today = district.code, now.astimezone(district.zone).date()
    month = today.replace(day=1)
    year = first_of_year(district, today)
    span = Span(today, month, year, _good_on(connection, district, today))
    groups = story.students(connection, code, span)
    active = story.by_month(connection, code, _back(month, MONTHS - 1))
    schools = sorted({group.school for group in groups})
    grades = sorted({group.grade for group in groups}, key=list(GRADES).index)
    hidden_months = {each: _by_school(rows) for each, rows in groupby(sorted(active), key=lambda row: row.month)}
    table = _table(groups, schools, grades, hidden_months.get(month, {}))
    return Figures(
        district=code,
        made_at=now,
        today=today,
        year=year,
        schools=tuple(schools),
        grades=tuple(grades),
        cells={measure.name: _cells(table, index) for index, measure in enumerate(MEASURES)},
        months=tuple(_months(active, span, hidden_months)),
        refused=_listed(story.refused(connection, code, year)),
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


def _cells(table: Table, index: int) -> tuple[tuple[Cell, ...], ...]:
    rows, columns = table.values[index].shape
    return tuple(tuple(table.cell(index, (row, column)) for column in range(columns)) for row in range(rows))


def _listed(counts: Mapping[str, int], also: Mask | None = None) -> dict[str, Cell]:
    """Counts that make a total, which is under ""."""
    if not counts:
        return {"": 0}
    base = np.array(list(counts.values()), np.int64).reshape(-1, 1, 1)
    table = suppress(base, ONE, {} if also is None else {0: np.column_stack([also, also])})
    return {name: table.cell(0, (row, 1)) for row, name in enumerate([*counts, ""])}


def _by_school(rows: Iterable[Month]) -> dict[str, Cell]:
    return _listed({row.school: row.active for row in rows})


def _months(rows: Sequence[Month], span: Span, by_school: Mapping[date, Mapping[str, Cell]]) -> Iterable[Active]:
    """The months since the first with anybody in it. Those of a school year make its first-time users together."""
    new: dict[date, int] = {}
    old: dict[date, int] = {}
    month = min((row.month for row in rows), default=span.month)
    while month <= span.month:
        mine = [row for row in rows if row.month == month]
        new[month] = sum(row.first_time for row in mine)
        old[month] = sum(row.active for row in mine) - new[month]
        month = _back(month, -1)
    first: dict[date, Cell] = {}
    for _, several in groupby(new, key=lambda month: month >= span.year.replace(day=1)):
        those = list(several)
        few = [0 < old[each] < TEN and new[each] > 0 for each in those]
        told = _listed({each.isoformat(): new[each] for each in those}, np.array([*few, False]))
        first |= {each: told[each.isoformat()] for each in those}
    for each in new:
        schools = by_school.get(each, {"": 0})
        yield Active(each, schools[""], first[each], {school: cell for school, cell in schools.items() if school})


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


def _back(month: date, months: int) -> date:
    years, before = divmod(month.month - 1 - months, 12)
    return date(month.year + years, before + 1, 1)


def _midnight(day: date, district: District) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=district.zone).astimezone(UTC)
