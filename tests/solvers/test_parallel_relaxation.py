"""The relaxation over an interval of deadlines, and its maximum, against second methods."""

import itertools
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import linprog

from asl_gym.arrays import Array, Indices, Mask
from asl_gym.solvers.parallel import relaxation
from asl_gym.solvers.parallel.allocation import Clock
from asl_gym.solvers.parallel.problem import Problem, Workspace, make_workspace
from asl_gym.solvers.parallel.relaxation import (
    NEAR_MAXIMUM,
    Ends,
    exact_minus_tangent,
    lagrangian,
    maximise,
    remove_options,
    underestimate,
)
from tests.solvers.parallel_instances import (
    FULL_CLOCK,
    frequency_of,
    made_instance,
    made_problem,
    some_options,
)


class Node(NamedTuple):
    """An interval of deadlines with its tangents."""

    problem: Problem
    mask: Mask
    start: float
    end: float
    ends: Ends
    work: Workspace

    def lines(self, n: int) -> tuple[Indices, Array, Array]:
        """A device's options, their costs and loads at both ends, shape (2, k)."""
        k = self.work.counts[n]
        return self.work.active[n, :k], self.work.cost[:, n, :k], self.work.load[:, n, :k]

    def exact(self, n: int, o: int, deadline: Any) -> tuple[Array, Array]:
        """Costs and loads of an option at deadlines."""
        problem = self.problem
        f = frequency_of(problem.a[n, o], problem.w[n, o], deadline, problem.clock)
        return problem.c[n, o] + problem.price * problem.w[n, o] * f**2, f

    def bounds(self, mu: float) -> Array:
        """The bound at both ends, with each device's best option by brute force."""
        bounds = np.array([self.ends.first, self.ends.second]) - mu * self.ends.greatest
        for n in range(len(self.mask)):
            _, cost, load = self.lines(n)
            bounds += (cost + mu * load).min(axis=1)
        return bounds


def node(number: int, width: float | None = None) -> Node | None:
    """An interval at random; ``None`` where a device has no option in time."""
    rng, problem = np.random.default_rng(number), made_problem(made_instance(number, 6, 8))
    if number % 3 == 0:
        # Devices that f_min suffices for.
        problem = problem._replace(clock=Clock(0.1 * FULL_CLOCK, FULL_CLOCK))
    if number % 3 == 1:
        unit = 2.0**-40
        c, V, price = unit * problem.c, unit * problem.V, unit * problem.price
        problem = problem._replace(c=c, V=V, price=price)
    mask, work = some_options(problem, number), make_workspace(*problem.a.shape)
    soonest = np.where(mask, problem.a + problem.w / problem.clock.greatest, np.inf)
    start = float(soonest.min(axis=1).max())
    if number % 4:
        start *= float(np.exp(rng.exponential(0.5) - 0.1))
    end = start * (1.0 + (np.exp(rng.uniform(-7.0, 1.0)) if width is None else width))
    later = soonest[(soonest > start) & (soonest < end)]
    if number % 4 == 2 and later.size:
        end = float(later[0])
    possible = underestimate(problem, mask, start, end, work)
    in_time = (soonest <= start) | (soonest < end)
    assert possible == in_time.any(axis=1).all()
    ends = Ends(problem.V * start, problem.V * end, problem.clock.greatest)
    made = Node(problem, mask, start, end, ends, work)
    if not possible:
        return None
    for n in range(len(mask)):
        assert made.lines(n)[0].tolist() == np.flatnonzero(in_time[n]).tolist()
    return made


@cache
def nodes(width: float | None = None) -> list[Node]:
    found = [made for number in range(60) if (made := node(number, width)) is not None]
    assert len(found) >= 30
    return found


def scale_of(case: Node) -> float:
    """A multiplier of the round's order."""
    return case.ends.second / case.ends.greatest


def test_tangents_touch_the_truth_and_lie_nowhere_above_it() -> None:
    for case in nodes():
        times = np.linspace(case.start, case.end, 2001)
        for n in range(len(case.mask)):
            for o, costs, loads in zip(*(np.transpose(x) for x in case.lines(n)), strict=True):
                soonest = case.problem.a[n, o] + case.problem.w[n, o] / case.problem.clock.greatest
                late = np.append(times[times > soonest], max(soonest, case.start))
                for ends, true in zip((costs, loads), case.exact(n, o, late), strict=True):
                    slope = (ends[1] - ends[0]) / (case.end - case.start)
                    above = true - ends[0] - slope * (late - case.start)
                    assert 0.0 <= above.min() + 1e-9 * np.abs(ends).max() <= 1e-4 * true.max()


def test_in_an_interval_of_no_width_the_tangents_are_the_truth() -> None:
    for case in nodes(width=0.0):
        for n in range(len(case.mask)):
            for o, costs, loads in zip(*(np.transpose(x) for x in case.lines(n)), strict=True):
                cost, f = case.exact(n, o, case.start)
                np.testing.assert_allclose(costs, cost, rtol=1e-14)
                np.testing.assert_allclose(loads, f, rtol=1e-14)


def test_the_lagrangian_is_the_lesser_of_both_ends() -> None:
    for case in nodes():
        for mu in scale_of(case) * np.array([0.0, 0.1, 1.0, 10.0]):
            value, slope, end, distance = lagrangian(mu, case.ends, case.work)
            bounds = case.bounds(mu)
            assert value == pytest.approx(bounds.min(), rel=1e-12)
            assert end == bounds.argmin()
            size = np.abs(bounds).max() + mu * case.ends.greatest
            assert distance == pytest.approx(np.ptp(bounds), rel=1e-12, abs=1e-12 * size)
            loads = [case.work.load[end, n, k] for n, k in enumerate(case.work.choice[end])]
            assert slope == pytest.approx(sum(loads) - case.ends.greatest, abs=1e-6)


def greatest_bound(case: Node) -> float:
    """The maximum over the multiplier by linear programming."""
    devices, unit = len(case.mask), scale_of(case)
    # Unknown: the multiplier, the bound, and each device's least at each end.
    rows, limits = [], []
    for i in range(2):
        row = np.zeros(2 + 2 * devices)
        row[0], row[1] = unit * case.ends.greatest, 1.0
        row[2 + i * devices : 2 + (i + 1) * devices] = -1.0
        rows.append(row)
        limits.append(case.ends[i])
        for n in range(devices):
            _, cost, load = case.lines(n)
            for h, f in zip(cost[i], load[i], strict=True):
                row = np.zeros(2 + 2 * devices)
                row[0], row[2 + i * devices + n] = -unit * f, 1.0
                rows.append(row)
                limits.append(h)
    goal = np.zeros(2 + 2 * devices)
    goal[1] = -1.0
    size = max(float(np.abs(limits).max()), 1e-300)
    bounds = [(0, None), *[(None, None)] * (1 + 2 * devices)]
    scaled = np.array(rows)
    scaled[:, 0] /= size
    solution = linprog(goal, scaled, np.array(limits) / size, bounds=bounds)
    return -float(solution.fun) * size if solution.success else np.inf


@pytest.mark.parametrize("guess", [0.0, 1e-4, 1.0, 1e3])
def test_the_multiplier_is_near_the_best_one(guess: float) -> None:
    for case in nodes():
        scale = scale_of(case)
        most = greatest_bound(case)
        start = case.bounds(0.0).min()
        cutoffs = [most + 0.5 * abs(most), start + 0.5 * (most - start)]
        # Without a maximum no interval is overloaded so little that it would be kept.
        for cutoff in cutoffs if np.isfinite(most) else [start + 10.0 * abs(start)]:
            found, mu, over_end, under_end, distance = maximise(
                guess * scale, scale, cutoff, case.ends, case.work
            )
            bounds = case.bounds(mu)
            assert found == pytest.approx(bounds.min(), rel=1e-9)
            size = np.abs(bounds).max() + mu * case.ends.greatest
            assert distance == pytest.approx(np.ptp(bounds), abs=1e-9 * size)
            assert found <= most + 1e-7 * abs(most)
            near = NEAR_MAXIMUM * (cutoff - found) + 1e-6 * abs(most)
            assert found >= cutoff or most - found <= near
            if found < cutoff and mu > 0.0:
                over, under = (
                    sum(case.work.load[end, n, k] for n, k in enumerate(choice))
                    for end, choice in ((over_end, case.work.over), (under_end, case.work.under))
                )
                assert under <= case.ends.greatest * (1 + 1e-9)
                assert over > case.ends.greatest * (1 - 1e-9)


def test_few_multipliers_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaxation, "MAX_STEPS", 11)
    # Compiled code holds the constant.
    maximised: Any = getattr(maximise, "py_func", maximise)
    for case, guess in itertools.product(nodes(), (0.0, 1e-4, 1.0, 1e3)):
        most, scale = greatest_bound(case), scale_of(case)
        if np.isfinite(most):
            cutoff = most + 0.5 * abs(most)
            found = maximised(guess * scale, scale, cutoff, case.ends, case.work)[0]
            assert most - found <= NEAR_MAXIMUM * (cutoff - found) + 1e-6 * abs(most)


def test_options_are_taken_out_where_their_own_bound_is_too_great() -> None:
    taken = 0
    for case in nodes():
        mu = 0.3 * scale_of(case)
        bounds = case.bounds(mu)
        cutoff = float(bounds.min() + 0.3 * abs(bounds.min()))
        forced, mask = np.full(case.mask.shape, np.nan), case.mask.copy()
        for n in range(len(mask)):
            options, cost, load = case.lines(n)
            priced = cost + mu * load
            extra = priced - priced.min(axis=1, keepdims=True)
            forced[n, options] = (bounds[:, None] + extra).min(axis=0)
        removed = remove_options(mu, cutoff, case.ends, mask, case.work)
        np.testing.assert_array_equal(mask, (forced < cutoff).astype(np.uint8))
        expected = np.min(forced[forced >= cutoff], initial=np.inf)
        assert removed == pytest.approx(expected, rel=1e-12)
        taken += int((forced >= cutoff).sum())
    assert taken > 30


def test_how_far_the_tangents_lie_below_the_truth() -> None:
    finite = 0
    for case in nodes():
        mu, devices = 0.3 * scale_of(case), len(case.mask)
        choice = np.array([case.work.counts[n] - 1 for n in range(devices)])
        for end, deadline in enumerate((case.start, case.end)):
            total = 0.0
            for n, k in enumerate(choice):
                options, cost, load = case.lines(n)
                a, w = case.problem.a[n, options[k]], case.problem.w[n, options[k]]
                if (deadline - a) * case.problem.clock.greatest < w or deadline < a:
                    total = np.inf
                    continue
                h, f = case.exact(n, options[k], deadline)
                total += float(h + mu * f - cost[end, k] - mu * load[end, k])
            found = exact_minus_tangent(case.problem, deadline, mu, end, case.work, choice)
            finite += np.isfinite(total)
            size = abs(case.bounds(mu)).max() + mu * case.ends.greatest
            assert found == pytest.approx(total, abs=1e-9 * size)
    assert finite > 30
