"""What figures may be: no scenario within the limits brings numbers that are not finite."""

import dataclasses
import math
from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad

from asl_gym.envs.env import ASLEnv
from asl_gym.model import limits
from asl_gym.model.demands import Budget
from asl_gym.model.profiles import NetworkProfile
from asl_gym.scenario.building import build_scenario
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.channel import ergodic_spectral_efficiency
from asl_gym.validation.checks import FieldError
from tests.extremes import extreme_scenario, findings, views

DEFAULT = preset("default")
VIEWS = views()


def made(place: str, value: Any) -> Scenario:
    """The default scenario with another value at a dotted place."""
    part, _, name = place.rpartition(".")
    if not part:
        return DEFAULT.replace(**{name: value})
    if part == "profile":
        profile = dataclasses.replace(DEFAULT.workload.profile, **{name: value})
        part, name, value = "workload", "profile", profile
    return DEFAULT.replace(**{part: dataclasses.replace(getattr(DEFAULT, part), **{name: value})})


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
@given(seed=st.integers(0, 100_000), view=st.sampled_from(VIEWS))
def test_play_at_the_ends_of_all_ranges_stays_finite(
    schedule: str, seed: int, view: tuple[str, str, Any]
) -> None:
    action_view, observation, reward = view
    try:
        env = ASLEnv(
            extreme_scenario(seed, schedule),
            action_view=action_view,  # type: ignore[arg-type]
            observation=observation,  # type: ignore[arg-type]
            reward=reward,
        )
    except FieldError as error:
        # A party that never spends anything cannot have a budget of its own.
        assert error.field == "budget.scope"  # noqa: PT017
        return
    assert list(findings(env, seed)) == []


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        ("radio.path_loss_at_1km_db", 21_554.0, "radio.path_loss_at_1km_db"),
        ("radio.shadowing_std_db", 1.7e308, "radio.shadowing_std_db"),
        ("radio.noise_figure_db", -4_000.0, "radio.noise_figure_db"),
        ("radio.noise_density_dbm_per_hz", 1e300, "radio.noise_density_dbm_per_hz"),
        ("radio.bandwidth_hz", 1e-5, "radio.bandwidth_hz"),
        ("radio.rate_floor_bps", 5e-324, "radio.rate_floor_bps"),
        ("radio.max_spectral_efficiency", 1e300, "radio.max_spectral_efficiency"),
        ("fleet.clock_hz", (1e-320,) * 10, "fleet.clock_hz[0]"),
        ("fleet.clock_hz", (1e9,) * 9 + (1e16,), "fleet.clock_hz[9]"),
        ("fleet.distance_m", (1e-300,) * 10, "fleet.distance_m[0]"),
        ("fleet.capacitance", (1e-200,) * 10, "fleet.capacitance[0]"),
        ("fleet.min_clock_fraction", 1e-300, "fleet.min_clock_fraction"),
        ("server.clock_max_hz", 10**400, "server.clock_max_hz"),
        ("server.clock_min_hz", 1e-320, "server.clock_min_hz"),
        ("workload.samples_per_round", 10**12, "workload.samples_per_round"),
        ("profile.activation_bits", (1e51,) * 13, "profile.activation_bits[0]"),
        ("profile.activation_bits", (1e-300,) * 13, "profile.activation_bits[0]"),
        ("profile.forward_flops", (0.0,) + (1e30,) * 12, "profile.forward_flops[1]"),
        ("horizon", 10**9, "horizon"),
        ("v", 1e300, "v"),
        ("v", 1e-300, "v"),
        ("initial_queue_j", 1e200, "initial_queue_j"),
        ("budget.fraction", 1e-300, "budget.fraction"),
        ("knowledge.csi_delay_rounds", 10**9, "knowledge.csi_delay_rounds"),
        ("knowledge.parameter_error", 1e300, "knowledge.parameter_error"),
    ],
)
def test_absurd_figures_are_refused_by_name(place: str, value: Any, field: str) -> None:
    with pytest.raises(FieldError) as caught:
        made(place, value)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"num_devices": 10**7}, "num_devices"),
        ({"num_devices": 10**400}, "num_devices"),
        ({"horizon": 10**9}, "horizon"),
        ({"horizon": 10**6, "num_devices": 101}, "horizon"),
        ({"horizon": 1, "csi_delay_rounds": 10**7}, "knowledge.csi_delay_rounds"),
        ({"num_devices": 1_000, "csi_delay_rounds": 10**6}, "horizon"),
        ({"v": float("nan")}, "v"),
        ({"budget": 1e-31}, "budget.joules[0]"),
        ({"budget": 10**400}, "budget.joules[0]"),
        ({"budget": {"fraction": 0.5, "colour": 1}}, "budget"),
        ({"budget": {1: 2}}, "budget"),
        ({"csi_delay_rounds": np.array([1, 2])}, "knowledge.csi_delay_rounds"),
        ({"parameter_error": "3"}, "knowledge.parameter_error"),
    ],
)
def test_arguments_of_environments_are_refused_by_name(
    arguments: dict[str, Any], field: str
) -> None:
    for make in (gym.make, lambda name, **given: gym.make_vec(name, 2, **given)):
        with pytest.raises(FieldError) as caught:
            make("ASL-v0", **arguments)
        assert caught.value.field == field


def test_large_fleets_and_long_episodes_are_allowed() -> None:
    fleet = DEFAULT.with_num_devices(100_000).fleet
    assert DEFAULT.replace(fleet=fleet).num_devices == 100_000
    assert DEFAULT.replace(horizon=limits.MAX_ROUNDS).horizon == 1_000_000
    # The shorter horizon makes room for the fleet.
    longest = DEFAULT.replace(horizon=limits.MAX_ROUNDS)
    assert build_scenario(longest, num_devices=1_000, horizon=10).num_devices == 1_000


def test_options_of_a_round_have_to_fit_into_memory() -> None:
    layers = 10_000
    flops = tuple(map(float, range(layers + 1)))
    names, bits = tuple(map(str, range(layers))), (8.0,) * (layers + 1)
    profile = NetworkProfile("deep", names, flops, flops, bits, flops)
    workload = dataclasses.replace(DEFAULT.workload, profile=profile)
    assert DEFAULT.with_num_devices(2_000).replace(workload=workload).workload.num_splits == layers
    with pytest.raises(FieldError, match=r"^fleet\.num_devices = 2001 .* at most 2000 for 10000"):
        DEFAULT.with_num_devices(2_001).replace(workload=workload)
    with pytest.raises(FieldError, match=r"^profile\.layer_names = '10001 names' .* at most 10000"):
        NetworkProfile("deeper", (*names, "one"), flops, flops, bits, flops)


@pytest.mark.parametrize("values", [np.array(1.0), iter(lambda: 1e9, None), {1e9}, {1e9: 1}, 1e9])
def test_what_is_no_sequence_of_numbers(values: Any) -> None:
    with pytest.raises(FieldError, match=r"^fleet\.clock_hz = "):
        made("fleet.clock_hz", values)


def by_quadrature(snr: float) -> float:
    """The mean of log2(1 + snr·X) over X ~ Exp(1), by parts: ∫ snr·e^-x / (1 + snr·x) dx / ln 2."""
    ends = sorted({0.0, min(1.0 / snr, 50.0), 1.0, 50.0})
    parts = [
        quad(lambda u: math.exp(-u) * snr / (1.0 + snr * u), low, high, epsabs=0, epsrel=1e-12)[0]
        for low, high in pairwise(ends)
        if low < high
    ]
    return math.fsum(parts) / math.log(2.0)


@pytest.mark.parametrize("exponent", range(-12, 7))
def test_ergodic_rate_against_quadrature(exponent: int) -> None:
    snr = 1.7 * 10.0**exponent
    assert ergodic_spectral_efficiency(np.array(snr)) == pytest.approx(by_quadrature(snr), rel=2e-9)


@given(st.floats(12, 250))
@example(250.0)
def test_ergodic_rate_at_the_ends_against_its_limits(exponent: float) -> None:
    high, low = 10.0**exponent, 10.0**-exponent
    found = ergodic_spectral_efficiency(np.array([high, low]))
    assert found[0] * math.log(2.0) == pytest.approx(math.log(high) - np.euler_gamma, rel=1e-11)
    assert found[1] * math.log(2.0) == pytest.approx(low, rel=2e-9)


def test_ergodic_rate_without_any_signal_ends_and_is_next_to_nothing() -> None:
    found = ergodic_spectral_efficiency(np.array([0.0, 5e-324, 1e-300] * 10_000))
    assert ((found > 0.0) & (found < 2e-300)).all()


@pytest.mark.parametrize(
    "joules",
    [(1e-25,), (1e-30,) * 4, (1e-30, 1e60, 1e-10, 5.0), (1e-20, 1e60, 1e60, 1e60)],
    ids=["system", "all alike", "far apart", "one"],
)
def test_budgets_far_too_small_name_the_minimum(joules: tuple[float, ...]) -> None:
    budget = Budget("system" if len(joules) == 1 else "per_device", joules)
    scenario = DEFAULT.with_num_devices(3).replace(budget=budget)
    with pytest.raises(FieldError, match=r"^budget\.joules = .* more than the minimum energy"):
        _ = scenario.energy_budgets
