"""What the formats of trace files share: strict rows, errors, and telling them apart."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from asl_gym.traces.files import is_gnettrack
from asl_gym.traces.gnettrack import read_gnettrack
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.traces.rate_table import read_rate_table
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import two_devices
from tests.traces.trace_file_samples import (
    HEADER,
    LOG_HEADER,
    TWO_BY_TWO,
    log_error,
    log_row,
    rate_error,
    write,
    write_log,
)

# The error


def test_error_names_file_line_and_reason() -> None:
    error = TextFileError(Path("a/b.csv"), "is odd", 7)
    assert str(error) == f"{Path('a/b.csv')}, line 7: is odd"
    assert (error.path, error.reason, error.line) == (Path("a/b.csv"), "is odd", 7)
    assert isinstance(error, ValueError)


def test_error_without_line() -> None:
    assert str(TextFileError(Path("b.csv"), "is odd")) == "b.csv: is odd"


def test_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(TextFileError(Path("b.csv"), "is odd", 3)))
    assert str(error) == "b.csv, line 3: is odd"
    assert error.line == 3


# Errors of both formats


@pytest.mark.parametrize("read", [read_rate_table, read_gnettrack, is_gnettrack])
def test_missing_file(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "nowhere.csv"
    with pytest.raises(TextFileError, match=r"nowhere\.csv: the file cannot be read: ") as caught:
        read(path)
    assert (caught.value.path, caught.value.line) == (path, None)


@pytest.mark.parametrize("read", [read_rate_table, read_gnettrack, is_gnettrack])
@pytest.mark.parametrize("text", ["", "\ufeff", "\n", f"\n{HEADER}\n0,0,1,2\n"])
def test_empty_file_or_blank_first_line(
    tmp_path: Path, read: Callable[[Path], object], text: str
) -> None:
    with pytest.raises(TextFileError, match="empty or starts with a blank line") as caught:
        read(write(tmp_path, [text], last=""))
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("error_of", "header"), [(rate_error, HEADER), (log_error, LOG_HEADER)], ids=["rates", "log"]
)
@pytest.mark.parametrize("last", ["", "\n"])
def test_header_without_rows(
    tmp_path: Path, error_of: Callable[[Path], TextFileError], header: str, last: str
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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_columns_that_are_ignored_may_be_of_any_encoding(
    tmp_path: Path, encoding: str, ending: str
) -> None:
    path = tmp_path / "log.csv"
    lines = ["Timestamp,Opérateur,NetworkMode,SNR", "2021.03.04_10.00.00,Télé,5G,7", ""]
    path.write_bytes(ending.join(lines).encode(encoding))
    assert is_gnettrack(path)
    assert read_gnettrack(path).downlink_snr_db.tolist() == [7.0]


@pytest.mark.parametrize("end", ["\n", "\n\n\n", "\r\n \r\n", "\n,,,,\n", "\n   "])
def test_blank_lines_may_end_a_file(tmp_path: Path, end: str) -> None:
    path = write(tmp_path, [LOG_HEADER, log_row(0, "3")], last=end)
    assert read_gnettrack(path).num_rows == 1


@pytest.mark.parametrize("blank", ["", "  ", ",,,"])
def test_blank_lines_elsewhere_are_refused(tmp_path: Path, blank: str) -> None:
    error = rate_error(write(tmp_path, [HEADER, "0,0,1,2", blank, "0,1,3,4"]))
    assert error.line == 3
    assert error.reason == "a blank line stands before more rows; only at the end may there be any"


@pytest.mark.parametrize("rest", ["2021.03.04_10.0", "2021.03.04_10.00.01,1,5G", '"2021'])
def test_a_last_row_that_was_cut_off_is_left_out_of_a_log(tmp_path: Path, rest: str) -> None:
    lines = [LOG_HEADER, log_row(0, "3"), rest]
    log = read_gnettrack(write(tmp_path, lines, last=""))
    assert log.num_rows == 1
    assert log.notices == ("trace.csv: the last row, line 3, was cut off: left out",)
    assert log_error(write(tmp_path, lines)).line == 3
    assert log_error(write(tmp_path, [LOG_HEADER, rest, log_row(0, "3")], last="")).line == 2
    assert log_error(write(tmp_path, [LOG_HEADER, rest], last="")).line == 2


# Whatever lies at a path


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (Path.mkdir, "a directory, a pipe or a device"),
        (_pipe, "a directory, a pipe or a device"),
        (lambda path: path.symlink_to(path), "the file cannot be read"),
        (lambda path: path.symlink_to(path.parent / "gone"), "the file cannot be read"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0"), "zero byte"),
        (lambda path: path.write_bytes(b"\xff\xfea"), "not valid UTF-16"),
        (lambda path: path.write_bytes(b"\xff" * 5000), "of neither accepted format"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_text_file_is_refused_with_its_path(
    tmp_path: Path, plant: Callable[[Path], object], reason: str, named: bool
) -> None:
    path = tmp_path / "x.csv"
    plant(path)
    paths = [path] if named else tmp_path
    with pytest.raises(TextFileError, match=reason) as caught:
        MeasuredTraces(two_devices(), paths)
    assert caught.value.path == path
    assert len(str(caught.value).encode()) < 2000 + len(str(path))


@pytest.mark.parametrize("name", ["a\0b.csv", "n" * 5000, "\udcff.csv"])
def test_names_that_no_file_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(TextFileError, match="the file cannot be read") as caught:
        MeasuredTraces(two_devices(), str(tmp_path / name))
    str(caught.value).encode()


# Telling the formats apart


def test_is_gnettrack(tmp_path: Path) -> None:
    assert not is_gnettrack(write(tmp_path, TWO_BY_TWO))
    assert is_gnettrack(write_log(tmp_path, log_row(0, "1")))
    assert is_gnettrack(str(write(tmp_path, ["\ufeffSNR,NetworkMode,uplink_bps"], "\r\n")))


@pytest.mark.parametrize("header", ["a,b", "SNR,State", "downlink_bps", "snr,networkmode"])
def test_is_gnettrack_neither(tmp_path: Path, header: str) -> None:
    path = write(tmp_path, [header, "1,2"])
    with pytest.raises(TextFileError, match="neither accepted format") as caught:
        is_gnettrack(path)
    assert (caught.value.path, caught.value.line) == (path, 1)
    assert header in caught.value.reason
    assert "round, device, uplink_bps, downlink_bps" in caught.value.reason
    assert "Timestamp, NetworkMode, SNR" in caught.value.reason
