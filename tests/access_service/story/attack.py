"""What somebody can work out who has all that is shown, and nothing else: all that has no other world beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from access_service.story.cells import TEN, Hidden
from access_service.story.suppression import Table

# What no count of these tests reaches.
MANY = 10_000
# Four cells with two classes each.
MOST_CHANGES = 8


@dataclass
class Sum:
    """The counts of these groups make a number between `least` and `most`."""

    groups: tuple[int, ...]
    least: int
    most: int

    def holds(self, world: Sequence[int]) -> bool:
        return self.least <= sum(world[n] for n in self.groups) <= self.most


class Attacker:
    """Knows the words and numbers shown of a table, and that nobody is counted below zero."""

    def __init__(self, table: Table) -> None:
        rows, columns, self.classes = table.counts.shape
        self.shape = rows - 1, columns - 1
        self.known = [
            Sum(self.groups((row, column), sorted(measure.classes)), *shown(table.cell(index, (row, column))))
            for index, measure in enumerate(table.measures)
            for row in range(rows)
            for column in range(columns)
        ]
        # Only where to begin to look: what is found is checked against what is shown.
        self.near = [int(n) for n in table.counts[:-1, :-1].flatten()]

    def groups(self, place: tuple[int, int], classes: Sequence[int]) -> tuple[int, ...]:
        """The groups that a cell counts; the last row and column are totals."""
        columns = self.shape[1]
        chosen = [range(n) if at == n else [at] for at, n in zip(place, self.shape, strict=True)]
        return tuple(
            (row * columns + column) * self.classes + each
            for row in chosen[0]
            for column in chosen[1]
            for each in classes
        )

    def is_certain(self, groups: tuple[int, ...]) -> bool:
        """Whether no other world is found in which the same is shown and this number is another."""
        true = sum(self.near[group] for group in groups)
        for other in {true + 1, max(true - 1, 0)} - {true}:
            self._tries = 20_000
            if self._mend(self.near.copy(), frozenset(), [Sum(groups, other, other), *self.known]):
                return False
        return True

    def _mend(self, world: list[int], changed: frozenset[int], sums: list[Sum]) -> bool:
        """Change one count at a time, by one, until all sums are as they are shown."""
        self._tries -= 1
        wrong = next((each for each in sums if not each.holds(world)), None)
        if wrong is None:
            return True
        if len(changed) == MOST_CHANGES or self._tries < 0:
            return False
        step = 1 if sum(world[n] for n in wrong.groups) < wrong.least else -1
        for group in wrong.groups:
            if group not in changed and world[group] + step >= 0:
                mended = world.copy()
                mended[group] += step
                if self._mend(mended, changed | {group}, sums):
                    return True
        return False


def shown(cell: int | Hidden) -> tuple[int, int]:
    """What a cell says of its number."""
    if isinstance(cell, int):
        return cell, cell
    return {Hidden.FEW: (0, TEN - 1), Hidden.OTHER: (TEN, MANY), Hidden.NOTHING: (0, MANY)}[cell]
