"""Every round of a trace, in blocks or together, against its rounds one by one."""

import numpy as np
import pytest

from asl_gym import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers import trace_solver
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.solvers.trace_solver import TraceSolver
from tests.strategies import drawn_trace, solver_of

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
