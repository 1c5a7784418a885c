"""``python -m agents`` says what is at fault in a message and ends with code 2."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import agents.command
from agents.command import app
from agents.configuration import Configuration
from agents.learning_curve import VALIDATION_SEEDS, LearningCurve
from agents.runs import locked, run_folder
from tests.agents.agent_samples import quick_configuration


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """The command trains a small configuration."""
    configuration = quick_configuration("ppo")
    monkeypatch.setattr(agents.command, "load_configuration", lambda *_: configuration)
    monkeypatch.setattr("agents.learning_curve.VALIDATION_SEEDS", VALIDATION_SEEDS[:1])
    return configuration


def invoked(root: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command, which must end without a traceback."""
    result = CliRunner().invoke(app, [*arguments, "--runs", str(root)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def test_it_trains_goes_on_and_draws(tmp_path: Path, quick: Configuration) -> None:
    code, said, _ = invoked(tmp_path, "train", "ppo", "--steps", "128")
    assert code == 0
    assert "saved" in said
    code, said, _ = invoked(tmp_path, "train", "ppo")
    assert code == 0
    assert "going on from step 128 of 256" in said
    code, said, _ = invoked(tmp_path, "train", "ppo")
    assert code == 0
    assert "nothing to train" in said
    picture = run_folder(tmp_path, quick, 0) / "curve.png"
    picture.unlink()
    assert invoked(tmp_path, "curve", "ppo")[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["checkpoint.zip", "run.json", "curve.csv"])
def test_a_torn_file_is_named(tmp_path: Path, quick: Configuration, name: str) -> None:
    invoked(tmp_path, "train", "ppo", "--steps", "128")
    path = run_folder(tmp_path, quick, 0) / name
    path.write_bytes(path.read_bytes()[:20])
    code, _, said = invoked(tmp_path, "train", "ppo")
    assert code == 2
    assert said.startswith(f"Error: {path} ")
    assert invoked(tmp_path, "curve", "ppo")[0] == (2 if name == "curve.csv" else 0)


def test_folders_that_are_none_or_are_trained_in_are_named(
    tmp_path: Path, quick: Configuration
) -> None:
    (tmp_path / "file").write_bytes(b"")
    code, _, said = invoked(tmp_path / "file", "train", "ppo")
    assert code == 2
    assert f"{tmp_path}/file" in said
    code, _, said = invoked(tmp_path, "curve", "ppo")
    assert code == 2
    assert "there is no run in" in said
    with locked(run_folder(tmp_path, quick, 0)):
        code, _, said = invoked(tmp_path, "train", "ppo")
    assert code == 2
    assert "another process trains there" in said


@pytest.mark.parametrize("options", [["--steps", "0"], ["--seed", "-1"]])
def test_options_out_of_range_are_named(tmp_path: Path, options: list[str]) -> None:
    code, _, said = invoked(tmp_path, "train", "ppo", *options)
    assert code == 2
    assert f"'{options[0]}'" in re.sub(r"\x1b\[[0-9;]*m", "", said)


def test_an_interruption_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(curve: LearningCurve) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(LearningCurve, "_on_step", interrupt)
    code, said, _ = invoked(tmp_path, "train", "ppo")
    assert code == 130
    assert "the same command goes on" in said


@pytest.mark.parametrize("package", ["typer", "stable_baselines3"])
def test_the_command_without_its_extra(package: str) -> None:
    code = (
        f"import runpy, sys; sys.modules[{package!r}] = None;"
        "runpy.run_module('agents', run_name='__main__')"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.returncode == 2
    assert (
        f"the package {package!r} is not installed; it comes with the extra 'agents'" in told.stderr
    )
    assert told.stderr.count("\n") == 1
