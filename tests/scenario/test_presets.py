"""What the default scenario has to be like for its decisions to be worth making.

The criteria hold on 20 reference traces, those of the environment seeded with 0 to 19.
"""

import dataclasses
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from asl_gym.arrays import Array, Splits
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.batteries import Batteries
from asl_gym.model.demands import Budget
from asl_gym.model.radio import cellular
from asl_gym.policies.baselines import FixedSplit
from asl_gym.policies.open import OPEN
from asl_gym.scenario.presets import preset, preset_names
from asl_gym.scenario.reference import resolve_budget
from asl_gym.scoring.frontier import HindsightFrontier
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError
from tests.strategies import WITH_BUDGET, solver_of

SEEDS = range(20)
DEFAULT = preset("default")


@cache
def traces(name: str = "default") -> tuple[Trace, ...]:
    """The traces that the preset's environment draws with each seed."""
    env = ASLEnv(name)
    drawn = []
    for seed in SEEDS:
        env.reset(seed=seed)
        drawn.append(env.trace)
    return tuple(drawn)


class Hindsight(NamedTuple):
    """The decisions of the hindsight optimum in all rounds of all traces, axes (rounds, N)."""

    split: Splits
    frequency: Array
    server_delay: Array
    delay: Array


@cache
def hindsight() -> Hindsight:
    """The optimum at the budget, pooled over the traces."""
    model, parts = DEFAULT.cost_model, []
    for trace in traces():
        point = HindsightFrontier(DEFAULT, trace).at_budget()
        assert point.status == "ok"
        decision = solver_of(DEFAULT, trace).decide_all(1.0, point.multipliers)
        unit = model.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
        frequency = decision.server_frequency_hz
        delays = model.delay_parts(decision.split_index, frequency, unit)
        total = np.sum(list(delays.values()), axis=0)
        split = np.asarray(DEFAULT.workload.admissible_splits)[decision.split_index]
        parts.append(Hindsight(split, np.array(frequency), delays["server_delay"], total))
    return Hindsight(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def test_the_budget_lies_between_the_extremes_on_every_trace() -> None:
    for trace in traces():
        solver = solver_of(DEFAULT, trace)
        least = solver.mean_costs(0.0, np.ones(1)).energies[0]
        fastest = solver.mean_costs(1.0, np.zeros(1)).energies[0]
        assert least < DEFAULT.energy_budget < fastest


def test_no_split_point_is_obvious() -> None:
    split = hindsight().split
    shares = np.bincount(split.ravel(), minlength=13) / split.size
    assert (shares >= 0.07).sum() >= 4
    assert shares.max() <= 0.55


def test_the_server_clock_is_seldom_at_a_bound() -> None:
    frequency = hindsight().frequency
    low, high = DEFAULT.server.clock_min_hz, DEFAULT.server.clock_max_hz
    assert ((frequency > low) & (frequency < high)).all(axis=1).mean() > 0.5


def test_the_servers_computing_counts() -> None:
    assert hindsight().server_delay.sum() >= 0.1 * hindsight().delay.sum()


def test_nothing_draws_more_power_than_it_could() -> None:
    fleet, server = DEFAULT.fleet, DEFAULT.server
    devices = np.array(fleet.capacitance) * np.array(fleet.clock_hz) ** 3
    assert devices.max() <= 5.0
    assert server.capacitance * server.clock_max_hz**3 <= 100.0


# OPEN against the existing schemes


def means(policy: Any) -> tuple[float, float]:
    """Mean delay and energy of a policy that acts in the dict view, over the traces."""
    envs = ASLVectorEnv(len(SEEDS), DEFAULT, action_view="dict")
    observation, _ = envs.reset(options={"trace": Trace.stack(traces())})
    delay = energy = 0.0
    for _ in range(DEFAULT.horizon):
        action, _ = policy.predict(observation)
        observation, _, _, _, info = envs.step(action)
        delay += info["delay"].mean() / DEFAULT.horizon
        energy += info["energy"].mean() / DEFAULT.horizon
    return delay, energy


@pytest.fixture(scope="module")
def open_means() -> tuple[float, float]:
    return means(OPEN(DEFAULT))


@pytest.mark.parametrize("split", DEFAULT.workload.admissible_splits)
def test_open_beats_a_fixed_split_in_delay_and_energy(
    split: int, open_means: tuple[float, float]
) -> None:
    delay, energy = means(FixedSplit(DEFAULT, split, "max"))
    assert open_means[0] < delay
    assert open_means[1] < energy


def test_open_keeps_to_the_budget(open_means: tuple[float, float]) -> None:
    assert open_means[1] <= 1.02 * DEFAULT.energy_budget


# All presets


@pytest.mark.parametrize("name", WITH_BUDGET)
def test_budgets_can_be_met_on_the_traces(name: str) -> None:
    """Where they cannot, no policy can be ranked by what it loses to the frontier."""
    scenario = preset(name)
    budget = Budget(scope=scenario.energy_limit.scope, joules=tuple(scenario.energy_budgets))
    impossible = []
    for seed, trace in zip(SEEDS, traces(name), strict=True):
        try:
            resolve_budget(scenario, budget, trace)
        except FieldError:
            impossible.append(seed)
    assert impossible == []


def test_presets_differ_from_the_default_in_what_they_say() -> None:
    assert preset("ergodic").radio == dataclasses.replace(
        cellular(DEFAULT.radio, "tests"), fading="ergodic"
    )
    assert preset("no-fading").radio == dataclasses.replace(
        cellular(DEFAULT.radio, "tests"), fading="none"
    )
    assert preset("per-device-budgets").num_budgets == DEFAULT.num_devices + 1
    assert preset("lenet5").workload.profile.name != DEFAULT.workload.profile.name
    assert preset("parallel").schedule == "parallel"
    harvest = preset("harvest")
    assert (harvest.budget, harvest.batteries) == (None, Batteries())
    assert harvest.replace(budget=DEFAULT.budget, batteries=None, horizon=200) == DEFAULT
    for name in preset_names():
        assert preset(name) is preset(name)
        assert preset(name).fleet == DEFAULT.fleet
        assert preset(name).server == DEFAULT.server or name == "parallel"
