"""The hindsight frontier against exhaustive search and a linear program, and its shape."""

import dataclasses
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from asl_gym.arrays import Array
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.frontier import FrontierPoint, hindsight_frontier
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces.trace import Trace
from tests.strategies import drawn_trace, log_floats, scenarios, seeds, solver_of

TOLERANCE = 1e-9
MAX_POLICIES = 60_000


class Slot(NamedTuple):
    """What one device can do in one round: delays, shape (M,), and energies, shape (M, K)."""

    delay: Array
    energies: Array


def slots_of(scenario: Scenario, trace: Trace, frequencies: Array) -> list[Slot]:
    """Every split point at every frequency, for each round and device on its own."""
    model = scenario.cost_model
    options = model.all_options(
        model.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
    )
    kappa, many = scenario.server.capacitance, scenario.num_budgets > 1
    slots = []
    for t, n in np.ndindex(trace.num_rounds, trace.num_devices):
        work = np.broadcast_to(options.server_work, options.fixed_delay.shape)[t, n, :, None]
        delay = options.fixed_delay[t, n, :, None] + work / frequencies
        server = options.fixed_server_energy[t, n, :, None] + kappa * frequencies**2 * work
        device = np.broadcast_to(options.device_energy[t, n, :, None], server.shape)
        energies = np.zeros((delay.size, scenario.num_budgets))
        energies[:, n if many else 0] += device.ravel()
        energies[:, -1] += server.ravel()
        slots.append(Slot(delay.ravel(), energies))
    return slots


def every_policy(slots: list[Slot], rounds: int) -> tuple[Array, Array]:
    """Mean delay and energies of all combinations, shapes (P,) and (P, K)."""
    delay, energies = np.zeros(1), np.zeros((1, slots[0].energies.shape[1]))
    for slot in slots:
        delay = (delay[:, None] + slot.delay).ravel()
        energies = (energies[:, None, :] + slot.energies).reshape(len(delay), -1)
    return delay / rounds, energies / rounds


class Tiny(NamedTuple):
    """A trace short enough for exhaustive search."""

    scenario: Scenario
    trace: Trace
    delay: Array
    energies: Array


@st.composite
def tiny(draw: st.DrawFn) -> Tiny:
    scenario = draw(scenarios(max_devices=2, max_layers=3))
    assume(scenario.split_points.most <= 3)
    rounds = draw(st.integers(1, 3))
    trace = drawn_trace(scenario, draw(seeds), rounds)
    slots = rounds * scenario.num_devices
    levels = int(MAX_POLICIES ** (1 / slots) / scenario.split_points.most)
    low, high = scenario.server.clock_min_hz, scenario.server.clock_max_hz
    grid = np.geomspace(low, high, min(max(levels - 2, 2), 60))
    # The solver's own frequencies are among those enumerated.
    weights = scenario.reference_delay / scenario.energy_budget * np.array([[0.1], [1.0]])
    solver = solver_of(scenario, trace)
    own = [solver.decide_all(1.0, weight).server_frequency_hz[0, 0] for weight in weights]
    frequencies = np.clip([*grid, *own], low, high)[: max(levels, 3)]
    return Tiny(scenario, trace, *every_policy(slots_of(scenario, trace, frequencies), rounds))


def line(point: FrontierPoint, energies: Array) -> Array:
    """The tangent of the frontier at a point, D*(E₀) + λ·(E₀ − E), a bound at every E."""
    return np.asarray(point.delay + (point.energies - energies) @ point.multipliers)


# Exhaustive search


@settings(max_examples=40)
@given(tiny(), seeds)
def test_no_policy_lies_below_the_frontier(case: Tiny, seed: int) -> None:
    frontier = hindsight_frontier(case.scenario, case.trace)
    rng = np.random.default_rng(seed)
    cheapest_first = np.lexsort((case.energies.sum(axis=1), case.delay))[:4]
    picked = [
        *rng.integers(case.delay.size, size=4),
        *cheapest_first,
        case.energies[:, 0].argmin(),
    ]
    for policy in picked:
        point = frontier.at(case.energies[policy])
        assert point.delay <= case.delay[policy] * (1 + TOLERANCE)
        # Weak duality holds for its multipliers at every other policy too.
        below = line(point, case.energies)
        size = case.delay + np.abs(case.energies - point.energies) @ point.multipliers
        assert (below <= case.delay + TOLERANCE * size).all()


@settings(max_examples=40)
@given(tiny(), st.lists(log_floats(1e-3, 1e3), min_size=3, max_size=3))
def test_the_dual_at_any_multipliers_is_a_bound(case: Tiny, factors: list[float]) -> None:
    budgets = case.scenario.energy_budgets
    multipliers = np.resize(factors, budgets.shape) * case.scenario.reference_delay / budgets
    best = solver_of(case.scenario, case.trace).mean_costs(1.0, multipliers)
    lagrangian = case.delay + case.energies @ multipliers
    assert (lagrangian >= best.objective * (1 - TOLERANCE)).all()
    assert best.objective == pytest.approx(best.delay + best.energies @ multipliers, rel=1e-12)


# A second solver


def mixture(slots: list[Slot], rounds: int, target: Array) -> float:
    """Least mean delay of time-sharing between the slots' options: the convexified problem."""
    each = [len(slot.delay) for slot in slots]
    one_each = np.zeros((len(slots), sum(each)))
    one_each[np.repeat(np.arange(len(slots)), each), np.arange(sum(each))] = 1.0
    delay = np.concatenate([slot.delay for slot in slots]) / rounds
    energies = np.concatenate([slot.energies for slot in slots]).T / rounds / target[:, None]
    limits = np.ones(len(target)), one_each, np.ones(len(slots))
    solution = linprog(delay / delay.mean(), energies, *limits)
    assert solution.success
    return float(solution.fun * delay.mean())


@settings(max_examples=60)
@given(scenarios(max_devices=3), seeds, st.integers(1, 8), st.floats(0.02, 1.2))
def test_frontier_equals_a_linear_program(
    scenario: Scenario, seed: int, rounds: int, share: float
) -> None:
    """Strong duality: D*(E) is the least delay of time-sharing at the frequencies that matter."""
    trace = drawn_trace(scenario, seed, rounds)
    solver = solver_of(scenario, trace)
    least = solver.mean_costs(0.0, np.ones(1)).energies
    fastest = solver.mean_costs(1.0, np.zeros(1)).energies
    target = max(share, 1.0) * (least + min(share, 1.0) * (fastest - least))
    point = hindsight_frontier(scenario, trace).at(target)
    low, high = scenario.server.clock_min_hz, scenario.server.clock_max_hz
    own = solver.decide_all(1.0, point.multipliers).server_frequency_hz[0, 0]
    near = own * (1.0 + np.array([-1e-2, -1e-3, 0.0, 1e-3, 1e-2]))
    frequencies = np.clip([*np.geomspace(low, high, 20), *near], low, high)
    least_delay = mixture(slots_of(scenario, trace, frequencies), rounds, target)
    assert point.delay <= least_delay * (1 + 1e-7)
    if point.status == "ok":
        assert point.delay == pytest.approx(least_delay, rel=5e-6)


@settings(max_examples=60)
@given(scenarios(), seeds, st.lists(log_floats(1e-3, 1e2), min_size=5, max_size=5))
def test_optimal_decisions_lie_on_the_frontier(
    scenario: Scenario, seed: int, factors: list[float]
) -> None:
    trace = drawn_trace(scenario, seed, 10)
    budgets = scenario.energy_budgets
    multipliers = np.resize(factors, budgets.shape) * scenario.reference_delay / budgets
    optimal = solver_of(scenario, trace).mean_costs(1.0, multipliers)
    point = hindsight_frontier(scenario, trace).at(optimal.energies)
    assert point.delay <= optimal.delay * (1 + TOLERANCE)
    assert point.delay == pytest.approx(optimal.delay, rel=2e-9)


# Its shape


@settings(max_examples=40)
@given(scenarios(scopes=("system",)), seeds)
def test_frontier_falls_and_is_convex(scenario: Scenario, seed: int) -> None:
    trace = drawn_trace(scenario, seed, 6)
    frontier = hindsight_frontier(scenario, trace)
    least = frontier.minimum_energy
    fastest = solver_of(scenario, trace).mean_costs(1.0, np.zeros(1)).energies[0]
    energies = least + np.linspace(0.05, 1.3, 14) * (fastest - least)
    points = [frontier.at(energy) for energy in energies]
    delay = np.array([point.delay for point in points])
    assert all(point.slack <= 1e-9 for point in points)
    assert (np.diff(delay) <= TOLERANCE * delay[:-1]).all()
    middle = 0.5 * (delay[:-2] + delay[2:])
    assert (delay[1:-1] <= middle * (1 + TOLERANCE)).all()


@given(scenarios(), seeds)
def test_frontier_is_flat_beyond_the_fastest_policy(scenario: Scenario, seed: int) -> None:
    trace = drawn_trace(scenario, seed, 6)
    fastest = solver_of(scenario, trace).mean_costs(1.0, np.zeros(1))
    frontier = hindsight_frontier(scenario, trace)
    for factor in (1.0, 1.0 + 1e-9, 1.5, 100.0):
        point = frontier.at(fastest.energies * factor)
        assert point.delay == pytest.approx(fastest.delay, rel=1e-6)
        assert point.delay <= fastest.delay * (1 + TOLERANCE)
        assert point.status == "ok" or factor == 1.0


@given(scenarios(scopes=("system",)), seeds, st.floats(0.0, 1.0))
def test_there_is_no_frontier_at_or_below_the_minimum(
    scenario: Scenario, seed: int, share: float
) -> None:
    trace = drawn_trace(scenario, seed, 6)
    frontier = hindsight_frontier(scenario, trace)
    least = frontier.minimum_energy
    fastest = solver_of(scenario, trace).mean_costs(1.0, np.zeros(1)).energies[0]
    assume(fastest > least * 1.001)
    first = [frontier.at(energy).status for energy in (share * least, least)]
    # What it has learnt elsewhere does not change what it says here.
    for explored in np.linspace(least, fastest, 5)[1:]:
        assert frontier.at(explored).status == "ok"
    then = [frontier.at(energy).status for energy in (share * least, least)]
    assert first == then == ["at minimum energy"] * 2


@given(scenarios(scopes=("per_device",)), seeds)
def test_a_party_below_its_minimum_is_told_so(scenario: Scenario, seed: int) -> None:
    trace = drawn_trace(scenario, seed, 6)
    frontier = hindsight_frontier(scenario, trace)
    fastest = solver_of(scenario, trace).mean_costs(1.0, np.zeros(1)).energies
    everything = np.array([slot.energies for slot in slots_of(scenario, trace, np.array([1e30]))])
    starved = fastest.copy()
    starved[0] = 0.9 * everything[:: scenario.num_devices, :, 0].min(axis=1).mean()
    assert frontier.at(starved).status == "at minimum energy"


def scaled(scenario: Scenario, factor: float) -> Scenario:
    """The scenario with every layer's FLOPs and bits times a factor: so are delay and energy."""
    profile = scenario.workload.profile
    flops = "forward_flops", "backward_flops"
    names = *flops, "activation_bits", "gradient_bits", "parameter_bits"
    changes: dict[str, Any] = {
        name: tuple(factor * value for value in getattr(profile, name)) for name in names
    }
    workload = dataclasses.replace(
        scenario.workload, profile=dataclasses.replace(profile, **changes)
    )
    return scenario.replace(workload=workload)


@pytest.mark.parametrize("name", ["default", "per-device-budgets"])
@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e3])
def test_frontier_does_not_depend_on_the_scale(name: str, factor: float) -> None:
    scenario = preset(name).with_num_devices(2)
    other, trace = scaled(scenario, factor), drawn_trace(scenario, 0, 30)
    solver = solver_of(scenario, trace)
    least = solver.mean_costs(0.0, np.ones(1)).energies
    target = 0.7 * least + 0.3 * solver.mean_costs(1.0, np.zeros(1)).energies
    point = hindsight_frontier(scenario, trace).at(target)
    same = hindsight_frontier(other, trace).at(factor * target)
    assert same.status == point.status == "ok"
    assert same.slack <= 1e-8
    assert same.delay == pytest.approx(factor * point.delay, rel=2e-8)


def test_few_cuts_are_needed() -> None:
    scenario = preset("default").with_num_devices(3)
    trace = drawn_trace(scenario, 0, 30)
    solver = solver_of(scenario, trace)
    least = solver.mean_costs(0.0, np.ones(1)).energies
    fastest = solver.mean_costs(1.0, np.zeros(1)).energies
    with patch.object(
        TraceSolver, "mean_costs", autospec=True, side_effect=TraceSolver.mean_costs
    ) as cut:
        for share in (0.1, 0.3, 0.6, 0.9):
            frontier = hindsight_frontier(scenario, trace)
            frontier.at_budget()
            cut.reset_mock()
            point = frontier.at(least + share * (fastest - least))
            assert 0 < cut.call_count <= 24
            assert (point.status, point.slack <= 1e-10) == ("ok", True)


def test_energies_that_are_no_energies() -> None:
    scenario = preset("default").with_num_devices(2)
    frontier = hindsight_frontier(scenario, drawn_trace(scenario, 0, 3))
    for energies in (-1.0, np.nan, np.inf, [1.0, 2.0], []):
        with pytest.raises(ValueError, match="expected 1 finite numbers >= 0"):
            frontier.at(energies)


def test_each_of_several_energies_is_checked_and_a_curve_has_one() -> None:
    scenario = preset("per-device-budgets").with_num_devices(1)
    frontier = hindsight_frontier(scenario, drawn_trace(scenario, 0, 3))
    for energies in ([1.0, -1.0], [np.nan, 1.0], [1.0]):
        with pytest.raises(ValueError, match="expected 2 finite numbers >= 0"):
            frontier.at(energies)
    with pytest.raises(ValueError, match="has 2 budgets: expected a single one"):
        frontier.curve([1.0])
