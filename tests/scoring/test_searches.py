"""The frontier's searches against a plain cutting plane method and against every choice of splits.

The plain method is what the frontier was first found by: slow, and certain for what it is.
"""

import itertools
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from asl_gym.arrays import Array
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.frontier import MAX_MULTIPLIER, HindsightFrontier, hindsight_frontier
from asl_gym.solvers import trace_solver
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces.trace import Trace
from tests.strategies import drawn_trace, scenarios, seeds, solver_of

CUTS = 400


def plain_cutting_planes(scenario: Scenario, trace: Trace, target: Array) -> tuple[float, float]:
    """A lower and an upper bound on max g(λ; E), by Kelley's method alone."""
    solver, scale = solver_of(scenario, trace), scenario.reference_delay / scenario.energy_budgets
    unit = solver.mean_costs(1.0, np.zeros(1)).objective
    lower, upper, rows, constants = -np.inf, np.inf, [], []
    point = np.ones_like(target)
    for _ in range(CUTS):
        costs = solver.mean_costs(1.0, point * scale)
        slopes = (costs.energies - target) * scale
        lower = max(lower, float(costs.lower_bound - point * scale @ target))
        rows.append([*(-slopes / unit), 1.0])
        constants.append((costs.objective - point * scale @ costs.energies) / unit)
        limits = [(0.0, MAX_MULTIPLIER)] * target.size + [(None, None)]
        found = linprog([*(0.0 * target), -1.0], rows, constants, bounds=limits)
        upper, point = min(upper, -found.fun * unit), found.x[:-1]
        if upper - lower <= 1e-7 * upper:
            break
    return lower, upper


def share_of(solver: TraceSolver, share: float) -> Array:
    """Energies between those of the cheapest and of the fastest decisions, or above the latter."""
    least = solver.mean_costs(0.0, np.ones(1)).energies
    fastest = solver.mean_costs(1.0, np.zeros(1)).energies
    return np.asarray(max(share, 1.0) * (least + min(share, 1.0) * (fastest - least)))


@settings(max_examples=30, deadline=None)
@given(scenarios(max_devices=3, scopes=("per_device",)), seeds, st.floats(0.1, 1.1))
def test_devices_in_turn_are_as_by_cutting_planes(
    scenario: Scenario, seed: int, share: float
) -> None:
    trace = drawn_trace(scenario, seed, 6)
    solver = solver_of(scenario, trace)
    target = share_of(solver, share)
    point = hindsight_frontier(scenario, trace).at(target)
    lower, upper = plain_cutting_planes(scenario, trace, target)
    assert lower * (1 - 1e-9) - 1e-12 <= point.delay <= upper * (1 + 1e-6)
    assert point.slack <= 1e-7
    # A bound it is because the dual has this value there.
    dual = solver.mean_costs(1.0, point.multipliers).objective - point.multipliers @ target
    size = float(point.delay + point.multipliers @ target)
    assert point.delay == pytest.approx(dual, abs=1e-12 * size)


@pytest.mark.parametrize("name", ["per-device-budgets", "parallel"])
def test_presets_are_as_by_cutting_planes(name: str) -> None:
    scenario = preset(name).with_num_devices(3)
    trace = drawn_trace(scenario, 3, 40)
    frontier, solver = HindsightFrontier(scenario, trace), solver_of(scenario, trace)
    for share in (0.1, 0.4, 0.8):
        target = share_of(solver, share)
        point = frontier.at(target)
        lower, upper = plain_cutting_planes(scenario, trace, target)
        assert lower * (1 - 1e-9) <= point.delay <= upper * (1 + 1e-9)
        assert upper / lower - 1 <= 2e-6
        assert (point.status, point.slack <= 1e-8) == ("ok", True)


def dual_by_every_choice(scenario: Scenario, trace: Trace, multiplier: float) -> float:
    """min_x D + λ·E, mean over the rounds, over all combinations of splits."""
    model, splits = scenario.cost_model, range(scenario.split_points.most)
    choices = np.array(list(itertools.product(splits, repeat=scenario.num_devices)))
    options = model.all_options(model.unit_costs(*trace.real(slice(None))))
    weights = np.full((trace.num_rounds, 1), multiplier)
    problem = RoundProblem.of(scenario, options, 1.0, weights)
    every = np.broadcast_to(choices, (trace.num_rounds, *choices.shape))
    return float(problem.price(every).min(axis=-1).mean())


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_devices_at_once_are_as_by_every_choice(devices: int, share: float) -> None:
    scenario = preset("parallel").with_num_devices(devices)
    trace = drawn_trace(scenario, devices, 12)
    target = float(share_of(solver_of(scenario, trace), share)[0])
    point = hindsight_frontier(scenario, trace).at(target)
    best = float(point.multipliers[0])
    at_best = dual_by_every_choice(scenario, trace, best) - best * target
    assert at_best * (1 - 1e-7) <= point.delay <= at_best * (1 + 1e-12)
    for factor in (0.5, 0.9, 0.99, 0.999, 1.001, 1.01, 1.1, 2.0):
        dual = dual_by_every_choice(scenario, trace, factor * best) - factor * best * target
        assert dual <= point.delay * (1 + point.slack) * (1 + 1e-12)


@pytest.mark.parametrize("name", ["per-device-budgets", "parallel"])
def test_traces_of_many_blocks_have_the_same_frontier(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = preset(name).with_num_devices(2)
    trace, points = drawn_trace(scenario, 4, 30), []
    for rounds in (30, 7):
        monkeypatch.setattr(trace_solver, "BLOCK_DEVICE_ROUNDS", rounds * 2)
        frontier = HindsightFrontier(scenario, trace)
        points.append(frontier.at(1.1 * scenario.energy_budgets).delay)
    assert points[0] == pytest.approx(points[1], rel=1e-8)


@pytest.mark.parametrize(
    ("name", "method", "most"),
    [("per-device-budgets", "device_means", 140), ("parallel", "improve", 10)],
)
def test_few_passes_over_the_trace_are_needed(name: str, method: str, most: int) -> None:
    scenario = preset(name).with_num_devices(3)
    trace = drawn_trace(scenario, 0, 30)
    solver = solver_of(scenario, trace)
    with patch.object(
        TraceSolver, method, autospec=True, side_effect=getattr(TraceSolver, method)
    ) as passes:
        for share in (0.1, 0.3, 0.6, 0.9):
            frontier = hindsight_frontier(scenario, trace)
            frontier.at_budget()
            assert 0 < passes.call_count <= most
            passes.reset_mock()
            point = frontier.at(share_of(solver, share))
            assert 0 < passes.call_count <= most
            passes.reset_mock()
            assert point.status == "ok"
