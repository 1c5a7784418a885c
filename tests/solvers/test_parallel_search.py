"""How the parallel search goes on: its intervals, options, branches and nodes."""

import itertools

import numpy as np
import pytest

from asl_gym.arrays import Mask
from asl_gym.solvers.parallel.allocation import optimal_deadline
from asl_gym.solvers.parallel.branch import (
    OPEN,
    device_to_branch_on,
    fewest_and_most,
    halving_point,
    interval_of_interest,
    keep_branch,
    least_of,
)
from asl_gym.solvers.parallel.incumbents import (
    consider,
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
    Problem,
    Workspace,
    make_workspace,
    undominated,
)
from asl_gym.solvers.parallel.relaxation import exact_minus_tangent
from tests.solvers.parallel_instances import (
    every_choice,
    nothing_yet,
    small_problem,
    some_options,
    soonest_of,
)
from tests.solvers.test_parallel_relaxation import nodes, scale_of

NUMBERS = range(30)


# Intervals


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interval_is_cut_at_the_workless_option_nearest_to_its_middle(number: int) -> None:
    rng, problem = np.random.default_rng(number), small_problem(number)
    w = np.where(rng.random(problem.w.shape) < 0.4, 0.0, problem.w + 1e9)
    problem, mask = problem._replace(w=w), some_options(problem, number)
    for _ in range(10):
        start, end = np.sort(rng.choice(problem.a.ravel(), 2))
        if rng.random() < 0.5:
            start, end = 0.9 * start, 1.1 * end
        kinks = problem.a[(mask > 0) & (w == 0) & (start < problem.a) & (problem.a < end)]
        middle = 0.5 * (start + end)
        found = halving_point(start, end, problem, mask)
        if len(kinks):
            assert found in kinks
            assert abs(found - middle) == np.abs(kinks - middle).min()
        else:
            assert found == middle


@pytest.mark.parametrize("number", NUMBERS)
def test_every_better_decision_lies_in_the_interval_of_interest(number: int) -> None:
    problem = small_problem(number, 3, 4)
    mask = some_options(problem, number)
    incumbent, work = nothing_yet(problem)
    found = []
    for choice in every_choice(mask.shape):
        if all(mask[n, o] for n, o in enumerate(choice)):
            rows = np.arange(len(choice))
            a, w = problem.a[rows, choice], problem.w[rows, choice]
            deadline = optimal_deadline(a, w, problem.V, problem.price, problem.clock)
            work.trial[:] = choice
            found.append((consider(problem, incumbent, work), deadline))
    least = problem.c + problem.price * problem.w * problem.clock.least**2
    base = np.where(mask, least, np.inf).min(axis=1).sum()
    for value in np.quantile([value for value, _ in found], [0.0, 0.3, 1.0]):
        start, end = interval_of_interest(problem, mask, value)
        assert start == pytest.approx(soonest_of(problem, mask).min(axis=1).max(), rel=1e-15)
        assert end == pytest.approx(max((value - base) / problem.V, start), rel=1e-11)
        assert end > start * (1 + 1e-13)
        for other, deadline in found:
            assert other > value * (1 + 1e-12) or start <= deadline <= end


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


# What to branch on


def test_the_device_that_is_torn_most_is_branched_on() -> None:
    problem = small_problem(0, 3, 4)
    devices, options = 3, 4
    problem = Problem(
        np.zeros((devices, options)), np.zeros((devices, options)), np.ones((devices, options)),
        1.0, 0.0, problem.clock, -1.0,
    )  # fmt: skip
    mask, work = np.ones((devices, options), dtype=np.uint8), make_workspace(devices, options)
    work.active[:], work.counts[:] = np.arange(options), options
    work.load[:] = [[1.0, 2.0, 4.0, 8.0]] * devices
    work.cost[:] = 0.0
    work.over[:], work.under[:] = [3, 3, 2], [2, 0, 0]
    # At one deadline, where nothing is to be cut.
    arguments = (1.0, 1.0, 1.0, 1.0, 0, 0, 0.0, work)
    assert device_to_branch_on(problem, mask, *arguments) == 1
    mask[1] = [0, 0, 1, 0]
    assert device_to_branch_on(problem, mask, *arguments) == 0
    mask[0], mask[1] = mask[1].copy(), 1
    assert device_to_branch_on(problem, mask, *arguments) == 1
    mask[0], mask[1] = 1, mask[0].copy()
    work.over[:] = work.under
    assert device_to_branch_on(problem, mask, *arguments) == 0
    mask[0] = mask[1]
    assert device_to_branch_on(problem, mask, *arguments) == 2
    mask[2] = mask[1]
    assert device_to_branch_on(problem, mask, *arguments) == OPEN
    assert device_to_branch_on(problem, mask, 1.0, 2.0, *arguments[2:]) == OPEN


def test_an_interval_is_cut_where_its_width_costs_more_than_a_branch_may_gain() -> None:
    cut = branched = 0
    for case in nodes():
        mu, work = 0.3 * scale_of(case), case.work
        for over_end, under_end in itertools.product((0, 1), repeat=2):
            differences = []
            for n in range(len(case.mask)):
                _, cost, load = case.lines(n)
                work.over[n] = (cost[over_end] + 0.1 * mu * load[over_end]).argmin()
                work.under[n] = (cost[under_end] + 10.0 * mu * load[under_end]).argmin()
                differences.append(
                    abs(load[under_end, work.over[n]] - load[under_end, work.under[n]])
                )
            torn = mu * sum(differences)
            ends = (over_end, work.over), (under_end, work.under)
            lost = sum(
                exact_minus_tangent(
                    case.problem, (case.start, case.end)[end], mu, end, work, choice
                )
                for end, choice in ends
            )
            for lacking, distance in itertools.product((0.1 * torn, 10.0 * torn), (0.0, torn)):
                found = device_to_branch_on(
                    case.problem, case.mask, case.start, case.end, lacking, mu,
                    over_end, under_end, distance, work,
                )  # fmt: skip
                costs = 0.5 * lost + 0.25 * distance
                wide = not torn or costs > 0.5 * min(lacking, torn)
                assert found == (OPEN if wide else np.argmax(differences))
                cut, branched = cut + wide, branched + (not wide)
    assert min(cut, branched) > 20
