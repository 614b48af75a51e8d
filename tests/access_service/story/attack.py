"""What somebody can work out who has all that is shown, and nothing else: all that has no other world beside it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from access_service.story.cells import TEN, Hidden
from access_service.story.suppression import Table

# What no count of these tests reaches.
MANY = 10_000
# Four cells with two classes each.
MOST_CHANGES = 8
Numbers = NDArray[np.int64]


class Attacker:
    """Knows the words and numbers shown of a table, and that nobody is counted below zero."""

    def __init__(self, table: Table) -> None:
        rows, columns, self.classes = table.counts.shape
        self.shape = rows - 1, columns - 1
        # Only where to begin to look: what is found is checked against what is shown.
        self.near = table.counts[:-1, :-1].flatten()
        sums, bounds = [], []
        for index, measure in enumerate(table.measures):
            for row, column in np.ndindex(rows, columns):
                sums.append(self.groups((row, column), sorted(measure.classes)))
                bounds.append(shown(table.cell(index, (row, column))))
        self.sums = np.array(sums)
        self.low, self.high = np.array(bounds).T

    def groups(self, place: tuple[int, ...], classes: Sequence[int]) -> Numbers:
        """Which groups a cell counts, as 0 and 1; the last row and column are totals."""
        counted = np.zeros((*self.shape, self.classes), np.int64)
        row, column = (slice(None) if at == n else slice(at, at + 1) for at, n in zip(place, self.shape, strict=True))
        counted[row, column, list(classes)] = 1
        return counted.flatten()

    def is_certain(self, groups: Numbers) -> bool:
        """Whether no other world is found in which the same is shown and this number is another."""
        true = int(groups @ self.near)
        sums = np.vstack([groups, self.sums])
        self._sizes = sums.sum(axis=1)
        for other in {true + 1, max(true - 1, 0)} - {true}:
            bounds = np.append(other, self.low), np.append(other, self.high)
            self._tries = 200_000
            if self._mend(self.near.copy(), sums @ self.near, sums, bounds, ()):
                return False
        return True

    def _mend(
        self, world: Numbers, told: Numbers, sums: Numbers, bounds: tuple[Numbers, Numbers], changed: tuple[int, ...]
    ) -> bool:
        """Change one count at a time, by one, until all sums are as they are shown."""
        self._tries -= 1
        wrong = np.flatnonzero((told < bounds[0]) | (told > bounds[1]))
        if not wrong.size:
            return True
        if len(changed) == MOST_CHANGES or self._tries < 0:
            return False
        # The one with the fewest ways to mend it.
        first = wrong[np.argmin(self._sizes[wrong])]
        step = 1 if told[first] < bounds[0][first] else -1
        for group in np.flatnonzero(sums[first]):
            if group not in changed and world[group] + step >= 0:
                world[group] += step
                if self._mend(world, told + step * sums[:, group], sums, bounds, (*changed, int(group))):
                    return True
                world[group] -= step
        return False


def shown(cell: int | Hidden) -> tuple[int, int]:
    """What a cell says of its number."""
    if isinstance(cell, int):
        return cell, cell
    return {Hidden.FEW: (0, TEN - 1), Hidden.OTHER: (TEN, MANY), Hidden.NOTHING: (0, MANY)}[cell]
