"""Which numbers of a table are hidden, so that nothing under TEN is said, nor can be worked out from what is.

A table is of groups in rows and columns, each a count of people by class, with totals of rows, columns and all.
Measures are sets of classes, each within its parent: with access, of them ever used, of them this year. All that is
hidden is proved to be unknown by another world in which everything shown is the same and it is not: in four cells that
are all hidden, where two rows and two columns cross, one person more and one less.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from access_service.story.cells import TEN, Cell, Hidden

# Hiding a large number costs more than a small one, and a total most of all.
TOTAL_COSTS = 1000

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Measure:
    """Counts people of `classes`, who are all among those of the measure number `parent`, an earlier one."""

    name: str
    classes: frozenset[int]
    parent: int | None = None


@dataclass(slots=True)
class Table:
    """`counts` has people by row, column and class, and totals as the last row and column. `hidden` is by measure; of
    one in `withheld` not even that is shown, how many its cells have about."""

    counts: Counts
    measures: Sequence[Measure]
    values: list[Counts] = field(init=False)
    hidden: list[Mask] = field(init=False)
    withheld: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.values = [self.counts[:, :, sorted(each.classes)].sum(axis=2) for each in self.measures]
        self.hidden = [np.zeros(value.shape, bool) for value in self.values]

    def cell(self, index: int, place: Place) -> Cell:
        """What is shown of a measure."""
        value = int(self.values[index][place])
        if not self.hidden[index][place]:
            return value
        if index in self.withheld:
            return Hidden.NOTHING
        return Hidden.FEW if value < TEN else Hidden.OTHER

    def above(self, index: int) -> Iterator[int]:
        """The measures of which one is a part."""
        parent = self.measures[index].parent
        while parent is not None:
            yield parent
            parent = self.measures[parent].parent


@dataclass(frozen=True, slots=True)
class Move:
    """A person of class `source` becomes one of `target`; None: there was no such person. `changed` are measures, and
    `top` is the one of which all others of them are parts."""

    source: int | None
    target: int
    changed: tuple[int, ...]

    @property
    def top(self) -> int:
        return self.changed[0]


def suppress(base: Counts, measures: Sequence[Measure], also: Mapping[int, Mask] | None = None) -> Table:
    """Hide what must be in a table without totals; `also` are cells (of one with totals) to hide by measure."""
    table = Table(with_totals(base), measures)
    moves = list(_moves(table, base.shape[2]))
    for index, measure in enumerate(measures):
        table.hidden[index] = _small(table, index) | ((also or {}).get(index, False) & (table.values[0] > 0))
        if measure.parent in table.withheld or not _protect(table, index, moves):
            table.withheld.add(index)
            table.hidden[index] = table.values[0] > 0
    return table


def with_totals(base: Counts) -> Counts:
    """A table by row, column and class with a row and a column of totals after the last."""
    rows = np.concatenate([base, base.sum(axis=0, keepdims=True)])
    return np.concatenate([rows, rows.sum(axis=1, keepdims=True)], axis=1)


def _small(table: Table, index: int) -> Mask:
    """What is small, what makes the rest of its parent small, and whatever is a part of something hidden."""
    value, parent = table.values[index], table.measures[index].parent
    if parent is None:
        return _few(value)
    hidden = _few(value) | table.hidden[parent]
    for above in table.above(index):
        hidden |= _few(table.values[above] - value)
    return hidden & (table.values[0] > 0)


def _few(value: Counts) -> Mask:
    return (value > 0) & (value < TEN)


def _moves(table: Table, classes: int) -> Iterator[Move]:
    for source, target in product([None, *range(classes)], range(classes)):
        # Each is tried both ways.
        if source is not None and source >= target:
            continue
        changed = [n for n, each in enumerate(table.measures) if (source in each.classes) != (target in each.classes)]
        if changed and all(changed[0] in table.above(each) for each in changed[1:]):
            yield Move(source, target, tuple(changed))


def _protect(table: Table, index: int, moves: Sequence[Move]) -> bool:
    """Hide more of a measure until nothing of it that is hidden is certain. Whether that can be done."""
    classes, hidden = table.measures[index].classes, table.hidden[index]
    # How many are in a measure, and how many are in a wider one and not in it.
    secrets = [classes, *(table.measures[above].classes - classes for above in table.above(index))]
    for nth, secret in enumerate(secrets):
        value = table.counts[:, :, sorted(secret)].sum(axis=2)
        open_ = hidden & _few(value) if nth else hidden.copy()
        proper = [move for move in moves if (move.source in secret) != (move.target in secret)]
        ways = [(move.top, *_signs(table, move)) for move in proper if move.top == index or index in move.changed]
        while open_.any():
            corners = _rectangle(table, index, _first(open_, value), ways)
            if not corners:
                return False
            for corner in corners:
                hidden[corner], open_[corner] = True, False
    return True


def _first(open_: Mask, value: Counts) -> Place:
    """The smallest: what it needs may serve the others."""
    rows, columns = np.nonzero(open_)
    least = int(np.argmin(value[rows, columns]))
    return int(rows[least]), int(columns[least])


def _signs(table: Table, move: Move) -> tuple[Mask, Mask]:
    """Where one move more can be, and where one less, so that nothing that is shown would differ.

    Lines of a table sum to zero if their totals are taken as negative: so in totals the two change places.
    """
    counts = table.counts
    more = table.values[0] > 0 if move.source is None else counts[:, :, move.source] > 0
    less = counts[:, :, move.target] > 0
    for index in set(move.changed) - table.withheld:
        up = 1 if move.target in table.measures[index].classes else -1
        value, parent = table.values[index], table.measures[index].parent
        # A part of what is hidden is hidden even where it is zero.
        least = np.minimum(value, 1) if parent is None else np.where(table.hidden[parent], 0, np.minimum(value, 1))
        more = more & _alike(value, value + up, least)
        less = less & _alike(value, value - up, least)
    more, less = more & (table.values[0] > 0), less & (table.values[0] > 0)
    edge = np.zeros(more.shape, bool)
    edge[-1, :] ^= True
    edge[:, -1] ^= True
    return np.where(edge, less, more), np.where(edge, more, less)


def _alike(value: Counts, other: Counts, least: Counts) -> Mask:
    """Whether two numbers are hidden by the same word."""
    same: Mask = (value < TEN) == (other < TEN)
    return same & (other >= least)


def _rectangle(table: Table, index: int, place: Place, ways: Sequence[tuple[int, Mask, Mask]]) -> list[Place]:
    """Four cells with one at `place`, of which the fewest and smallest are still to be hidden; none: there are none."""
    row, column = place
    price = table.values[index].astype(float) + 1
    price[-1, :] += TOTAL_COSTS
    price[:, -1] += TOTAL_COSTS
    best, found = np.inf, (0, 0)
    for top, more, less in ways:
        cost = np.where(table.hidden[top], 0, price if top == index else np.inf)
        for plus, minus in ((more, less), (less, more)):
            if not plus[place] or np.isinf(cost[place]):
                continue
            can = plus & minus[row, :] & minus[:, [column]]
            can[row, :] = can[:, column] = False
            total = np.where(can, cost + cost[row, :] + cost[:, [column]], np.inf)
            at = int(np.argmin(total))
            if (least := float(total.flat[at])) < best:
                best, found = least, (at // total.shape[1], at % total.shape[1])
        if best == 0:
            break
    if np.isinf(best):
        return []
    return [place, (row, found[1]), (found[0], column), found]
