"""What the command keeps of its rounds is what it prints."""

import csv
import json
from pathlib import Path

import pytest

from asl_gym.provenance import PROVENANCE, current_commit
from asl_gym.training.command import main

ROUNDS = 3


def test_the_file_of_rounds_holds_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--rounds", str(ROUNDS), "--samples", "16", "--devices", "3"]
    main(["run", *options, "--seed", "5", "--out", str(tmp_path)])
    with (tmp_path / "rounds.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == ROUNDS
    printed = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    for number, row in enumerate(rows, 1):
        spent = f"{float(row['seconds']):.1f}", f"{float(row['joules']):.1f}"
        assert [str(number), *spent] in printed
        assert spent[0] != spent[1]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("radio.bandwith_hz=1e6", "bandwith_hz"),
        ("workload.samples_per_round=3", "options of their own"),
        ("horizon=3", "options of their own"),
        ("fleet=2xraspberry-pi-4", "a fleet of 3 devices"),
    ],
)
def test_settings_that_are_not_allowed(
    capsys: pytest.CaptureFixture[str], setting: str, told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--devices", "3", "--set", setting])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_settings_change_the_clock_and_not_what_is_learned(tmp_path: Path) -> None:
    learned = []
    for number, changes in enumerate(([], ["--set", "radio=40mbit", "--set", "v=2"])):
        out = tmp_path / str(number)
        options = ["--rounds", "2", "--samples", "16", "--devices", "3", *changes]
        main(["run", *options, "--out", str(out)])
        with (out / "rounds.csv").open(encoding="utf-8") as file:
            learned.append(list(csv.DictReader(file)))
    for one, other in zip(*learned, strict=True):
        assert float(one["loss"]) == pytest.approx(float(other["loss"]), rel=1e-5)
        assert one["seconds"] != other["seconds"]


def test_the_table_of_privacy_tells_where_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["privacy", "--steps", "1", "--out", str(tmp_path)])
    told = json.loads((tmp_path / PROVENANCE).read_text(encoding="utf-8"))
    assert told["command"].startswith("python -m asl_gym.training")
    assert told["commit"] == current_commit()
    lines = (tmp_path / "reconstruction.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "split,layer,bits_per_sample,error"
    shown = [line.split() for line in capsys.readouterr().out.splitlines()[1:-1]]
    assert [line.split(",")[:2] for line in lines[1:]] == [row[:2] for row in shown]
