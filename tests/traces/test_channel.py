"""The channel against integrals, empirical medians and the moments of its processes."""

import dataclasses
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet
from asl_gym.model.radio import Fading, Radio
from asl_gym.traces.channel import (
    ergodic_spectral_efficiency,
    mean_snr,
    median_rates,
    rates,
    rates_from_snr_db,
    shadowing_gain,
)
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace
from tests.strategies import radios

FLEET = Fleet((1e9, 2e9), (2.0, 4.0), (1e-27, 1e-27), (0.1, 0.2), (100.0, 300.0), 0.4)
RADIO = Radio(
    bandwidth_hz=20e6,
    base_station_power_w=1.0,
    noise_density_dbm_per_hz=-174.0,
    noise_figure_db=9.0,
    path_loss_at_1km_db=128.1,
    path_loss_exponent_db=37.6,
    shadowing_std_db=8.0,
    shadowing_correlation=0.9,
    fading="block",
    rate_floor_bps=1e5,
    max_spectral_efficiency=8.0,
)
UNBOUNDED = dataclasses.replace(RADIO, rate_floor_bps=1e-9, max_spectral_efficiency=1e3)


def draw(radio: Radio, rounds: int, fleet: Fleet = FLEET, seed: int = 0) -> Trace:
    generator = np.random.default_rng(seed)
    return SyntheticTraces(fleet, radio).draw([generator], rounds)[0]


def gain_db(innovations: Array, radio: Radio) -> Array:
    return 10.0 * np.log10(shadowing_gain(innovations, radio))


# Signal-to-noise ratio and rate formulas


def test_mean_snr_by_hand() -> None:
    """At 1 km, 128.1 dB below 0.1 W = 20 dBm over −174 + 9 + 73.01 = −91.99 dBm of noise."""
    fleet = dataclasses.replace(FLEET, distance_m=(1000.0, 100.0))
    uplink, downlink = mean_snr(fleet, RADIO)
    noise_dbm = -174.0 + 9.0 + 10.0 * np.log10(20e6)
    assert 10 * np.log10(uplink[0]) == pytest.approx(20.0 - 128.1 - noise_dbm, abs=1e-9)
    assert 10 * np.log10(downlink[0]) == pytest.approx(30.0 - 128.1 - noise_dbm, abs=1e-9)
    # A decade nearer is 37.6 dB more; the second device sends with twice the power.
    assert uplink[1] / uplink[0] == pytest.approx(2.0 * 10**3.76, rel=1e-12)
    assert downlink[1] / downlink[0] == pytest.approx(10**3.76, rel=1e-12)


@pytest.mark.parametrize("exponent", np.arange(-4.0, 6.01, 0.25).tolist())
def test_ergodic_rate_is_the_mean_over_rayleigh_fading(exponent: float) -> None:
    snr = 10.0**exponent

    def integrand(x: float) -> float:
        return float(np.log2(1.0 + snr * x) * np.exp(-x))

    low = quad(integrand, 0.0, min(1.0, 10.0 / snr), epsrel=1e-12, epsabs=0)[0]
    high = quad(integrand, min(1.0, 10.0 / snr), 60.0, epsrel=1e-12, epsabs=0, limit=200)[0]
    assert ergodic_spectral_efficiency(np.array(snr)) == pytest.approx(low + high, rel=1e-11)


def test_ergodic_rate_lies_below_the_rate_at_the_mean() -> None:
    """Jensen's inequality, and the limits: snr/ln 2 for little, log₂ snr − γ/ln 2 for much."""
    snr = np.geomspace(1e-12, 1e12, 97)
    ergodic = ergodic_spectral_efficiency(snr)
    assert (ergodic > 0).all()
    assert (ergodic <= np.log1p(snr) / np.log(2.0) * (1 + 1e-9)).all()
    assert ergodic[0] == pytest.approx(snr[0] / np.log(2.0), rel=1e-9)
    assert ergodic[-1] == pytest.approx(np.log2(snr[-1]) - np.euler_gamma / np.log(2.0), rel=1e-9)


@given(radios(), st.lists(st.floats(-200.0, 200.0), min_size=1, max_size=8))
def test_rates_are_the_formula_between_floor_and_cap(
    radio: Radio, shadowing_db: list[float]
) -> None:
    gain = 10.0 ** (np.array(shadowing_db) / 10.0)
    fading = np.full_like(gain, 0.3) if radio.fading == "block" else None
    result = rates(np.array(2.0), gain, fading, radio)
    if radio.fading == "ergodic":
        efficiency = ergodic_spectral_efficiency(2.0 * gain)
    else:
        efficiency = np.log1p(2.0 * gain * (0.3 if radio.fading == "block" else 1.0)) / np.log(2.0)
    expected = np.clip(radio.bandwidth_hz * efficiency, radio.rate_floor_bps, radio.rate_cap_bps)
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    assert ((result >= radio.rate_floor_bps) & (result <= radio.rate_cap_bps)).all()


def test_floor_and_cap_are_reached() -> None:
    extremes = np.array([1e-30, 1e30])
    for fading in get_args(Fading):
        radio = dataclasses.replace(RADIO, fading=fading)
        draws = np.ones(2) if fading == "block" else None
        np.testing.assert_array_equal(
            rates(np.array(1.0), extremes.copy(), draws, radio), [1e5, 160e6]
        )


def test_rates_leave_their_arguments_alone() -> None:
    snr, gain, fading = np.array([2.0, 3.0]), np.array([0.5, 4.0]), np.array([1.0, 0.1])
    before = snr.copy(), gain.copy(), fading.copy()
    rates(snr, gain, fading, RADIO)
    for values, kept in zip((snr, gain, fading), before, strict=True):
        np.testing.assert_array_equal(values, kept)


# Measured signal-to-noise ratios


def test_rates_from_measured_snr() -> None:
    snr_db = np.array([[0.0, 10.0], [-3.0, 20.0]])
    radio = dataclasses.replace(UNBOUNDED, base_station_power_w=2.0)
    uplink, downlink = rates_from_snr_db(snr_db, FLEET, radio)
    np.testing.assert_allclose(downlink, 20e6 * np.log2(1.0 + 10.0 ** (snr_db / 10.0)))
    uplink_db = snr_db + 10.0 * np.log10([0.05, 0.1])
    np.testing.assert_allclose(uplink, 20e6 * np.log2(1.0 + 10.0 ** (uplink_db / 10.0)))


def test_an_outage_gives_the_rate_floor() -> None:
    uplink, downlink = rates_from_snr_db(np.array([-np.inf, 300.0]), FLEET, RADIO)
    np.testing.assert_array_equal(uplink, [1e5, 160e6])
    np.testing.assert_array_equal(downlink, [1e5, 160e6])


# Medians


def assert_median(drawn: Array, median: Array, correlation: float) -> None:
    """Whether half the draws lie below, within five standard deviations."""
    effective = drawn.shape[0] * (1.0 - correlation) / (1.0 + correlation)
    below = (drawn < median).mean(axis=0)
    np.testing.assert_allclose(below, 0.5, atol=5 * 0.5 / np.sqrt(effective))


@pytest.mark.parametrize(
    ("fading", "shadowing_std_db"), [("block", 0.0), ("none", 8.0), ("ergodic", 8.0)]
)
def test_median_rates_are_the_empirical_ones(fading: Any, shadowing_std_db: float) -> None:
    """Where one thing varies: the rate rises with it, so its median gives the rate's."""
    radio = dataclasses.replace(
        UNBOUNDED, fading=fading, shadowing_std_db=shadowing_std_db, shadowing_correlation=0.0
    )
    trace = draw(radio, 40_000)
    uplink, downlink = median_rates(FLEET, radio)
    assert_median(trace.uplink_bps, uplink, 0.0)
    assert_median(trace.downlink_bps, downlink, 0.0)


def test_median_rates_are_positive_and_within_bounds() -> None:
    far = dataclasses.replace(FLEET, distance_m=(1.0, 1e6))
    for values in median_rates(far, RADIO):
        np.testing.assert_array_equal(values, [160e6, 1e5])


# Shadowing


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.95])
def test_shadowing_has_its_moments(correlation: float) -> None:
    radio = dataclasses.replace(RADIO, shadowing_correlation=correlation)
    db = gain_db(np.random.default_rng(1).standard_normal((200_000, 2)), radio)
    effective = 200_000 * (1 - correlation) / (1 + correlation)
    np.testing.assert_allclose(db.mean(axis=0), 0.0, atol=5 * 8.0 / np.sqrt(effective))
    np.testing.assert_allclose(db.std(axis=0), 8.0, rtol=5 / np.sqrt(effective))
    lag_one = [np.corrcoef(db[:-1, n], db[1:, n])[0, 1] for n in range(2)]
    np.testing.assert_allclose(lag_one, correlation, atol=5 / np.sqrt(effective))
    assert abs(np.corrcoef(db[:, 0], db[:, 1])[0, 1]) < 5 / np.sqrt(effective)


def test_shadowing_is_stationary_from_the_first_round() -> None:
    db = gain_db(np.random.default_rng(2).standard_normal((50_000, 3, 1)), RADIO)[..., 0]
    np.testing.assert_allclose(db.std(axis=0), 8.0, rtol=5 / np.sqrt(2 * 50_000))
    for lag in (1, 2):
        correlation = np.corrcoef(db[:, 0], db[:, lag])[0, 1]
        assert correlation == pytest.approx(0.9**lag, abs=5 / np.sqrt(50_000))


def test_shadowing_follows_its_recursion() -> None:
    innovations = np.random.default_rng(3).standard_normal((7, 2))
    expected = [8.0 * innovations[0]]
    for step in innovations[1:]:
        expected.append(0.9 * expected[-1] + 8.0 * np.sqrt(1 - 0.81) * step)
    np.testing.assert_allclose(gain_db(innovations, RADIO), expected, rtol=1e-12)


# Fading and clocks


def test_block_fading_is_independent_over_rounds_and_directions() -> None:
    radio = dataclasses.replace(UNBOUNDED, shadowing_std_db=0.0)
    trace = draw(radio, 50_000)
    uplink_snr, downlink_snr = mean_snr(FLEET, radio)
    uplink = np.expm1(trace.uplink_bps * np.log(2.0) / radio.bandwidth_hz) / uplink_snr
    downlink = np.expm1(trace.downlink_bps * np.log(2.0) / radio.bandwidth_hz) / downlink_snr
    tolerance = 5 / np.sqrt(50_000)
    for gain in (uplink, downlink):
        # A unit-mean exponential: mean and standard deviation one, memoryless over rounds.
        np.testing.assert_allclose(gain.mean(axis=0), 1.0, atol=tolerance)
        np.testing.assert_allclose(gain.std(axis=0), 1.0, atol=2 * tolerance)
        assert abs(np.corrcoef(gain[:-1, 0], gain[1:, 0])[0, 1]) < tolerance
    together = np.corrcoef(np.hstack([uplink, downlink]), rowvar=False)
    np.testing.assert_allclose(together, np.eye(4), atol=tolerance)


@pytest.mark.parametrize("fading", ["ergodic", "none"])
def test_without_block_fading_shadowing_alone_varies(fading: Any) -> None:
    """Both directions have the same shadowing, so that one rate tells the other."""
    trace = draw(dataclasses.replace(UNBOUNDED, fading=fading), 500)
    order = trace.uplink_bps[:, 0].argsort()
    assert (np.diff(trace.downlink_bps[order, 0]) >= 0).all()
    assert np.unique(trace.uplink_bps[:, 0]).size == 500


def test_clocks_are_uniform_between_their_bounds() -> None:
    clock = draw(RADIO, 50_000).clock_hz / np.array(FLEET.clock_hz)
    assert clock.min() >= 0.4
    assert clock.max() <= 1.0
    np.testing.assert_allclose(clock.mean(axis=0), 0.7, atol=5 * 0.6 / np.sqrt(12 * 50_000))
    assert clock.min() < 0.401
    assert clock.max() > 0.999
    assert abs(np.corrcoef(clock[:-1, 0], clock[1:, 0])[0, 1]) < 5 / np.sqrt(50_000)


def test_a_free_device_has_its_full_clock() -> None:
    idle = dataclasses.replace(FLEET, min_clock_fraction=1.0)
    clock = draw(RADIO, 20, fleet=idle).clock_hz
    np.testing.assert_array_equal(clock, np.broadcast_to(FLEET.clock_hz, (20, 2)))
