"""The reader of rate tables, on small invented files."""

from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from asl_gym.traces.rate_table import RateTable, read_rate_table
from tests.traces.trace_file_samples import HEADER, TWO_BY_TWO, rate_error, write


def assert_two_by_two(table: RateTable) -> None:
    np.testing.assert_array_equal(table.uplink_bps, [[1e6, 0.0], [4e6, 5.0]])
    np.testing.assert_array_equal(table.downlink_bps, [[2e6, 3.5e6], [0.0, 6.0]])


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
@pytest.mark.parametrize("text", ["-1", "0.5", "1e0", "", "a", "1_0", "٣", "9" * 19, "9" * 5000])
def test_rate_table_bad_index(tmp_path: Path, column: str, text: str) -> None:
    cells = f"{text},0" if column == "round" else f"0,{text}"
    error = rate_error(write(tmp_path, [HEADER, "0,0,1,2", f"{cells},1,2"]))
    assert error.line == 3
    assert error.reason == f"{column} {text!r} must be an integer >= 0"


@pytest.mark.parametrize(("row", "count"), [("0,1,5", 3), ("0,1,5,6,7", 5), ("0", 1)])
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


@pytest.mark.parametrize(("first_round", "first_device"), [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("form", ["{}", "{}.0", "{}."])
@pytest.mark.parametrize("index_column", [False, True])
def test_rate_table_as_pandas_and_matlab_write_it(
    tmp_path: Path, first_round: int, first_device: int, form: str, index_column: bool
) -> None:
    rows = []
    for row in TWO_BY_TWO[1:]:
        t, n, *rates = row.split(",")
        pair = form.format(int(t) + first_round), form.format(int(n) + first_device)
        rows.append(",".join([*pair, *rates]))
    lines = [HEADER, *rows]
    if index_column:
        lines = [f"{'' if i == 0 else i - 1},{line}" for i, line in enumerate(lines)]
    assert_two_by_two(read_rate_table(write(tmp_path, lines)))


def test_rate_table_counting_from_two_lacks_a_round(tmp_path: Path) -> None:
    assert "round 1, device 1 is missing" in rate_error(write(tmp_path, [HEADER, "2,1,5,6"])).reason


def test_rate_table_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    error = rate_error(write(tmp_path, [*TWO_BY_TWO, "2,0,1"], last=""))
    assert (error.line, error.reason) == (6, "the row has 3 cells, the header has 4")


def test_rate_table_stray_huge_index_is_cheap(tmp_path: Path) -> None:
    error = rate_error(write(tmp_path, [HEADER, "0,0,1,2", f"{10**17},{10**17},1,2"]))
    assert "round 0, device 1 is missing" in error.reason
