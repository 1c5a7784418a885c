"""Rewards: by hand, and what each adds up to over an episode."""

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.arrays import Array
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.rewards import Reward, rewards_for
from asl_gym.model.costs import Options
from asl_gym.model.lyapunov import budget_weights
from asl_gym.scenario.scenario import Scenario
from tests.envs.reward_formulas import PlayedQueues, drift, next_queue, rewards
from tests.strategies import drawn_trace, random_frequencies, random_splits, scenarios, seeds

BUDGETS = np.array([2.0, 6.0])
"""Two budgets, so that Ē = 8 and energies weigh 4 and 4/3 times their queues."""


# By hand


def test_drift_by_hand() -> None:
    """½·4·(3² − 1²) + ½·(4/3)·(1.5² − 0), and ½·(5² − 3²) for a single queue."""
    before, after = np.array([1.0, 0.0]), np.array([3.0, 1.5])
    assert drift(before, after, budget_weights(BUDGETS)) == pytest.approx(16.0 + 1.5, rel=1e-14)
    assert drift(np.array([3.0]), np.array([5.0]), np.array([1.0])) == 8.0


@pytest.mark.parametrize(
    ("kind", "penalty"),
    [
        ("delay", 10.0 * 3.0),
        # ½·4·(3² − 1²) + ½·(4/3)·(1² − 3²)
        ("drift", 30.0 + 16.0 - 16.0 / 3.0),
        # 4·1·(4 − 2) + (4/3)·3·(4 − 6)
        ("linear_drift", 30.0 + 8.0 - 8.0),
    ],
)
def test_rewards_by_hand(kind: Any, penalty: float) -> None:
    queue, energies = np.array([1.0, 3.0]), np.array([4.0, 4.0])
    after = next_queue(queue, energies, BUDGETS)
    weights = budget_weights(BUDGETS)
    scenario: Any = SimpleNamespace(
        V=10.0,
        reference_delay=2.0,
        energy_budgets=BUDGETS,
        budget_weights=weights,
        weights=lambda queue: queue * weights,
    )
    reward = rewards(kind, scenario, np.array(3.0), PlayedQueues(queue, energies, after))
    assert reward == pytest.approx(-penalty / (10.0 * 2.0), rel=1e-14)


@given(st.lists(st.floats(0.0, 1e3), min_size=2, max_size=2), seeds)
def test_linear_drift_bounds_the_drift(energies: list[float], seed: int) -> None:
    """½ΔQ² is at most Q·(E − Ē) + ½(E − Ē)², with equality while the queue stays above 0."""
    queue = np.random.default_rng(seed).exponential(100.0, 2)
    spent, weights, empty = np.array(energies), budget_weights(BUDGETS), np.zeros(2)
    after = next_queue(queue, spent, BUDGETS)
    change = drift(queue, after, weights)
    linear = (weights * queue * (spent - BUDGETS)).sum()
    upper = linear + drift(empty, spent - BUDGETS, weights)
    size = drift(empty, queue, weights) + drift(empty, spent, weights)
    tolerance = 1e-9 * (1.0 + float(size))
    assert change <= upper + tolerance
    if (after > 0).all():
        assert change == pytest.approx(upper, abs=tolerance)


# Over episodes


def episode(scenario: Scenario, seed: int, reward: Any) -> tuple[Array, list[dict[str, Any]]]:
    """The rewards and infos of an episode of random decisions, reset's info first."""
    env = ASLEnv(scenario, action_view="dict", reward=reward)
    rng = np.random.default_rng(seed)
    _, info = env.reset(options={"trace": drawn_trace(scenario, seed)})
    given, infos = [], [info]
    for _ in range(scenario.horizon):
        decision = random_splits(scenario, rng), random_frequencies(scenario, rng)
        _, value, _, _, info = env.step(env.view.encode(*decision))
        given.append(value)
        infos.append(info)
    return np.array(given), infos


def energies_of(info: dict[str, Any], scenario: Scenario) -> Array:
    if scenario.num_budgets == 1:
        return np.array([info["energy"]])
    return np.array([*info["device_energy"], info["server_energy"]])


@given(scenarios(), seeds)
def test_drift_rewards_telescope(scenario: Scenario, seed: int) -> None:
    """−V·ΣD − ½Q_T² + ½Q_0², with Σ_k (Ē/Ē_k) Q_k² where there are several budgets."""
    given, infos = episode(scenario, seed, "drift")
    budgets = scenario.energy_budgets
    weights = budgets.sum() / budgets
    first, last = (np.atleast_1d(info["queue"]) for info in (infos[0], infos[-1]))
    drift = 0.5 * (weights * last**2).sum() - 0.5 * (weights * first**2).sum()
    np.testing.assert_array_equal(first, scenario.initial_queue_j)
    penalty = scenario.V * sum(info["delay"] for info in infos[1:])
    scale = scenario.V * scenario.reference_delay
    # Squares of the queues within the episode cancel in the sum.
    largest = max((weights * np.square(info["queue"])).sum() for info in infos)
    tolerance = 1e-12 * scenario.horizon * largest / scale
    assert given.sum() == pytest.approx(-(penalty + drift) / scale, rel=1e-9, abs=tolerance)


@given(scenarios(), seeds)
def test_linear_drift_and_delay_rewards(scenario: Scenario, seed: int) -> None:
    linear, infos = episode(scenario, seed, "linear_drift")
    delay_only, _ = episode(scenario, seed, "delay")
    budgets, scale = scenario.energy_budgets, scenario.V * scenario.reference_delay
    for t, (before, info) in enumerate(itertools.pairwise(infos)):
        assert delay_only[t] == pytest.approx(-info["delay"] / scenario.reference_delay, rel=1e-12)
        terms = np.atleast_1d(before["queue"]) * budgets.sum() / budgets
        terms = terms * (energies_of(info, scenario) - budgets)
        expected = -(scenario.V * info["delay"] + terms.sum()) / scale
        assert linear[t] == pytest.approx(
            expected, rel=1e-9, abs=1e-12 * float(abs(terms).sum()) / scale
        )


@given(scenarios(), seeds)
def test_queues_follow_their_recursion(scenario: Scenario, seed: int) -> None:
    _, infos = episode(scenario, seed, "drift")
    for before, info in itertools.pairwise(infos):
        spent = energies_of(info, scenario)
        expected = np.maximum(np.atleast_1d(before["queue"]) + spent - scenario.energy_budgets, 0.0)
        np.testing.assert_allclose(np.atleast_1d(info["queue"]), expected, rtol=1e-14)


# What each device is charged


@given(scenarios(), seeds, st.sampled_from(rewards_for(False)))
def test_devices_shares(scenario: Scenario, seed: int, kind: Reward) -> None:
    """Written out for each device and queue; they add up to the reward where devices take turns."""
    env = ASLEnv(scenario, action_view="dict", reward=kind)
    rng, devices = np.random.default_rng(seed), scenario.num_devices
    _, info = env.reset(options={"trace": drawn_trace(scenario, seed)})
    for _ in range(scenario.horizon):
        before, costs = np.atleast_1d(info["queue"]), env.simulation.unit_costs()
        decision = random_splits(scenario, rng), random_frequencies(scenario, rng)
        _, reward, _, _, info = env.step(env.view.encode(*decision))
        options = scenario.cost_model.all_options(costs)
        chosen = np.arange(devices), info["split_index"]
        shape = options.fixed_delay.shape
        full = Options(*(np.broadcast_to(values, shape)[0][chosen] for values in options))
        computing = scenario.server.computing_energy(info["server_frequency"], full.server_work)
        on_server = full.fixed_server_energy + computing
        played = PlayedQueues(before, energies_of(info, scenario), np.atleast_1d(info["queue"]))
        expected, size = shares(kind, scenario, info, on_server, played)
        np.testing.assert_allclose(info["device_reward"], expected, rtol=1e-9, atol=1e-12 * size)
        if scenario.schedule == "sequential":
            total = float(info["device_reward"].sum())
            assert total == pytest.approx(reward, rel=1e-12, abs=1e-12 * size)


def shares(
    kind: Reward, scenario: Scenario, info: dict[str, Any], on_server: Array, queues: PlayedQueues
) -> tuple[Array, float]:
    """Each device's share of the reward, and how large the terms are that it is made of."""
    before, after, energies = queues.before, queues.after, queues.energies
    budgets, weights, devices = scenario.energy_budgets, scenario.budget_weights, len(on_server)
    terms = {
        "drift": weights * (after**2 - before**2) / 2,
        "linear_drift": weights * before * (energies - budgets),
        "delay": 0 * weights,
    }[kind]
    prices = {"drift": (before + after) / 2, "linear_drift": before, "delay": 0 * before}[kind]
    price, budget, term = weights[-1] * prices[-1], budgets[-1], terms[-1]
    one = len(budgets) == 1
    charged = on_server + info["device_energy"] if one else on_server
    rest = term - price * (energies[-1] - budget)
    whole = scenario.schedule == "parallel"
    delay = scenario.V * (info["delay"] if whole else info["device_delay"])
    own = delay + price * (charged - budget / devices) + rest / devices + (0 if one else terms[:-1])
    unit = scenario.V * scenario.reference_delay
    sizes = weights * (before**2 + after**2 + (before + energies) * (energies + budgets))
    return -own / unit, float((np.sum(delay) + sizes.sum()) / unit)
