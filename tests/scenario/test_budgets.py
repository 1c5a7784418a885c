"""Budgets and the reference that they are measured against."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from asl_gym.arrays import Array
from asl_gym.envs.env import ASLEnv
from asl_gym.model.demands import Budget
from asl_gym.model.radio import cellular
from asl_gym.scenario.presets import preset
from asl_gym.scenario.reference import reference_trace
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.channel import median_rates
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError
from tests.by_hand import bits_by_hand, seconds_by_hand
from tests.strategies import WITH_BUDGET, extremes, reference_of, scenarios

DEFAULT = preset("default")
PER_DEVICE = preset("per-device-budgets")


def every_energy(scenario: Scenario, trace: Trace) -> tuple[Array, Array]:
    """Device and server-side energy of every option at the least clock, shape (T, N, L)."""
    model, server = scenario.cost_model, scenario.server
    options = model.all_options(
        model.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
    )
    computing = server.capacitance * server.clock_min_hz**2 * options.server_work
    return options.device_energy, options.fixed_server_energy + computing


def joules(scenario: Scenario, values: Any) -> Scenario:
    scope = scenario.energy_limit.scope
    return scenario.replace(budget=Budget(scope=scope, joules=values))


# The reference


@given(scenarios())
def test_reference_delay_is_the_fastest_round_at_median_rates(scenario: Scenario) -> None:
    """Split point by split point, with the equations written out."""
    uplink, downlink = median_rates(scenario.fleet, scenario.radio)
    total = 0.0
    for n in range(scenario.num_devices):
        delays = []
        for split in scenario.workload_of(n).admissible_splits:
            up, down = bits_by_hand(scenario, n, split)
            computing = sum(seconds_by_hand(scenario, n, split))
            delays.append(up / uplink[n] + down / downlink[n] + computing)
        total += min(delays)
    assert scenario.reference_delay == pytest.approx(total, rel=1e-12)
    expected = scenario.v * scenario.energy_budget**2 / total
    assert scenario.penalty_weight(scenario.v) == pytest.approx(expected, rel=1e-12)
    assert scenario.penalty_weight(scenario.v) == scenario.V


@given(scenarios())
def test_extreme_energies_are_those_of_the_best_options(scenario: Scenario) -> None:
    trace = reference_of(scenario)
    least, fastest = extremes(scenario)
    device, server = every_energy(scenario, trace)
    cheapest = (device + server).min(axis=-1).sum(axis=-1).mean()
    assert least.sum() == pytest.approx(cheapest, rel=1e-12)
    assert fastest.sum() >= cheapest * (1 - 1e-12)


@pytest.mark.parametrize(("size", "rounds"), [(1, 4000), (20, 2000), (1000, 50)])
def test_the_reference_trace_is_fixed_and_affordable(size: int, rounds: int) -> None:
    scenario = DEFAULT.with_num_devices(size)
    first, second = (reference_trace(scenario, scenario.knowledge) for _ in range(2))
    assert first.uplink_bps.shape == (rounds, size)
    for name in Trace.ARRAYS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


# Fractions


@given(scenarios())
def test_a_fraction_lies_between_the_extremes(scenario: Scenario) -> None:
    least, fastest = extremes(scenario)
    share = scenario.energy_limit.fraction
    assert share is not None
    expected = (1 - share) * least + share * fastest
    np.testing.assert_allclose(scenario.energy_budgets, expected, rtol=1e-9)
    assert scenario.energy_budgets.shape == (scenario.num_budgets,)
    assert scenario.energy_budget == pytest.approx(scenario.energy_budgets.sum(), rel=1e-15)
    if fastest.sum() > least.sum() * (1 + 1e-9):
        assert least.sum() < scenario.energy_budget < fastest.sum()


@pytest.mark.parametrize("name", WITH_BUDGET)
def test_the_presets_budgets_leave_room_on_both_sides(name: str) -> None:
    least, fastest = extremes(preset(name))
    assert 1.05 * least.sum() < preset(name).energy_budget < 0.95 * fastest.sum()


def test_a_fraction_grows_with_the_fleet() -> None:
    budgets = [DEFAULT.with_num_devices(size).energy_budget for size in (5, 10, 20, 40)]
    assert all(1.5 * a < b < 3 * a for a, b in itertools.pairwise(budgets))
    assert PER_DEVICE.with_num_devices(17).energy_budgets.shape == (18,)


def test_joules_grow_in_proportion_to_the_fleet() -> None:
    fixed = joules(DEFAULT, 120.0)
    assert fixed.energy_budget == 120.0
    assert fixed.with_num_devices(20).energy_budget == 240.0
    assert fixed.with_num_devices(5).energy_budget == 60.0
    assert fixed.with_num_devices(10) == fixed


def test_joules_per_device_do_not_say_how_to_grow() -> None:
    fixed = joules(PER_DEVICE, (20.0,) * 11)
    assert fixed.with_num_devices(10) == fixed
    with pytest.raises(FieldError, match=r"budget.joules = \(20.0, .* a fraction"):
        fixed.with_num_devices(9)


# Budgets that cannot be met


@given(scenarios(scopes=("system",)), st.sampled_from([0.5, 1 - 1e-9, 1 + 1e-9, 1.5]))
def test_joules_below_the_minimum_are_refused(scenario: Scenario, factor: float) -> None:
    device, server = every_energy(scenario, reference_of(scenario))
    least = (device + server).min(axis=-1).sum(axis=-1).mean()
    tried = joules(scenario, factor * least)
    if factor > 1:
        assert tried.energy_budget == factor * least
        return
    with pytest.raises(FieldError, match=r"more than the minimum energy, which is \[") as caught:
        _ = tried.energy_budgets
    assert caught.value.field == "budget.joules"
    named = float(str(caught.value).split("[")[1].split("]")[0])
    assert named == pytest.approx(least, rel=1e-4)


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_what_a_fraction_gives_can_be_given_in_joules(size: int) -> None:
    scenario = PER_DEVICE.with_num_devices(size)
    fixed = joules(scenario, tuple(scenario.energy_budgets.tolist()))
    np.testing.assert_array_equal(fixed.energy_budgets, scenario.energy_budgets)


@given(scenarios(scopes=("per_device",)))
def test_a_device_below_its_own_minimum_is_refused(scenario: Scenario) -> None:
    """Everyone else may spend a hundred times what the fastest policy does."""
    trace = reference_of(scenario)
    device, server = every_energy(scenario, trace)
    generous = 100 * extremes(scenario)[1] + 100 * device.max()
    own_least = device[:, 0].min(axis=-1).mean()
    assume(own_least > 0)
    for factor, feasible in ((1.02, True), (0.98, False)):
        values = generous.copy()
        values[0] = factor * own_least
        values[-1] = 100 * server.max() * scenario.num_devices
        tried = joules(scenario, tuple(values.tolist()))
        if feasible:
            np.testing.assert_array_equal(tried.energy_budgets, values)
        else:
            with pytest.raises(FieldError, match=r"budget.joules = .* minimum energy"):
                _ = tried.energy_budgets


def test_budgets_that_cannot_be_met_together_are_refused() -> None:
    """Each device at its own least needs the server, and the server at its least the devices."""
    scenario = PER_DEVICE.with_num_devices(2)
    trace = reference_of(scenario)
    device, server = every_energy(scenario, trace)
    alone = [*device.min(axis=-1).mean(axis=0), server.min(axis=-1).sum(axis=-1).mean()]
    least, _ = extremes(scenario)
    assert (np.array(alone) * 1.01 < least * 1.5).all()
    with pytest.raises(FieldError, match="minimum energy"):
        _ = joules(scenario, tuple(1.01 * value for value in alone)).energy_budgets
    _ = joules(scenario, tuple(1.01 * least)).energy_budgets


def test_the_environment_refuses_a_budget_that_cannot_be_met() -> None:
    with pytest.raises(FieldError, match="more than the minimum energy, which is"):
        ASLEnv("default", budget=1.0)


def test_a_party_that_never_spends_is_refused_or_does_no_harm() -> None:
    """All layers on the device and a free downlink: the server side's energy is 0 either way."""
    quiet = dataclasses.replace(cellular(PER_DEVICE.radio, "tests"), count_downlink_energy=False)
    workload = dataclasses.replace(PER_DEVICE.workload, splits=(12,))
    try:
        env = ASLEnv(PER_DEVICE.replace(radio=quiet, workload=workload))
    except FieldError:
        return
    assert np.isfinite(env.reset(seed=0)[0]).all()
    observation, reward, _, _, _ = env.step(env.action_space.sample())
    assert np.isfinite([*observation, reward]).all()
