"""Which device plays which log where there are fewer, more, or too short ones."""

import math
from pathlib import Path

import numpy as np
import pytest

from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import (
    HORIZON,
    ROWS,
    assert_equal,
    drawn,
    log_file,
    rng,
    snr_db,
    two_devices,
    two_logs,
)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return two_devices()


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
    with pytest.raises(TextFileError) as caught:
        shared.draw([rng()], ROWS)
    assert caught.value.path == a
    assert caught.value.reason == (
        "no log is long enough for 12 rounds of a row, from as many starts as devices play it; "
        "shorter episodes or stitched logs may do. a.csv: 12 rows over 11 s give 12 rounds, so 1 "
        "start: expected at least 2, one a device that plays it"
    )
    with pytest.raises(TextFileError) as caught:
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
    with pytest.raises(TextFileError, match="all logs together: 10 rows over 9 s"):
        source.draw([rng()], 10)


def test_logs_beyond_the_devices_are_not_played(tmp_path: Path, scenario: Scenario) -> None:
    logs = [*two_logs(tmp_path), log_file(tmp_path, "c.csv", [-math.inf])]
    source = MeasuredTraces(scenario, logs)
    played = MeasuredTraces(scenario, logs[:2])
    assert_equal(source.draw([rng()], HORIZON), played.draw([rng()], HORIZON))
    assert source.describe().endswith("c.csv, not played: 1 of 1 rows are outages")
