"""Every round of a trace, in blocks or together, against its rounds one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers import trace_solver
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.solvers.trace_solver import TraceSolver
from tests.strategies import drawn_trace, log_floats, scenarios, seeds, solver_of

ROUNDS, DEVICES, V = 20, 3, 1450.0


def scenario_of(name: str) -> Scenario:
    return preset(name).with_num_devices(DEVICES)


@pytest.mark.parametrize("rounds", [ROUNDS, 10, 7, 0])
@pytest.mark.parametrize("name", ["default", "per-device-budgets", "parallel"])
def test_means_are_those_of_the_rounds_however_many_are_solved_together(
    name: str, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_solver, "BLOCK_DEVICE_ROUNDS", rounds * DEVICES + 1)
    scenario = scenario_of(name)
    trace, model = drawn_trace(scenario, 0, ROUNDS), scenario.cost_model
    solver = solver_of(scenario, trace)
    weights = np.geomspace(20.0, 50.0, scenario.num_budgets)
    means, decisions = solver.mean_costs(V, weights), solver.decide_all(V, weights)
    objectives, bounds, delays, energies = [], [], [], []
    for t in range(ROUNDS):
        unit = model.unit_costs(*trace.real(slice(t, t + 1)))
        decision = RoundProblem.of(scenario, model.all_options(unit), V, weights[None]).solve()
        for mine, theirs in zip(decision, decisions, strict=True):
            np.testing.assert_array_equal(mine[0], theirs[t])
        chosen = model.chosen_options(decision.split_index, unit)
        costs = model.round_costs(chosen, decision.server_frequency_hz)
        objectives.append(decision.objective[0])
        bounds.append(decision.lower_bound[0])
        delays.append(scenario.round_delay(costs.device_delay)[0])
        energies.append(costs.of_budgets(scenario.num_budgets)[0])
    assert means.objective == pytest.approx(np.mean(objectives), rel=1e-12)
    assert means.lower_bound == pytest.approx(np.mean(bounds), rel=1e-12)
    assert means.delay == pytest.approx(np.mean(delays), rel=1e-12)
    np.testing.assert_allclose(means.energies, np.mean(energies, axis=0), rtol=1e-12)


def test_there_is_one_budget_unless_told_otherwise() -> None:
    scenario = scenario_of("default")
    solver = TraceSolver(scenario, drawn_trace(scenario, 0, ROUNDS))
    assert solver.mean_costs(V, np.array([20.0])).energies.shape == (1,)


def test_a_trace_of_other_devices_is_refused() -> None:
    trace = drawn_trace(scenario_of("default"), 0, ROUNDS)
    with pytest.raises(ValueError, match=r"\(20, 3\): expected \(T, 2\)"):
        TraceSolver(scenario_of("default").with_num_devices(2), trace)


@settings(max_examples=60, deadline=None)
@given(scenarios(scopes=("per_device",)), seeds, log_floats(1e-3, 1e3), st.integers(1, 40))
def test_means_of_each_device_are_those_of_all(
    scenario: Scenario, seed: int, factor: float, rounds: int
) -> None:
    solver = solver_of(scenario, drawn_trace(scenario, seed, rounds))
    rng = np.random.default_rng(seed)
    spread = np.exp(rng.uniform(-2, 2, scenario.num_budgets)) * rng.integers(0, 2)
    multipliers = factor * spread * scenario.reference_delay / scenario.energy_budgets
    whole = solver.mean_costs(1.0, multipliers)
    means = solver.device_means(multipliers[:-1], float(multipliers[-1]))
    assert means.least.sum() == pytest.approx(whole.objective, rel=1e-12)
    # Energies are slopes: they carry the least costs to bounds at other multipliers.
    others = multipliers * np.exp(rng.uniform(-1, 1, multipliers.shape))
    there = solver.device_means(others[:-1], float(others[-1])).least
    carried = means.least + means.device_energy * (others - multipliers)[:-1]
    carried += means.server_energy * (others - multipliers)[-1]
    assert (there <= carried * (1 + 1e-12) + 1e-12 * there).all()
    starved = np.where(np.arange(scenario.num_devices) == 0, -1.0, multipliers[:-1])
    without = solver.device_means(starved, float(multipliers[-1]))
    for some, every in zip(without, means, strict=True):
        assert some[0] == 0.0
        np.testing.assert_array_equal(some[1:], every[1:])


@pytest.mark.parametrize("rounds", [ROUNDS, 7])
def test_means_of_each_device_are_the_same_in_blocks(
    rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = scenario_of("per-device-budgets")
    trace = drawn_trace(scenario, 0, ROUNDS)
    multipliers = np.array([0.01, 0.1, 1.0])
    whole = solver_of(scenario, trace).device_means(multipliers, 0.2)
    monkeypatch.setattr(trace_solver, "BLOCK_DEVICE_ROUNDS", rounds * DEVICES)
    solver = solver_of(scenario, trace)
    for mine, theirs in zip(solver.device_means(multipliers, 0.2), whole, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-14)
    all_costs = solver.mean_costs(1.0, np.array([*multipliers, 0.2]))
    np.testing.assert_allclose(whole.device_energy, all_costs.energies[:-1], rtol=1e-12)
    assert whole.server_energy.sum() == pytest.approx(all_costs.energies[-1], rel=1e-12)
