"""A round's problem in words: which solver a schedule has, and what its decisions promise."""

import numpy as np
import pytest

from asl_gym import preset
from asl_gym.arrays import Array, Splits
from asl_gym.model.costs import Options
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.decision import Decision
from asl_gym.solvers.round_problem import RoundProblem, best_frequencies
from tests.strategies import drawn_trace, random_splits

ROUNDS, CANDIDATES, V = 3, 4, 1450.0
WEIGHTS = np.array([[1.0], [30.0], [500.0]])


def costs_of(scenario: Scenario, options: Options, splits: Splits, f: Array) -> Array:
    """V·D plus the weighted energy of given splits in each round."""
    picked = []
    for values in options:
        spread = np.broadcast_to(values, options.fixed_delay.shape)
        picked.append(np.take_along_axis(spread, splits[..., None], axis=-1)[..., 0])
    costs = scenario.cost_model.round_costs(Options(*picked), f)
    delay = scenario.round_delay(costs.device_delay)
    return np.asarray(V * delay + WEIGHTS[:, 0] * costs.energy)


@pytest.mark.parametrize("name", ["default", "parallel"])
def test_a_schedule_has_its_solver_its_prices_and_its_frequencies(name: str) -> None:
    scenario = preset(name).with_num_devices(3)
    model, rng = scenario.cost_model, np.random.default_rng(0)
    unit = model.unit_costs(*drawn_trace(scenario, 0, ROUNDS).real())
    options = model.all_options(unit)
    problem = RoundProblem.of(scenario, options, V, WEIGHTS)
    decision = problem.solve()
    splits = decision.split_index
    own = costs_of(scenario, options, splits, decision.server_frequency_hz)
    np.testing.assert_allclose(decision.objective, own, rtol=1e-12)
    np.testing.assert_allclose(problem.price(splits[:, None])[:, 0], own, rtol=1e-6)
    candidates = random_splits(scenario, rng, ROUNDS, CANDIDATES)
    prices = problem.price(candidates)
    assert (decision.objective[:, None] <= prices * (1.0 + 1e-6)).all()
    for k in range(CANDIDATES):
        chosen = model.chosen_options(candidates[:, k], unit)
        f = best_frequencies(scenario, chosen, V, WEIGHTS[:, 0])
        expected = costs_of(scenario, options, candidates[:, k], f)
        np.testing.assert_allclose(prices[:, k], expected, rtol=1e-12)


def test_the_gap_is_relative_to_the_objective() -> None:
    splits, frequency = np.zeros((3, 1), dtype=np.int64), np.ones((3, 1))
    decision = Decision(splits, frequency, np.array([4.0, -4.0, 0.0]), np.array([3.0, -5.0, 0.0]))
    np.testing.assert_array_equal(decision.gap, [0.25, 0.25, 0.0])
