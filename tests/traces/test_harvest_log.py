"""Files of measured harvests: what they come to, by hand, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.model.batteries import Batteries
from asl_gym.traces.harvest_log import HarvestColumns
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.harvest_samples import sun, sun_file

FOUR = Batteries(rounds_per_day=4, mean_harvest=3.0)

ROWS = """\
When,Wind,GHI
2026-06-01T05:00:00,1,900
2026-06-01T06:00:00,1,2
2026-06-01T09:00:00,1,4
2026-06-01T11:59:59,1,6
2026-06-01T12:00:00,1,8
2026-06-01T18:00:00,1,0
2026-06-02T00:00:00,1,-
2026-06-02T03:00:00,1,0
2026-06-02T06:00:00,1,4
2026-06-02T12:00:00,1,0
2026-06-02T18:00:00,1,0
2026-06-03T05:59:59,1,0
2026-06-03T06:00:00,1,700
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sun.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rounds_are_means_from_dawn_on_and_have_the_mean_of_the_batteries(tmp_path: Path) -> None:
    harvest = sun(written(tmp_path, ROWS))
    # Means 4, 8, 0, 0 and 4, 0, 0, 0, over the two whole days 2 on average.
    expected = 3.0 / 2.0 * np.array([[4.0, 8.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(harvest.day_factors(FOUR), expected, rtol=1e-12)
    energies = np.array([1.0, 10.0])
    climate = harvest.climate(FOUR, energies, rounds=5, num_rows=2)
    np.testing.assert_array_equal(climate.starts, [0])
    np.testing.assert_array_equal(climate.energies, [1.0, 10.0, 1.0, 10.0])
    np.testing.assert_allclose(climate.factors, expected.ravel(), rtol=1e-12)
    assert harvest.climate(FOUR, energies, rounds=4).starts.tolist() == [0, 4]
    assert "2 whole days from 06:00:00, rounds of 21600 s" in harvest.describe(4)


def test_another_dawn_begins_other_rounds(tmp_path: Path) -> None:
    harvest = sun(written(tmp_path, ROWS), dawn="12:00")
    one = Batteries(rounds_per_day=1, mean_harvest=1.0)
    # From noon to noon: 900, 2, 4, 6, then 8, 0, 0, 4, then 0, 0, 0, 700.
    expected = np.array([[912.0 / 4.0], [12.0 / 4.0], [700.0 / 4.0]])
    np.testing.assert_allclose(harvest.day_factors(one), expected / expected.mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ("s", [6 * 3600, 18 * 3600]),
        ("ms", [6 * 3_600_000, 18 * 3_600_000]),
        ("%d.%m.%Y %H:%M", ["01.06.2026 06:00", "01.06.2026 18:00"]),
        ("iso", ["2026-06-01T08:00+02:00", "2026-06-01T20:00+02:00"]),
    ],
)
def test_times_of_every_format(tmp_path: Path, form: str, times: list[Any]) -> None:
    path = written(tmp_path, f"When,GHI\n{times[0]},1\n{times[1]},3\n")
    two = Batteries(rounds_per_day=2, mean_harvest=1.0)
    factors = sun(path, time_format=form).day_factors(two)
    np.testing.assert_allclose(factors, [[0.5, 1.5]], rtol=1e-12)


@given(st.lists(st.lists(st.floats(0.0, 1e300), min_size=3, max_size=3), min_size=1, max_size=4))
def test_means_and_shares_are_kept(tmp_path_factory: Any, days: list[list[float]]) -> None:
    days[0][1] += 1e-3
    shown = [[float(f"{each:g}") for each in day] for day in days]
    path = sun_file(tmp_path_factory.mktemp("sun") / "sun.csv", days, each=2)
    factors = sun(path).day_factors(Batteries(rounds_per_day=3, mean_harvest=2.0))
    assert factors.mean() == pytest.approx(2.0)
    scaled = np.array(shown) / np.max(shown)
    np.testing.assert_allclose(factors * scaled.mean() / 2.0, scaled, rtol=1e-9, atol=1e-300)


def test_units_do_not_matter(tmp_path: Path) -> None:
    days = [[1.0, 5.0, 2.0, 0.0], [0.0, 3.0, 7.0, 1.0]]
    watts = sun(sun_file(tmp_path / "w.csv", days))
    kilowatts = sun(sun_file(tmp_path / "kw.csv", [[each / 1e3 for each in day] for day in days]))
    np.testing.assert_allclose(watts.day_factors(FOUR), kilowatts.day_factors(FOUR), rtol=1e-12)


def test_powers_of_any_size(tmp_path: Path) -> None:
    rows = "2026-06-01T05:00,1e300\n2026-06-01T06:00,3e-23\n2026-06-01T18:00,1e-23\n"
    two = Batteries(rounds_per_day=2, mean_harvest=1.0)
    factors = sun(written(tmp_path, f"When,GHI\n{rows}")).day_factors(two)
    np.testing.assert_allclose(factors, [[1.5, 0.5]], rtol=0.1)


def test_days_with_gaps_are_left_out_and_not_gone_across(tmp_path: Path) -> None:
    path = sun_file(tmp_path / "sun.csv", [[1.0, 2.0, 3.0, 4.0]] * 8, left_out=[2, 6])
    lines = path.read_text().splitlines()
    # Day 5 from 1, counted in the file, lacks a round.
    path.write_text("\n".join(each for each in lines if not each.startswith("2026-06-05T12")))
    harvest = sun(path)
    with pytest.warns(UserWarning, match=r"sun.csv: days 3, 5, 7 of the file left out"):
        factors = harvest.day_factors(FOUR)
    assert factors.shape == (5, 4)
    climate = harvest.climate(FOUR, np.ones(1), rounds=8)
    assert climate.starts.tolist() == [0]
    # Days 1, 2, 4, 6 and 8 are whole.
    assert harvest.climate(FOUR, np.ones(1), rounds=4).starts.tolist() == [0, 4, 8, 12, 16]
    with pytest.raises(TextFileError, match=r"2 whole days .* expected at least 3 for 9 rounds"):
        harvest.climate(FOUR, np.ones(1), rounds=9)


@pytest.mark.parametrize("power", ["-0.5", "nan", "inf", "dark"])
def test_powers_that_are_not_allowed(tmp_path: Path, power: str) -> None:
    path = written(tmp_path, f"When,GHI\n2026-06-01T06:00,1\n2026-06-01T07:00,{power}\n0,1\n")
    with pytest.raises(TextFileError) as caught:
        sun(path)
    assert str(caught.value) == (
        f"{path}, line 3: GHI {power!r} must be a finite number >= 0, or '-'"
    )


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        ("2026-06-01T06:00,1\n2026-06-01T06:00,1\n", 3, "When is no later than in the row before"),
        ("2026-06-01T06:00,1\n2026-06-01T05:00,1\n", 3, "When is no later than in the row before"),
        ("noon,1\n2026-06-01T05:00,1\n", 2, "When 'noon' must be an ISO 8601 time"),
        ("2026-06-01T06:00,0\n2026-06-01T07:00,-\n", None, "GHI has no value above 0"),
        ("2026-06-01T06:00,-\n", None, "GHI has no value above 0"),
    ],
)
def test_files_that_are_not_allowed(
    tmp_path: Path, rows: str, line: int | None, message: str
) -> None:
    with pytest.raises(TextFileError, match=message) as caught:
        sun(written(tmp_path, f"When,GHI\n{rows}"))
    assert caught.value.line == line


def test_files_without_a_whole_day(tmp_path: Path) -> None:
    hourly = sun_file(tmp_path / "sun.csv", [[1.0] * 24] * 3)
    with pytest.raises(TextFileError, match="value in each of its 96 rounds of 900 s"):
        sun(hourly).day_factors(Batteries())
    assert sun(hourly).day_factors(Batteries(rounds_per_day=24)).shape == (3, 24)
    dark = sun_file(tmp_path / "dark.csv", [[0.0] * 4, [1.0]])
    with pytest.raises(TextFileError, match="value above 0 in any of its 4 rounds"):
        sun(dark).day_factors(FOUR)


def test_a_million_rounds_of_a_day_cost_no_memory(tmp_path: Path) -> None:
    path = written(tmp_path, "When,GHI\n0,1\n1e290,1\n")
    with pytest.raises(TextFileError, match="value in each of its 1000000 rounds"):
        sun(path, time_format="s").day_factors(Batteries(rounds_per_day=1_000_000))


def test_a_last_row_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match=r"sun.csv: the last row, line 15, was cut off"):
        cut = sun(written(tmp_path, ROWS + "2026-06-03T0"))
    assert cut == sun(written(tmp_path, ROWS))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": ""}, "harvest_columns.time = '' is not allowed"),
        ({"power": None}, "harvest_columns.power = None is not allowed"),
        ({"power": "When"}, "harvest_columns.power = 'When' is not allowed: expected another"),
        ({"time_format": "unix"}, "harvest_columns.time_format = 'unix' is not allowed"),
        ({"dawn": "six"}, "harvest_columns.dawn = 'six' is not allowed"),
        ({"dawn": 6}, "harvest_columns.dawn = 6 is not allowed"),
        ({"dawn": "06:00+02:00"}, "harvest_columns.dawn = '06:00.02:00' is not allowed"),
    ],
)
def test_columns_that_are_not_allowed(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    named = {"time": "When", "power": "GHI"} | arguments
    with pytest.raises(FieldError, match=message):
        MeasuredHarvest.from_csv(written(tmp_path, ROWS), **named)


def test_columns_in_toml() -> None:
    stated = HarvestColumns.from_toml('{time = "t",\n power = "p", dawn = 05:30:00}')
    assert stated == HarvestColumns("t", power="p", dawn="05:30")
    assert stated.dawn_us == 5.5 * 3600 * 1e6
    with pytest.raises(FieldError, match=r"harvest_columns.power = None is not allowed"):
        HarvestColumns.from_toml('{time = "t"}')
    with pytest.raises(FieldError, match=r"harvest_columns.uplink = 'u' is not allowed"):
        HarvestColumns.from_toml('{time = "t", uplink = "u"}')


def test_sources_are_equal_if_they_hold_the_same(tmp_path: Path) -> None:
    days = [[1.0, 2.0, 3.0, 4.0]]
    one = sun(sun_file(tmp_path / "a.csv", days))
    same, other = sun(sun_file(tmp_path / "b.csv", days)), sun(sun_file(tmp_path / "c.csv", [[1]]))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "sun"
