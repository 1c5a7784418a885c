"""Traces from G-NetTrack logs, on small invented ones."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asl_gym.model.radio import cellular
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.traces.synthetic import draw_clocks
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import (
    HORIZON,
    ROWS,
    assert_equal,
    drawn,
    log_file,
    rng,
    snr_db,
    table_file,
    two_devices,
    two_logs,
    write,
)
from tests.traces.trace_file_samples import LOG_HEADER, log_row


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return two_devices()


# Logs


def test_rates_are_shannons_of_the_measured_snr(tmp_path: Path, scenario: Scenario) -> None:
    logs = [log_file(tmp_path, "a.csv", [10.0]), log_file(tmp_path, "b.csv", [3.0])]
    trace = drawn(logs, scenario, rounds=1)
    bandwidth = cellular(scenario.radio, "tests").bandwidth_hz
    down = [bandwidth * math.log2(1 + 10 ** (snr / 10)) for snr in (10, 3)]
    shares = [power / scenario.radio.base_station_power_w for power in (0.1, 0.4)]
    up = [
        bandwidth * math.log2(1 + 10 ** (snr / 10) * share)
        for snr, share in zip((10, 3), shares, strict=True)
    ]
    np.testing.assert_allclose(trace.downlink_bps, [down], rtol=1e-12)
    np.testing.assert_allclose(trace.uplink_bps, [up], rtol=1e-12)
    np.testing.assert_array_equal(trace.shown_uplink_bps, trace.uplink_bps)


def test_outages_are_at_the_floor_and_told(tmp_path: Path, scenario: Scenario) -> None:
    a, b = two_logs(tmp_path)
    source = MeasuredTraces(scenario, [a, b])
    trace = source.draw([rng()], ROWS)[0]
    floor = scenario.radio.rate_floor_bps
    for rates in (trace.uplink_bps, trace.downlink_bps):
        assert np.argwhere(rates == floor).tolist() == [[5, 1]]
    assert source.describe().splitlines() == [
        "2 G-NetTrack logs for 2 devices, a round is a row, rates are the capacity of the SNR",
        "a.csv, device 0: 0 of 12 rows are outages",
        "b.csv, device 1: 1 of 12 rows are outages",
    ]


def test_rounds_follow_one_another_from_a_random_start(tmp_path: Path, scenario: Scenario) -> None:
    source = MeasuredTraces(scenario, two_logs(tmp_path))
    batch = source.draw([rng(seed) for seed in range(100)], 4)
    snr = snr_db(batch, scenario)[..., 0]
    np.testing.assert_allclose(np.diff(snr), 1.0, atol=1e-6)
    assert set(np.rint(snr[:, 0]).astype(int)) == set(range(ROWS - 3))


def test_equal_generators_give_equal_traces(tmp_path: Path, scenario: Scenario) -> None:
    logs = two_logs(tmp_path)
    first, second = (drawn(logs, scenario, 7) for _ in range(2))
    assert first.num_rounds == HORIZON
    assert_equal(first, second)


@pytest.mark.parametrize("seconds_per_round", [None, 0.5])
def test_a_row_of_a_batch_is_that_generators_trace(
    tmp_path: Path, scenario: Scenario, seconds_per_round: float | None
) -> None:
    source = MeasuredTraces(scenario, two_logs(tmp_path), seconds_per_round)
    batch = source.draw([rng(seed) for seed in range(5)], HORIZON)
    for seed in range(5):
        single = source.draw([rng(seed)], HORIZON)
        assert_equal(batch[seed], single[0])
        for name in Trace.ARRAYS:
            assert getattr(single, name).flags.c_contiguous


def test_clocks_follow_the_starts_in_a_generators_stream(
    tmp_path: Path, scenario: Scenario
) -> None:
    one_start = [log_file(tmp_path, name, [1.0] * HORIZON) for name in ("a.csv", "b.csv")]
    generator = rng(3)
    for _ in one_start:
        generator.choice(1, 1, replace=False)
    expected = draw_clocks(scenario.fleet, [generator], HORIZON)[0]
    trace = drawn(one_start, scenario, 3)
    np.testing.assert_array_equal(trace.clock_hz, expected)
    longer = drawn(two_logs(tmp_path), scenario, 3)
    full = np.asarray(scenario.fleet.clock_hz)
    assert (longer.clock_hz >= scenario.fleet.min_clock_fraction * full).all()
    assert (longer.clock_hz <= full).all()


def test_earlier_draws_stay_as_they_were(tmp_path: Path, scenario: Scenario) -> None:
    source = MeasuredTraces(scenario, two_logs(tmp_path))
    first = source.draw([rng(0)], HORIZON)
    kept = first.copy()
    second = source.draw([rng(1)], HORIZON, reuse=first)
    assert_equal(source.draw([rng(0)], HORIZON), kept)
    assert_equal(source.draw([rng(1)], HORIZON), second)


def test_seconds_per_round_samples_and_holds(tmp_path: Path, scenario: Scenario) -> None:
    rows = [float(row) for row in range(ROWS)]
    logs = [log_file(tmp_path, name, rows, seconds=2) for name in ("a.csv", "b.csv")]
    held = MeasuredTraces(scenario, logs, 1).draw([rng()], HORIZON)[0]
    steps = np.diff(snr_db(held, scenario), axis=0)
    np.testing.assert_allclose(steps, np.array([[0.0, 0], [1, 1], [0, 0]]), atol=1e-6)
    skipping = MeasuredTraces(scenario, logs, 6.0).draw([rng()], HORIZON)[0]
    np.testing.assert_allclose(np.diff(snr_db(skipping, scenario), axis=0), 3.0, atol=1e-6)
    with pytest.warns(UserWarning, match="1 log for 2 devices"):
        source = MeasuredTraces(scenario, logs[0], seconds_per_round=6)
    assert "1 G-NetTrack log for 2 devices, a round is 6 s" in source.describe()
    with pytest.raises(TextFileError, match=r"long enough for 9 rounds of 6 s.* so 0 starts"):
        source.draw([rng()], 9)


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, True])
def test_seconds_per_round_out_of_range(tmp_path: Path, scenario: Scenario, value: float) -> None:
    with pytest.raises(FieldError, match="seconds_per_round = "):
        MeasuredTraces(scenario, two_logs(tmp_path), value)


# Measured throughput


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
def test_throughput_is_shared_like_the_bandwidth(
    tmp_path: Path, scenario: Scenario, schedule: Any
) -> None:
    scenario = scenario.replace(schedule=schedule)
    share = 1 if schedule == "sequential" else 0.5
    cap = scenario.radio.rate_cap_bps
    header = f"{LOG_HEADER},DL_bitrate"
    rows = [
        f"{log_row(0, '-', 'HSPA+')},5000",
        f"{log_row(1, '6')},700",
        f"{log_row(2, '-', 'UMTS')},200",
        f"{log_row(3, '-', '3G')},{2 * cap / 1e3:g}",
    ]
    logs = [write(tmp_path / name, [header, *rows]) for name in ("a.csv", "b.csv")]
    floor = 1e5
    down = [5e6, 7e5, 2e5, 2 * cap]
    up = [2e6, 2.8e5, floor, 0.8 * cap]
    trace = MeasuredTraces(scenario, logs, rates="throughput").draw([rng()], 4)[0]
    np.testing.assert_allclose(trace.downlink_bps.T, [[share * r for r in down]] * 2, rtol=1e-12)
    np.testing.assert_allclose(trace.uplink_bps.T, [[share * r for r in up]] * 2, rtol=1e-12)
    source = MeasuredTraces(scenario, logs)
    mixed = source.draw([rng()], 4)[0]
    others = [0, 2, 3]
    np.testing.assert_array_equal(mixed.downlink_bps[others], trace.downlink_bps[others])
    np.testing.assert_array_equal(mixed.uplink_bps[others], trace.uplink_bps[others])
    bandwidth = share * cellular(scenario.radio, "tests").bandwidth_hz
    expected = bandwidth * math.log2(1 + 10**0.6)
    np.testing.assert_allclose(mixed.downlink_bps[1], expected, rtol=1e-12)
    played = "0 of 4 rows are outages, 3 play their measured throughput (1 of them raised to"
    assert played in source.describe()


def test_the_description_says_which_rates_were_used(tmp_path: Path, scenario: Scenario) -> None:
    rows = [f"{log_row(t, '3', 'LTE')},{5000 + t}" for t in range(4)]
    logs = [
        write(tmp_path / name, [f"{LOG_HEADER},DL_bitrate", *rows]) for name in ("a.csv", "b.csv")
    ]
    assert "rates are the capacity of the SNR" in MeasuredTraces(scenario, logs).describe()
    described = MeasuredTraces(scenario, logs, rates="throughput").describe()
    words = "rates are the measured throughput of the downlink, the uplink's being 0.4 of the"
    assert words in described
    with pytest.raises(FieldError, match=r"rates = 'snr' .*'capacity', 'throughput'"):
        MeasuredTraces(scenario, logs, rates="snr")


# Paths


def test_a_directory_stands_for_its_files_by_name(tmp_path: Path, scenario: Scenario) -> None:
    a, b = two_logs(tmp_path)
    (tmp_path / "notes.txt").write_text("no log", encoding="utf-8")
    sequence = drawn([str(a), b], scenario)
    assert_equal(drawn(tmp_path, scenario), sequence)
    assert_equal(drawn(str(tmp_path), scenario), sequence)


def test_paths_without_files(tmp_path: Path, scenario: Scenario) -> None:
    with pytest.raises(TextFileError, match=r"no \*\.csv files and no logs in \*\.txt: expected"):
        MeasuredTraces(scenario, tmp_path)
    with pytest.raises(TextFileError, match=r"nowhere: the file cannot be read"):
        MeasuredTraces(scenario, tmp_path / "nowhere")
    path = two_logs(tmp_path)[0]
    for paths in ([], [path, path], 3):
        with pytest.raises(FieldError, match=r"paths = .*a directory, or one or more files"):
            MeasuredTraces(scenario, paths)  # type: ignore[arg-type]


def test_formats_do_not_mix(tmp_path: Path, scenario: Scenario) -> None:
    log, table = two_logs(tmp_path)[0], table_file(tmp_path, np.ones((2, 1, 2)))
    with pytest.raises(TextFileError, match=r"rates\.csv: a rate table, but .* a G-NetTrack log"):
        MeasuredTraces(scenario, [log, table])
    with pytest.raises(TextFileError, match=r"a\.csv: a G-NetTrack log, but .* is a rate table"):
        MeasuredTraces(scenario, [table, log])
