"""Tables of measured times: what they are asked for, their files, and the costs made of them."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym import PerKind, SideTimings, System, Timings, preset, read_timings
from asl_gym.model import limits
from asl_gym.model.profiles import NetworkProfile
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError

TABLE = Timings(("input", "conv", "fc"), (0.0, 0.25, 0.5), (0.125, 0.0625, 0.0), samples=8)
DEVICE = SideTimings("device", TABLE.cuts, TABLE.device_s, 8)
SERVER = SideTimings("server", TABLE.cuts, TABLE.server_s, 8)

# Another project's table: of several networks, in milliseconds, with numbers for cuts.
FOREIGN = """\
Model name,Split point,Device (ms),Network (ms),Server (ms),Batch
small,1,250,17,62.5,8
large,1,9,,9,4
small,0,0,,125,8
large,2,,,broken,4
small,2,5e2,?,0.0,8
"""
COLUMNS: dict[str, Any] = {
    "cut": "Split point",
    "device_s": "Device (ms)",
    "server_s": "Server (ms)",
    "samples": "Batch",
    "unit": "ms",
}
SMALL: dict[str, Any] = COLUMNS | {"where": {"Model name": "small"}, "names": TABLE.cuts}

seconds = st.floats(0, limits.SECONDS.high)
printable = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" ,\";'\\"), min_size=1
)


@st.composite
def tables(draw: st.DrawFn) -> Timings:
    cuts = draw(st.lists(printable, min_size=1, max_size=6, unique=True))
    column = st.lists(seconds, min_size=len(cuts), max_size=len(cuts)).map(tuple)
    samples = draw(st.integers(1, limits.MAX_SAMPLES))
    return Timings(tuple(cuts), draw(column), draw(column), samples)


def written(folder: Path, text: str) -> Path:
    path = folder / "times.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


# Tables


def test_times_at_some_cuts_come_in_the_order_asked_for() -> None:
    assert TABLE.seconds_at("device", ["fc", "input"]).tolist() == [0.5, 0.0]  # type: ignore[union-attr]
    assert TABLE.seconds_at("server", ["fc", "input"]).tolist() == [0.0, 0.125]  # type: ignore[union-attr]
    assert DEVICE.seconds_at("server", ["fc"]) is None
    with pytest.raises(FieldError, match=r"timings.cuts = .*all admissible cuts, 'pool' among"):
        TABLE.seconds_at("device", ["conv", "pool"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cuts": ("input", "conv", "input")}, r"cuts\[2\] = 'input'.*not there yet"),
        ({"cuts": ("input", "", "fc")}, r"cuts\[1\] = ''.*non-empty"),
        ({"cuts": ("input", "a\nb", "fc")}, r"cuts\[1\] = .*printable"),
        ({"cuts": ("input", 1, "fc")}, r"cuts\[1\] = 1 .*string"),
        ({"cuts": "abc"}, "cuts = 'abc'.*names of cuts"),
        ({"samples": 0}, "samples = 0"),
        ({"samples": 1.5}, "samples = 1.5"),
    ],
)
def test_what_a_table_may_not_hold(changes: dict[str, Any], message: str) -> None:
    for table, name in ((TABLE, "timings"), (DEVICE, "side_timings")):
        with pytest.raises(FieldError, match=rf"^{name}\.{message}"):
            dataclasses.replace(table, **changes)


@pytest.mark.parametrize("wrong", [(0.0, 0.25), (0.0, 0.25, -1e-9), (0.0, 0.25, float("nan")), ()])
def test_times_that_are_missing_or_not_allowed(wrong: tuple[float, ...]) -> None:
    for name in ("device_s", "server_s"):
        with pytest.raises(FieldError, match=rf"^timings\.{name}"):
            dataclasses.replace(TABLE, **{name: wrong})  # type: ignore[arg-type]
    with pytest.raises(FieldError, match=r"^side_timings\.seconds"):
        dataclasses.replace(DEVICE, seconds=wrong)
    with pytest.raises(FieldError, match=r"side_timings.side = 'both'.*'device', 'server'"):
        dataclasses.replace(DEVICE, side="both")  # type: ignore[arg-type]


# Two sides


def test_two_sides_are_joined_by_the_names_of_the_cuts() -> None:
    other_order = SideTimings("server", TABLE.cuts[::-1], TABLE.server_s[::-1], 8)
    assert Timings.joined(DEVICE, other_order) == TABLE


def test_of_whole_tables_the_named_side_counts() -> None:
    other = Timings(TABLE.cuts, (0.0, 7.0, 7.0), (9.0, 9.0, 0.0), 8)
    expected = Timings(TABLE.cuts, TABLE.device_s, other.server_s, 8)
    sides = SideTimings("server", other.cuts, other.server_s, 8)
    for device in (TABLE, DEVICE):
        for server in (other, sides):
            assert Timings.joined(device, server) == expected


@pytest.mark.parametrize(
    ("device", "server", "message"),
    [
        (SERVER, DEVICE, "device = .*measured on the device"),
        (DEVICE, DEVICE, "server = .*measured on the server"),
        (DEVICE, None, "server = None.*measured on the server"),
        (DEVICE, dataclasses.replace(SERVER, samples=4), "server.samples = 4.*the device's 8"),
        (
            DEVICE,
            SideTimings("server", ("input", "fc"), (1.0, 0.0), 8),
            "server.cuts = .*'conv' among them",
        ),
        (
            SideTimings("device", ("input", "fc"), (0.0, 1.0), 8),
            SERVER,
            "device.cuts = .*'conv' among them",
        ),
    ],
)
def test_what_cannot_be_joined(device: Any, server: Any, message: str) -> None:
    with pytest.raises(FieldError, match=message):
        Timings.joined(device, server)


def test_a_scenario_takes_the_devices_side_alone_but_not_the_servers() -> None:
    assert PerKind("pi", timings=DEVICE).timings == DEVICE
    with pytest.raises(FieldError, match=r"per_kind.timings = SideTimings.*a SideTimings of the"):
        PerKind("pi", timings=SERVER)


# Files


@given(table=tables())
def test_tables_survive_a_file_to_the_last_bit(
    table: Timings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("times") / "table.csv"
    table.to_csv(path)
    read = read_timings(path)
    assert read == table
    assert repr(read) == repr(table)  # -0.0 == 0.0
    sides = read_timings(path, server_s=None), read_timings(path, device_s=None)
    assert Timings.joined(*sides) == table
    for side in sides:
        assert isinstance(side, SideTimings)
        side.to_csv(path)
        absent: Any = {"device": {"server_s": None}, "server": {"device_s": None}}[side.side]
        assert repr(read_timings(path, **absent)) == repr(side)


def test_what_a_file_looks_like(tmp_path: Path) -> None:
    TABLE.to_csv(tmp_path / "table.csv")
    text = "cut,device_s,server_s,samples\ninput,0.0,0.125,8\nconv,0.25,0.0625,8\nfc,0.5,0.0,8\n"
    assert (tmp_path / "table.csv").read_bytes() == text.encode()


def test_a_side_alone_is_not_read_as_a_table(tmp_path: Path) -> None:
    DEVICE.to_csv(tmp_path / "device.csv")
    with pytest.raises(TextFileError, match=r"line 1: the header lacks columns \['server_s'\]"):
        read_timings(tmp_path / "device.csv")


def test_a_mapping_of_columns_rows_names_and_units(tmp_path: Path) -> None:
    path = written(tmp_path, FOREIGN)
    in_rows = Timings(("conv", "input", "fc"), (0.25, 0.0, 0.5), (0.0625, 0.125, 0.0), 8)
    assert read_timings(path, **SMALL) == in_rows
    for names in ({"0": "input", "1": "conv", "2": "fc"}, {0: "input", 1: "conv", 2: "fc"}):
        assert read_timings(path, **SMALL | {"names": names}) == in_rows
    unnamed = read_timings(path, **SMALL | {"names": None, "samples": 3})
    assert (unnamed.cuts, unnamed.samples) == (("1", "0", "2"), 3)
    side = read_timings(path, **SMALL | {"server_s": None})
    assert side == SideTimings("device", in_rows.cuts, in_rows.device_s, 8)


def test_the_names_of_a_profiles_cuts_are_names_by_number(tmp_path: Path) -> None:
    profile = NetworkProfile.shipped("lenet5")
    path = written(tmp_path, "cut,device_s,server_s\n0,0,1\n12,1,0\n")
    timings = read_timings(path, samples=1, names=profile.cut_names)
    assert timings.cuts == ("input", profile.layer_names[-1])


@pytest.mark.parametrize(("unit", "factor"), [("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)])
def test_units_of_time(tmp_path: Path, unit: Any, factor: float) -> None:
    path = written(tmp_path, f"cut,device_s,server_s,samples\na,{3 * factor},{0.7 * factor!r},2\n")
    found = read_timings(path, unit=unit)
    assert found.device_s == (3.0,)
    assert found.server_s == pytest.approx((0.7,), rel=1e-15)


@pytest.mark.parametrize(
    ("cell", "column", "message"),
    [
        ("-1e-3", 2, "column 'Device (ms)' holds '-1e-3': expected a finite number >= 0"),
        ("nan", 2, "column 'Device (ms)' holds 'nan': expected a finite number"),
        ("inf", 4, "column 'Server (ms)' holds 'inf': expected a finite number"),
        ("", 4, "column 'Server (ms)' holds '': expected a finite number"),
        ("1_0", 4, "column 'Server (ms)' holds '1_0': expected a finite number"),
        ("1e99", 4, "column 'Server (ms)' holds '1e99': expected a finite number"),
        ("3", 1, "column 'Split point' holds '3': expected one of names' '0', '1', '2'"),
        ("-1", 1, "column 'Split point' holds '-1': expected one of names' '0', '1', '2'"),
        ("1", 1, "column 'Split point' holds 'conv', which line 2 holds already"),
        ("0", 5, "column 'Batch' holds '0': expected a whole number >= 1"),
        ("8.5", 5, "column 'Batch' holds '8.5': expected a whole number >= 1"),
        ("nan", 5, "column 'Batch' holds 'nan': expected a whole number >= 1"),
        ("4", 5, "column 'Batch' holds 4: expected 8 as in line 2"),
    ],
)
def test_errors_name_file_line_column_and_value(
    tmp_path: Path, cell: str, column: int, message: str
) -> None:
    lines = FOREIGN.splitlines()
    cells = lines[3].split(",")
    cells[column] = cell
    path = written(tmp_path, "\n".join([*lines[:3], ",".join(cells), *lines[4:]]))
    with pytest.raises(TextFileError, match=re.escape(f"{path}, line 4: {message}")):
        read_timings(path, **SMALL)


def test_rows_that_nobody_wants_need_not_make_sense(tmp_path: Path) -> None:
    path = written(tmp_path, FOREIGN)
    with pytest.raises(TextFileError, match="line 5: column 'Device \\(ms\\)' holds ''"):
        read_timings(path, **SMALL | {"where": {"Model name": "large"}})


def test_where_no_row_is_wanted_the_error_tells_what_there_is(tmp_path: Path) -> None:
    path = written(tmp_path, FOREIGN)
    where = {"Model name": "smal", "Batch": "8"}
    message = "no row has 'smal' in column 'Model name' and '8' in column 'Batch'; "
    message += "'Model name' holds 'small', 'large', 'Batch' holds '8', '4'"
    with pytest.raises(TextFileError, match=re.escape(message)):
        read_timings(path, **SMALL | {"where": where, "samples": 8})
    many = "cut,device_s,server_s,net\n" + "".join(f"a,1,1,n{i}\n" for i in range(50))
    with pytest.raises(TextFileError, match=r"'n0', 'n1', .*'n19' and 30 more$"):
        read_timings(written(tmp_path, many), samples=1, where={"net": "x"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cut,device_s,server_s\na,1,1\n", "line 1: .*lacks columns \\['samples'\\]"),
        ("cut,device_s,server_s,samples,cut\na,1,1,1,b\n", "line 1: .*repeats columns \\['cut'\\]"),
        ("cut,device_s,server_s,samples\n", "no rows"),
        ("cut,device_s,server_s,samples\na,1,1\n", "line 2: .*3 cells"),
        ("cut,device_s,server_s,samples\na,1,1,1\nb,1,", "line 3: .*3 cells"),
        ("cut,device_s,server_s,samples\n,1,1,1\n", "line 2: column 'cut' holds '': .*non-empty"),
        ('cut,device_s,server_s,samples\n"a\nb",1,1,1\n', "line 2: column 'cut' .*printable"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TextFileError, match=message):
        read_timings(written(tmp_path, text))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device_s": None, "server_s": None}, "device_s = None"),
        ({"unit": "min"}, "unit = 'min'.*'s', 'ms'"),
        ({"samples": 0}, "samples = 0"),
        ({"cut": ""}, "columns = ''.*the name of a column"),
        ({"cut": 3}, "columns = 3.*the name of a column"),
        ({"cut": "device_s"}, "columns = 'device_s'.*each column once"),
        ({"where": {"cut": "a"}}, "columns = 'cut'.*each column once"),
        ({"where": {"net": 3}}, r"where\['net'\] = 3.*the text"),
        ({"names": "abc"}, "names = 'abc'.*a sequence"),
    ],
)
def test_arguments_that_are_not_allowed(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    TABLE.to_csv(tmp_path / "table.csv")
    with pytest.raises(FieldError, match=message):
        read_timings(tmp_path / "table.csv", **options)


# Costs


CUTS = preset("default").workload.profile.cut_names


@given(
    batch=st.integers(1, limits.MAX_SAMPLES),
    samples=st.integers(1, 10**6),
    schedule=st.sampled_from(["sequential", "parallel"]),
    clock_hz=st.floats(1e6, 1e12),
)
def test_a_measured_table_reproduces_itself(
    batch: int, samples: int, schedule: Any, clock_hz: float
) -> None:
    """At full clocks each side takes the table's time: the device's exactly, at any scale."""
    scenario = preset("default").with_num_devices(3)
    rng = np.random.default_rng(samples)
    device_s, server_s = 10 ** rng.uniform(-6, 3, (2, len(CUTS)))
    order = rng.permutation(len(CUTS))
    timings = Timings(
        tuple(CUTS[place] for place in order),
        tuple(device_s[order]),
        tuple(server_s[order]),
        batch,
    )
    fleet = dataclasses.replace(
        scenario.fleet, kind=("pi", "phone", "pi"), computing_power_w=(3.0, 2.0, 3.0)
    )
    system = System(
        fleet=fleet,
        server=dataclasses.replace(scenario.server, clock_max_hz=max(clock_hz, 0.2e9)),
        radio=scenario.radio,
        workload=dataclasses.replace(
            scenario.workload, samples_per_round=samples, batch_size=batch
        ),
        schedule=schedule,
        per_kind=(PerKind("pi", timings=timings),),
    )
    full = np.asarray(fleet.clock_hz)
    unit = system.cost_model.unit_costs(np.full(3, 1e6), np.full(3, 1e6), full)
    for index, split in enumerate(system.workload.admissible_splits):
        chosen, clock = np.full(3, index), np.full(3, system.server.clock_max_hz)
        parts = system.cost_model.delay_parts(chosen, clock, unit)
        batches = samples / batch
        for device in (0, 2):
            assert parts["device_delay"][device] == device_s[split] * batches
            np.testing.assert_allclose(
                parts["server_delay"][device], server_s[split] * batches, rtol=1e-15
            )
