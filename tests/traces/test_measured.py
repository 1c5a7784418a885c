"""Traces from G-NetTrack logs, on small invented ones."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.csv_rows import TraceFileError
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.traces.synthetic import draw_clocks
from asl_gym.traces.trace import Trace
from asl_gym.validation import FieldError
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
    bandwidth = scenario.radio.bandwidth_hz
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
    with pytest.raises(TraceFileError, match=r"long enough for 9 rounds of 6 s.* so 0 starts"):
        source.draw([rng()], 9)


@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, True])
def test_seconds_per_round_out_of_range(tmp_path: Path, scenario: Scenario, value: float) -> None:
    with pytest.raises(FieldError, match="seconds_per_round = "):
        MeasuredTraces(scenario, two_logs(tmp_path), value)


# Fewer or more logs than devices


def test_devices_that_share_a_log_start_apart(tmp_path: Path) -> None:
    scenario = preset("default").with_num_devices(5)
    with pytest.warns(UserWarning, match="2 logs for 5 devices") as notices:
        source = MeasuredTraces(scenario, two_logs(tmp_path))
    assert [notice.filename for notice in notices] == [__file__]
    batch = source.draw([rng(seed) for seed in range(20)], ROWS - 2)
    described = source.describe()
    assert "devices 0, 2, 4" in described
    assert "devices 1, 3" in described
    snr = np.rint(snr_db(batch, scenario)[:, 0])
    for first_round in snr:
        assert sorted(first_round[[0, 2, 4]]) == [0, 1, 2]
        assert first_round[1] != first_round[3]
        assert {*first_round[[1, 3]]} <= {20, 21, 22}
    assert len({tuple(first_round) for first_round in snr}) > 5


def test_too_few_starts_for_the_devices_of_a_log(tmp_path: Path, scenario: Scenario) -> None:
    a, b = two_logs(tmp_path)
    with pytest.warns(UserWarning, match="1 log for 2 devices"):
        shared = MeasuredTraces(scenario, a)
    assert shared.draw([rng()], ROWS - 1).num_rounds == ROWS - 1
    with pytest.raises(TraceFileError) as caught:
        shared.draw([rng()], ROWS)
    assert caught.value.path == a
    assert caught.value.reason == (
        "no log is long enough for 12 rounds of a row, from as many starts as devices play it; "
        "shorter episodes or stitched logs may do. a.csv: 12 rows over 11 s give 12 rounds, so 1 "
        "start: expected at least 2, one a device that plays it"
    )
    with pytest.raises(TraceFileError) as caught:
        drawn([a, b], scenario, rounds=ROWS + 1)
    assert caught.value.path == tmp_path
    for name in ("a.csv", "b.csv"):
        why = f"{name}: 12 rows over 11 s give 12 rounds, so 0 starts: expected at least 1"
        assert why in caught.value.reason


def test_short_logs_are_left_out_and_told_once(tmp_path: Path, scenario: Scenario) -> None:
    logs = [*two_logs(tmp_path), log_file(tmp_path, "c.csv", [30.0] * 4)]
    source = MeasuredTraces(scenario, [logs[2], *logs[:2]])
    source.draw([rng()], 4)
    with pytest.warns(UserWarning, match=r"c\.csv is too short for 5 rounds of a row") as notices:
        trace = source.draw([rng(3)], 5)
    assert [notice.filename for notice in notices] == [__file__]
    assert_equal(source.draw([rng(3)], 5), trace)
    assert_equal(trace[0], drawn(logs[:2], scenario, 3, 5))
    described = source.describe(5)
    for line in ("c.csv, left out as too short: ", "a.csv, device 0: ", "b.csv, device 1: "):
        assert line in described
    assert "c.csv, device 0: " in source.describe(4)


def test_what_a_log_that_is_left_out_would_serve_falls_to_the_others(tmp_path: Path) -> None:
    """Logs with 1, 2, and 8 starts for 5 devices: the first, then the second can't serve two."""
    scenario = preset("default").with_num_devices(5)
    lengths = {"a.csv": 4, "b.csv": 5, "c.csv": 11}
    logs = [log_file(tmp_path, name, list(map(float, range(k)))) for name, k in lengths.items()]
    with pytest.warns(UserWarning, match="3 logs for 5 devices"):
        source = MeasuredTraces(scenario, logs)
    with pytest.warns(UserWarning, match="is too short for 4 rounds of a row") as notices:
        trace = source.draw([rng()], 4)[0]
    told = [str(notice.message) for notice in notices]
    assert [message.split()[0] for message in told] == ["a.csv", "b.csv"]
    assert "so 1 start: expected at least 2" in told[0]
    assert "so 2 starts: expected at least 3" in told[1]
    assert len(set(np.rint(snr_db(trace, scenario)[0]))) == 5


def test_stitched_logs_are_one_in_the_order_given(tmp_path: Path, scenario: Scenario) -> None:
    logs = [
        log_file(tmp_path, "b.csv", [0.0, 1, 2, 3, 4, 5]),
        log_file(tmp_path, "a.csv", [6.0, 7, 8, 9]),
    ]
    with pytest.warns(UserWarning, match="1 log for 2 devices"):
        source = MeasuredTraces(scenario, logs, stitch=True)
    snr = np.rint(snr_db(source.draw([rng()], 9)[0], scenario))
    assert sorted(snr.T.tolist()) == [list(range(9)), list(range(1, 10))]
    heading = source.describe().splitlines()[0]
    assert heading.startswith("2 G-NetTrack logs joined in their order for 2 devices")
    with pytest.raises(TraceFileError, match="all logs together: 10 rows over 9 s"):
        source.draw([rng()], 10)


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
    bandwidth = share * scenario.radio.bandwidth_hz
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


def test_logs_beyond_the_devices_are_not_played(tmp_path: Path, scenario: Scenario) -> None:
    logs = [*two_logs(tmp_path), log_file(tmp_path, "c.csv", [-math.inf])]
    source = MeasuredTraces(scenario, logs)
    played = MeasuredTraces(scenario, logs[:2])
    assert_equal(source.draw([rng()], HORIZON), played.draw([rng()], HORIZON))
    assert source.describe().endswith("c.csv, not played: 1 of 1 rows are outages")


# Paths


def test_a_directory_stands_for_its_files_by_name(tmp_path: Path, scenario: Scenario) -> None:
    a, b = two_logs(tmp_path)
    (tmp_path / "notes.txt").write_text("no log", encoding="utf-8")
    sequence = drawn([str(a), b], scenario)
    assert_equal(drawn(tmp_path, scenario), sequence)
    assert_equal(drawn(str(tmp_path), scenario), sequence)


def test_paths_without_files(tmp_path: Path, scenario: Scenario) -> None:
    with pytest.raises(TraceFileError, match=r"no \*\.csv files and no logs in \*\.txt: expected"):
        MeasuredTraces(scenario, tmp_path)
    with pytest.raises(TraceFileError, match=r"nowhere: the file cannot be read"):
        MeasuredTraces(scenario, tmp_path / "nowhere")
    path = two_logs(tmp_path)[0]
    for paths in ([], [path, path], 3):
        with pytest.raises(FieldError, match=r"paths = .*a directory, or one or more files"):
            MeasuredTraces(scenario, paths)  # type: ignore[arg-type]


def test_formats_do_not_mix(tmp_path: Path, scenario: Scenario) -> None:
    log, table = two_logs(tmp_path)[0], table_file(tmp_path, np.ones((2, 1, 2)))
    with pytest.raises(TraceFileError, match=r"rates\.csv: a rate table, but .* a G-NetTrack log"):
        MeasuredTraces(scenario, [log, table])
    with pytest.raises(TraceFileError, match=r"a\.csv: a G-NetTrack log, but .* is a rate table"):
        MeasuredTraces(scenario, [table, log])
