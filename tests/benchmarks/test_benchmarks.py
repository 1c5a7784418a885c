"""Runs of the benchmark: rows, resuming, refusals and reports."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from asl_gym import OPEN, preset
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.commands import main
from benchmarks.errors import BenchmarkError
from benchmarks.playing.episode_log import COLUMNS, read_episodes
from benchmarks.playing.run_folder import RunFolder
from tests.benchmarks.commands import FEW, SHORT, failure, rows_without_times, run

NAMES = ("delay_energy", "running_averages", "split_points")
PLOTS = tuple(f"figures/{name}-page.png" for name in NAMES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of all policies without agents."""
    out = tmp_path_factory.mktemp("whole")
    run(out, *SHORT, "--no-agents")
    return out


def test_rows_of_all_policies(whole):
    rows = read_episodes(whole / "episodes.csv")
    splits = preset("default").workload.admissible_splits
    fixed = [f"fixed-{split}-{clock}" for clock in ("max", "open") for split in splits]
    names = ["open", "warm-start-open", *fixed, "greedy-delay", "greedy-energy", "random"]
    assert rows["policy"].drop_duplicates().to_list() == names
    assert (rows.groupby("policy")["evaluation_seed"].agg(list).map(tuple) == (0, 1)).all()
    assert tuple(rows.columns) == COLUMNS
    assert set(rows["env_id"]) == {"ASL-v0"}
    assert set(rows["scenario"]) == {"default"}
    assert rows["training_seed"].isna().all()


def test_no_policy_is_below_the_frontier(whole):
    rows = read_episodes(whole / "episodes.csv")
    assert (rows[["priced_gap", "frontier_gap"]].min() >= -1e-9).all()
    assert rows["frontier_gap"].isna().sum() <= 2  # greedy for energy alone
    curve = RunFolder(whole).frontier()
    means = rows.groupby("policy")[["mean_energy_j", "mean_delay_s"]].mean()
    order = np.argsort(curve["mean_energy_j"])
    # The chord of a convex curve lies above it, hence the tolerance of the 161 points.
    bound = np.interp(
        means["mean_energy_j"], curve["mean_energy_j"][order], curve["mean_delay_s"][order]
    )
    assert (means["mean_delay_s"] >= bound * (1 - 1e-3)).all()


def test_series_add_up_to_the_rows(whole):
    rows = read_episodes(whole / "episodes.csv").query("evaluation_seed == 0")
    for _, row in rows.iterrows():
        rounds = RunFolder(whole).series(row["policy"])
        assert len(rounds) == row["rounds"]
        assert rounds["delay_s"].mean() == pytest.approx(row["mean_delay_s"], rel=1e-12)
        assert rounds["energy_j"].mean() == pytest.approx(row["mean_energy_j"], rel=1e-12)
        assert rounds["queue_j"].iloc[-1] == pytest.approx(row["final_queue_j"], rel=1e-12)


def test_rows_are_those_of_the_evaluation(whole):
    score = next(Evaluator("ASL-v0", horizon=6).evaluate(OPEN, [1], "open"))[0]
    rows = read_episodes(whole / "episodes.csv").query("policy == 'open' and evaluation_seed == 1")
    for name in ("mean_delay_s", "mean_energy_j", "priced_gap", "final_queue_j"):
        assert rows[name].item() == pytest.approx(getattr(score, name), rel=1e-12)


def test_plots_are_not_blank(whole):
    for name in PLOTS:
        image = matplotlib.image.imread(whole / name)[..., :3]
        drawn = (image < 0.9).any(axis=2).mean()
        assert image.shape[1] > 1_000
        assert 0.01 < drawn < 0.6, name


@pytest.mark.draws
def test_report_needs_files_alone(whole, monkeypatch):
    names = ("report.md", "table.csv", "changes.csv", *PLOTS)
    before = {name: (whole / name).read_bytes() for name in names}
    for name in names:
        (whole / name).unlink()
    monkeypatch.setattr(Evaluator, "__init__", lambda *_, **__: pytest.fail("played anew"))
    run(whole, "report")
    assert {name: (whole / name).read_bytes() for name in names} == before


def test_a_run_that_was_interrupted_has_a_report(whole, tmp_path):
    """Nothing of OPEN is there yet, and of one policy not the first seed."""
    part = tmp_path / "part"
    shutil.copytree(whole, part)
    lines = (part / "episodes.csv").read_text().splitlines(keepends=True)
    places = [lines[0].split(",").index(name) for name in ("policy", "evaluation_seed")]

    def is_there(line):
        policy, seed = (line.split(",")[place] for place in places)
        return policy != "open" and (policy, seed) != ("random", "0")

    (part / "episodes.csv").write_text("".join(filter(is_there, lines)))
    for name in ("open", "random"):
        RunFolder(part).series_path(name).unlink()
    run(part, "report")
    report = (part / "report.md").read_text()
    assert "Incomplete: OPEN has 0 of 2 seeds." in report
    assert "Incomplete: random has 1 of 2 seeds." in report
    assert "| greedy for delay  " in report
    assert "| OPEN  " not in report
    assert all((part / name).stat().st_size for name in PLOTS)


def test_report_is_readable(whole):
    report = (whole / "report.md").read_text()
    assert "−53.7%" in report
    assert "−22.1%" in report
    assert "at minimum energy" in report
    assert "| best fixed split in hindsight, full clock |" in report
    for name in PLOTS:
        assert f"]({name})" in report
    assert "<NA>" not in report
    assert not re.search(r"\bnan\b", report, re.IGNORECASE)


def test_a_killed_run_goes_on(tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    options = ["--rounds", "200", "--seeds", "8", *FEW, "--only", "random"]
    command = [sys.executable, "-m", "benchmarks", *options, "--out", str(killed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    rows = killed / "episodes.csv"
    deadline = time.monotonic() + 60
    while not (rows.exists() and rows.read_bytes().count(b"\n") > 4):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = rows.read_bytes()
    assert 4 < before.count(b"\n") < 25
    run(killed, *options)
    assert rows.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    run(whole, *options)
    pd.testing.assert_frame_equal(rows_without_times(killed), rows_without_times(whole))
    assert (killed / "frontier.csv").read_bytes() == (whole / "frontier.csv").read_bytes()
    for name in ("open", "fixed-6-max", "random"):
        series = RunFolder(whole).series_path(name).read_bytes()
        assert RunFolder(killed).series_path(name).read_bytes() == series


@pytest.mark.parametrize("tear", [lambda rows: rows[:-9], lambda rows: rows + b"ASL-v0,defa"])
def test_a_torn_line_is_played_again(ended, tear):
    rows, before = ended / "episodes.csv", rows_without_times(ended)
    rows.write_bytes(tear(rows.read_bytes()))
    assert len(read_episodes(rows)) < len(before) + 1
    run(ended, *SHORT, *FEW)
    pd.testing.assert_frame_equal(rows_without_times(ended), before)


def test_a_torn_header_is_written_again(ended):
    before = rows_without_times(ended)
    (ended / "episodes.csv").write_bytes(b"env_id,scen")
    run(ended, *SHORT, *FEW)
    pd.testing.assert_frame_equal(rows_without_times(ended), before)


def test_a_finished_run_plays_nothing(ended, monkeypatch):
    before = (ended / "episodes.csv").read_bytes()
    monkeypatch.setattr(Evaluator, "score", lambda *_: pytest.fail("played anew"))
    run(ended, *SHORT, *FEW)
    assert (ended / "episodes.csv").read_bytes() == before
    assert len(json.loads((ended / "run.json").read_text())["written_by"]) == 1


def test_policies_may_be_added(ended):
    run(ended, *SHORT, "--no-agents", "--only", "random")
    names = {"open", "fixed-6-max", "random"}
    assert set(read_episodes(ended / "episodes.csv")["policy"]) == names
    assert set(RunFolder(ended).manifest["policies"]) == names


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["--rounds", "7", "--seeds", "2"], "scenario.horizon is 6 there and 7 now"),
        (["--rounds", "6", "--seeds", "3"], "seeds is [0, 1] there and [0, 1, 2] now"),
        ([*SHORT, "--num-devices", "3"], "scenario.fleet.clock_hz"),
        ([*SHORT, "--scenario", "ergodic"], 'scenario.radio.fading is "block" there and "ergodic"'),
        ([*SHORT, "--budget-fraction", "0.3"], "scenario.budget.fraction is 0.2 there and 0.3 now"),
    ],
)
def test_another_configuration_is_refused(whole, capsys, changed, named):
    before = (whole / "episodes.csv").read_bytes()
    message = failure(capsys, *changed, *FEW, "--out", str(whole))
    assert named in message
    assert "Now choose another --out" in message
    assert (whole / "episodes.csv").read_bytes() == before


def test_two_runs_in_one_folder_are_refused(tmp_path, capsys):
    with FileLock(tmp_path / ".lock"):
        message = failure(capsys, *SHORT, *FEW, "--out", str(tmp_path))
    assert "another run writes to it" in message


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--seeds", "0"], "seeds = 0"),
        (["--rounds", "0"], "horizon = 0"),
        (["--env", "ASL-v9"], "env = 'ASL-v9' is not allowed: expected one of ASL-v0"),
        (["--env", "CartPole-v1"], "env = 'CartPole-v1' is not allowed: expected one of ASL-v0"),
        (
            ["reprot"],
            "'reprot' is no command: expected one of accuracy, animation, calibration,",
        ),
        (["--scenario", "nowhere"], "scenario = 'nowhere'"),
        (["--no-agents", "--only", "fixed-99-max"], "only = 'fixed-99-max'"),
        (["--seconds-per-round", "2"], "trace-dir"),
        (["--trace-dir", "/nowhere"], "trace-dir = '/nowhere'"),
        (["report", "--out", "/nowhere"], "no run.json"),
    ],
)
def test_options_that_are_not_allowed(capsys, arguments, named):
    assert named in failure(capsys, *arguments)


def test_rows_of_something_else_are_refused(tmp_path, capsys):
    (tmp_path / "episodes.csv").write_text("a,b\n1,2\n")
    assert "no run.json" in failure(capsys, *SHORT, *FEW, "--out", str(tmp_path))
    with pytest.raises(BenchmarkError, match="columns"):
        read_episodes(tmp_path / "episodes.csv")


def test_rows_that_stand_twice_are_refused(whole, tmp_path):
    lines = (whole / "episodes.csv").read_text().splitlines(keepends=True)
    (tmp_path / "episodes.csv").write_text("".join([*lines, lines[1]]))
    with pytest.raises(BenchmarkError, match=r"twice: \[\('open', 0\)\]"):
        read_episodes(tmp_path / "episodes.csv")


def test_a_fault_in_a_policy_names_it(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(OPEN, "predict", fail)
    with pytest.raises(ZeroDivisionError) as raised:
        main([*SHORT, "--no-agents", "--only", "open", "--out", str(tmp_path)])
    assert "'open'" in raised.value.__notes__[0]


def test_fadings(tmp_path):
    run(tmp_path, "fadings", "--rounds", "5", "--seeds", "2")
    table = (tmp_path / "fadings.md").read_text()
    for fading in ("block", "ergodic", "none"):
        assert table.count(f"\n| {fading}") == 4
    assert table.count("| OPEN ") == 3
    assert "2 evaluation seeds of 5 rounds" in table


@pytest.mark.draws
def test_budgets_of_each_device_go_through_every_table_and_plot(tmp_path):
    arguments = ["--scenario", "per-device-budgets", "--no-agents", "--num-devices", "3"]
    # Long enough that the budgets, drawn from the reference trace, can be kept.
    run(tmp_path, *arguments, "--rounds", "40", "--seeds", "2")
    curve, rows = RunFolder(tmp_path).frontier(), read_episodes(tmp_path / "episodes.csv")
    assert {*curve} == {"energy_ratio", "mean_delay_s"}
    means = rows.groupby("policy")[["energy_ratio", "mean_delay_s"]].mean()
    bound = np.interp(means["energy_ratio"], curve["energy_ratio"], curve["mean_delay_s"])
    assert (means["mean_delay_s"] >= bound * (1 - 1e-3)).all()
    assert means["mean_delay_s"].min() <= 1.01 * curve["mean_delay_s"].min()  # Greedy for delay.
    rounds = RunFolder(tmp_path).series("open")
    shares = [f"energy_of_budget_{budget}_j" for budget in range(4)]
    np.testing.assert_allclose(rounds[shares].sum(axis=1), rounds["energy_j"], rtol=1e-12)
    budgets = RunFolder(tmp_path).scenario.energy_budgets
    first = rows.query("policy == 'open' and evaluation_seed == 0")
    assert (rounds[shares].mean() / budgets).max() == pytest.approx(first["energy_ratio"].item())
    for name in PLOTS:
        assert (tmp_path / name).exists()
    report = (tmp_path / "report.md").read_text()
    assert "a budget for each device and one for the server" in report
    assert "| best fixed split in hindsight, full clock |" in report
