"""Both solvers, the frontier and play where devices differ in network and in how they compute."""

import itertools
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import asl_gym
from asl_gym.model.demands import Budget
from asl_gym.model.kinds import PerKind
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.system import System
from asl_gym.scenario.devices import parse_devices, server_kind
from asl_gym.scenario.links import parse_link
from asl_gym.scenario.real import real_scenario
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import RoundProblem
from tests.strategies import POOL, drawn_trace, made_scenario

SMALL = 3, 4, ("system",)
MIXED = [number for number in range(1, POOL, 2) if made_scenario(number, *SMALL).per_kind]


def two_kinds(schedule: str = "sequential") -> Scenario:
    """Two kinds of devices, each with a network of its own."""
    resnet, mobilenet = (
        asl_gym.Workload(NetworkProfile.shipped(name), 64, batch_size=32)
        for name in ("resnet18", "mobilenet_v2")
    )
    scenario = real_scenario(
        parse_devices("2xraspberry-pi-4,jetson-nano-maxn"),
        server_kind("cpu-server"),
        parse_link("40mbit±50%"),
        resnet,
        budget=Budget(fraction=0.3),
        schedule=schedule,  # type: ignore[arg-type]
    )
    own = (PerKind("raspberry-pi-4", mobilenet),)
    return scenario.replace(per_kind=own, horizon=20)


@pytest.mark.parametrize("number", MIXED[:12])
@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
def test_solvers_equal_brute_force(number: int, schedule: str) -> None:
    scenario = made_scenario(number, *SMALL).replace(schedule=schedule)
    system: System = scenario.system
    trace, model = drawn_trace(scenario, 0, 3), scenario.cost_model
    unit = model.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
    options = model.all_options(unit)
    choices = list(itertools.product(*map(range, scenario.split_points.counts)))
    every = np.broadcast_to(choices, (3, len(choices), scenario.num_devices))
    for on_energy in (0.01, 1.0, 100.0):
        weights = np.full((3, 1), on_energy * scenario.reference_delay)
        problem = RoundProblem.of(system, options, 1.0, weights)
        decision, prices = problem.solve(), problem.price(every)
        best = prices.min(axis=1)
        assert (decision.split_index < scenario.split_points.counts).all()
        np.testing.assert_allclose(decision.objective, best, rtol=2e-6)
        assert (decision.lower_bound <= best * (1 + 1e-9)).all()
        chosen = problem.price(decision.split_index[:, None])[:, 0]
        np.testing.assert_allclose(chosen, decision.objective, rtol=1e-9)


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
def test_no_policy_is_below_the_frontier(schedule: str) -> None:
    scenario = two_kinds(schedule)
    name = "ASLParallel-v0" if schedule == "parallel" else "ASL-v0"
    policies: list[Any] = [
        asl_gym.OPEN,
        asl_gym.GreedyDelay,
        asl_gym.GreedyEnergy,
        asl_gym.RandomPolicy,
        lambda env: asl_gym.FixedSplit(env, 5),
        lambda env: asl_gym.FixedSplit(env, (20, 20, 21)),
    ]
    gaps = []
    for policy in policies:
        (score,) = asl_gym.evaluate(policy, name, seeds=[3], scenario=scenario)
        assert np.isnan(score.frontier_gap) or score.frontier_gap >= -1e-9
        assert score.priced_gap >= -1e-9
        gaps.append(score.priced_gap)
    assert gaps[0] == pytest.approx(min(gaps), abs=0.02)


def test_networks_of_different_depth_have_actions_of_their_own() -> None:
    scenario = two_kinds()
    env = gym.make("ASL-v0", scenario=scenario, action_view="split")
    np.testing.assert_array_equal(env.action_space.nvec, [20, 20, 21])  # type: ignore[attr-defined]
    env.reset(seed=0)
    *_, info = env.step(np.array([19, 0, 20]))
    np.testing.assert_array_equal(info["split"], [20, 1, 21])
    with pytest.raises(ValueError, match="lies outside the space"):
        env.step(np.array([20, 0, 20]))
    with pytest.raises(ValueError, match=r"split points .* of device 0"):
        asl_gym.FixedSplit(env, 21)


def test_a_resized_fleet_keeps_kinds_whole() -> None:
    scenario = two_kinds()
    larger = scenario.with_num_devices(40)
    fleet = larger.fleet
    assert fleet.kind is not None
    assert set(fleet.kind) == {"raspberry-pi-4", "jetson-nano-maxn"}
    for n, kind in enumerate(fleet.kind):
        clocks = {"raspberry-pi-4": 1.8e9, "jetson-nano-maxn": 921.6e6}
        assert fleet.clock_hz[n] == clocks[kind]
        layers = larger.workload_of(n).profile.num_layers
        assert layers == (20 if kind == "raspberry-pi-4" else 21)
    assert scenario.with_num_devices(2).split_points.alike
    alone = scenario.with_num_devices(3, seed=1).with_num_devices(1)
    assert len(alone.per_kind) <= 1
