"""What the command keeps of its rounds is what it prints."""

import csv
from pathlib import Path

import pytest

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
