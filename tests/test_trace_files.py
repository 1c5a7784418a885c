"""Readers of trace files, on small invented files in both formats."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from asl_gym.trace_files import (
    FALLBACK_MODES,
    GNetTrackLog,
    RateTable,
    TraceFileError,
    is_gnettrack,
    read_gnettrack,
    read_rate_table,
)

HEADER = "round,device,uplink_bps,downlink_bps"
LOG_HEADER = "Timestamp,Speed,NetworkMode,SNR,State"
TWO_BY_TWO = [HEADER, "0,0,1e6,2e6", "0,1,0,3.5e6", "1,0,4000000,0", "1,1,5,6"]


def write(tmp_path: Path, lines: list[str], ending: str = "\n", last: str = "\n") -> Path:
    path = tmp_path / "trace.csv"
    path.write_bytes((ending.join(lines) + last).encode())
    return path


def log_row(second: int, snr: str, mode: str = "5G") -> str:
    hours, rest = divmod(second, 3600)
    stamp = f"2021.03.04_{10 + hours:02}.{rest // 60:02}.{rest % 60:02}"
    return f"{stamp},12,{mode},{snr},I"


def write_log(tmp_path: Path, *rows: str) -> Path:
    return write(tmp_path, [LOG_HEADER, *rows])


def rate_error(path: Path) -> TraceFileError:
    with pytest.raises(TraceFileError) as caught:
        read_rate_table(path)
    return caught.value


def log_error(path: Path) -> TraceFileError:
    with pytest.raises(TraceFileError) as caught:
        read_gnettrack(path)
    return caught.value


def assert_two_by_two(table: RateTable) -> None:
    np.testing.assert_array_equal(table.uplink_bps, [[1e6, 0.0], [4e6, 5.0]])
    np.testing.assert_array_equal(table.downlink_bps, [[2e6, 3.5e6], [0.0, 6.0]])


# The error


def test_error_names_file_line_and_reason() -> None:
    error = TraceFileError(Path("a/b.csv"), "is odd", 7)
    assert str(error) == f"{Path('a/b.csv')}, line 7: is odd"
    assert (error.path, error.reason, error.line) == (Path("a/b.csv"), "is odd", 7)
    assert isinstance(error, ValueError)


def test_error_without_line() -> None:
    assert str(TraceFileError(Path("b.csv"), "is odd")) == "b.csv: is odd"


def test_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(TraceFileError(Path("b.csv"), "is odd", 3)))
    assert str(error) == "b.csv, line 3: is odd"
    assert error.line == 3


# The plain rate table


def test_rate_table(tmp_path: Path) -> None:
    table = read_rate_table(write(tmp_path, TWO_BY_TWO))
    assert_two_by_two(table)
    for rates in (table.uplink_bps, table.downlink_bps):
        assert rates.dtype == np.float64
        assert not rates.flags.writeable


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("newline_at_end", [True, False])
def test_rate_table_line_endings(tmp_path: Path, ending: str, newline_at_end: bool) -> None:
    last = ending if newline_at_end else ""
    assert_two_by_two(read_rate_table(write(tmp_path, TWO_BY_TWO, ending, last)))


def test_rate_table_row_order_is_free_and_path_may_be_text(tmp_path: Path) -> None:
    path = write(tmp_path, [HEADER, *reversed(TWO_BY_TWO[1:])])
    assert_two_by_two(read_rate_table(str(path)))


def test_rate_table_column_order_is_free(tmp_path: Path) -> None:
    path = write(tmp_path, ["downlink_bps,device,round,uplink_bps", "7,1,0,8", "9,0,0,10"])
    table = read_rate_table(path)
    np.testing.assert_array_equal(table.uplink_bps, [[10.0, 8.0]])
    np.testing.assert_array_equal(table.downlink_bps, [[9.0, 7.0]])


def test_rate_table_with_byte_order_mark_and_quotes(tmp_path: Path) -> None:
    path = write(tmp_path, ["\ufeff" + HEADER, '"0","0","1","2"'])
    assert read_rate_table(path).uplink_bps.tolist() == [[1.0]]


@settings(deadline=None)  # writes files
@given(
    rates=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=5).map(lambda shape: (2, *shape)),
        elements=st.floats(min_value=0.0, allow_infinity=False, allow_nan=False),
    ),
    shuffle=st.randoms(use_true_random=False),
)
def test_rate_table_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rates: npt.NDArray[np.float64], shuffle: Random
) -> None:
    rows = [
        f"{t},{n},{float(rates[0, t, n])!r},{float(rates[1, t, n])!r}"
        for t, n in np.ndindex(rates.shape[1:])
    ]
    shuffle.shuffle(rows)
    table = read_rate_table(write(tmp_path_factory.mktemp("rates"), [HEADER, *rows]))
    np.testing.assert_array_equal(table.uplink_bps, rates[0])
    np.testing.assert_array_equal(table.downlink_bps, rates[1])


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("round,device,uplink_bps", "lacks columns ['downlink_bps']"),
        (HEADER + ",speed", "has unknown columns ['speed']"),
        (HEADER + ",", "has unknown columns ['']"),
        (HEADER + ",device", "repeats columns ['device']"),
        ("round;device;uplink_bps;downlink_bps", "lacks columns ['round', 'device'"),
        ("0,0,1,2", "lacks columns ['round', 'device'"),
    ],
)
def test_rate_table_header_errors(tmp_path: Path, header: str, reason: str) -> None:
    error = rate_error(write(tmp_path, [header, "0,0,1,2"]))
    assert error.line == 1
    assert reason in error.reason
    assert "exactly round, device, uplink_bps, downlink_bps" in error.reason


@pytest.mark.parametrize("column", ["uplink_bps", "downlink_bps"])
@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "1e999", "-1", "-1e-9", "fast", "", " ", "1_000", "٣", "0x10"]
)
def test_rate_table_bad_rate(tmp_path: Path, column: str, text: str) -> None:
    cells = f"{text},5" if column == "uplink_bps" else f"5,{text}"
    path = write(tmp_path, [HEADER, "0,0,1,2", f"0,1,{cells}"])
    error = rate_error(path)
    assert (error.path, error.line) == (path, 3)
    assert error.reason == f"{column} {text!r} must be a finite number >= 0 [bit/s]"
    assert str(error) == f"{path}, line 3: {error.reason}"


@pytest.mark.parametrize("column", ["round", "device"])
@pytest.mark.parametrize("text", ["-1", "0.0", "", "a", "1_0", "٣", "9" * 19, "9" * 5000])
def test_rate_table_bad_index(tmp_path: Path, column: str, text: str) -> None:
    cells = f"{text},0" if column == "round" else f"0,{text}"
    error = rate_error(write(tmp_path, [HEADER, "0,0,1,2", f"{cells},1,2"]))
    assert error.line == 3
    assert error.reason == f"{column} {text!r} must be an integer >= 0"


@pytest.mark.parametrize(("row", "count"), [("0,1,5", 3), ("0,1,5,6,7", 5), ("", 0), ("0", 1)])
def test_rate_table_rows_of_another_length(tmp_path: Path, row: str, count: int) -> None:
    error = rate_error(write(tmp_path, [HEADER, "0,0,1,2", row, "0,1,5,6"]))
    assert error.line == 3
    assert error.reason == f"the row has {count} cells, the header has 4"


def test_rate_table_duplicate_names_both_lines(tmp_path: Path) -> None:
    error = rate_error(write(tmp_path, [*TWO_BY_TWO, "0,1,7,8"]))
    assert error.line == 6
    assert error.reason == "round 0, device 1 already stands in line 3"


@pytest.mark.parametrize(
    ("dropped", "missing"), [("0,0,", "round 0, device 0"), ("1,0,", "round 1, device 0")]
)
def test_rate_table_missing_pair(tmp_path: Path, dropped: str, missing: str) -> None:
    error = rate_error(write(tmp_path, [row for row in TWO_BY_TWO if not row.startswith(dropped)]))
    assert error.line is None
    assert error.reason == (
        f"{missing} is missing; 2 rounds and 2 devices need 4 rows, there are 3"
    )


def test_rate_table_counting_from_one_lacks_round_zero(tmp_path: Path) -> None:
    assert "round 0, device 0 is missing" in rate_error(write(tmp_path, [HEADER, "1,1,5,6"])).reason


def test_rate_table_stray_huge_index_is_cheap(tmp_path: Path) -> None:
    error = rate_error(write(tmp_path, [HEADER, "0,0,1,2", f"{10**17},{10**17},1,2"]))
    assert "round 0, device 1 is missing" in error.reason


# Errors of both formats


@pytest.mark.parametrize("read", [read_rate_table, read_gnettrack, is_gnettrack])
def test_missing_file(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "nowhere.csv"
    with pytest.raises(TraceFileError, match=r"nowhere\.csv: the file cannot be read: ") as caught:
        read(path)
    assert (caught.value.path, caught.value.line) == (path, None)


@pytest.mark.parametrize("read", [read_rate_table, read_gnettrack, is_gnettrack])
@pytest.mark.parametrize("text", ["", "\ufeff", "\n", f"\n{HEADER}\n0,0,1,2\n"])
def test_empty_file_or_blank_first_line(
    tmp_path: Path, read: Callable[[Path], object], text: str
) -> None:
    with pytest.raises(TraceFileError, match="empty or starts with a blank line") as caught:
        read(write(tmp_path, [text], last=""))
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("error_of", "header"), [(rate_error, HEADER), (log_error, LOG_HEADER)], ids=["rates", "log"]
)
@pytest.mark.parametrize("last", ["", "\n"])
def test_header_without_rows(
    tmp_path: Path, error_of: Callable[[Path], TraceFileError], header: str, last: str
) -> None:
    error = error_of(write(tmp_path, [header], last=last))
    assert (error.line, error.reason) == (1, "there are no rows after the header")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_undecodable_byte(tmp_path: Path, ending: str, mark: str) -> None:
    path = tmp_path / "trace.csv"
    text = ending.join([mark + HEADER, "0,0,1,2", "0,1,3,"])
    path.write_bytes(text.encode() + b"\xff" + ending.encode())
    error = rate_error(path)
    assert (error.line, error.reason) == (3, "byte 0xff is not valid UTF-8")


def test_broken_quoting_names_the_line_where_the_row_starts(tmp_path: Path) -> None:
    error = rate_error(write(tmp_path, [HEADER, '0,0,1,"2', "0,1,3,4"]))
    assert error.line == 2
    assert error.reason.startswith("the row is not valid CSV: ")


def test_line_numbers_count_lines_inside_quoted_cells(tmp_path: Path) -> None:
    path = write_log(tmp_path, '2021.03.04_10.00.00,"1\n2",5G,3,I', log_row(1, "high"))
    assert log_error(path).line == 4


# G-NetTrack logs


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


# Telling the formats apart


def test_is_gnettrack(tmp_path: Path) -> None:
    assert not is_gnettrack(write(tmp_path, TWO_BY_TWO))
    assert is_gnettrack(write_log(tmp_path, log_row(0, "1")))
    assert is_gnettrack(str(write(tmp_path, ["\ufeffSNR,NetworkMode,uplink_bps"], "\r\n")))


@pytest.mark.parametrize("header", ["a,b", "SNR,State", "downlink_bps", "snr,networkmode"])
def test_is_gnettrack_neither(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, [header, "1,2"])
    with pytest.raises(TraceFileError, match="neither accepted format") as caught:
        is_gnettrack(path)
    assert (caught.value.path, caught.value.line) == (path, 1)
    assert header in caught.value.reason
    assert "round, device, uplink_bps, downlink_bps" in caught.value.reason
    assert "Timestamp, NetworkMode, SNR" in caught.value.reason
