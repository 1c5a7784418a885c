"""What is wrong with a run's folder is said by name, and nothing in it is lost."""

import dataclasses
import errno
import itertools
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.bookkeeping import source_sha256
from agents.checkpoints import load_checkpoint
from agents.configuration import Configuration
from agents.errors import RunError
from agents.runs import locked, run_folder
from agents.training import train, training_env
from asl_gym.provenance import current_commit
from tests.agents.agent_samples import quick_configuration

HALF, TOTAL = 128, 256


pytestmark = pytest.mark.usefixtures("one_validation_seed")


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that are trained to their half."""
    root = tmp_path_factory.mktemp("halves")
    for algorithm in ("ppo", "sac", "shared"):
        train(quick_configuration(algorithm), 0, root, total_steps=HALF, progress_bar=False)
    return root


@pytest.fixture
def root(halves: Path, tmp_path: Path) -> Path:
    """A copy of them."""
    return shutil.copytree(halves, tmp_path / "runs")


def go_on(root: Path, algorithm: str = "ppo", total: int = TOTAL) -> Path:
    return train(quick_configuration(algorithm), 0, root, total, progress_bar=False)


def folder_of(root: Path, algorithm: str = "ppo") -> Path:
    return run_folder(root, quick_configuration(algorithm), 0)


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


def refused(root: Path, algorithm: str = "ppo") -> str:
    """The message of a training that has to leave the folder as it was."""
    folder = folder_of(root, algorithm)
    before = contents(folder)
    with pytest.raises(RunError) as error:
        go_on(root, algorithm)
    assert contents(folder) == before
    return str(error.value)


TORN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "truncated": lambda whole: whole[: len(whole) // 2],
    "binary": lambda whole: b"\x80\x05\x00\xff" * 20,
    "text": lambda whole: b"[]",
}
FILES = [
    ("ppo", "checkpoint.zip"),
    ("ppo", "run.json"),
    ("ppo", "curve.csv"),
    ("sac", "replay-128.pkl"),
    ("shared", "replay-128.pkl"),
]


@pytest.mark.parametrize("tear", TORN)
@pytest.mark.parametrize(("algorithm", "name"), FILES)
def test_a_torn_file_is_named_and_left(root: Path, algorithm: str, name: str, tear: str) -> None:
    path = folder_of(root, algorithm) / name
    path.write_bytes(TORN[tear](path.read_bytes()))
    message = refused(root, algorithm)
    assert message.startswith(str(path))
    assert "put a copy of yours back" in message


@pytest.mark.parametrize(("algorithm", "name"), [file for file in FILES if "csv" not in file[1]])
def test_a_missing_file_is_named(root: Path, algorithm: str, name: str) -> None:
    path = folder_of(root, algorithm) / name
    path.unlink()
    message = refused(root, algorithm)
    assert str(path.parent) in message
    assert name in message


@pytest.mark.parametrize(
    ("row", "fault"),
    [("1,2,3", "line 3: 3 entries: expected 4"), ("x,1,1,1", "line 3"), ("1,1,1,", "line 3")],
)
def test_a_foreign_row_of_a_curve_is_named(root: Path, row: str, fault: str) -> None:
    path = folder_of(root) / "curve.csv"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    message = refused(root)
    assert str(path) in message
    assert fault in message


@pytest.mark.parametrize(
    "entry", [{"written_by": []}, {"written_by": [1]}, {"configuration": 3}, {"steps": "many"}]
)
def test_a_description_of_other_kinds_is_named(root: Path, entry: dict[str, Any]) -> None:
    path = folder_of(root) / "run.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, **entry}), encoding="utf-8")
    assert next(iter(entry)) in refused(root)


def test_a_checkpoint_of_another_algorithm_is_named(root: Path) -> None:
    path = folder_of(root) / "checkpoint.zip"
    shutil.copy(folder_of(root, "sac") / "checkpoint.zip", path)
    assert refused(root).startswith(f"{path} cannot be loaded")


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    for path in (folder_of(tmp_path), tmp_path / "ASL-v0"):
        shutil.rmtree(tmp_path / "ASL-v0", ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine", encoding="utf-8")
        with pytest.raises(RunError, match="seed-0"):
            go_on(tmp_path)
        assert path.read_text(encoding="utf-8") == "mine"


def failing_disk(number: int, spared: int) -> Callable[[int], None]:
    """What ``os.fsync`` does where the disk takes so many writes and no more."""
    sync, calls = os.fsync, itertools.count()

    def fail(descriptor: int) -> None:
        if next(calls) >= spared:
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    return fail


@pytest.mark.parametrize("spared", [0, 4, 7, 9])
@pytest.mark.parametrize(("algorithm", "number"), [("ppo", errno.EROFS), ("sac", errno.ENOSPC)])
def test_a_disk_that_fails_leaves_a_whole_checkpoint(
    root: Path, monkeypatch: pytest.MonkeyPatch, algorithm: str, number: int, spared: int
) -> None:
    folder = folder_of(root, algorithm)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing_disk(number, spared))
        with pytest.raises(RunError, match=os.strerror(number)) as error:
            go_on(root, algorithm)
    assert str(error.value).startswith(f"{folder}: ")
    assert "the same command goes on" in str(error.value)
    assert not list(folder.glob("*.part*"))
    configuration = quick_configuration(algorithm)
    model = load_checkpoint(configuration, folder, training_env(configuration))
    assert HALF <= model.num_timesteps <= TOTAL
    assert go_on(root, algorithm).exists()


def test_a_second_training_is_refused(root: Path) -> None:
    with locked(folder_of(root)):
        before = contents(folder_of(root))
        with pytest.raises(RunError, match=r"seed-0: another process trains there"):
            go_on(root)
        assert contents(folder_of(root)) == before
    go_on(root)


def test_leftovers_of_killed_trainings_are_removed(root: Path) -> None:
    part = folder_of(root) / "checkpoint.0123456789abcdef.part.zip"
    part.write_bytes(b"a part")
    go_on(root)
    assert not part.exists()


def test_results_without_a_description_are_not_written_over(root: Path) -> None:
    folder = folder_of(root)
    for name in ("run.json", "checkpoint.zip"):
        (folder / name).unlink()
    assert "holds curve.csv but no run.json" in refused(root)


# Other code, other steps


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What trainings warn of."""
    said: list[str] = []
    monkeypatch.setattr(
        logging.getLogger("agents.training"), "warning", lambda text, *a: said.append(text % a)
    )
    return said


def description(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder_of(root) / "run.json").read_text(encoding="utf-8"))
    return told


def test_who_trained_up_to_where_is_recorded(root: Path, warnings: list[str]) -> None:
    code = {
        "commit": current_commit() or "unknown",
        "source_sha256": source_sha256("asl_gym", "agents"),
    }
    half = {**code, "total_steps": HALF, "from_steps": 0, "to_steps": HALF}
    assert description(root)["written_by"] == [half]
    go_on(root, total=HALF)
    assert warnings == []
    go_on(root)
    (said,) = warnings
    assert "the total steps were 128 and are 256 now" in said
    rest = {**code, "total_steps": TOTAL, "from_steps": HALF, "to_steps": TOTAL}
    assert description(root)["written_by"] == [half, rest]
    go_on(root)
    assert len(warnings) == 1
    assert description(root)["written_by"] == [half, rest]


def test_other_code_is_told_and_recorded(
    root: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.description.source_sha256", lambda *_: "of other code")
    monkeypatch.setattr("agents.description.current_commit", lambda: "another")
    go_on(root, total=HALF)  # Nothing to train, but it is told what the model was made by.
    assert [each["commit"] for each in description(root)["written_by"]][1:] == []
    go_on(root, total=TOTAL)
    code = [said for said in warnings if "the code is not that" in said]
    assert len(code) == 2
    assert "another now" in code[0]
    last = description(root)["written_by"][-1]
    assert (last["source_sha256"], last["commit"]) == ("of other code", "another")
    assert (last["from_steps"], last["to_steps"]) == (HALF, TOTAL)


def test_another_commit_of_the_same_code_is_recorded_alone(
    root: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder_of(root) / "run.json"
    told = description(root)
    told["written_by"][0].update(commit="another", total_steps=TOTAL)
    path.write_text(json.dumps(told), encoding="utf-8")
    go_on(root)
    assert warnings == []
    assert [each["commit"] == "another" for each in description(root)["written_by"]] == [
        True,
        False,
    ]


def test_a_description_of_earlier_code_goes_on(root: Path, warnings: list[str]) -> None:
    path = folder_of(root) / "run.json"
    told = description(root)
    del told["written_by"]
    path.write_text(json.dumps(told), encoding="utf-8")
    go_on(root)
    assert len(warnings) == 1
    assert "the code is not that which it was trained by" in warnings[0]
    first, second = description(root)["written_by"]
    assert (first["source_sha256"], first["from_steps"], first["to_steps"]) == (None, 0, HALF)
    assert (second["from_steps"], second["to_steps"]) == (HALF, TOTAL)


def test_another_configuration_is_refused(root: Path) -> None:
    configuration: Configuration = quick_configuration("ppo")
    other = dataclasses.replace(configuration, model={**configuration.model, "n_epochs": 7})
    before = contents(folder_of(root))
    with pytest.raises(RunError, match="n_epochs is 4 there and 7 now"):
        train(other, 0, root, progress_bar=False)
    assert contents(folder_of(root)) == before
