"""The reader of G-NetTrack logs and windows of a log, on small invented files."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym.traces.files import FALLBACK_MODES, GNetTrackLog, TraceFileError, read_gnettrack
from tests.traces.trace_file_samples import LOG_HEADER, log_error, log_row, write, write_log


def test_gnettrack(tmp_path: Path) -> None:
    path = write_log(
        tmp_path,
        log_row(0, "11.0"),
        log_row(1, "-4.5", "LTE"),
        log_row(4, "-", "HSPA+"),
        log_row(5, "0"),
    )
    log = read_gnettrack(str(path))
    assert log.path == path
    assert log.seconds.tolist() == [0, 1, 4, 5]
    assert log.downlink_snr_db.tolist() == [11.0, -4.5, -math.inf, 0.0]
    assert log.seconds.dtype == np.int64
    assert log.downlink_snr_db.dtype == np.float64
    assert not log.seconds.flags.writeable
    assert not log.downlink_snr_db.flags.writeable
    assert (log.num_rows, log.num_outage_rows) == (4, 1)


def test_gnettrack_with_mark_windows_endings_and_no_last_newline(tmp_path: Path) -> None:
    lines = ["\ufeff" + LOG_HEADER, log_row(0, "1"), log_row(2, "2")]
    assert read_gnettrack(write(tmp_path, lines, "\r\n", "")).seconds.tolist() == [0, 2]


def test_gnettrack_columns_in_another_order_and_repeated_extras(tmp_path: Path) -> None:
    path = write(tmp_path, ["SNR,x,x,NetworkMode,Timestamp", "5,a,b,LTE,2021.03.04_10.00.00"])
    assert read_gnettrack(path).downlink_snr_db.tolist() == [5.0]


def test_gnettrack_crosses_midnight(tmp_path: Path) -> None:
    rows = ["2020.02.29_23.59.58,0,5G,1,I", "2020.03.01_00.00.03,0,5G,2,I"]
    assert read_gnettrack(write_log(tmp_path, *rows)).seconds.tolist() == [0, 5]


def test_gnettrack_last_row_of_a_second_counts(tmp_path: Path) -> None:
    path = write_log(
        tmp_path,
        log_row(0, "-", "UMTS"),
        log_row(0, "3"),
        log_row(1, "4"),
        log_row(1, "5"),
        log_row(1, "-", "HSPA"),
        log_row(2, "6"),
    )
    log = read_gnettrack(path)
    assert log.seconds.tolist() == [0, 1, 2]
    assert log.downlink_snr_db.tolist() == [3.0, -math.inf, 6.0]
    assert log.num_outage_rows == 1


def test_fallback_modes() -> None:
    assert {"UMTS", "HSPA", "HSPA+", "HSUPA", "HSDPA", "GSM", "GPRS", "EDGE"} == FALLBACK_MODES


@pytest.mark.parametrize("mode", sorted(FALLBACK_MODES))
def test_gnettrack_fallback_lacks_snr_or_keeps_its_number(tmp_path: Path, mode: str) -> None:
    log = read_gnettrack(write_log(tmp_path, log_row(0, "-", mode), log_row(1, "7", mode)))
    assert log.downlink_snr_db.tolist() == [-math.inf, 7.0]


@pytest.mark.parametrize("mode", ["5G", "LTE", "", "umts"])
def test_gnettrack_missing_snr_elsewhere(tmp_path: Path, mode: str) -> None:
    error = log_error(write_log(tmp_path, log_row(0, "1"), log_row(1, "-", mode)))
    assert error.line == 3
    assert f"'-' in NetworkMode {mode!r}; only rows that fell back to 2G or 3G" in error.reason


@pytest.mark.parametrize("mode", ["5G", "UMTS"])
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "", "good", "--", "1_0", "100.1", "-101"])
def test_gnettrack_bad_snr(tmp_path: Path, text: str, mode: str) -> None:
    error = log_error(write_log(tmp_path, log_row(0, "1"), log_row(1, text, mode)))
    assert error.line == 3
    assert error.reason == f"SNR {text!r} must be a number within ±100 [dB]"


@pytest.mark.parametrize("text", ["100", "-100", "-0.0"])
def test_gnettrack_snr_at_the_edge(tmp_path: Path, text: str) -> None:
    assert read_gnettrack(write_log(tmp_path, log_row(0, text))).downlink_snr_db[0] == float(text)


@pytest.mark.parametrize(
    "stamp", ["", "2021-03-04 10:00:01", "2021.02.29_10.00.00", "2021.03.04_10.00.60.5", "5"]
)
def test_gnettrack_bad_timestamp(tmp_path: Path, stamp: str) -> None:
    error = log_error(write_log(tmp_path, log_row(0, "1"), f"{stamp},1,5G,2,I"))
    assert error.line == 3
    assert error.reason == f"Timestamp {stamp!r} must look like 2020.02.13_13.03.24"


def test_gnettrack_step_back(tmp_path: Path) -> None:
    error = log_error(write_log(tmp_path, log_row(5, "1"), log_row(7, "1"), log_row(6, "1")))
    assert error.line == 4
    assert error.reason == (
        "Timestamp 2021-03-04 10:00:06 is before 2021-03-04 10:00:07 of the row above; "
        "time must not go back"
    )


@pytest.mark.parametrize(("row", "count"), [("2021.03.04_10.00.01,1,5G", 3), ("", 0)])
def test_gnettrack_rows_of_another_length(tmp_path: Path, row: str, count: int) -> None:
    error = log_error(write_log(tmp_path, log_row(0, "1"), row))
    assert (error.line, error.reason) == (3, f"the row has {count} cells, the header has 5")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Timestamp,NetworkMode,State", "lacks columns ['SNR']"),
        ("Timestamp,NetworkMode,SNR,SNR", "repeats columns ['SNR']"),
    ],
)
def test_gnettrack_header_errors(tmp_path: Path, header: str, reason: str) -> None:
    error = log_error(write(tmp_path, [header, "2021.03.04_10.00.00,5G,1"]))
    assert error.line == 1
    assert reason in error.reason
    assert "at least Timestamp, NetworkMode, SNR" in error.reason


# Windows of a log


@pytest.fixture
def log(tmp_path: Path) -> GNetTrackLog:
    """Rows at 0, 1, 3, 4 and 9 s, whose SNR is the second; the row at 3 s is an outage."""
    rows = [log_row(second, str(second)) for second in (0, 1, 3, 4, 9)]
    rows[2] = log_row(3, "-", "HSPA+")
    return read_gnettrack(write_log(tmp_path, *rows))


def test_window_of_rows(log: GNetTrackLog) -> None:
    assert log.window(0, 5).tolist() == [0.0, 1.0, -math.inf, 4.0, 9.0]
    assert log.window(3, 2).tolist() == [4.0, 9.0]
    assert [log.num_starts(rounds) for rounds in (1, 2, 5, 6, 100)] == [5, 4, 1, 0, 0]


def test_window_samples_and_holds(log: GNetTrackLog) -> None:
    assert log.window(0, 5, 1).tolist() == [0.0, 1.0, 1.0, -math.inf, 4.0]
    assert log.window(0, 4, 3.0).tolist() == [0.0, -math.inf, 4.0, 9.0]
    assert log.window(1, 3, 0.5).tolist() == [1.0, 1.0, 1.0]
    assert log.window(1, 3, 4).tolist() == [1.0, 4.0, 9.0]
    assert log.num_starts(3, 4) == 2
    assert log.num_starts(3, 4.5) == 1
    assert log.num_starts(3, 4.6) == 0
    assert log.num_starts(1, 1e308) == 5
    assert log.num_starts(100, np.float64(1e308)) == 0


def test_window_is_the_callers_own(log: GNetTrackLog) -> None:
    for seconds_per_round in (None, 1.0):
        window = log.window(0, 3, seconds_per_round)
        assert window.shape == (3,)
        assert window.dtype == np.float64
        window[:] = 50.0
    assert log.downlink_snr_db[0] == 0.0


def test_window_sees_a_row_that_binary_rounding_would_miss(tmp_path: Path) -> None:
    assert 100 * 0.29 < 29.0
    log = read_gnettrack(write_log(tmp_path, *(log_row(s, str(s)) for s in (0, 28, 29))))
    assert log.window(0, 101, 0.29)[-1] == 29.0


@settings(deadline=None)  # writes files
@given(
    gaps=st.lists(st.integers(0, 5), max_size=12),
    rounds=st.integers(1, 8),
    seconds_per_round=st.none() | st.integers(1, 7) | st.floats(0.05, 7.0),
)
def test_window_agrees_with_num_starts_and_definition(
    tmp_path_factory: pytest.TempPathFactory,
    gaps: list[int],
    rounds: int,
    seconds_per_round: float | None,
) -> None:
    times = [0, *np.cumsum(gaps, dtype=int).tolist()]
    rows = [log_row(time, str(row)) for row, time in enumerate(times)]
    log = read_gnettrack(write_log(tmp_path_factory.mktemp("log"), *rows))
    starts = log.num_starts(rounds, seconds_per_round)
    for start in range(log.num_rows + 2):
        if start >= starts:
            with pytest.raises(TraceFileError):
                log.window(start, rounds, seconds_per_round)
            continue
        window = log.window(start, rounds, seconds_per_round)
        for k in range(rounds):
            row = start + k
            if seconds_per_round is not None:
                time = log.seconds[start] + round(k * seconds_per_round, 9)
                row = max(i for i, second in enumerate(log.seconds) if second <= time)
            assert window[k] == log.downlink_snr_db[row]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            (3, 3),
            "the log has 5 rows (one per second), a window of 3 rounds from row 3 needs 6",
        ),
        (
            (7, 1, 2.0),
            "the log has 5 rows (one per second), a window of 1 rounds from row 7 needs 8",
        ),
        (
            (2, 4, 2.5),
            "the log goes on for 6 s after row 2, a window of 4 rounds of 2.5 s needs 7.5 s",
        ),
    ],
)
def test_window_of_a_log_too_short(
    log: GNetTrackLog, arguments: tuple[Any, ...], reason: str
) -> None:
    with pytest.raises(TraceFileError) as caught:
        log.window(*arguments)
    assert (caught.value.path, caught.value.line) == (log.path, None)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        *(((0, value), "rounds") for value in (0, -1, 1.0, True)),
        *(((value, 1), "start") for value in (-1, 0.0, False)),
        *(((0, 1, value), "seconds_per_round") for value in (0, -1.0, math.nan, math.inf)),
    ],
)
def test_window_arguments_out_of_range(
    log: GNetTrackLog, arguments: tuple[Any, ...], field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field} = ") as caught:
        log.window(*arguments)
    assert not isinstance(caught.value, TraceFileError)
    if field != "start":
        with pytest.raises(ValueError, match=f"^{field} = "):
            log.num_starts(*arguments[1:])


def test_numpy_integers_are_integers(log: GNetTrackLog) -> None:
    arguments: tuple[Any, ...] = (np.int64(1), np.int32(2), np.float64(1.0))
    assert log.window(*arguments).tolist() == [1.0, 1.0]
