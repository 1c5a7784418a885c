"""The wireless channel: from distance, shadowing and fading to uplink and downlink rates.

Path loss in the form of 3GPP TR 36.814 (128.1 + 37.6·log₁₀ d[km] dB by default), log-normal
shadowing that is an AR(1) process over rounds, and Shannon's rate between a floor and a cap.
Every function broadcasts over leading axes; devices are the last one.
"""

import math
from typing import Any

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet
from asl_gym.model.radio import Channel, Link, Radio
from asl_gym.traces.variates import scaled_exponential_integrals

__all__ = [
    "ergodic_spectral_efficiency",
    "mean_snr",
    "median_rates",
    "rates",
    "rates_from_snr_db",
    "shadowing_gain",
]

MEDIAN_RAYLEIGH_GAIN = math.log(2.0)
"""Median of a unit-mean exponential power gain."""

LEAST_SNR, GREATEST_SNR = 1e-300, 1e300
"""Beyond them the mean over fading counts as theirs, 1.4e-300 and 996 bit/s/Hz, since their
inverses may leave the range of float64."""

LN10_OVER_10 = math.log(10.0) / 10.0


def mean_snr(fleet: Fleet, radio: Radio) -> tuple[Array, Array]:
    """Mean signal-to-noise ratio of the uplink and the downlink, from the path loss alone.

    Returns:
        Two arrays of shape (N,), linear scale.
    """
    distance_km = np.asarray(fleet.distance_m) / 1000.0
    path_loss_db = radio.path_loss_at_1km_db + radio.path_loss_exponent_db * np.log10(distance_km)
    noise_dbm = (
        radio.noise_density_dbm_per_hz + radio.noise_figure_db + 10 * math.log10(radio.bandwidth_hz)
    )
    gain_over_noise = 10.0 ** ((-path_loss_db - noise_dbm + 30.0) / 10.0)
    uplink = np.asarray(fleet.transmit_power_w) * gain_over_noise
    return uplink, radio.base_station_power_w * gain_over_noise


def shadowing_gain(innovations: Array, radio: Radio) -> Array:
    """Power gain of stationary AR(1) log-normal shadowing.

    Args:
        innovations: Standard normal draws, shape (..., T, N); overwritten.
        radio: Gives the standard deviation and the correlation between rounds.

    Returns:
        Linear power gain, same shape.
    """
    # Here because loading it takes most of a second, which reading a scenario should not cost.
    from scipy.signal import lfilter

    correlation, scale = radio.shadowing_correlation, radio.shadowing_std_db * LN10_OVER_10
    # The first round has the stationary variance, later ones add an innovation each.
    innovation_scale = math.sqrt(1.0 - correlation**2)
    innovations[..., 0, :] /= innovation_scale
    shadowing = lfilter([scale * innovation_scale], [1.0, -correlation], innovations, axis=-2)
    return np.asarray(np.exp(shadowing, out=shadowing))


def ergodic_spectral_efficiency(snr: Array) -> Array:
    """Mean of log₂(1 + snr·X) over X ~ Exp(1): e^{1/snr} E₁(1/snr) / ln 2.

    Args:
        snr: Mean signal-to-noise ratio, linear, any shape, > 0.

    Returns:
        Spectral efficiency [bit/s/Hz], same shape.
    """
    inverse = np.asarray(1.0 / np.clip(snr, LEAST_SNR, GREATEST_SNR))
    return scaled_exponential_integrals(inverse) / math.log(2.0)


def _shannon(snr: Array, radio: Radio, out: Array) -> Array:
    """Rate B·log₂(1 + snr) [bit/s] between floor and cap; may overwrite its argument."""
    np.log1p(snr, out=out)
    out *= radio.bandwidth_hz / math.log(2.0)
    return np.clip(out, radio.rate_floor_bps, radio.rate_cap_bps, out=out)


def rates(snr: Array, shadowing_gain: Array, fading_gain: Array | None, radio: Radio) -> Array:
    """Rates of one direction under the radio's fading, between its floor and its cap.

    Args:
        snr: Mean signal-to-noise ratio, shape (N,).
        shadowing_gain: Shadowing as a linear gain, shape (..., N).
        fading_gain: Fading power gain of block fading, shape (..., N); ``None`` otherwise.
        radio: The channel's constants.

    Returns:
        Rates [bit/s], shape (..., N).
    """
    local_snr = shadowing_gain * snr
    if radio.fading == "ergodic":
        local_snr[...] = radio.bandwidth_hz * ergodic_spectral_efficiency(local_snr)
        return np.clip(local_snr, radio.rate_floor_bps, radio.rate_cap_bps, out=local_snr)
    if fading_gain is not None:
        local_snr *= fading_gain
    return _shannon(local_snr, radio, out=local_snr)


def median_rates(fleet: Fleet, radio: Channel) -> tuple[Array, Array]:
    """Uplink and downlink rates at median shadowing (0 dB) and median fading, or a link's means.

    Returns:
        Two arrays of shape (N,) [bit/s].
    """
    if isinstance(radio, Link):
        stated = radio.uplink_bps, radio.downlink_bps
        return np.full(fleet.num_devices, stated[0]), np.full(fleet.num_devices, stated[1])
    fading: Any = np.array(MEDIAN_RAYLEIGH_GAIN) if radio.fading == "block" else None
    uplink, downlink = mean_snr(fleet, radio)
    no_shadowing = np.ones_like(uplink)
    return rates(uplink, no_shadowing, fading, radio), rates(downlink, no_shadowing, fading, radio)


def rates_from_snr_db(downlink_snr_db: Array, fleet: Fleet, radio: Radio) -> tuple[Array, Array]:
    """Rates from a measured downlink signal-to-noise ratio.

    The uplink's differs by the ratio of the transmit powers, 10·log₁₀(p_n/p_bs) dB. An outage
    (−inf dB) gives the rate floor.

    Args:
        downlink_snr_db: Shape (..., N) [dB].
        fleet: Gives the transmit powers.
        radio: The channel's constants.

    Returns:
        Uplink and downlink rates [bit/s], each of shape (..., N).
    """
    downlink_snr = 10.0 ** (downlink_snr_db / 10.0)
    uplink_snr = downlink_snr * (np.asarray(fleet.transmit_power_w) / radio.base_station_power_w)
    return _shannon(uplink_snr, radio, uplink_snr), _shannon(downlink_snr, radio, downlink_snr)
