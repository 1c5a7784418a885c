"""Known splits at any multiplier, and searches that start from them, against every choice."""

import itertools

import numpy as np
import pytest

from asl_gym import preset
from asl_gym.arrays import Array, Splits
from asl_gym.model.costs import Options
from asl_gym.solvers.parallel.known import KnownSplits
from asl_gym.solvers.parallel.solver import price, solve
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.solvers.trace_solver import TraceSolver
from tests.solvers.parallel_instances import exhaustive, made_instance
from tests.solvers.test_parallel_solver import random_instance
from tests.strategies import drawn_trace, solver_of

ROUNDS, DEVICES = 12, 3
SCENARIO = preset("parallel").with_num_devices(DEVICES)


@pytest.fixture(scope="module")
def solver() -> TraceSolver:
    return solver_of(SCENARIO, drawn_trace(SCENARIO, 0, ROUNDS))


def options_of(seed: int) -> Options:
    trace, model = drawn_trace(SCENARIO, seed, ROUNDS), SCENARIO.cost_model
    return model.all_options(model.unit_costs(*trace.real(slice(None))))


def some_splits(number: int) -> Splits:
    rng = np.random.default_rng(number)
    return rng.integers(SCENARIO.split_points.most, size=(ROUNDS, DEVICES))


def prices(candidates: list[Splits], multiplier: float) -> Array:
    """What candidates cost in each round, shape (T, J)."""
    weights = np.full((ROUNDS, 1), multiplier)
    problem = RoundProblem.of(SCENARIO, options_of(0), 1.0, weights)
    return problem.price(np.stack(candidates, axis=1))


@pytest.mark.parametrize("multiplier", [0.0, 1e-3, 0.1, 10.0])
def test_the_cheapest_of_the_known_splits_is_found(solver: TraceSolver, multiplier: float) -> None:
    known = KnownSplits(SCENARIO.device_server, ROUNDS, DEVICES)
    candidates = [some_splits(number) for number in range(5)]
    for splits in candidates:
        known.add(splits, solver.chosen(splits))
    every, priced = prices(candidates, multiplier), known.price(multiplier)
    # Frequencies that overfill the server by an ulp are scaled down.
    np.testing.assert_allclose(priced.value, every.min(axis=1), rtol=1e-11)
    cheapest = np.stack(candidates, axis=1)[np.arange(ROUNDS), every.argmin(axis=1)]
    np.testing.assert_array_equal(priced.splits, cheapest)
    # The energy is the slope in λ.
    step = 1e-6 * max(multiplier, 1e-3)
    rise = (known.price(multiplier + step).value - priced.value) / step
    np.testing.assert_allclose(rise, priced.energy, rtol=1e-4)


def test_splits_are_known_once_and_copies_are_apart(solver: TraceSolver) -> None:
    known = KnownSplits(SCENARIO.device_server, ROUNDS, DEVICES)
    first, second = some_splits(0), some_splits(1)
    second[::2] = first[::2]
    for splits in (first, first, second, first):
        known.add(splits, solver.chosen(splits))
    copied, before = known.copy(), known.price(0.1).value
    np.testing.assert_allclose(before, prices([first, second], 0.1).min(axis=1), rtol=1e-12)
    better = solver.improve(0.1, 1e-9, np.ones(ROUNDS, dtype=bool), None)[0]
    copied.add(better, solver.chosen(better))
    np.testing.assert_array_equal(known.price(0.1).value, before)
    assert (copied.price(0.1).value < before).any()


@pytest.mark.parametrize("start", [0, 1, 2, "best"])
@pytest.mark.parametrize("tolerance", [1e-2, 1e-6, 1e-9])
def test_a_search_from_known_splits_ends_at_the_optimum(start: int | str, tolerance: float) -> None:
    for number in range(40):
        problem = made_instance(number, 4, 5) if number % 2 else random_instance(number)
        best = exhaustive(problem)
        shape = problem.options.fixed_delay.shape
        rng = np.random.default_rng(number)
        splits = rng.integers(shape[-1], size=shape[:-1]) if start != "best" else None
        if splits is None:
            splits = solve(problem, 1e-9).split_index
        decision = solve(problem, tolerance, start=splits)
        assert float(decision.lower_bound) <= best.objective * (1 + 1e-12)
        assert float(decision.objective) <= best.objective / (1 - tolerance) * (1 + 1e-9)
        assert float(decision.objective) >= best.objective * (1 - 1e-9)
        assert float(decision.gap) <= tolerance * (1 + 1e-9) + 2e-12
        first = float(price(problem, splits[None])[0])
        assert float(decision.objective) <= first * (1 + 1e-12)


def test_rounds_that_need_no_solving_keep_their_splits(solver: TraceSolver) -> None:
    needed = np.arange(ROUNDS) % 3 == 0
    start = some_splits(7)
    splits, bounds = solver.improve(0.1, 1e-9, needed, start)
    np.testing.assert_array_equal(splits[~needed], start[~needed])
    np.testing.assert_array_equal(bounds[~needed], 0.0)
    whole, all_bounds = solver.improve(0.1, 1e-9, np.ones(ROUNDS, dtype=bool), None)
    np.testing.assert_allclose(bounds[needed], all_bounds[needed], rtol=2e-9)
    objective = prices([splits, whole], 0.1)[needed]
    np.testing.assert_allclose(objective[:, 0], objective[:, 1], rtol=2e-9)
    every = list(itertools.product(range(SCENARIO.split_points.most), repeat=DEVICES))
    candidates = [np.tile(each, (ROUNDS, 1)) for each in every]
    least = prices(candidates, 0.1).min(axis=1)
    assert (all_bounds <= least * (1 + 1e-12)).all()
    np.testing.assert_allclose(all_bounds, least, rtol=2e-9)
