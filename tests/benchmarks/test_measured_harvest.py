"""Benchmarks on measured harvests: what they are played with, and what a report says of them."""

from pathlib import Path

import numpy as np
import pytest

from agents.bookkeeping import sha256_of
from benchmarks.playing.run_folder import RunFolder
from tests.benchmarks.commands import SHORT, failure, run
from tests.traces.harvest_samples import sun_file

ON_BATTERIES = ["--env", "ASLHarvest-v0", "--num-devices", "2"]
HIDDEN = ["--set", "batteries.cloud_shown=false", "--set", "batteries.rounds_per_day=4"]
COLUMNS = ["--harvest-columns", '{time = "When", power = "GHI"}']
FEW = ["--no-agents", "--only", "myopic", "--only", "ration"]


def written(folder: Path) -> Path:
    days = np.random.default_rng(0).integers(0, 100, (6, 4)).astype(float)
    return sun_file(folder / "sun.csv", days.tolist(), left_out=[3])


def test_measured_harvests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sun, out = written(tmp_path), tmp_path / "out"
    asked = [*SHORT, *ON_BATTERIES, *HIDDEN, "--harvest", str(sun), *COLUMNS]
    run(out, *asked, *FEW)
    configuration = RunFolder(out).manifest["configuration"]
    assert configuration["harvest_file"] == ["sun.csv", sha256_of(sun)]
    assert configuration["harvest_columns"]["dawn"] == "06:00:00"
    report = (out / "report.md").read_text()
    assert "Measured harvest: sun.csv, 5 whole days from 06:00:00, rounds of 21600 s" in report
    assert report.count("day 4 of the file left out") == 2
    message = failure(capsys, *asked, *FEW[:1], "--only", "told-the-law", "--out", str(out))
    assert "cannot take part: measured harvests have no law that it could be told" in message
    other = [*asked[:-1], '{time = "When", power = "Wind"}']
    assert "harvest_columns.power is" in failure(capsys, *other, *FEW, "--out", str(out))


def test_all_policies_but_the_mark_take_part(tmp_path: Path) -> None:
    sun, out = written(tmp_path), tmp_path / "out"
    asked = [*SHORT, *ON_BATTERIES, *HIDDEN, "--harvest", str(sun), *COLUMNS]
    run(out, *asked, "--no-agents")
    manifest = RunFolder(out).manifest
    assert set(manifest["left_out"]) == {"told-the-law"}
    assert "told-the-law" not in manifest["policies"]
    assert "The told-the-law policy is left out: measured harvests" in (
        (out / "report.md").read_text()
    )


def test_harvests_that_are_not_allowed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sun = str(written(tmp_path))
    given = ["--harvest", sun, *COLUMNS]
    message = failure(capsys, *SHORT, *ON_BATTERIES, *given)
    assert "batteries.cloud_shown = True is not allowed: expected False" in message
    assert "harvest = " in failure(capsys, *SHORT, *given)
    for half in (given[:2], COLUMNS):
        assert "give both or none" in failure(capsys, *SHORT, *ON_BATTERIES, *half)
    absent = ["--harvest", "/nowhere.csv", *COLUMNS]
    assert "/nowhere.csv: the file cannot be read" in failure(
        capsys, *SHORT, *ON_BATTERIES, *HIDDEN, *absent
    )
