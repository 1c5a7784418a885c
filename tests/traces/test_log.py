"""Windows of a log, its stretches, and logs that are joined."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym.traces.gnettrack import read_gnettrack
from asl_gym.traces.log import MeasuredLog
from asl_gym.traces.log_building import join_logs
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.trace_file_samples import log_row, write_log


def snr(log: MeasuredLog, *arguments: Any) -> list[float]:
    """SNR of a window [dB]."""
    values: list[float] = log.downlink_snr_db[log.window(*arguments)].tolist()
    return values


@pytest.fixture
def log(tmp_path: Path) -> MeasuredLog:
    """Rows at 0, 1, 3, 4 and 9 s, whose SNR is the second; the row at 3 s is an outage."""
    rows = [log_row(second, str(second)) for second in (0, 1, 3, 4, 9)]
    rows[2] = log_row(3, "-", "--")
    return read_gnettrack(write_log(tmp_path, *rows))


def test_window_of_rows(log: MeasuredLog) -> None:
    assert snr(log, 0, 5) == [0.0, 1.0, -math.inf, 4.0, 9.0]
    assert snr(log, 3, 2) == [4.0, 9.0]
    assert [log.starts(rounds).size for rounds in (1, 2, 5, 6, 100)] == [5, 4, 1, 0, 0]


def test_window_samples_and_holds(log: MeasuredLog) -> None:
    assert snr(log, 0, 5, 1) == [0.0, 1.0, 1.0, -math.inf, 4.0]
    assert snr(log, 0, 4, 3.0) == [0.0, -math.inf, 4.0, 9.0]
    assert snr(log, 1, 3, 0.5) == [1.0, 1.0, 1.0]
    assert snr(log, 1, 3, 4) == [1.0, 4.0, 9.0]
    assert log.starts(3, 4).size == 2
    assert log.starts(3, 4.5).size == 1
    assert log.starts(3, 4.6).size == 0
    assert log.starts(1, 1e308).size == 5
    assert log.starts(100, np.float64(1e308)).size == 0


def test_window_is_the_callers_own(log: MeasuredLog) -> None:
    for seconds_per_round in (None, 1.0):
        window = log.window(0, 3, seconds_per_round)
        assert window.shape == (3,)
        assert window.dtype == np.int64
        window[:] = 50
    assert log.downlink_snr_db[0] == 0.0


def test_window_sees_a_row_that_binary_rounding_would_miss(tmp_path: Path) -> None:
    assert 100 * 0.29 < 29.0
    log = read_gnettrack(write_log(tmp_path, *(log_row(s, str(s)) for s in (0, 28, 29))))
    assert snr(log, 0, 101, 0.29)[-1] == 29.0
    assert log.length(0.29) == "3 rows over 29 s give 101 rounds"


@settings(deadline=None)  # writes files
@given(
    gaps=st.lists(st.integers(0, 5), max_size=12),
    rounds=st.integers(1, 8),
    seconds_per_round=st.none() | st.integers(1, 7) | st.floats(0.05, 7.0),
)
def test_window_agrees_with_starts_and_definition(
    tmp_path_factory: pytest.TempPathFactory,
    gaps: list[int],
    rounds: int,
    seconds_per_round: float | None,
) -> None:
    times = [0, *np.cumsum(gaps, dtype=int).tolist()]
    rows = [log_row(time, str(row)) for row, time in enumerate(times)]
    log = read_gnettrack(write_log(tmp_path_factory.mktemp("log"), *rows))
    starts = log.starts(rounds, seconds_per_round).size
    for start in range(log.num_rows + 2):
        if start >= starts:
            with pytest.raises(TextFileError):
                log.window(start, rounds, seconds_per_round)
            continue
        window = log.window(start, rounds, seconds_per_round)
        for k in range(rounds):
            row = start + k
            if seconds_per_round is not None:
                time = log.seconds[start] + round(k * seconds_per_round, 9)
                row = max(i for i, second in enumerate(log.seconds) if second <= time)
            assert window[k] == row


@pytest.mark.parametrize("arguments", [(3, 3), (7, 1, 2.0), (2, 4, 2.5)])
def test_window_of_a_log_too_short(log: MeasuredLog, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TextFileError) as caught:
        log.window(*arguments)
    assert (caught.value.path, caught.value.line) == (log.path, None)
    start, rounds, *seconds = arguments
    assert caught.value.reason == (
        f"a window of {rounds} rounds cannot start in row {start}: {log.length(*seconds)}"
    )


@pytest.mark.parametrize(
    ("seconds_per_round", "rounds"), [(None, 5), (1, 10), (9, 2), (9.1, 1), (0.1, 91), (1e-3, 9001)]
)
def test_length_is_the_longest_window(
    log: MeasuredLog, seconds_per_round: float | None, rounds: int
) -> None:
    assert f"5 rows over 9 s give {rounds} round" in log.length(seconds_per_round)
    assert log.starts(rounds, seconds_per_round).size > 0
    assert log.starts(rounds + 1, seconds_per_round).size == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        *(((0, value), "rounds") for value in (0, -1, 1.0, True)),
        *(((value, 1), "start") for value in (-1, 0.0, False)),
        *(((0, 1, value), "seconds_per_round") for value in (0, -1.0, math.nan, math.inf)),
    ],
)
def test_window_arguments_out_of_range(
    log: MeasuredLog, arguments: tuple[Any, ...], field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field} = ") as caught:
        log.window(*arguments)
    assert not isinstance(caught.value, TextFileError)
    if field != "start":
        with pytest.raises(ValueError, match=f"^{field} = "):
            log.starts(*arguments[1:])


def test_numpy_integers_are_integers(log: MeasuredLog) -> None:
    arguments: tuple[Any, ...] = (np.int64(1), np.int32(2), np.float64(1.0))
    assert snr(log, *arguments) == [1.0, 1.0]


# Stretches and joined logs


def stretched(tmp_path: Path) -> MeasuredLog:
    """Rows 0 to 3 and, after a step back, rows 4 to 6; two seconds apart; SNR is the row."""
    seconds = [100, 102, 104, 106, 0, 2, 4]
    rows = [log_row(second, str(row)) for row, second in enumerate(seconds)]
    return read_gnettrack(write_log(tmp_path, *rows))


def test_no_window_leaves_its_stretch(tmp_path: Path) -> None:
    log = stretched(tmp_path)
    assert log.starts(3).tolist() == [0, 1, 4]
    assert log.starts(4).tolist() == [0]
    assert log.starts(5).tolist() == []
    assert log.starts(3, 1.0).tolist() == [0, 1, 2, 4, 5]
    assert log.starts(3, 2.0).tolist() == [0, 1, 4]
    assert snr(log, 4, 3, 1.0) == [4, 4, 5]
    assert log.length() == "4 rows over 6 s give 4 rounds (in the longest of 2 stretches)"
    with pytest.raises(TextFileError, match="cannot start in row 3"):
        log.window(3, 2)


def test_joined_logs_are_one_stretch(tmp_path: Path) -> None:
    first = stretched(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    second = read_gnettrack(write_log(other, log_row(50, "50"), log_row(53, "53")))
    joined = join_logs([first, second])
    assert joined.downlink_snr_db.tolist() == [*range(7), 50, 53]
    assert joined.seconds.tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 17]
    assert joined.starts(9).tolist() == [0]
