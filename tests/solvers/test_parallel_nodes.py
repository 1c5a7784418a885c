"""Options and nodes of the parallel search: which are kept, parted, put and taken."""

import numpy as np
import pytest

from asl_gym.arrays import Mask
from asl_gym.solvers.parallel.branch import (
    fewest_and_most,
    keep_branch,
    least_of,
)
from asl_gym.solvers.parallel.nodes import (
    Nodes,
    divide,
    options_left,
    put,
    room_for_nodes,
    take,
    with_more_room,
)
from asl_gym.solvers.parallel.problem import (
    Workspace,
    make_workspace,
    undominated,
)

NUMBERS = range(30)


# Options


@pytest.mark.parametrize("number", NUMBERS)
def test_dominated_options_are_marked(number: int) -> None:
    rng = np.random.default_rng(number)
    a, c, w, tie = rng.integers(3, size=(4, 3, 7)).astype(float)
    mask = undominated(a, c, w, tie)
    order = np.arange(7)
    for n, o in np.ndindex(a.shape):
        no_worse = (a[n] <= a[n, o]) & (c[n] <= c[n, o]) & (w[n] <= w[n, o])
        same = (a[n] == a[n, o]) & (c[n] == c[n, o]) & (w[n] == w[n, o])
        first = (tie[n] < tie[n, o]) | ((tie[n] == tie[n, o]) & (order < o))
        assert mask[n, o] == (not (no_worse & (~same | first)).any())


def test_options_are_counted() -> None:
    mask = np.array([[0, 1, 2, 0], [1, 0, 0, 0], [2, 1, 2, 1]], dtype=np.uint8)
    assert [options_left(row) for row in mask] == [2, 1, 4]
    last = np.full(3, -1)
    assert fewest_and_most(mask, last) == (1, 4)
    assert last.tolist() == [2, 0, 3]
    none = np.array([[0, 0], [1, 0]], dtype=np.uint8)
    assert fewest_and_most(none, np.zeros(2, dtype=np.int64)) == (0, 1)


def test_one_branch_is_kept() -> None:
    mask = np.array([[1, 2, 2, 0, 1], [1, 1, 0, 1, 1]], dtype=np.uint8)
    for branch, expected in ((1, [1, 0, 0, 0, 1]), (2, [0, 1, 1, 0, 0])):
        kept = mask.copy()
        keep_branch(kept, 0, branch)
        assert kept.tolist() == [expected, [1, 1, 0, 1, 1]]


def torn_between(over: float, under: float, loads: list[float]) -> tuple[Mask, Workspace]:
    """Two devices, the second one torn between two of its options by load."""
    mask, work = np.ones((2, len(loads)), dtype=np.uint8), make_workspace(2, len(loads))
    work.counts[:] = len(loads)
    work.active[:] = np.arange(len(loads))
    work.load[0], work.load[1, 0], work.load[1, 1] = -1.0, -1.0, loads
    work.over[:], work.under[:] = 0, 0
    work.over[1], work.under[1] = loads.index(over), loads.index(under)
    return mask, work


def test_options_are_parted_between_those_the_device_is_torn_between() -> None:
    mask, work = torn_between(5.0, 2.0, [1.0, 2.0, 3.5, 4.0, 5.0, 9.0])
    mask[1, 3] = 0
    divide(mask, 1, 1, work)
    assert mask.tolist() == [[1] * 6, [1, 1, 1, 0, 2, 2]]


@pytest.mark.parametrize("left", [[0, 1, 2], [3, 4]])
def test_no_branch_is_empty(left: list[int]) -> None:
    mask, work = torn_between(4.0, 3.0, [1.0, 2.0, 3.0, 4.0, 5.0])
    mask[1] = [1 if o in left else 0 for o in range(5)]
    divide(mask, 1, 1, work)
    assert mask[1, left].tolist() == [1, *[2] * (len(left) - 1)]
    assert options_left(mask[1]) == len(left)


# Nodes


def numbered(places: int) -> Nodes:
    nodes = room_for_nodes(places, 2, 3)
    for i in range(places):
        put(nodes, i, i + 0.1, i + 0.2, i, np.full((2, 3), i % 3, dtype=np.uint8))
        nodes.intervals[i] = i + np.array([0.3, 0.4, 0.5])
    return nodes


def told(nodes: Nodes, place: int) -> list[object]:
    return [values[place].tolist() for values in nodes]


def test_a_node_is_taken_and_the_last_one_moves_to_its_place() -> None:
    nodes, mask = numbered(5), np.zeros((2, 3), dtype=np.uint8)
    assert told(nodes, 1) == [1.1, 1.2, [1.3, 1.4, 1.5], 1, [[1] * 3] * 2]
    first, last = told(nodes, 0), told(nodes, 3)
    take(nodes, 1, 4, mask)
    assert mask.tolist() == [[1] * 3] * 2
    assert told(nodes, 1) == last
    assert told(nodes, 0) == first


def test_more_room_holds_the_same_nodes() -> None:
    nodes = numbered(5)
    larger = with_more_room(nodes)
    assert larger.bounds.size == 10
    assert larger.masks.shape == (10, 2, 3)
    assert [told(larger, i) for i in range(5)] == [told(nodes, i) for i in range(5)]


def test_the_least_is_among_the_first() -> None:
    values = np.array([3.0, 2.0, 4.0, 2.0, 1.0])
    assert [least_of(values, count) for count in range(1, 6)] == [0, 1, 1, 1, 4]
