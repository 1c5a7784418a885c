"""Solving in parts decides as solving the whole does, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.model.costs import UnitCosts
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers import in_parts
from asl_gym.solvers.in_parts import solve_in_parts
from asl_gym.solvers.round_problem import RoundProblem, solve_rounds
from asl_gym.solvers.trace_solver import TraceSolver
from tests.strategies import drawn_trace, scenarios, seeds


def assert_equal_to_whole(
    scenario: Scenario, unit: UnitCosts, V: float | np.ndarray, weights: np.ndarray
) -> None:
    options = scenario.cost_model.all_options(unit)
    whole = RoundProblem.of(scenario, options, V, weights).solve()
    parts = solve_in_parts(scenario, unit, V, weights)
    for expected, found in zip(whole, parts, strict=True):
        assert expected.dtype == found.dtype
        np.testing.assert_array_equal(expected, found)


@given(scenarios(), seeds, st.sampled_from([1, 7, 64]))
def test_parts_equal_the_whole(scenario: Scenario, seed: int, part_size: int) -> None:
    scenario = scenario.replace(schedule="sequential")
    trace, rng = drawn_trace(scenario, seed), np.random.default_rng(seed)
    unit = scenario.cost_model.unit_costs(*trace.real())
    weights = rng.exponential(size=(trace.num_rounds, scenario.num_budgets))
    weights *= rng.choice([0.0, 1.0, scenario.reference_delay], size=(trace.num_rounds, 1))
    V = rng.choice([0.0, 1.0, 1e3], size=trace.num_rounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_parts, "PART_SIZE", part_size)
        assert_equal_to_whole(scenario, unit, V, weights)
        assert_equal_to_whole(scenario, unit, float(V[0]), weights)
        assert_equal_to_whole(scenario, unit.at(0), float(V[0]), weights[0])
        batch = unit.at((None, ...))
        assert_equal_to_whole(scenario, batch, V[None], weights[None])


@pytest.mark.parametrize("scope", ["default", "per-device-budgets"])
def test_large_fleets(scope: str) -> None:
    scenario = preset(scope).with_num_devices(in_parts.LEAST_SIZE + 1).replace(horizon=3)
    trace = drawn_trace(scenario, 0)
    unit = scenario.cost_model.unit_costs(*trace.real())
    K = 1 if scope == "default" else scenario.num_devices + 1
    weights = np.random.default_rng(0).exponential(size=(3, K))
    assert_equal_to_whole(scenario, unit, 2.0, weights)
    chosen = solve_rounds(scenario, unit, 2.0, weights)
    np.testing.assert_array_equal(
        chosen.split_index, solve_in_parts(scenario, unit, 2.0, weights).split_index
    )


def test_equal_options_go_to_less_energy_then_to_the_lower_index() -> None:
    """Weights of 0 leave delays alone, and V = 0 with no weights leaves every option equal."""
    scenario = preset("default")
    unit = scenario.cost_model.unit_costs(*drawn_trace(scenario, 1).real())
    none = np.zeros((scenario.horizon, 1))
    assert_equal_to_whole(scenario, unit, 0.0, none)
    options = scenario.cost_model.all_options(unit)
    f_max = scenario.server.clock_max_hz
    spent = options.device_energy + options.fixed_server_energy
    spent = spent + scenario.server.computing_energy(np.array(f_max), options.server_work)
    found = solve_in_parts(scenario, unit, 0.0, none).split_index
    assert len(np.unique(found)) > 1
    np.testing.assert_allclose(
        np.take_along_axis(spent, found[..., None], -1)[..., 0], spent.min(axis=-1), rtol=1e-12
    )


def test_traces_are_solved_in_parts_from_a_size_on(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = preset("default")
    trace = drawn_trace(scenario, 0)
    whole = TraceSolver(scenario, trace).mean_costs(3.0, np.ones(1))
    monkeypatch.setattr(in_parts, "LEAST_SIZE", 1)
    monkeypatch.setattr(RoundProblem, "solve", None)
    parts = TraceSolver(scenario, trace).mean_costs(3.0, np.ones(1))
    assert (parts.objective, parts.delay) == (whole.objective, whole.delay)
    np.testing.assert_array_equal(parts.energies, whole.energies)
