"""Traces from G-NetTrack logs, on small invented ones."""

import math
from pathlib import Path

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
)


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
        "2 G-NetTrack logs for 2 devices, a round is a row",
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
    with pytest.raises(TraceFileError, match=r"have 0 starts for 9 rounds of 6 s"):
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
        "the log's 12 rows have 1 start for 12 rounds: expected at least 2, one a device that "
        "plays it"
    )
    with pytest.raises(TraceFileError, match=r"a\.csv: .* 0 starts for 13 rounds: .* least 1"):
        drawn([a, b], scenario, rounds=ROWS + 1)


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
    with pytest.raises(TraceFileError, match=r"no \*\.csv files: expected at least one"):
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
