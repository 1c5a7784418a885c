"""The page of the learned agents end to end: interrupted, resumed, reported, shipped."""

import dataclasses
import io
import json
import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.image
import pandas as pd
import pytest
import torch
from rich.console import Console
from stable_baselines3 import PPO

import benchmarks.commands as command_line
from agents import pretrained
from agents.catalogue import AGENTS
from agents.checkpoints import steps_done
from agents.configuration import Configuration, load_configuration
from agents.pretrained import shipping
from agents.runs import locked
from agents.training import train
from asl_gym import evaluate
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.jobs.processes import Processes
from benchmarks.learned import progress, runs, training
from benchmarks.learned.page import PAGE, Page, PageEnvironment
from benchmarks.learned.results import load_environment
from benchmarks.learned.runs import Run, runs_of
from benchmarks.playing.episode_log import read_episodes
from benchmarks.playing.run_folder import RunFolder
from tests.benchmarks.commands import failure

HORIZON = 10
SMALL = Page(
    (PageEnvironment("ASL-v0", ("ppo",)),),
    num_training_seeds=2,
    num_evaluation_seeds=2,
    rounds=HORIZON,
)


def small_configuration(algorithm: str, env_id: str) -> Configuration:
    configuration = load_configuration(algorithm, env_id)
    return dataclasses.replace(
        configuration,
        num_envs=8,
        total_steps=256,
        validate_every=128,
        environment={**configuration.environment, "horizon": HORIZON},
        model={**configuration.model, "n_steps": 8, "batch_size": 32},
        network={"net_arch": [16], "activation": "ReLU"},
    )


@pytest.fixture(scope="module", autouse=True)
def small_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The command with a small page, which ships into a folder of its own."""
    shipped = tmp_path_factory.mktemp("shipped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "PAGE", SMALL)
        patch.setattr(runs, "load_configuration", small_configuration)
        patch.setattr(pretrained, "folder", lambda: shipped)
        yield


def run(folder: Path, *options: str, jobs: int = 2) -> str:
    """Runs the command, which must succeed; returns the page."""
    page = folder / "agents" / "RESULTS.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments(folder, "--jobs", str(jobs), *options))
    assert ended.value.code == 0
    return page.read_text(encoding="utf-8")


def arguments(folder: Path, *options: str) -> list[str]:
    places = {"runs": "runs", "out": "out", "page": "agents/RESULTS.md"}
    named = [part for name, at in places.items() for part in (f"--{name}", str(folder / at))]
    return ["learned", *named, *options]


@pytest.fixture(scope="module")
def whole(small_page: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page after an interruption: one run had ended, the other was in the middle."""
    folder = tmp_path_factory.mktemp("whole")
    first, second = runs_of(SMALL, folder / "runs")
    train(first.configuration, first.seed, first.root, progress_bar=False)
    train(second.configuration, second.seed, second.root, total_steps=128, progress_bar=False)
    before = first.model_path.read_bytes(), second.folder.joinpath("curve.csv").read_text()
    run(folder)
    assert first.model_path.read_bytes() == before[0]
    assert second.folder.joinpath("curve.csv").read_text().startswith(before[1])
    return folder


def weights(path: Path) -> list[torch.Tensor]:
    return list(PPO.load(path, device="cpu").policy.state_dict().values())


def test_an_agent_that_is_carried_has_no_learning_curve_here(whole):
    (own,) = SMALL.environments
    carried = dataclasses.replace(own, carried=own.algorithms)
    for environment, curves in ((own, 4), (carried, 0)):
        found = load_environment(SMALL, environment, whole / "runs", whole / "out")
        assert found is not None
        assert found.algorithms == ("ppo",)
        assert len(found.curves) == curves


def test_an_interrupted_run_goes_on_to_the_same_number_of_steps(whole):
    for one in runs_of(SMALL, whole / "runs"):
        assert one.has_ended
        assert one.description["steps"] == 256
        assert one.description["training_seconds"] > 0
        assert PPO.load(one.model_path, device="cpu").num_timesteps == 256


def test_rows_of_every_training_seed(whole):
    rows = read_episodes(whole / "out" / "ASL-v0" / "episodes.csv")
    agents = rows[rows["training_seed"].notna()]
    assert list(zip(agents["policy"], agents["training_seed"], strict=True)) == [
        (f"ppo-seed-{seed}", seed) for seed in (0, 0, 1, 1)
    ]
    path = runs_of(SMALL, whole / "runs")[1].model_path
    scores = evaluate(PPO.load(path, device="cpu"), seeds=range(2), horizon=HORIZON)
    gaps = agents[agents["training_seed"] == 1]["priced_gap"]
    assert gaps.to_list() == pytest.approx([score.priced_gap for score in scores], rel=1e-12)


def test_nothing_is_done_twice(whole, monkeypatch):
    rows = (whole / "out" / "ASL-v0" / "episodes.csv").read_bytes()
    page = (whole / "agents" / "RESULTS.md").read_text(encoding="utf-8")
    monkeypatch.setattr(Processes, "_run_once", lambda *_: pytest.fail("trained twice"))
    monkeypatch.setattr(Evaluator, "score", lambda *_: pytest.fail("played twice"))
    monkeypatch.setattr(shipping, "as_bytes", lambda *_: pytest.fail("shipped twice"))
    assert run(whole) == page
    assert (whole / "out" / "ASL-v0" / "episodes.csv").read_bytes() == rows


def test_the_page_is_written_from_what_is_on_disk(whole):
    path = whole / "agents" / "RESULTS.md"
    page = path.read_text(encoding="utf-8")
    pictures = {each: each.read_bytes() for each in (whole / "agents" / "results").iterdir()}
    for each in (path, *pictures):
        each.unlink()
    assert run(whole, "--page-only") == page
    assert {each: each.read_bytes() for each in pictures} == pictures


def test_the_page_is_readable(whole):
    page = (whole / "agents" / "RESULTS.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| PPO ")][:2]
    scores, means = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    assert means[1:4] == ["reward", "2", "256"]
    assert re.fullmatch(r"[\d.]+ \[[\d.]+, [\d.]+\]", scores[1])
    assert not re.search(r"\bnan\b|<NA>|None", page)
    assert "equality with OPEN is the\nceiling" in page
    pictures = re.findall(r"\]\((results/.*?\.svg)\)", page)
    assert len(pictures) == 3
    for picture in pictures:
        assert (whole / "agents" / picture).read_text().count("<use ") > 10
        printed = (whole / "out").rglob(f"{Path(picture).stem}.png")
        image = matplotlib.image.imread(next(printed))[..., :3]
        assert 0.005 < (image < 0.9).any(axis=2).mean() < 0.6


def test_the_median_seed_is_shipped_and_acts_as_it_did(whole):
    rows = read_episodes(whole / "out" / "ASL-v0" / "episodes.csv")
    agents = rows[rows["training_seed"].notna()]
    gaps = agents.groupby("training_seed")["priced_gap"].mean()
    entry = pretrained.manifest()["ASL-v0"]["ppo"]
    assert entry["seed"] == gaps.idxmin()  # the lower middle of two
    assert entry["priced_gap"] == gaps.min()
    expected = {"command", "commit", "versions", "sha256", "steps", "training_seconds"}
    assert expected <= set(entry)
    assert entry["steps"] == 256
    assert "sb3-contrib" in entry["versions"]
    trained = runs_of(SMALL, whole / "runs")[entry["seed"]].model_path
    shipped = pretrained.folder() / entry["file"]
    assert shipped.stat().st_size < trained.stat().st_size
    arguments: dict[str, Any] = {"seeds": range(2), "horizon": HORIZON}
    one, other = (
        evaluate(model, **arguments)
        for model in (pretrained.load("ppo", "ASL-v0"), PPO.load(trained, device="cpu"))
    )
    assert [a.priced_gap for a in one] == [b.priced_gap for b in other]


def test_weights_do_not_depend_on_the_number_of_jobs(whole, tmp_path):
    one = runs_of(SMALL, whole / "runs")[0]
    other = runs_of(SMALL, tmp_path / "runs")[0]
    training.train_missing([other], Console(quiet=True), Processes(1))
    pairs = zip(weights(one.model_path), weights(other.model_path), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_an_interruption_ends_the_processes_and_keeps_their_steps(tmp_path, monkeypatch, capsys):
    def long(algorithm: str, env_id: str) -> Configuration:
        return dataclasses.replace(small_configuration(algorithm, env_id), total_steps=1_000_000)

    shown, sent = progress._show, list[bool]()

    def interrupt_once_trained(one: Run, *others: Any) -> None:
        shown(one, *others)
        # The first checkpoint may be of none.
        kept = (one.folder / "checkpoint.zip").exists()
        if kept and not sent and one.description["written_by"][-1]["to_steps"] > 0:
            sent.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(runs, "load_configuration", long)
    monkeypatch.setattr(progress, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(progress, "_show", interrupt_once_trained)
    # A shell's background jobs ignore Ctrl-C.
    handled = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as ended:
            command_line.main(arguments(tmp_path, "--jobs", "1", "--seeds", "1"))
    finally:
        signal.signal(signal.SIGINT, handled)
    assert ended.value.code == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not multiprocessing.active_children()
    (one,) = runs_of(dataclasses.replace(SMALL, num_training_seeds=1), tmp_path / "runs")
    steps = steps_done(one.configuration, one.seed, one.root)
    assert 0 < one.description["written_by"][-1]["to_steps"] <= steps < 1_000_000
    assert not one.has_ended


def test_a_failing_run_names_itself_and_others_go_on(tmp_path, monkeypatch, capsys):
    def one_faulty(page: Page, root: Path) -> list[Run]:
        first, second = runs_of(page, root)
        broken = {**first.configuration.model, "policy": "NoSuchPolicy"}
        faulty = dataclasses.replace(first.configuration, model=broken)
        return [dataclasses.replace(first, configuration=faulty), second]

    monkeypatch.setattr("benchmarks.learned.command.runs_of", one_faulty)
    message = failure(capsys, *arguments(tmp_path, "--jobs", "1"))
    assert "1 runs failed: PPO, seed 0 on ASL-v0: " in message
    assert "cannot be built with these hyperparameters on ASL-v0: ValueError" in message
    assert "NoSuchPolicy" in message
    assert runs_of(SMALL, tmp_path / "runs")[1].has_ended


def test_a_run_of_another_configuration_is_refused(whole, monkeypatch, capsys):
    def other(algorithm: str, env_id: str) -> Configuration:
        return dataclasses.replace(small_configuration(algorithm, env_id), validate_every=64)

    monkeypatch.setattr(runs, "load_configuration", other)
    assert "validate_every is 128 there and 64 now" in failure(capsys, *arguments(whole))


def test_a_run_that_goes_on_with_other_code_or_steps_is_told(tmp_path):
    one = runs_of(SMALL, tmp_path / "runs")[0]
    train(one.configuration, one.seed, one.root, total_steps=128, progress_bar=False)
    told = json.loads((one.folder / "run.json").read_text(encoding="utf-8"))
    told["written_by"][0]["source_sha256"] = "of other code"
    (one.folder / "run.json").write_text(json.dumps(told), encoding="utf-8")
    console = Console(file=io.StringIO(), width=500)
    training.train_missing([one], console, Processes(1))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "PPO, seed 0: the code is not that which it was trained by so far" in said
    assert "PPO, seed 0: the total steps were 128 and are 256 now" in said
    assert [each["from_steps"] for each in one.description["written_by"]] == [0, 128]
    assert one.has_ended


def test_a_run_that_another_process_trains_is_refused(tmp_path, capsys):
    first, second = runs_of(SMALL, tmp_path / "runs")
    with locked(first.folder):
        message = failure(capsys, *arguments(tmp_path, "--jobs", "2", "--no-ship"))
    assert f"PPO, seed 0 on ASL-v0: {first.folder}: another process trains there" in message
    assert second.has_ended


@pytest.mark.parametrize("contents", [b"", b"[]", b'{"configuration": {', b"\x80\x00"])
@pytest.mark.parametrize("name", ["run.json", "curve.csv"])
def test_a_torn_file_of_a_run_is_named(whole, tmp_path, capsys, name, contents):
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    path = runs_of(SMALL, folder / "runs")[0].folder / name
    path.write_bytes(contents)
    for options in ((), ("--page-only",)):
        message = failure(capsys, *arguments(folder, *options))
        assert f"{path} is not" in message
        assert "put a copy of yours back" in message


def test_a_retrained_model_is_played_again(whole, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    results = RunFolder(folder / "out" / "ASL-v0")
    before = results.episodes()
    first, second = runs_of(SMALL, folder / "runs")
    first.model_path.write_bytes(second.model_path.read_bytes())
    run(folder, "--no-ship")
    after = results.episodes()
    assert len(after) == len(before)
    gaps = {
        seed: after[after["policy"] == f"ppo-seed-{seed}"]["priced_gap"].to_list()
        for seed in (0, 1)
    }
    assert gaps[0] == gaps[1]
    kept, again = (
        frame[frame["policy"] != "ppo-seed-0"].reset_index(drop=True) for frame in (before, after)
    )
    pd.testing.assert_frame_equal(kept, again)


def test_what_is_not_on_the_page_is_refused(tmp_path, capsys):
    assert "only = 'tqc' is not on the page" in failure(
        capsys, *arguments(tmp_path, "--only", "tqc")
    )
    assert "env = 'ASL-v9'" in failure(capsys, *arguments(tmp_path, "--env", "ASL-v9"))
    assert "no results of the page yet" in failure(capsys, *arguments(tmp_path, "--page-only"))


def test_the_page_in_the_repository_is_what_the_issue_of_it_asks():
    assert PAGE.num_training_seeds >= 5
    assert set(PAGE.algorithms) <= set(AGENTS)
    assert set(PAGE.fleet_algorithms) <= set(PAGE.algorithms)
    assert 10 in PAGE.fleet_sizes
    assert 50 in PAGE.fleet_sizes
