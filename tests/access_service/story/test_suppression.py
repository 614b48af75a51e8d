"""Nothing under ten is shown, nor can be worked out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from access_service.story.cells import TEN, Hidden
from access_service.story.figures import MEASURES
from access_service.story.suppression import Measure, Table, suppress
from tests.access_service.story.attack import Attacker

USED = (Measure("access", frozenset({0, 1})), Measure("used", frozenset({1}), 0))
CHAIN = (
    Measure("access", frozenset({0, 1, 2})),
    Measure("used", frozenset({1, 2}), 0),
    Measure("year", frozenset({2}), 1),
)
COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 25))


def tables(measures: tuple[Measure, ...]) -> st.SearchStrategy[Table]:
    sizes = st.tuples(st.integers(1, 3), st.integers(1, 3), st.just(len(measures[0].classes)))
    return sizes.flatmap(lambda size: arrays(np.int64, size, elements=COUNTS)).map(
        lambda base: suppress(base, measures)
    )


def certain(table: Table) -> list[tuple[str, tuple[int, int]]]:
    """What an attacker knows of all that is to be unknown: hidden numbers, and how many of a wider measure are not in
    a narrower one where those are few."""
    attacker = Attacker(table)
    found = []
    for (index, measure), place in product(enumerate(table.measures), np.ndindex(table.counts.shape[:2])):
        if table.hidden[index][place] and attacker.is_certain(attacker.groups(place, sorted(measure.classes))):
            found.append((measure.name, place))
        for above in table.above(index):
            others = sorted(table.measures[above].classes - measure.classes)
            few = 0 < table.counts[place][others].sum() < TEN
            if few and attacker.is_certain(attacker.groups(place, others)):
                found.append((f"{table.measures[above].name} and not {measure.name}", place))
    return found


def small(table: Table) -> bool:
    """Whether anything under ten stands there, itself or as a difference of two in the same cell."""
    for place in np.ndindex(table.counts.shape[:2]):
        shown = [cell for index in range(len(table.measures)) if isinstance(cell := table.cell(index, place), int)]
        if any(0 < each < TEN for each in shown) or any(
            0 < table.values[above][place] - table.values[index][place] < TEN
            for index in range(len(table.measures))
            for above in table.above(index)
            if not table.hidden[index][place] and not table.hidden[above][place]
        ):
            return True
    return False


@settings(max_examples=12, phases=[Phase.generate], derandomize=True)
@given(tables(USED))
def test_nothing_hidden_is_certain(table: Table) -> None:
    """Of every number that is hidden there are two that fit all that is shown, whatever the table."""
    assert not small(table)
    assert certain(table) == []


@settings(max_examples=8, phases=[Phase.generate], derandomize=True)
@given(tables(CHAIN))
def test_nothing_is_worked_out_of_sibling_tables(table: Table) -> None:
    """Nor by the other measures of the same cells."""
    assert not small(table)
    assert certain(table) == []


@pytest.mark.parametrize(
    "base",
    [
        # In totals one more and one less change places.
        [[[0, 0], [0, 5], [4, 0]], [[0, 10], [30, 9], [0, 9]]],
        # In another world no 9 is a 10: the words would differ.
        [[[20, 0], [4, 10]], [[4, 30], [30, 11]]],
        # Hidden are also the few who are in the wider measure and not in the narrower one.
        [[[0, 9], [30, 4], [0, 0]], [[0, 2], [4, 11], [10, 10]]],
        # Where the wider measure is hidden, so is what is in it.
        [[[30, 2], [0, 10], [0, 11]], [[1, 20], [0, 3], [2, 2]], [[0, 10], [9, 20], [9, 2]]],
    ],
)
def test_tables_that_half_a_proof_gives_away(base: list[list[list[int]]]) -> None:
    """Each step of the proof has a table that is told without it."""
    assert certain(suppress(np.array(base), USED)) == []


def test_what_a_line_beside_the_table_hides_is_hidden_in_it() -> None:
    """A number that is hidden elsewhere would be told by the table, however large it is."""
    also = np.zeros((4, 3), bool)
    also[1, 2] = True
    table = suppress(np.full((3, 2, 2), 40), USED, {1: also})
    assert table.cell(1, (1, 2)) is Hidden.OTHER
    assert table.cell(0, (1, 2)) == 160


def test_the_attacker_is_one() -> None:
    """What hiding small cells alone would give away is found: by a total, by two totals, by a sibling table."""
    base = np.array([[[20, 20], [3, 0]], [[30, 15], [40, 40]]])
    table = suppress(base, USED)
    assert certain(table) == []
    assert table.cell(0, (0, 1)) is Hidden.FEW and table.hidden[0].sum() == 4
    table.hidden = [table.values[0] == 3, table.hidden[1]]
    assert ("access", (0, 1)) in certain(table)
    ones = suppress(np.array([[[0, 1], [0, 1]], [[50, 60], [50, 60]]]), USED)
    assert certain(ones) == []
    ones.hidden = [ones.values[0] < TEN, ones.values[0] < TEN]
    assert ("access", (0, 0)) in certain(ones)


def test_numbers_that_can_be_shown_are() -> None:
    """A large district hides no total, and little that is not small itself."""
    rng = np.random.default_rng(7)
    base = np.stack([rng.multinomial(size, [0.5, 0.1, 0.1, 0.12, 0.1, 0.08], 13) for size in range(200, 800, 20)])
    table = suppress(base, MEASURES)
    assert not table.withheld and not small(table)
    assert not any(hidden[-1, :].any() or hidden[:, -1].any() for hidden in table.hidden)
    needed = sum(((value > 0) & (value < TEN)).sum() for value in table.values)
    assert sum(hidden.sum() for hidden in table.hidden) < 2.5 * needed + 20


def test_zero_is_shown_unless_it_would_tell() -> None:
    """Where nobody is there is nobody to protect; a zero beside a hidden number is hidden like it."""
    table = suppress(np.array([[[60, 0], [0, 0]], [[4, 0], [50, 50]], [[20, 30], [40, 11]]]), USED)
    assert table.cell(0, (0, 1)) == table.cell(1, (0, 1)) == table.cell(1, (0, 0)) == 0 or table.hidden[1][0, 0]
    assert table.cell(0, (1, 0)) is table.cell(1, (1, 0)) is Hidden.FEW
    assert certain(table) == []


def test_a_table_of_one_cell_is_hidden_whole() -> None:
    """Its totals are the same number."""
    table = suppress(np.array([[[4, 3]]]), USED)
    cells = [table.cell(index, (row, column)) for index, row, column in product((0, 1), repeat=3)]
    assert {*cells} == {Hidden.FEW}
