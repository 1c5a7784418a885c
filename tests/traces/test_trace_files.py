"""Which files of a directory are played, and options that do not go with a rate table."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asl_gym.traces.columns import Columns
from asl_gym.traces.files import trace_files
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import log_file, table_file, two_devices, write


def test_a_directory_without_what_is_no_trace(tmp_path: Path) -> None:
    for name in ("c.csv", "A.CSV", "b.Csv", ".hidden.csv", "._c.csv", "raw.TXT", ".raw.txt"):
        log_file(tmp_path, name, [1.0])
    (tmp_path / "._c.csv").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
    for name in ("README.txt", "notes.md", "d.csv.gz", "empty.txt"):
        (tmp_path / name).write_bytes(b"" if name == "empty.txt" else b"\xff no log\n")
    (tmp_path / "folder.txt").mkdir()
    names = [path.name for path in trace_files(tmp_path)]
    assert names == ["A.CSV", "b.Csv", "c.csv", "raw.TXT"]
    assert MeasuredTraces(two_devices(), tmp_path).files == trace_files(str(tmp_path))


def test_text_files_with_the_columns_that_are_stated(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", ["t\tu", "1\t2"])
    log_file(tmp_path, "b.txt", [1.0])
    columns = Columns("t", "s", uplink="u")
    assert [path.name for path in trace_files(tmp_path, columns)] == ["a.txt"]
    assert [path.name for path in trace_files(tmp_path)] == ["b.txt"]


def test_a_directory_of_hidden_files_alone(tmp_path: Path) -> None:
    log_file(tmp_path, ".a.csv", [1.0])
    with pytest.raises(TextFileError, match="expected at least one") as caught:
        trace_files(tmp_path)
    assert caught.value.path == tmp_path


@pytest.mark.parametrize(
    "options", [{"seconds_per_round": 1.0}, {"rates": "capacity"}, {"stitch": True}]
)
def test_options_of_logs_are_refused_for_a_table(tmp_path: Path, options: dict[str, Any]) -> None:
    path = table_file(tmp_path, np.full((2, 3, 2), 1e6))
    with pytest.raises(FieldError, match=f"{next(iter(options))} = .* with a rate table"):
        MeasuredTraces(two_devices(), path, **options)


@pytest.mark.parametrize(
    "options", [{"stitch": 1}, {"columns": {"time": "t"}}, {"rates": ["capacity"]}]
)
def test_options_of_another_type(tmp_path: Path, options: dict[str, Any]) -> None:
    log = log_file(tmp_path, "a.csv", [1.0])
    with pytest.raises(FieldError, match=f"{next(iter(options))} = "):
        MeasuredTraces(two_devices(), log, **options)
