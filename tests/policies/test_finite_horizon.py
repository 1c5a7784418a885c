"""OPEN over finite horizons: what it spends, and the queue that it keeps for itself."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from asl_gym import OPEN, ASLEnv, HorizonOPEN, Knowledge, WarmStartOPEN, evaluate, preset
from asl_gym.policies.finite_horizon import knob_of_horizon
from asl_gym.policies.realised import PlayedRound, realised_costs
from asl_gym.scenario.multiplier import budget_multiplier, tuned_initial_queue
from asl_gym.validation.checks import FieldError

NAMES = ["default", "parallel", "stale-csi", "mismatch", "per-device-budgets"]


def spent(policy: Any, env_id: str, seeds: int, **arguments: Any) -> float:
    """Mean energy over budget, the mean of seeds."""
    scores = evaluate(policy, env_id, range(seeds), **arguments)
    return float(np.mean([score.energy_ratio for score in scores]))


@pytest.mark.parametrize(("env_id", "seeds"), [("ASL-v0", 20), ("ASLParallel-v0", 5)])
def test_a_queue_that_starts_where_it_settles_spends_the_budget(env_id: str, seeds: int) -> None:
    assert spent(OPEN, env_id, seeds) > 1.01
    assert spent(WarmStartOPEN, env_id, seeds) == pytest.approx(1.0, abs=0.0025)


@pytest.mark.parametrize(("horizon", "tolerance"), [(50, 0.2), (200, 0.2), (600, 0.2)])
def test_overspending_is_the_stated_share_at_any_horizon(horizon: int, tolerance: float) -> None:
    policy = partial(HorizonOPEN, overspend=0.01)
    share = spent(policy, "ASL-v0", 20 if horizon < 600 else 8, horizon=horizon) - 1.0
    assert share == pytest.approx(0.01, rel=tolerance)


def test_the_knob_of_a_horizon() -> None:
    scenario = preset("default")
    one = knob_of_horizon(scenario, 0.01)
    assert knob_of_horizon(scenario.replace(horizon=400), 0.01) == pytest.approx(2 * one)
    assert knob_of_horizon(scenario, 0.02) == pytest.approx(2 * one)
    policy = HorizonOPEN(scenario)
    # It settles where its rise from Q(0) is the share of what may be spent.
    settles = policy.V * budget_multiplier(scenario)
    assert settles == pytest.approx(0.01 * 200 * scenario.energy_budget)
    started = scenario.replace(initial_queue_j=scenario.energy_budget)
    assert knob_of_horizon(started, 0.01) == pytest.approx(1.5 * one)
    for share in (0.0, 1.5):
        with pytest.raises(FieldError, match="overspend"):
            HorizonOPEN(scenario, share)


@pytest.mark.parametrize("name", NAMES)
def test_an_own_queue_that_starts_as_the_environments_stays_with_it(name: str) -> None:
    """So what it reckons of each round's energies is what the environment charged."""
    scenario = preset(name).with_num_devices(3).replace(horizon=25)
    scenario = scenario.replace(initial_queue_j=0.7 * float(scenario.energy_budgets.min()))
    policy = WarmStartOPEN(scenario, scenario.initial_queue_j)
    env, state = ASLEnv(scenario, action_view="dict"), None
    observation, _ = env.reset(seed=3)
    for _ in range(scenario.horizon):
        action, state = policy.predict(observation, state, episode_start=state is None)
        scale = float(scenario.energy_budgets.max())
        np.testing.assert_allclose(state[0][0], env.queue, rtol=1e-4, atol=1e-5 * scale)
        observation, *_ = env.step(action)
    assert np.max(env.queue) > 0


def test_it_decides_as_open_does_where_the_scenario_starts_the_queue() -> None:
    scenario = preset("default")
    start = tuned_initial_queue(scenario)
    own = evaluate(WarmStartOPEN, "ASL-v0", range(3))
    theirs = evaluate(OPEN, "ASL-v0", range(3), scenario=scenario.replace(initial_queue_j=start))
    for one, other in zip(own, theirs, strict=True):
        assert one.mean_delay_s == pytest.approx(other.mean_delay_s, rel=1e-4)
        assert one.mean_energy_j == pytest.approx(other.mean_energy_j, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_realised_costs_are_those_in_info(name: str) -> None:
    scenario = preset(name).with_num_devices(3).replace(horizon=5)
    env, rng = ASLEnv(scenario, action_view="dict"), np.random.default_rng(0)
    observation, _ = env.reset(seed=2)
    for _ in range(scenario.horizon - 1):
        seen = env.codec.decode(observation)
        splits = rng.integers(12, size=3)
        frequency = np.full(3, scenario.server.clock_max_hz / 3)
        observation, *_, info = env.step(env.view.encode(splits, frequency))
        played = PlayedRound(seen, splits, frequency)
        costs = realised_costs(scenario, played, env.codec.decode(observation))
        for found, name_of in zip(costs, costs._fields, strict=True):
            np.testing.assert_allclose(found, info[name_of], rtol=1e-4)


def test_what_does_not_fit_is_named() -> None:
    several = preset("per-device-budgets")
    with pytest.raises(FieldError, match=r"budget\.scope"):
        HorizonOPEN(several)
    with pytest.raises(FieldError, match=r"budget\.scope"):
        WarmStartOPEN(several)
    with pytest.raises(FieldError, match="csi_delay_rounds = 2"):
        WarmStartOPEN(preset("default").replace(knowledge=Knowledge(csi_delay_rounds=2)))
    with pytest.raises(FieldError, match="initial_queue_j"):
        WarmStartOPEN(preset("default"), -1.0)
