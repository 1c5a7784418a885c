"""``python -m asl_gym advise`` as people call it."""

import csv
import re
from pathlib import Path

import pytest

from asl_gym.advice.command import main
from asl_gym.advice.cut_costs import PARTS
from asl_gym.scenario.scenario import Scenario

FLEET = ["--devices", "2xraspberry-pi-4,phone", "--server", "cpu-server", "--link", "20mbit"]

USERS_FILE = """
import torch
from torch import nn


def build():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(64, 10)
    )


def inputs():
    return torch.zeros(1, 3, 16, 16)


class Texts(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(50, 8), nn.Linear(8, 2)

    def forward(self, tokens, offset):
        return self.head(self.embedding(tokens).mean(1)) + offset


def without_weights():
    return nn.ReLU()


def broken():
    raise RuntimeError("no weights on this disk")


number = 3
"""


@pytest.fixture
def users_file(tmp_path: Path) -> str:
    path = tmp_path / "mymodel.py"
    path.write_text(USERS_FILE, encoding="utf-8")
    return str(path)


def test_an_own_network_from_its_file(
    users_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, saved = tmp_path / "advice", tmp_path / "saved" / "scenario.json"
    main(
        ["advise", f"{users_file}:build", "--input", "3x16x16", *FLEET,
         "--out", str(out), "--save", str(saved), "--sources"]
    )  # fmt: skip
    text = capsys.readouterr().out
    assert text.startswith("Sequential: 3 cuts, ")
    assert "2 x raspberry-pi-4" in text
    assert "1 x phone" in text
    assert "computing_power_w = 7.2 W (source: " in text
    assert max(map(len, text.partition("raspberry-pi-4: ")[0].splitlines())) <= 120
    assert {path.name for path in out.iterdir()} == {"cuts.csv", "raspberry-pi-4.png", "phone.png"}
    rows = list(csv.DictReader((out / "cuts.csv").read_text(encoding="utf-8").splitlines()))
    scenario = Scenario.from_json(saved)
    layers = scenario.workload.profile.num_layers
    assert [row["layer"] for row in rows] == 2 * ["input", *scenario.workload.profile.layer_names]
    assert len(rows) == 2 * (layers + 1)
    for row in rows:
        parts = sum(float(row[f"{part}_s"]) for part in PARTS)
        assert float(row["delay_s"]) == pytest.approx(parts, rel=1e-12)


@pytest.mark.parametrize(
    "inputs", [["6:int64", "2"], ["6:int64", "2:float32"]], ids=["default", "told"]
)
def test_inputs_of_several_arguments(
    users_file: str, inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word for each in inputs for word in ("--input", each)]
    main(["advise", f"{users_file}:Texts", *given, *FLEET])
    assert capsys.readouterr().out.startswith("Texts: 3 cuts")


def test_inputs_from_a_function(users_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["advise", f"{users_file}:build", "--input", f"{users_file}:inputs", *FLEET])
    told = capsys.readouterr().out
    main(["advise", f"{users_file}:build", "--input", "3x16x16", *FLEET])
    assert told == capsys.readouterr().out


@pytest.mark.parametrize(
    ("network", "inputs", "told"),
    [
        ("resnet", "3x16x16", "or a shipped one: alexnet, .*vit_b_16"),
        ("FILE:build", None, "input = None .* the shape of one sample"),
        ("FILE:build", "3x0x16", "input = '3x0x16' .* a shape such as"),
        ("FILE:build", "3x16x16:float3", "a dtype of torch"),
        ("FILE:build", "3x20x20", "layer '4': .* shapes|layer '4'"),
        ("FILE:build", "5x16x16", "layer '0'"),
        ("FILE:nothing", "3x16x16", "has no 'nothing': expected one of build, inputs, Texts"),
        ("FILE:broken", "3x16x16", "RuntimeError: no weights on this disk"),
        ("FILE:number", "3x16x16", "gave a int: expected a torch.nn.Module"),
        ("FILE:without_weights", "3x16x16", r"training_flops\[-1\] = 0"),
        ("nowhere.py:build", "3x16x16", "there is no file nowhere.py"),
        ("no_such_module:build", "3x16x16", "there is no module 'no_such_module'"),
    ],
)
def test_a_fault_is_told_in_a_line(
    users_file: str,
    network: str,
    inputs: str | None,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [] if inputs is None else ["--input", inputs]
    with pytest.raises(SystemExit) as ended:
        main(["advise", network.replace("FILE", users_file), *given, *FLEET])
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(told, captured.err)
    assert captured.err.startswith("Error: ")
