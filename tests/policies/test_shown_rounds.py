"""The compiled solver of shown rounds against the formulas for whole arrays."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym import OPEN, FixedSplit, GreedyDelay, GreedyEnergy, Observation, Scenario, preset
from asl_gym.arrays import Array, Splits
from asl_gym.policies.base import shown_problem
from asl_gym.policies.open import WeightedPolicy
from asl_gym.policies.shown_rounds import Factors, ShownRounds
from asl_gym.solvers.decision import Decision
from asl_gym.solvers.in_parts import LEAST_SIZE, solve_in_parts
from asl_gym.solvers.sequential import option_shares
from tests.strategies import drawn_trace, scenarios, seeds

ROUNDS = 6


def shown_rounds(scenario: Scenario, seed: int, *leading: int) -> Observation:
    """Rounds of a trace with queues from nothing to dozens of budgets, leading axes of choice."""
    rng, leading = np.random.default_rng(seed), leading or (ROUNDS,)
    trace = drawn_trace(scenario, seed, int(np.prod(leading)))
    arrays = (values.reshape(*leading, -1) for values in trace.real())
    queue = scenario.energy_budgets * rng.exponential(10.0, (*leading, scenario.num_budgets))
    return Observation(queue * (rng.random((*leading, 1)) < 0.8), np.ones(leading), *arrays)


def spent(scenario: Scenario, seen: Observation, splits: Splits, f: Array) -> Array:
    """Energy of the whole system [J] of decisions."""
    model = scenario.cost_model
    chosen = model.chosen_options(splits, seen.unit_costs(model))
    return model.round_costs(chosen, f).energy


def assert_same_decisions(
    scenario: Scenario,
    seen: Observation,
    V: float,
    weights: Array,
    factors: Factors = (None, None),
) -> Decision:
    """Objectives agree to 1e-12, and splits wherever a device's best option is the only one."""
    problem = shown_problem(scenario, seen, V, weights, factors)
    expected, found = problem.solve(), ShownRounds(scenario).solve(seen, V, weights, factors)
    for ours, theirs in zip(found, expected, strict=True):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-12)
    np.testing.assert_array_equal(found.objective, found.lower_bound)
    f, theirs = found.server_frequency_hz, expected.server_frequency_hz
    np.testing.assert_allclose(f, theirs, rtol=1e-12)
    share = option_shares(problem).share
    best = share.min(axis=-1, keepdims=True)
    near = (share <= best * (1 + 1e-12)).sum(axis=-1) > 1
    assert ((found.split_index == expected.split_index) | near).all()
    return found


@settings(max_examples=150)
@given(
    scenarios(),
    seeds,
    st.sampled_from([0.0, 1.0, None]),
    st.sampled_from([0.0, 1.0, None]),
    st.sampled_from([(), (ROUNDS,), (2, 3)]),
    st.sampled_from(["none", "both", "first", "second"]),
)
def test_decisions_are_those_of_the_formulas_for_arrays(
    scenario: Scenario,
    seed: int,
    V: float | None,
    weight: float | None,
    leading: tuple[int, ...],
    known: str,
) -> None:
    scenario, rng = scenario.replace(schedule="sequential"), np.random.default_rng(seed)
    seen = shown_rounds(scenario, seed, *leading)
    if not leading:
        seen = Observation(*(values[0] for values in seen[:5]))
    shape = seen.clock_hz.shape
    weights = scenario.weights(seen.queue)
    if weight is not None:
        weights = np.full((*shape[:-1], rng.choice([1, scenario.num_devices + 1])), weight)
    real: Any = rng.uniform(0.3, 3.0, (2, *shape))
    factors = {"none": (None, None), "both": (*real,), "first": (real[0], None)}
    given_factors: Any = factors.get(known, (None, real[1]))
    V = scenario.V if V is None else V
    assert_same_decisions(scenario, seen, V, weights, given_factors)


@pytest.mark.parametrize("name", ["default", "per-device-budgets", "lenet5", "mismatch"])
def test_presets_decide_as_before(name: str) -> None:
    scenario = preset(name)
    seen = shown_rounds(scenario, 1, 200)
    assert_same_decisions(scenario, seen, scenario.V, scenario.weights(seen.queue))
    assert_same_decisions(scenario, seen, 1.0, np.zeros((200, 1)))
    assert_same_decisions(scenario, seen, 0.0, np.ones((200, 1)))


@pytest.mark.parametrize("name", ["default", "per-device-budgets"])
def test_large_fleets_decide_as_in_parts(name: str) -> None:
    scenario = preset(name).with_num_devices(LEAST_SIZE + 1).replace(horizon=2)
    seen = shown_rounds(scenario, 0, 2)
    weights, V = scenario.weights(seen.queue), scenario.V
    found = ShownRounds(scenario).solve(seen, V, weights)
    expected = solve_in_parts(scenario, seen.unit_costs(scenario.cost_model), V, weights)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-12)
    np.testing.assert_array_equal(found.split_index, expected.split_index)


def test_rounds_of_equal_worth_go_to_less_energy() -> None:
    """With nothing weighted every option is worth the same: 0."""
    scenario = preset("default")
    seen = shown_rounds(scenario, 2)
    found = assert_same_decisions(scenario, seen, 0.0, np.zeros((ROUNDS, 1)))
    least: Any = np.inf
    for split in range(scenario.split_points.most):
        each = np.full(found.split_index.shape, split)
        model = scenario.cost_model
        chosen = model.chosen_options(each, seen.unit_costs(model))
        computing = scenario.server.computing_energy(found.server_frequency_hz, chosen.server_work)
        least = np.minimum(least, chosen.device_energy + chosen.fixed_server_energy + computing)
    energy = spent(scenario, seen, found.split_index, found.server_frequency_hz)
    np.testing.assert_allclose(energy, least.sum(axis=-1), rtol=1e-12)
    assert len(np.unique(found.split_index)) > 1


def test_any_layout_of_the_arrays_decides_alike() -> None:
    scenario = preset("default")
    seen = shown_rounds(scenario, 3)
    weights = scenario.weights(seen.queue)
    rounds = ShownRounds(scenario)
    expected = rounds.solve(seen, scenario.V, weights)
    turned = seen._replace(
        uplink_bps=np.asfortranarray(seen.uplink_bps),
        downlink_bps=np.repeat(seen.downlink_bps, 2, axis=1)[:, ::2],
    )
    turned.uplink_bps.flags.writeable = False
    for ours, theirs in zip(rounds.solve(turned, scenario.V, weights), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    one_clock = np.asarray(scenario.fleet.clock_hz)
    spread = seen._replace(clock_hz=np.tile(one_clock, (ROUNDS, 1)))
    alone = rounds.solve(seen._replace(clock_hz=one_clock), scenario.V, weights)
    for ours, theirs in zip(alone, rounds.solve(spread, scenario.V, weights), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("policy", [OPEN, GreedyDelay, GreedyEnergy])
def test_no_observations_give_no_decisions(policy: type[WeightedPolicy]) -> None:
    action, _ = policy(preset("default")).predict(np.zeros((0, 32), dtype=np.float32))
    assert action["split"].shape == (0, 10)
    assert action["server_frequency"].shape == (0, 10, 1)


@pytest.mark.parametrize("budgets", [2, 10, 12])
def test_weights_of_another_number_of_budgets_are_refused(budgets: int) -> None:
    scenario = preset("default")
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 1\) or \(\.\.\., 11\)"):
        ShownRounds(scenario).solve(shown_rounds(scenario, 0), 1.0, np.ones((ROUNDS, budgets)))


def test_a_version_that_decides_otherwise_is_asked() -> None:
    class Slow(OPEN):
        def decide(self, seen: Observation) -> tuple[Splits, Array]:
            splits, frequency = super().decide(seen)
            return np.zeros_like(splits), 0.5 * frequency

    env_seen = np.zeros(32, dtype=np.float32)
    plain, slow = OPEN(preset("default")), Slow(preset("default"))
    expected = 0.5 * plain.predict(env_seen)[0]["server_frequency"]
    action, _ = slow.predict(env_seen)
    np.testing.assert_array_equal(action["server_frequency"], expected)
    assert (action["split"] == 0).all()


@pytest.mark.parametrize("name", ["default", "per-device-budgets"])
def test_fixed_splits_get_opens_frequency(name: str) -> None:
    scenario = preset(name)
    seen = shown_rounds(scenario, 4)
    _, f = FixedSplit(scenario, 3, server_frequency="open").decide(seen)
    np.testing.assert_allclose(f, OPEN(scenario).decide(seen)[1], rtol=1e-12)
    assert len(np.unique(f)) > 1
    _, full = FixedSplit(scenario, 3).decide(seen)
    assert (full == scenario.server.clock_max_hz).all()
