"""What looks wrong in measured rates is said when the traces are made."""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.columns import Columns
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import log_file, table_file, two_devices, write
from tests.traces.trace_file_samples import LOG_HEADER, log_row

SNR = [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, -2.0, -3.0, 0.0, 1.0, 2.0, 3.0]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return two_devices()


def told(scenario: Scenario, paths: Any, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always")
        MeasuredTraces(scenario, paths, **options)
    return [str(notice.message) for notice in notices]


def table(tmp_path: Path, uplink: Any, downlink: Any) -> Path:
    shape = (2, 10, 2)
    rates = np.linspace(1e6, 9e6, math.prod(shape)).reshape(shape)
    return table_file(tmp_path, np.stack([uplink(rates[0]), downlink(rates[1])]))


def same(rates: Any) -> Any:
    return rates


@pytest.mark.parametrize(
    ("uplink", "downlink", "notices"),
    [
        (same, same, []),
        (lambda r: r / 1e6, same, ["20 of 20 uplink rates lie below the floor of 100000 bit/s"]),
        (same, lambda r: r / 1e3, ["20 of 20 downlink rates lie below the floor"]),
        (lambda r: np.where(r < 4e6, 0, r), same, ["15 of 20 uplink rates lie below the floor"]),
        (lambda r: 0 * r, same, ["every uplink rate is 0 bit/s"]),
        (same, lambda r: 0 * r + 1e6, ["every downlink rate is 1e+06 bit/s"]),
        (same, lambda r: 1e3 * r, ["20 of 20 downlink rates lie above the cap"]),
        (lambda r: r / 1e6, lambda r: 0 * r, ["is the unit right?", "every downlink rate is 0"]),
    ],
)
def test_rate_tables(
    tmp_path: Path, scenario: Scenario, uplink: Any, downlink: Any, notices: list[str]
) -> None:
    found = told(scenario, table(tmp_path, uplink, downlink))
    assert len(found) == len(notices)
    for message, part in zip(found, notices, strict=True):
        assert message.startswith("rates.csv: ")
        assert part in message


@pytest.mark.parametrize(
    ("snr_db", "notice"),
    [
        (SNR, ""),
        ([0.0] * 9, ""),
        ([4.0] * 12, "SNR is 4 dB in every row that has one"),
        ([-math.inf] * 12, "every row is an outage"),
        ([10 * snr for snr in SNR], "beyond ±40 dB in 4 of 12 rows: is it in tenths of a dB?"),
        ([35 + snr / 10 for snr in SNR], "the downlink's rate is always at the cap"),
    ],
)
def test_snr_of_logs(tmp_path: Path, scenario: Scenario, snr_db: list[float], notice: str) -> None:
    logs = [log_file(tmp_path, "a.csv", SNR), log_file(tmp_path, "b.csv", snr_db)]
    found = told(scenario, logs)
    assert len(found) == bool(notice)
    for message in found:
        assert message.startswith("b.csv: ")
        assert notice in message


def test_an_snr_that_is_not_reported(tmp_path: Path, scenario: Scenario) -> None:
    zeros = log_file(tmp_path, "z.csv", [0.0] * 11 + [-math.inf])
    logs = [log_file(tmp_path, name, SNR) for name in ("a.csv", "b.csv")]
    reason = "SNR is 0 dB in all 11 rows that have one: the phone does not report it"
    assert told(scenario, [*logs, zeros])[0].startswith(f"z.csv is left out: {reason}")
    with pytest.raises(TextFileError, match=reason) as caught:
        MeasuredTraces(scenario, zeros)
    assert caught.value.path == zeros
    empty = write(tmp_path / "e.csv", [LOG_HEADER, log_row(0, "-", "3G")])
    with pytest.raises(TextFileError, match=r"does not report it .*; e\.csv: none of its 1 rows"):
        MeasuredTraces(scenario, [zeros, empty])


@pytest.mark.parametrize("scale", [1e-3, 1e-6, 0.0])
def test_throughput_in_a_wrong_unit(tmp_path: Path, scenario: Scenario, scale: float) -> None:
    kbit = scale * np.linspace(5e3, 9e3, 12)
    rows = [f"{log_row(t, '3')},{rate!r}" for t, rate in enumerate(kbit.tolist())]
    header = f"{LOG_HEADER},DL_bitrate"
    logs = [write(tmp_path / name, [header, *rows]) for name in ("a.csv", "b.csv")]
    part = "downlink rates lie below the floor" if scale else "every downlink rate is 0 bit/s"
    found = told(scenario, logs, rates="throughput")
    assert len(found) == 2
    assert all(part in message for message in found)
    columns = Columns("t", "s", uplink="u", downlink="d", downlink_unit="Mbit/s")
    lines = ["t,u,d", *(f"{t},{1e3 * rate!r},{1 + t}" for t, rate in enumerate(kbit.tolist()))]
    stated = [write(tmp_path / name, lines) for name in ("c.csv", "d.csv")]
    found = told(scenario, stated, columns=columns)
    assert len(found) == 2
    assert all("uplink rate" in message for message in found)
