"""The table of transfer: its protocol, who can play what, and what the page shows."""

import dataclasses
from pathlib import Path

import pytest
from rich.console import Console

from agents.training import train
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.processes import Processes
from benchmarks.learned.runs import Run
from benchmarks.learned.transfer.playing import play_transfer
from benchmarks.learned.transfer.protocol import Protocol, page_protocols, read_protocol
from benchmarks.learned.transfer.tables import CANNOT, load_transfer, section
from tests.agents.agent_samples import quick_configuration

SMALL = """
evaluation_seeds = 2
rounds = 6
agents = [["generalist", "ASL-v0"], ["ppo", "ASL-v0"]]

[logs.drives]
label = "drives"

[[table]]
title = "Known"
env = "ASL-v0"
[[table.case]]
label = "own"
[[table.case]]
label = "other fleet"
fleet = [4, 1]
[[table.case]]
label = "lenet"
set = { "workload.profile" = "lenet5" }
[[table.case]]
label = "drives"
logs = "drives"

[[table]]
title = "Late"
env = "ASLStaleCSI-v0"
[[table.case]]
label = "own"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "protocol.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Protocol, Path]:
    folder = tmp_path_factory.mktemp("transfer")
    protocol = read_protocol(written(folder, SMALL))
    runs = []
    for algorithm in ("generalist", "ppo"):
        configuration = dataclasses.replace(quick_configuration(algorithm), total_steps=128)
        train(configuration, 0, folder / "runs", progress_bar=False)
        runs.append(Run(configuration, 0, folder / "runs"))
    for _ in range(2):
        play_transfer(protocol, runs, folder / "out", None, Console(quiet=True), Processes(1))
    return protocol, folder / "out"


@pytest.mark.parametrize("protocol", page_protocols(), ids=lambda each: str(each.path.stem))
def test_the_shipped_protocols_are_some(protocol: Protocol) -> None:
    assert len({case.folder for case in protocol.cases()}) == len(list(protocol.cases()))
    for case in protocol.cases():
        if case.entry.logs is None:
            configuration = protocol.configuration(case, None)
            assert configuration is not None
            assert configuration.scenario.horizon == protocol.rounds


def test_who_cannot_play_is_told_so(played: tuple[Protocol, Path]) -> None:
    protocol, out = played
    *_, known, late = (part for part in section([protocol], 1, out) if "|" in part)
    rows = {line.split("|")[1].strip(): line for line in known.splitlines()}
    assert rows["PPO (ASL-v0)"].count(CANNOT) == 1  # another fleet; lenet has as many cuts
    assert CANNOT not in rows["generalist (ASL-v0)"]
    assert CANNOT not in rows["OPEN"]
    assert "OPEN on filtered rates" in late


def test_logs_that_nobody_gave_are_left_out(played: tuple[Protocol, Path]) -> None:
    protocol, out = played
    gaps = load_transfer(protocol, 1, out)
    assert set(gaps["case"]) == {"own", "other fleet", "lenet"}
    known = gaps[gaps["table"] == "Known"]
    assert set(known[known["agent"] == "open"]["case"]) == {"own", "other fleet", "lenet"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = [", "is no protocol of transfer"),
        (SMALL.replace("rounds = 6", "rounds = 0"), "greater than or equal to 1"),
        (SMALL.replace('logs = "drives"', 'logs = "walks"'), "logs = 'walks' of 'drives'"),
        (SMALL.replace("rounds = 6", "rounds = 6\nround = 1"), "Extra inputs"),
    ],
)
def test_protocols_that_are_not_allowed_are_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BenchmarkError, match=told):
        read_protocol(written(tmp_path, text))
