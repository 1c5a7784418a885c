"""The price of given splits against environment, solver and other frequencies."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings

import asl_gym
from asl_gym import ASLEnv, Observation, Scenario
from asl_gym.policies.open import price_splits
from asl_gym.solvers.sequential import optimal_frequency
from tests.strategies import drawn_trace, random_splits, scenarios, seeds


def round_shown(scenario: Scenario, seed: int) -> Observation:
    """A round of a drawn trace with random queues, in physical units."""
    trace, rng = drawn_trace(scenario, seed, 1), np.random.default_rng(seed)
    queue = scenario.energy_budgets * rng.exponential(3.0, scenario.num_budgets)
    shown = trace.shown_uplink_bps[0], trace.shown_downlink_bps[0], trace.clock_hz[0]
    return Observation(queue, np.array(1.0), *shown)


@given(scenarios(), seeds)
def test_a_price_is_what_the_environment_charges(scenario: Scenario, seed: int) -> None:
    """The reward ``linear_drift`` of the view ``split`` is the price but for scale and offset."""
    env = ASLEnv(scenario, action_view="split", reward="linear_drift")
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    for split_index in random_splits(scenario, rng, scenario.horizon):
        queue, trace, t = env.simulation.queue[0].copy(), env.trace, env.simulation.round_index
        rates = trace.uplink_bps[t], trace.downlink_bps[t], trace.clock_hz[t]
        seen = Observation(queue, np.array(1.0), *rates)
        price = float(price_splits(scenario, seen, split_index[None])[0])
        _, reward, *_ = env.step(split_index)
        offset = float((queue * scenario.budget_weights * scenario.energy_budgets).sum())
        charged = -reward * scenario.V * scenario.reference_delay + offset
        assert price == pytest.approx(charged, rel=1e-9, abs=1e-9 * (abs(price) + offset))


@settings(max_examples=30)
@given(scenarios(max_devices=3, max_layers=3), seeds)
def test_the_least_price_is_the_solvers_objective(scenario: Scenario, seed: int) -> None:
    seen = round_shown(scenario, seed)
    choices = itertools.product(*map(range, scenario.split_points.counts))
    prices = price_splits(scenario, seen, np.array(list(choices)))
    policy = asl_gym.OPEN(scenario)
    decision = policy.solve(seen, scenario.V, seen.queue * scenario.budget_weights)
    assert prices.min() == pytest.approx(float(decision.objective), rel=1e-9)


@given(scenarios(), seeds)
def test_no_frequency_is_better_than_the_price(scenario: Scenario, seed: int) -> None:
    """The price, written out at other frequencies, is never undercut."""
    seen, rng = round_shown(scenario, seed), np.random.default_rng(seed)
    split_index = random_splits(scenario, rng)
    price = float(price_splits(scenario, seen, split_index[None])[0])
    model, server = scenario.cost_model, scenario.server
    unit = model.unit_costs(seen.uplink_bps, seen.downlink_bps, seen.clock_hz)
    options = model.chosen_options(split_index, unit)
    weights = seen.queue * scenario.budget_weights
    best = optimal_frequency(scenario.V, weights[-1], server)
    for f in (*np.geomspace(server.clock_min_hz, server.clock_max_hz, 9), best):
        costs = model.round_costs(options, np.array([f]))
        energies = np.append(costs.device_energy, costs.server_energy)
        if scenario.num_budgets == 1:
            energies = costs.energy[None]
        other = scenario.V * costs.device_delay.sum() + (weights * energies).sum()
        assert price <= other * (1 + 1e-9)
    assert price == pytest.approx(float(other), rel=1e-9)


@given(scenarios(), seeds)
def test_leading_axes_equal_the_loop(scenario: Scenario, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rounds = [round_shown(scenario, seed % 1000 + i) for i in range(3)]
    candidates = random_splits(scenario, rng, 3, 5)
    together = Observation(*(np.stack(values) for values in zip(*rounds, strict=True)))
    prices = price_splits(scenario, together, candidates)
    alone = [price_splits(scenario, *one) for one in zip(rounds, candidates, strict=True)]
    np.testing.assert_array_equal(prices, alone)


def test_candidates_that_do_not_fit_are_named() -> None:
    scenario = asl_gym.preset("default")
    with pytest.raises(ValueError, match=r"\(4, 9\)"):
        price_splits(scenario, round_shown(scenario, 0), np.zeros((4, 9), dtype=int))
