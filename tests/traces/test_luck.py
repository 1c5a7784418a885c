"""Luck as a function of its key: what changes no bit, and its laws on the very same draws."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter

from asl_gym.arrays import Array, Keys
from asl_gym.model.demands import Knowledge
from asl_gym.model.radio import Link, Radio
from asl_gym.traces import channel
from asl_gym.traces.imperfect import draw_factors
from asl_gym.traces.luck import LuckConstants, luck_constants
from asl_gym.traces.luck_filling import fill_factors, lanes_of
from tests.traces.luck_samples import Draws, draws, filled
from tests.traces.test_channel import FLEET, RADIO

LINK = Link(uplink_bps=2e6, downlink_bps=5e6, variation=0.3)
CHANNELS = [dataclasses.replace(RADIO, fading=each) for each in ("block", "ergodic", "none")]
ALL = [*CHANNELS, LINK]
NAMES = [*(each.fading for each in CHANNELS), "link"]
OF_DEVICES = "uplink", "downlink", "clock_hz"
ROUNDS = 12
KEYS = np.random.default_rng(5).integers(0, 2**64, 9, dtype=np.uint64)
over_channels = pytest.mark.parametrize("radio", ALL, ids=NAMES)


def luck_of(radio: Radio | Link, copies: int = 4) -> LuckConstants:
    """Of some copies of the fleet's two devices, so that lanes fill vectors and leave some over."""
    luck = luck_constants(FLEET, radio)
    uplink, downlink, clock = (np.tile(getattr(luck, name), copies) for name in OF_DEVICES)
    return luck._replace(uplink=uplink, downlink=downlink, clock_hz=clock)


def first_devices(luck: LuckConstants, devices: int) -> LuckConstants:
    uplink, downlink, clock = (getattr(luck, name)[:devices] for name in OF_DEVICES)
    return luck._replace(uplink=uplink, downlink=downlink, clock_hz=clock)


def assert_same(these: tuple[Array, ...], those: tuple[Array, ...]) -> None:
    for this, that in zip(these, those, strict=True):
        np.testing.assert_array_equal(this, that)


@over_channels
@pytest.mark.parametrize("windows", [[1] * ROUNDS, [5, 7], [1, 2, 4, 5]])
def test_windows_in_a_row_give_the_bits_of_all_rounds_at_once(
    radio: Radio | Link, windows: list[int]
) -> None:
    luck = luck_of(radio)
    assert_same(filled(KEYS, luck, windows), filled(KEYS, luck, [ROUNDS]))


@over_channels
def test_rows_and_their_order_change_no_bit(radio: Radio | Link) -> None:
    luck = luck_of(radio)
    together = filled(KEYS, luck, [ROUNDS])
    backwards = filled(KEYS[::-1].copy(), luck, [ROUNDS])
    assert_same(tuple(each[:, ::-1] for each in backwards), together)
    for i, key in enumerate(KEYS):
        alone = filled(np.array([key]), luck, [ROUNDS])
        assert_same(alone, tuple(each[:, i : i + 1] for each in together))


@over_channels
@pytest.mark.parametrize("devices", [1, 3, 7])
def test_a_devices_luck_is_the_same_among_more(radio: Radio | Link, devices: int) -> None:
    luck = luck_of(radio)
    together = filled(KEYS, luck, [ROUNDS])
    fewer = filled(KEYS, first_devices(luck, devices), [ROUNDS])
    assert_same(fewer, tuple(each[..., :devices] for each in together))


def test_keys_rounds_and_devices_have_luck_of_their_own() -> None:
    keys = np.array([0, 1, 2**32, 2**63, 2**64 - 1], dtype=np.uint64)
    for each in draws(keys, 50, 8):
        assert np.unique(each).size == each.size


def test_rounds_need_no_round_before_them_but_for_shadowing() -> None:
    factors = np.empty((2, 6, len(KEYS), 3))
    fill_factors(lanes_of(KEYS, factors[0].shape[2], 1), 0, 0.5, *factors)
    later = np.empty((2, 2, len(KEYS), 3))
    fill_factors(lanes_of(KEYS, factors[0].shape[2], 1), 4, 0.5, *later)
    np.testing.assert_array_equal(later, factors[:, 4:])


def test_factors_are_log_uniform_within_the_error() -> None:
    knowledge = Knowledge(parameter_error=3.0)
    flops, capacitance = draw_factors(knowledge, KEYS, (len(KEYS), 500, 8))
    for values in (flops, capacitance):
        assert (values > 1 / 3).all()
        assert (values < 3).all()
        position = np.log(values) / math.log(3.0)
        assert abs(position.mean()) < 5 * math.sqrt(1 / 3 / position.size)
    assert not (flops == capacitance).any()
    once = draw_factors(knowledge, KEYS, (len(KEYS), 1, 8))
    assert_same(once, (flops[:, :1], capacitance[:, :1]))


# The laws on the same draws, by NumPy


@pytest.fixture(scope="module")
def drawn() -> Draws:
    return draws(KEYS, 400, len(FLEET.clock_hz))


def shadowing_by_filter(normal: Array, radio: Radio) -> Array:
    """Ln gain (T, B, N), the first round from the stationary distribution."""
    correlation, std = radio.shadowing_correlation, radio.shadowing_std_db * math.log(10) / 10
    innovations = std * math.sqrt(1 - correlation**2) * normal
    innovations[0] = std * normal[0]
    return np.asarray(lfilter([1.0], [1.0, -correlation], innovations, axis=0))


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.95])
@pytest.mark.parametrize("radio", CHANNELS, ids=NAMES[:3])
def test_radio_rates_are_the_channels_formulas(
    radio: Radio, correlation: float, drawn: Draws
) -> None:
    radio = dataclasses.replace(radio, shadowing_correlation=correlation)
    gain = np.exp(shadowing_by_filter(drawn.shadowing, radio))
    result = filled(KEYS, luck_constants(FLEET, radio), [400])
    block = radio.fading == "block"
    fading: Any = (drawn.uplink_gain, drawn.downlink_gain) if block else (None, None)
    for rates, snr, each in zip(result, channel.mean_snr(FLEET, radio), fading, strict=False):
        np.testing.assert_allclose(rates, channel.rates(snr, gain, each, radio), rtol=1e-12)


def test_rates_of_links_and_clocks_are_uniform_around_the_stated(drawn: Draws) -> None:
    uplink, downlink, clock = filled(KEYS, luck_constants(FLEET, LINK), [400])
    ends = -np.expm1(-drawn.uplink_gain), -np.expm1(-drawn.downlink_gain)
    # A gain is −ln u of the uniform number that a link's rate is made of.
    np.testing.assert_allclose(uplink, 2e6 * (1 + 0.3 * (1 - 2 * ends[0])), rtol=1e-12)
    np.testing.assert_allclose(downlink, 5e6 * (1 + 0.3 * (1 - 2 * ends[1])), rtol=1e-12)
    full = np.array(FLEET.clock_hz)
    np.testing.assert_allclose(clock, full * (0.4 + 0.6 * drawn.clock), rtol=1e-15)


@pytest.mark.parametrize("snr", [1e-300, 1e-200, 1e-9, 1e-3, 0.5, 2.0, 1e6, 1e200, 1e300, np.inf])
@pytest.mark.parametrize("radio", CHANNELS[1:], ids=NAMES[1:3])
def test_rates_at_the_ends_stay_between_floor_and_cap(radio: Radio, snr: float) -> None:
    still = dataclasses.replace(radio, shadowing_std_db=0.0)
    luck = luck_constants(FLEET, still)._replace(uplink=np.full(2, snr), floor_bps=0.0)
    rates = filled(KEYS, luck, [1])[0]
    free = still.derived(rate_floor_bps=1e-300)
    expected = channel.rates(np.array(min(snr, 1e300)), np.ones(2), None, free)
    np.testing.assert_allclose(rates, np.broadcast_to(expected, rates.shape), rtol=1e-12)


# Shadowing as a process


def test_shadowing_is_stationary_and_correlated_as_stated() -> None:
    keys: Keys = np.arange(4_000, dtype=np.uint64)
    radio = dataclasses.replace(
        RADIO, fading="none", rate_floor_bps=1e-9, max_spectral_efficiency=1e3
    )
    uplink = filled(keys, luck_constants(FLEET, radio), [6])[0]
    snr = np.expm1(uplink / radio.bandwidth_hz * math.log(2.0))
    db = 10 * np.log10(snr / channel.mean_snr(FLEET, radio)[0])
    count = 2 * len(keys)
    np.testing.assert_allclose(db.mean(axis=(1, 2)), 0.0, atol=4.5 * 8 / math.sqrt(count))
    np.testing.assert_allclose(db.std(axis=(1, 2)), 8.0, rtol=4.5 / math.sqrt(2 * count))
    for lag in range(1, 6):
        correlation = np.corrcoef(db[0].ravel(), db[lag].ravel())[0, 1]
        assert correlation == pytest.approx(0.9**lag, abs=4.5 / math.sqrt(count))
