"""Small logs and tables to play in environments, and what to expect of them."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asl_gym.model.radio import cellular
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured import MeasuredTraces, Paths
from asl_gym.traces.trace import Trace
from tests.traces.trace_file_samples import HEADER, LOG_HEADER, log_row

HORIZON = 4
ROWS = 12


def two_devices() -> Scenario:
    """A scenario of short episodes and two devices whose transmit powers differ."""
    two = preset("default").with_num_devices(2).replace(horizon=HORIZON)
    return two.replace(fleet=dataclasses.replace(two.fleet, transmit_power_w=(0.1, 0.4)))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def log_file(directory: Path, name: str, snr_db: Sequence[float], seconds: int = 1) -> Path:
    """A log with a row every so many seconds; -inf is an outage."""
    rows = [
        log_row(t * seconds, "-", "--") if math.isinf(snr) else log_row(t * seconds, str(snr))
        for t, snr in enumerate(snr_db)
    ]
    return write(directory / name, [LOG_HEADER, *rows])


def two_logs(directory: Path) -> list[Path]:
    """Logs whose SNR is the row [dB], from 20 dB on in the second; that has an outage in row 5."""
    second = [20.0 + row for row in range(ROWS)]
    second[5] = -math.inf
    return [
        log_file(directory, "a.csv", [float(row) for row in range(ROWS)]),
        log_file(directory, "b.csv", second),
    ]


def table_file(directory: Path, rates: NDArray[np.float64], name: str = "rates.csv") -> Path:
    """A table of rates (2, T, N) [bit/s]."""
    rows = [
        f"{t},{n},{float(rates[0, t, n])!r},{float(rates[1, t, n])!r}"
        for t, n in np.ndindex(rates.shape[1:])
    ]
    return write(directory / name, [HEADER, *rows])


def snr_db(trace: Trace, scenario: Scenario) -> NDArray[np.float64]:
    """The downlink's SNR behind the rates of a trace, where they reach neither floor nor cap."""
    return np.asarray(
        10
        * np.log10(2 ** (trace.downlink_bps / cellular(scenario.radio, "tests").bandwidth_hz) - 1)
    )


def assert_equal(trace: Trace, other: Trace) -> None:
    for name in Trace.ARRAYS:
        np.testing.assert_array_equal(getattr(trace, name), getattr(other, name))


def drawn(paths: Paths, scenario: Scenario, seed: int = 0, rounds: int = HORIZON) -> Trace:
    """One trace from files, a row of a log a round."""
    return MeasuredTraces(scenario, paths).draw([rng(seed)], rounds)[0]
