"""The price of energy at the budget, against the energies it makes be spent and the frontier."""

import numpy as np
import pytest
from hypothesis import given, settings

from asl_gym import ASLEnv, Budget, Scenario, hindsight_frontier, preset, tuned_initial_queue
from asl_gym.scenario.multiplier import budget_multiplier
from asl_gym.validation.checks import FieldError
from tests.strategies import drawn_trace, extremes, reference_of, scenarios, solver_of


@pytest.mark.parametrize("name", ["default", "parallel", "lenet5"])
def test_at_the_multiplier_a_trace_spends_the_budget(name: str) -> None:
    scenario = preset(name)
    trace = reference_of(scenario)
    multiplier = budget_multiplier(scenario)
    spent = solver_of(scenario, trace).mean_costs(1.0, np.array([multiplier])).energies[0]
    assert spent == pytest.approx(scenario.energy_budget, rel=2e-3)


@settings(max_examples=20)
@given(scenarios(scopes=("system",)))
def test_of_small_scenarios_it_is_where_energy_falls_through_the_budget(
    scenario: Scenario,
) -> None:
    """Energies are steps where the server's clock has hit a bound, so it lies between two."""
    solver, least = solver_of(scenario, reference_of(scenario)), extremes(scenario)[0][0]
    if scenario.energy_budget <= least * (1 + 1e-6):
        return
    multiplier = budget_multiplier(scenario)
    sides = [
        solver.mean_costs(1.0, np.array([multiplier * factor])).energies[0]
        for factor in (1 - 5e-3, 1 + 5e-3)
    ]
    low = scenario.reference_delay / scenario.energy_budget / 1e4
    assert sides[1] <= scenario.energy_budget * (1 + 1e-9)
    assert sides[0] >= scenario.energy_budget * (1 - 1e-9) or multiplier == low


def test_on_a_trace_it_is_the_frontiers() -> None:
    scenario = preset("default")
    trace = drawn_trace(scenario, 3)
    point = hindsight_frontier(scenario, trace).at_budget()
    assert budget_multiplier(scenario, trace) == pytest.approx(point.multipliers[0], rel=0.02)


def test_the_tuned_queue_is_v_times_the_multiplier() -> None:
    scenario = preset("default")
    queue = tuned_initial_queue(scenario)
    assert queue == pytest.approx(scenario.V * budget_multiplier(scenario))
    assert tuned_initial_queue(ASLEnv(scenario), v=10.0) == pytest.approx(2 * queue)


def test_a_budget_that_does_not_bind_and_one_that_no_policy_keeps() -> None:
    scenario = preset("default")
    fastest = extremes(scenario)[1][0]
    ample = scenario.replace(budget=Budget(joules=2 * fastest))
    assert budget_multiplier(ample) == 0.0
    trace = drawn_trace(scenario, 0)
    starved = scenario.replace(budget=Budget(joules=1.001 * extremes(scenario)[0][0]))
    worse = trace.mapped(lambda values: values / 4)
    with pytest.raises(FieldError, match=r"energy_budget .* least energy on the trace"):
        budget_multiplier(starved, worse)
    with pytest.raises(FieldError, match=r"budget\.scope"):
        tuned_initial_queue(preset("per-device-budgets"))
