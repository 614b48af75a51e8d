"""Lines of months: of each school who signed in, and of the district who for the first time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby

import numpy as np

from access_service.storage.story import Month, Span
from access_service.story.cells import TEN, Cell, Hidden
from access_service.story.suppression import Mask, Measure, suppress
from access_service.story.telling import ACCESS, MONTH, Active, Figures

ONE = (Measure("count", frozenset({0})),)
Line = dict[str, Cell]


def listed(counts: Mapping[str, int], also: Mask | None = None) -> Line:
    """Counts that make a total, which is under ""."""
    if not counts:
        return {"": 0}
    base = np.array(list(counts.values()), np.int64).reshape(-1, 1, 1)
    table = suppress(base, ONE, {} if also is None else {0: np.column_stack([also, also])})
    return {name: table.cell(0, (row, 1)) for row, name in enumerate([*counts, ""])}


def by_school(rows: Iterable[Month]) -> dict[date, Line]:
    """Of each month who signed in, by school and, under "", of all."""
    months = groupby(sorted(rows), key=lambda row: row.month)
    return {month: listed({row.school: row.active for row in several}) for month, several in months}


def as_before(lines: Mapping[date, Line], rows: Iterable[Month], earlier: Iterable[Figures]) -> dict[date, Line]:
    """The same with all hidden that was hidden of a month by its own last edition, whose table may rest on it."""
    active = {(row.month, row.school): row.active for row in rows}
    found = {month: dict(line) for month, line in lines.items()}
    for edition in earlier:
        month = edition.today.replace(day=1)
        for school in edition.schools:
            if isinstance(edition.numbers(school)[MONTH], Hidden) and isinstance(found.get(month, {}).get(school), int):
                found[month][school] = Hidden.FEW if active[month, school] < TEN else Hidden.OTHER
    return found


def access(earlier: Iterable[Figures]) -> dict[date, Line]:
    """Students with access as each month's last edition had them, by school and, under "", of all."""
    return {
        edition.today.replace(day=1): {
            **{school: edition.numbers(school)[ACCESS] for school in edition.schools},
            "": edition.numbers()[ACCESS],
        }
        for edition in earlier
    }


def by_month(
    rows: Sequence[Month], span: Span, lines: Mapping[date, Line], with_access: Mapping[date, Line]
) -> Iterator[Active]:
    """The months since the first with anybody in it. Those of a school year make its first-time users together."""
    new: dict[date, int] = {}
    old: dict[date, int] = {}
    month = min((row.month for row in rows), default=span.month)
    while month <= span.month:
        mine = [row for row in rows if row.month == month]
        new[month] = sum(row.first_time for row in mine)
        old[month] = sum(row.active for row in mine) - new[month]
        month = back(month, -1)
    first: dict[date, Cell] = {}
    for _, several in groupby(new, key=lambda month: month >= span.year.replace(day=1)):
        those = list(several)
        few = [0 < old[each] < TEN and new[each] > 0 for each in those]
        told = listed({each.isoformat(): new[each] for each in those}, np.array([*few, False]))
        first |= {each: told[each.isoformat()] for each in those}
    for each in new:
        line = lines.get(each, {"": 0})
        schools = {school: cell for school, cell in line.items() if school}
        yield Active(each, line[""], first[each], schools, with_access.get(each, {}))


def back(month: date, months: int) -> date:
    """So many months before the first day of one."""
    years, before = divmod(month.month - 1 - months, 12)
    return date(month.year + years, before + 1, 1)
