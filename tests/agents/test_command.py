"""``python -m agents`` says what is at fault in a message and ends with code 2."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import agents.command
from agents.__main__ import NEEDED
from agents.command import app
from agents.configuration import Configuration
from agents.learning_curve import VALIDATION_SEEDS, LearningCurve
from agents.runs import locked, run_folder
from tests.agents.agent_samples import quick_configuration

WITHOUT = """
import runpy, sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))
runpy.run_module("agents", run_name="__main__")
"""


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


# Without the extra


def run_without(*modules: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, ",".join(modules), "train", "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("modules", [("typer",), ("torch", "stable_baselines3", "sb3_contrib")])
def test_a_missing_dependency_is_told_with_its_extra(modules: tuple[str, ...]) -> None:
    ended = run_without(*modules)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: python -m agents needs packages")
    assert len(ended.stderr.splitlines()) == 1
    for told in (*modules, "pip install 'asl-gym[agents]'", "pip install -e '.[agents]'"):
        assert told in ended.stderr


def test_a_fault_of_the_project_itself_is_no_missing_dependency() -> None:
    ended = run_without("agents.command")
    assert ended.returncode == 1
    assert "ModuleNotFoundError" in ended.stderr
    assert "pip install" not in ended.stderr


def test_all_of_the_extra_is_looked_for() -> None:
    path = Path(agents.__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]

    def names(wanted: list[str]) -> set[str]:
        found: set[str] = set()
        for each in wanted:
            if inner := re.match(r"asl-gym\[(.*)\]", each):
                for extra in inner[1].split(","):
                    found |= names(project["optional-dependencies"][extra])
            else:
                found.add(re.split(r"[<>=]", each)[0].replace("-", "_"))
        return found

    assert names([*project["dependencies"], "asl-gym[agents]"]) == set(NEEDED)
