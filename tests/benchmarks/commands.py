"""Running the benchmark's commands in tests."""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks.commands import main
from benchmarks.playing.episode_log import read_episodes

SHORT = ["--rounds", "6", "--seeds", "2"]
FEW = ["--no-agents", "--only", "open", "--only", "fixed-6-max"]


def run(out: Path, *arguments: str) -> None:
    """Runs a command that must succeed."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(out)])
    assert ended.value.code == 0


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The message of a command that must fail because of its input."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def rows_without_times(out: Path) -> pd.DataFrame:
    return read_episodes(out / "episodes.csv").drop(columns="decision_time_us")
