"""The reader of G-NetTrack logs, on small invented files."""

import math
from pathlib import Path

import numpy as np
import pytest

from asl_gym.traces.gnettrack import read_gnettrack
from asl_gym.traces.log_building import UnplayableLogError
from tests.traces.trace_file_samples import LOG_HEADER, log_error, log_row, write, write_log


def test_gnettrack(tmp_path: Path) -> None:
    path = write_log(
        tmp_path,
        log_row(0, "11.0"),
        log_row(1, "-4.5", "LTE"),
        log_row(4, "-", "--"),
        log_row(5, "0"),
    )
    log = read_gnettrack(str(path))
    assert log.path == path
    assert log.seconds.tolist() == [0, 1, 4, 5]
    assert log.downlink_snr_db.tolist() == [11.0, -4.5, -math.inf, 0.0]
    assert log.seconds.dtype == np.float64
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
        log_row(0, "-", "--"),
        log_row(0, "3"),
        log_row(1, "4"),
        log_row(1, "5"),
        log_row(1, "-", "--"),
        log_row(2, "6"),
    )
    log = read_gnettrack(path)
    assert log.seconds.tolist() == [0, 1, 2]
    assert log.downlink_snr_db.tolist() == [3.0, -math.inf, 6.0]
    assert log.num_outage_rows == 1


LOG_WITH_THROUGHPUT = f"{LOG_HEADER},DL_bitrate"
MODES = ["5G", "LTE", "4G", "HSPA+", "UMTS", "3G", "GSM", "2G", "", "umts"]


@pytest.mark.parametrize("mode", MODES)
def test_rows_without_an_snr_play_their_throughput(tmp_path: Path, mode: str) -> None:
    rows = [f"{log_row(0, '-', mode)},2500", f"{log_row(1, '7', mode)},90", f"{log_row(2, '-')},0"]
    path = write(tmp_path, [LOG_WITH_THROUGHPUT, *rows])
    log = read_gnettrack(path)
    np.testing.assert_array_equal(log.downlink_snr_db, [np.nan, 7.0, np.nan])
    np.testing.assert_allclose(log.rates_bps, [[1e6, np.nan, 0], [2.5e6, np.nan, 0]], rtol=1e-15)
    assert (log.num_throughput_rows, log.num_outage_rows, log.num_left_out) == (2, 0, 0)
    every = read_gnettrack(path, "throughput")
    np.testing.assert_allclose(every.rates_bps, [[1e6, 36e3, 0], [2.5e6, 90e3, 0]], rtol=1e-15)
    assert np.isnan(every.downlink_snr_db).all()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("cell", ["-", ""])
def test_rows_that_measured_nothing_are_left_out(tmp_path: Path, mode: str, cell: str) -> None:
    path = write(tmp_path, [LOG_HEADER, log_row(0, cell, mode), log_row(1, "7")])
    log = read_gnettrack(path)
    assert (log.num_rows, log.num_left_out) == (1, 1)
    reason = "1 of 2 rows have service but not an SNR or a throughput: they are left out"
    assert log.notices == (f"trace.csv: {reason}",)
    rows = [f"{log_row(0, '5', mode)},{cell}", f"{log_row(1, '5')},8"]
    every = read_gnettrack(write(tmp_path, [LOG_WITH_THROUGHPUT, *rows]), "throughput")
    assert (every.num_rows, every.num_left_out) == (1, 1)


@pytest.mark.parametrize("rates", ["capacity", "throughput"])
@pytest.mark.parametrize("mode", ["--", "-"])
def test_rows_without_service_are_outages(tmp_path: Path, mode: str, rates: str) -> None:
    rows = [f"{log_row(0, '-', mode)},9", f"{log_row(1, '3')},9"]
    log = read_gnettrack(write(tmp_path, [LOG_WITH_THROUGHPUT, *rows]), rates)
    assert (log.num_rows, log.num_outage_rows) == (2, 1)
    assert np.isneginf(log.downlink_snr_db[0])


def test_a_log_of_nothing_is_unplayable(tmp_path: Path) -> None:
    path = write_log(tmp_path, log_row(0, "-", "3G"), log_row(1, "-", "LTE"))
    with pytest.raises(UnplayableLogError, match="none of its 2 rows has an SNR or a throughput"):
        read_gnettrack(path)
    with pytest.raises(UnplayableLogError, match="no column DL_bitrate"):
        read_gnettrack(path, "throughput")


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "fast", "1_0"])
def test_bad_throughput(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, [LOG_WITH_THROUGHPUT, f"{log_row(0, '-', 'LTE')},{text}"])
    reason = f"DL_bitrate {text!r} must be a finite number >= 0 [kbit/s], or '-'"
    assert log_error(path).reason == reason


@pytest.mark.parametrize("ends_with_tab", [True, False])
def test_raw_logs_of_the_app(tmp_path: Path, ends_with_tab: bool) -> None:
    header = "Timestamp\tOperatorname\tNetworkTech\tLevel\tSNR\tBAND"
    rows = [
        "2025.01.01_22.20.12\tA, B\t3G\t-65\t-\tU1\t",
        "2025.01.01_22.20.13\tA, B\t4G\t-81\t8.0\tL7\t",
        "2025.01.01_22.20.15\tA, B\t--\t-200\t-\t\t",
        "2025.01.01_22.20.16\tA, B\t4G\t-81\t-\tL7\t",
        "2025.01.01_22.20.19\tA, B\t2G\t-81\t-\tG9\t",
    ]
    lines = [header, *rows] if ends_with_tab else [header, *(row[:-1] for row in rows)]
    log = read_gnettrack(write(tmp_path, lines, "\r\n", "\r\n"))
    assert log.downlink_snr_db.tolist() == [8.0, -math.inf]
    assert log.seconds.tolist() == [0.0, 2.0]
    assert log.num_left_out == 3


def test_a_clock_that_steps_back_begins_a_stretch(tmp_path: Path) -> None:
    seconds = [3600, 3602, 3604, 0, 2, 4, 3, 5]
    rows = [log_row(second, str(row)) for row, second in enumerate(seconds)]
    log = read_gnettrack(write_log(tmp_path, *rows))
    assert log.downlink_snr_db.tolist() == list(range(8))
    assert log.stretch.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert log.seconds.tolist() == [0, 2, 4, 6, 8, 10, 12, 14]
    assert "the clock steps back in line 5, 8" in log.notices[0]


@pytest.mark.parametrize("mode", ["5G", "UMTS"])
@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "good", "--", "1_0", "100.1", "-101"])
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


@pytest.mark.parametrize(("row", "count"), [("2021.03.04_10.00.01,1,5G", 3)])
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
