"""What looks wrong in measured rates though each value is allowed: mostly a wrong unit."""

from collections.abc import Iterator, Mapping

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.radio import Channel, Radio
from asl_gym.traces.log import MeasuredLog

__all__ = ["rate_suspicions", "snr_suspicions", "unreported_snr"]

FEWEST_ROWS = 10
"""Rows below which values that are all the same mean nothing."""

USUAL_SNR_DB = 40.0
"""Magnitude that phones' SNR hardly exceeds [dB]; in tenths of a dB, good reception does."""


def rate_suspicions(measured_bps: Mapping[str, Array], radio: Channel) -> Iterator[str]:
    """What looks wrong in the rates of a file, in words.

    Args:
        measured_bps: Rates of each direction that was measured [bit/s], any shape.
        radio: Gives the rate floor and cap.
    """
    for direction, rates in measured_bps.items():
        low, high = rates < radio.rate_floor_bps, rates > radio.rate_cap_bps
        if rates.size >= FEWEST_ROWS and np.ptp(rates) == 0:
            yield f"every {direction} rate is {rates.flat[0]:g} bit/s"
        elif 2 * np.count_nonzero(low) > rates.size:
            yield (
                f"{np.count_nonzero(low)} of {rates.size} {direction} rates lie below the floor "
                f"of {radio.rate_floor_bps:g} bit/s and are raised to it (the largest is "
                f"{rates.max():g} bit/s): is the unit right?"
            )
        elif 2 * np.count_nonzero(high) > rates.size:
            yield (
                f"{np.count_nonzero(high)} of {rates.size} {direction} rates lie above the cap of "
                f"the scenario's radio, {radio.rate_cap_bps:g} bit/s (the largest is "
                f"{rates.max():g} bit/s): is the unit right?"
            )


def unreported_snr(log: MeasuredLog) -> str | None:
    """Why a log's SNR cannot be what was measured, or ``None``: it is 0 dB in every row."""
    snr = _finite(log)
    if snr.size >= FEWEST_ROWS and not snr.any():
        return f"SNR is 0 dB in all {snr.size} rows that have one: the phone does not report it"
    return None


def snr_suspicions(log: MeasuredLog, radio: Radio) -> Iterator[str]:
    """What looks wrong in the SNR of a log, in words."""
    snr = _finite(log)
    usual = np.count_nonzero(np.abs(snr) <= USUAL_SNR_DB)
    if log.num_rows >= FEWEST_ROWS and log.num_outage_rows == log.num_rows:
        yield "every row is an outage"
    elif snr.size < FEWEST_ROWS:
        return
    elif np.ptp(snr) == 0:
        yield f"SNR is {snr[0]:g} dB in every row that has one"
    elif 10 * usual < 9 * snr.size:
        yield (
            f"SNR is beyond ±{USUAL_SNR_DB:g} dB in {snr.size - usual} of {snr.size} rows: is it "
            "in tenths of a dB?"
        )
    elif radio.bandwidth_hz * np.log2(1.0 + 10.0 ** (snr.min() / 10.0)) >= radio.rate_cap_bps:
        yield "every SNR is so high that the downlink's rate is always at the cap"


def _finite(log: MeasuredLog) -> Array:
    return log.downlink_snr_db[np.isfinite(log.downlink_snr_db)]
