"""Decisions and policies at play against the hindsight frontier of their trace."""

import itertools

import numpy as np
import pytest

from asl_gym.arrays import Array
from asl_gym.envs.env import ASLEnv
from asl_gym.policies.open import OPEN
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.frontier import HindsightFrontier, hindsight_frontier
from asl_gym.solvers.decision import Decision
from asl_gym.traces.trace import Trace
from tests.strategies import drawn_trace, random_frequencies, random_splits, solver_of

TOLERANCE = 1e-9


def play(scenario: Scenario, trace: Trace, decision: Decision) -> tuple[float, Array]:
    """Mean delay and energies of decisions for every round, from the environment."""
    env = ASLEnv(scenario, action_view="dict", horizon=trace.num_rounds)
    env.reset(options={"trace": trace})
    infos = []
    for split, frequency in zip(decision.split_index, decision.server_frequency_hz, strict=True):
        infos.append(env.step(env.view.encode(split, frequency))[4])
    spent = [[*info["device_energy"], info["server_energy"]] for info in infos]
    energies = np.mean(spent, axis=0)
    if scenario.num_budgets == 1:
        energies = energies.sum(keepdims=True)
    return float(np.mean([info["delay"] for info in infos])), energies


@pytest.mark.parametrize("name", ["default", "per-device-budgets"])
def test_optimal_decisions_played_are_on_the_frontier(name: str) -> None:
    scenario = preset(name)
    trace = drawn_trace(scenario, 0, 100)
    frontier, solver = (
        hindsight_frontier(scenario, trace),
        solver_of(scenario, trace),
    )
    rng = np.random.default_rng(0)
    for _ in range(4 if scenario.num_budgets == 1 else 2):
        factors = np.exp(rng.uniform(-2, 2, scenario.num_budgets))
        multipliers = factors * scenario.reference_delay / scenario.energy_budgets
        delay, energies = play(scenario, trace, solver.decide_all(1.0, multipliers))
        point = frontier.at(energies)
        assert point.delay == pytest.approx(delay, rel=2e-9)
        assert point.delay <= delay * (1 + TOLERANCE)


@pytest.mark.parametrize("name", ["default", "per-device-budgets", "ergodic"])
def test_policies_at_play_are_never_below_the_frontier(name: str) -> None:
    scenario = preset(name)
    trace = drawn_trace(scenario, 1, 50)
    frontier, rng = hindsight_frontier(scenario, trace), np.random.default_rng(1)
    for bias in (0.2, 1.0, 5.0):
        splits = (random_splits(scenario, rng, 50) * rng.random((50, 1)) ** bias).astype(int)
        decision = Decision(splits, random_frequencies(scenario, rng, 50), *np.zeros((2, 50)))
        delay, energies = play(scenario, trace, decision)
        assert frontier.at(energies).delay <= delay * (1 + TOLERANCE)


def test_open_is_near_the_frontier_and_not_below() -> None:
    env = ASLEnv("default", action_view="dict")
    observation, _ = env.reset(seed=3)
    policy, infos = OPEN(env), []
    for _ in range(env.scenario.horizon):
        observation, _, _, _, info = env.step(policy.predict(observation)[0])
        infos.append(info)
    delay = float(np.mean([info["delay"] for info in infos]))
    energy = float(np.mean([info["energy"] for info in infos]))
    bound = HindsightFrontier(env.scenario, env.trace).at(energy).delay
    assert bound * (1 - TOLERANCE) <= delay <= 1.02 * bound


def test_curve_gives_achievable_points_on_the_frontier() -> None:
    scenario = preset("default")
    frontier = hindsight_frontier(scenario, drawn_trace(scenario, 2, 60))
    energies, delays = frontier.curve(np.geomspace(1e-2, 1e1, 7))
    assert all(a >= b for a, b in itertools.pairwise(energies))
    assert all(a <= b for a, b in itertools.pairwise(delays))
    for energy, delay in zip(energies, delays, strict=True):
        assert frontier.at(energy).delay == pytest.approx(delay, rel=1e-9)


def test_at_budget_is_the_frontier_at_the_budgets() -> None:
    for name in ("default", "per-device-budgets", "parallel"):
        scenario = preset(name)
        frontier = hindsight_frontier(scenario, drawn_trace(scenario, 4, 40))
        point = frontier.at_budget()
        np.testing.assert_array_equal(point.energies, scenario.energy_budgets)
        assert point.delay == frontier.at(scenario.energy_budgets).delay
        assert point.slack <= 1e-8


@pytest.mark.parametrize("name", ["default", "per-device-budgets", "parallel"])
def test_answers_do_not_depend_on_what_was_asked_before(name: str) -> None:
    scenario = preset(name)
    trace = drawn_trace(scenario, 5, 30)
    scales = (1.3, 0.9, 1.0)
    answers = []
    for order in itertools.permutations(scales):
        frontier = hindsight_frontier(scenario, trace)
        points = {each: frontier.at(each * scenario.energy_budgets) for each in order}
        answers.append([points[each].delay for each in scales])
    assert answers == [answers[0]] * len(answers)


def test_curve_along_several_budgets_is_a_tight_bound() -> None:
    scenario = preset("per-device-budgets")
    traces = [drawn_trace(scenario, seed, 10) for seed in (6, 7)]
    frontier = hindsight_frontier(scenario, Trace.end_to_end(traces))
    scales, delays = frontier.along_budgets(21)
    assert all(a >= b for a, b in itertools.pairwise(delays))
    for scale, delay in zip(scales[::4], delays[::4], strict=True):
        point = frontier.at(scale * scenario.energy_budgets)
        assert point.status == "ok"
        assert 1 - 1e-3 <= delay / point.delay <= 1 + 1e-6
    # Before the curve begins nobody can go, and where it ends the fastest policy is free to.
    before = frontier.at(0.97 * scales[0] * scenario.energy_budgets)
    assert before.status == "at minimum energy"
    assert delays[-1] == pytest.approx(frontier.at(10 * scenario.energy_budgets).delay)
