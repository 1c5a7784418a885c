"""Logs of columns that a user states."""

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.columns import Columns, read_by_columns
from asl_gym.traces.log_building import UnplayableLogError
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.traces.units import UNITS
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import rng, two_devices, write

DRIVE = Columns(
    time="Time",
    time_format="%a %b %d %H:%M:%S UTC %Y",
    uplink="RATE(MBit/s)",
    uplink_unit="Mbit/s",
)
"""As some public uplink drives are written."""

DRIVE_ROWS = [
    "Time,rsrp(dBm),Sent Bytes,RATE(MBit/s)",
    "Wed Dec 15 23:59:58 UTC 2021,-110,2944844,7.5",
    "Thu Dec 16 00:00:01 UTC 2021,-110,6162548,8",
    "Thu Dec 16 00:00:03 UTC 2021,-110,6162548,0",
]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return two_devices()


def read(tmp_path: Path, columns: Columns, *rows: str) -> Any:
    return read_by_columns(write(tmp_path / "log.csv", rows), columns)


def test_measured_uplink(tmp_path: Path) -> None:
    log = read(tmp_path, DRIVE, *DRIVE_ROWS)
    assert log.seconds.tolist() == [0, 3, 5]
    assert log.num_throughput_rows == 3
    np.testing.assert_allclose(log.rates_bps, [[7.5e6, 8e6, 0], [18.75e6, 20e6, 0]], rtol=1e-15)


def test_measured_downlink_and_both(tmp_path: Path) -> None:
    down = Columns("t", "s", downlink="d", downlink_unit="kbit/s")
    log = read(tmp_path, down, "t,u,d", "0,9,100", "1,9,50")
    np.testing.assert_allclose(log.rates_bps, [[4e4, 2e4], [1e5, 5e4]], rtol=1e-15)
    both = dataclasses.replace(down, uplink="u", uplink_unit="byte/s")
    log = read(tmp_path, both, "t,u,d", "0,9,100", "1,8,50", "2,-,50", "3,7,")
    assert log.rates_bps.tolist() == [[72, 64], [1e5, 5e4]]
    assert log.num_left_out == 2
    with pytest.raises(UnplayableLogError, match="none of its 1 rows has a measured rate"):
        read(tmp_path, both, "t,u,d", "0,9,-")


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ("iso", ["2021-12-15T16:05:11", "2021-12-15T16:05:12.5"]),
        ("iso", ["2021-12-15 16:05:11+01:00", "2021-12-15 15:05:12.5Z"]),
        ("s", ["1639584311.2", "1639584312.7"]),
        ("ms", ["1639584311001", "1639584312501"]),
        ("%d.%m.%Y %H:%M:%S.%f", ["15.12.2021 16:05:11.25", "15.12.2021 16:05:12.75"]),
    ],
)
def test_times_are_exact(tmp_path: Path, form: str, times: list[str]) -> None:
    columns = Columns("t", form, uplink="u")
    assert read(tmp_path, columns, "t,u", *(f"{t},1e6" for t in times)).seconds.tolist() == [0, 1.5]


def test_an_hour_back_keeps_both_stretches(tmp_path: Path) -> None:
    start = datetime(2021, 10, 31, 2, 59, 58)
    times = [start + timedelta(seconds=k, hours=-(k >= 2)) for k in range(5)]
    log = read(tmp_path, Columns("t", uplink="u"), "t,u", *(f"{t.isoformat()},1" for t in times))
    assert log.stretch.tolist() == [0, 0, 1, 1, 1]
    assert log.seconds.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("columns", "row", "reason"),
    [
        (DRIVE, "16:05,1", "Time '16:05' must have the format '%a %b %d %H:%M:%S UTC %Y'"),
        (Columns("Time", uplink="RATE(MBit/s)"), "noon,1", "Time 'noon' must be an ISO 8601 time"),
        (Columns("Time", "ms", uplink="RATE(MBit/s)"), "inf,1", "must be a finite number [ms]"),
        (
            Columns("Time", "s", uplink="RATE(MBit/s)"),
            "1,-3",
            "must be a finite number >= 0 [bit/s]",
        ),
        (Columns("Time", "s", uplink="RATE(MBit/s)"), "1,nan", "must be a finite number >= 0"),
    ],
)
def test_cells_that_are_not_as_stated(
    tmp_path: Path, columns: Columns, row: str, reason: str
) -> None:
    with pytest.raises(TextFileError) as caught:
        read(tmp_path, columns, "Time,RATE(MBit/s)", row)
    assert caught.value.line == 2
    assert reason in caught.value.reason


def test_a_column_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TextFileError, match=r"lacks columns \['RATE\(MBit/s\)'\]"):
        read(tmp_path, DRIVE, "Time,Rate", "1,2")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"time": None, "uplink": "u"}, "columns.time = "),
        ({"time": "t"}, "columns.uplink = None"),
        ({"time": "t", "uplink": "t"}, "each column once"),
        ({"time": "t", "uplink": ""}, "columns.uplink = ''"),
        ({"time": "t", "uplink": "u", "uplink_unit": "MB/s"}, "columns.uplink_unit = 'MB/s'"),
        ({"time": "t", "uplink": "u", "time_format": "epoch"}, "columns.time_format = 'epoch'"),
    ],
)
def test_fields_that_are_not_allowed(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError) as caught:
        Columns(**fields)
    assert message in str(caught.value)


def test_units_are_all_that_the_type_names() -> None:
    for unit in UNITS:
        Columns("t", uplink="u", uplink_unit=unit)  # type: ignore[arg-type]


def test_toml_in_place_or_in_a_file(tmp_path: Path) -> None:
    lines = [
        'time = "Time"',
        'time_format = "%a %b %d %H:%M:%S UTC %Y"',
        'uplink = "RATE(MBit/s)"',
        'uplink_unit = "Mbit/s"',
    ]
    assert Columns.from_toml("{" + ", ".join(lines) + "}") == DRIVE
    assert Columns.from_toml("{" + ",\n  ".join(lines) + "}") == DRIVE
    assert Columns.from_toml(str(write(tmp_path / "columns.toml", lines))) == DRIVE
    for text, message in (
        ("{time = }", "expected TOML"),
        ('{time = "t", up = "u"}', "columns.up = 'u'"),
        ('{uplink = "u"}', "columns.time = None"),
        ('{time = "t", uplink = 3}', "columns.uplink = 3"),
    ):
        with pytest.raises(FieldError) as caught:
            Columns.from_toml(text)
        assert message in str(caught.value)
    with pytest.raises(TextFileError, match=r"nowhere\.toml: the file cannot be read"):
        Columns.from_toml(str(tmp_path / "nowhere.toml"))


def test_a_directory_of_drives_is_played(tmp_path: Path, scenario: Scenario) -> None:
    write(tmp_path / "a.CSV", DRIVE_ROWS)
    write(tmp_path / "b.txt", DRIVE_ROWS)
    write(tmp_path / "notes.txt", ["Drives around the campus"])
    source = MeasuredTraces(scenario, tmp_path, columns=DRIVE)
    trace = source.draw([rng()], 3)[0]
    np.testing.assert_allclose(trace.uplink_bps[:, 0], [7.5e6, 8e6, 1e5])
    np.testing.assert_allclose(trace.downlink_bps[:, 1], [18.75e6, 20e6, 1e5])
    words = (
        "2 logs for 2 devices, a round is a row, rates are the measured throughput of the uplink"
    )
    assert words in source.describe()
    with pytest.raises(FieldError, match=r"rates = 'capacity' .*None beside columns"):
        MeasuredTraces(scenario, tmp_path, columns=DRIVE, rates="capacity")
