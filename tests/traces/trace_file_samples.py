"""Small trace files in both formats, written by tests."""

from pathlib import Path

import pytest

from asl_gym.traces.gnettrack import read_gnettrack
from asl_gym.traces.rate_table import read_rate_table
from asl_gym.validation.csv_rows import TextFileError

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


def rate_error(path: Path) -> TextFileError:
    with pytest.raises(TextFileError) as caught:
        read_rate_table(path)
    return caught.value


def log_error(path: Path) -> TextFileError:
    with pytest.raises(TextFileError) as caught:
        read_gnettrack(path)
    return caught.value
