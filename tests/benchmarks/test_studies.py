"""Studies: files, points, the choice of knobs, rows and figures end to end, interruptions."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from asl_gym import OPEN, WarmStartOPEN, evaluate, with_settings
from asl_gym.policies.schemes.catalogue import SCHEMES, schemes_for
from asl_gym.whole_files import PART
from benchmarks.playing import episodes
from benchmarks.playing.contenders import contenders
from benchmarks.studies.sweeps.definition import read_study, shipped_studies
from benchmarks.studies.sweeps.playing import chosen_knob
from benchmarks.studies.sweeps.points import points_of
from tests.benchmarks.commands import failure, run

STUDY = """
title = "Two points"
scenario = "default"
policies = ["open", "warm-start-open", "card-style"]
seeds = 2
rounds = 8

[set]
num_devices = 3

[[axis]]
set = "radio.bandwidth_hz"
values = [5e6, 20e6]
label = "bandwidth [Hz]"
scale = "log"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the study, whole."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "mine.toml").write_text(STUDY)
    run(folder, "study", str(folder / "mine.toml"))
    return folder / "mine"


def rows_of(folder: Path, name: str = "rows") -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv").drop(columns="decision_time_us", errors="ignore")


def test_rows_are_those_of_the_evaluation(played: Path) -> None:
    rows = rows_of(played)
    assert len(rows) == 2 * 3 * 2
    for bandwidth in (5e6, 20e6):
        settings = {"num_devices": 3, "radio.bandwidth_hz": bandwidth, "horizon": 8}
        scenario = with_settings("default", settings)
        for name, policy in (("open", OPEN), ("warm-start-open", WarmStartOPEN)):
            scores = evaluate(policy, seeds=range(2), scenario=scenario)
            own = rows[(rows["radio.bandwidth_hz"] == bandwidth) & (rows["policy"] == name)]
            for column in ("mean_delay_s", "mean_energy_j", "priced_gap", "final_queue_j"):
                assert own[column].to_list() == [getattr(score, column) for score in scores]


def test_a_scheme_plays_at_the_knob_nearest_below_the_budget(played: Path) -> None:
    rows, knobs = rows_of(played), rows_of(played, "knobs")
    assert set(knobs["policy"]) == {"card-style"}
    assert set(knobs["evaluation_seed"]) == set(range(100_000, 100_005))
    for bandwidth, group in knobs.groupby("radio.bandwidth_hz"):
        means = group.groupby("knob")["energy_ratio"].mean()
        expected = means[means <= 1].idxmax() if (means <= 1).any() else means.idxmin()
        own = rows[(rows["radio.bandwidth_hz"] == bandwidth) & (rows["policy"] == "card-style")]
        assert set(own["knob"]) == {expected}


@pytest.mark.parametrize(
    ("ratios", "place"),
    [([0.5, 0.9, 1.1], 1), ([1.3, 1.1, 1.2], 1), ([1.0, 0.99], 0), ([3.0], 0), ([0.2, 0.2], 0)],
)
def test_the_choice_of_a_knob(ratios: list[float], place: int) -> None:
    assert chosen_knob(ratios) == place


def test_nothing_lies_below_the_frontier(played: Path) -> None:
    rows = rows_of(played)
    assert (rows["priced_gap"] >= -1e-9).all()
    assert (rows["frontier_gap"].dropna() >= -1e-9).all()


def test_summaries_are_means_of_rows(played: Path) -> None:
    means = rows_of(played).groupby(["radio.bandwidth_hz", "policy"])["mean_delay_s"].mean()
    for _, line in rows_of(played, "summary").iterrows():
        expected = means[line["radio.bandwidth_hz"], line["policy"]]
        assert line["mean_delay_s"] == pytest.approx(expected, rel=1e-12)
        assert line["mean_delay_s_low"] <= expected <= line["mean_delay_s_high"]
        assert line["episodes"] == 2


def test_figures_are_drawn(played: Path) -> None:
    pictures = sorted((played / "figures").rglob("*.png"))
    assert len(pictures) >= 2
    assert all(picture.stat().st_size > 10_000 for picture in pictures)


def test_what_is_there_is_not_played_again(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "study", str(file))
    before = (tmp_path / "mine" / "rows.csv").read_bytes()
    monkeypatch.setattr(episodes, "_played", lambda *_: pytest.fail("played twice"))
    run(tmp_path, "study", str(file))
    assert (tmp_path / "mine" / "rows.csv").read_bytes() == before


def test_changed_code_makes_jobs_missing_and_keeps_the_old(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "study", str(file))
    kept = set(_stored(tmp_path))
    monkeypatch.setattr(episodes, "code_of", lambda entry: {"asl_gym": "another"})
    run(tmp_path, "study", str(file))
    assert len(set(_stored(tmp_path))) == 2 * len(kept)
    assert kept < set(_stored(tmp_path))


def test_more_policies_play_themselves_alone(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.py").write_text(
        "from asl_gym import OPEN\ndef slow(env):\n    return OPEN(env, v=0.5)\n"
    )
    run(tmp_path, "study", str(file))
    play, names = episodes._played, []

    def noted(made: Any) -> Any:
        names.append(made["policy"]["name"])
        return play(made)

    monkeypatch.setattr(episodes, "_played", noted)
    run(tmp_path, "study", str(file), "--policy", f"mine={tmp_path / 'own.py'}:slow")
    assert set(names) == {"mine"}
    rows = rows_of(tmp_path / "mine")
    assert set(rows["policy"]) == {"open", "warm-start-open", "card-style", "mine"}


def test_settings_of_the_command_change_the_base(file: Path, tmp_path: Path) -> None:
    name, study = read_study(str(file))
    assert name == "mine"
    points = points_of(study, {"v": 2.0, "num_devices": 4})
    for point, bandwidth in zip(points, (5e6, 20e6), strict=True):
        expected = {"num_devices": 4, "v": 2.0, "horizon": 8, "radio.bandwidth_hz": bandwidth}
        assert point.cells == {"radio.bandwidth_hz": bandwidth}
        assert point.evaluator.scenario == with_settings("default", expected)


def test_two_axes_and_tables_of_fields(tmp_path: Path) -> None:
    file = tmp_path / "two.toml"
    file.write_text(
        'title = "two"\npolicies = ["open"]\nrounds = 4\n'
        '[[axis]]\nset = "schedule"\nvalues = ["sequential", "parallel"]\n'
        '[[axis]]\nlabel = "site"\nlabels = ["near", "far"]\n'
        'values = [{"fleet.distance_m" = 100}, {"fleet.distance_m" = 400, "v" = 2}]\n'
    )
    points = points_of(read_study(str(file))[1], {})
    assert [tuple(point.cells.values()) for point in points] == [
        ("sequential", "near"),
        ("sequential", "far"),
        ("parallel", "near"),
        ("parallel", "far"),
    ]
    envs = [point.evaluator.env_id for point in points]
    assert envs == ["ASL-v0"] * 2 + ["ASLParallel-v0"] * 2
    assert [point.evaluator.scenario.v for point in points] == [5.0, 2.0, 5.0, 2.0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("title =", "titel =", "title: Field required"),
        ("seeds = 2", 'seeds = "2"', "seeds = '2': Input should be a valid integer"),
        ("seeds = 2", "seeds = 0", "seeds = 0: Input should be greater than or equal to 1"),
        ("values = [5e6, 20e6]", "values = []", "axis.0.values = []: List should have at least 1"),
        ("values = [5e6, 20e6]", "values = [0, 1]", "axis.0: Value error, scale = 'log' is for"),
        ("values = [5e6, 20e6]", 'values = ["a"]', "scale = 'log' is for numbers"),
        ('set = "radio.bandwidth_hz"', "", "set, the path of a field, is missing"),
        ('"open", "warm', '"open", "open", "warm', "a policy is named twice"),
        ("radio.bandwidth_hz", "radio.bandwith_hz", "radio.bandwith_hz = 5000000.0: radio = 'band"),
        ("values = [5e6, 20e6]", "values = [-1.0]\n", "axis.0: Value error, scale"),
        ("values = [5e6, 20e6]", "values = [5e6, 5e6]", "5000000.0 is there twice"),
        ('label = "bandwidth [Hz]"', 'labels = ["a", "a"]\nlabel = "x"', "'a' is there twice"),
        ("num_devices = 3", "horizon = 3", "rounds are given, and horizon is set too"),
        ("num_devices = 3", "num_devices = 0", "num_devices = 0 is not allowed"),
        ("num_devices = 3", '"radio.bandwidth_hz" = 1e6', "an axis of the study sets it"),
        ('scenario = "default"', 'scenario = "mine"', "scenario = 'mine' is not allowed"),
        ('scenario = "default"', 'env = "ASL-v9"', "env = 'ASL-v9' is not allowed"),
        ('"card-style"', '"cards"', "policies = 'cards' is not allowed: expected some of open"),
        ('"card-style"', '"ppo"', "policies = 'ppo' cannot take part"),
        ('"card-style"', '"esfl-style"', "the scheme is made for the parallel schedule"),
        ("[set]", "[set", "the file is not valid TOML"),
    ],
)
def test_faults_of_a_study_are_named(
    file: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, told: str
) -> None:
    assert old in STUDY
    file.write_text(STUDY.replace(old, new, 1))
    message = failure(capsys, "study", str(file), "--out", str(file.parent / "out"))
    assert told in message


def test_a_study_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    message = failure(capsys, "study", "vee")
    assert "study = 'vee' is not allowed: expected an existing TOML file, all or one of" in message
    assert all(name in message for name in shipped_studies())


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_have_points_and_policies(name: str) -> None:
    _, study = read_study(name)
    smallest = min(points_of(study, {}), key=lambda point: point.evaluator.scenario.num_devices)
    for policy in study.policies:
        assert contenders(policy, smallest.evaluator)


def test_shipped_studies_are_those_that_are_asked_for() -> None:
    asked = {"v", "budget", "devices", "bandwidth", "server", "networks", "staleness", "horizon"}
    assert asked <= set(shipped_studies())
    assert max(read_study("devices")[1].axis[0].values) == 1_000


@pytest.mark.parametrize(("name", "schedule"), [("budget", "sequential"), ("parallel", "parallel")])
def test_every_scheme_of_the_catalogue_is_in_a_study(name: str, schedule: Any) -> None:
    policies = read_study(name)[1].policies
    assert {scheme.name for scheme in schemes_for(schedule)} <= set(policies)
    assert len(SCHEMES) == len({each.name for each in SCHEMES})


def test_a_killed_study_goes_on_to_the_same_rows(file: Path, tmp_path: Path) -> None:
    """Killed with its workers as soon as so many jobs are stored, and in the end not."""
    options = ["--rounds", "100", "--seeds", "6", "--set", "num_devices=60"]
    run(tmp_path / "whole", "study", str(file), *options, "--jobs", "2")
    jobs = len(_stored(tmp_path / "whole"))
    command = [sys.executable, "-m", "benchmarks", "study", str(file), *options, "--jobs", "2"]
    killed = tmp_path / "killed"
    for enough in (1, jobs // 3, jobs + 1):
        process = subprocess.Popen(
            [*command, "--out", str(killed)], stdout=subprocess.DEVNULL, start_new_session=True
        )
        while process.poll() is None:
            if len(_stored(killed)) >= enough:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            time.sleep(0.01)
        assert process.returncode == (0 if enough > jobs else -signal.SIGKILL)
        assert enough > jobs or enough <= len(_stored(killed)) < jobs
    for name in ("rows", "knobs"):
        pd.testing.assert_frame_equal(
            rows_of(killed / "mine", name), rows_of(tmp_path / "whole" / "mine", name)
        )


def test_workers_end_with_the_study(file: Path, tmp_path: Path) -> None:
    options = ["--rounds", "200", "--seeds", "20", "--set", "num_devices=300", "--jobs", "2"]
    command = [sys.executable, "-m", "benchmarks", "study", str(file), *options]
    process = subprocess.Popen([*command, "--out", str(tmp_path)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not _stored(tmp_path):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    workers = _offspring(process.pid)
    assert workers
    process.kill()
    process.wait()
    while any(map(_is_alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _stored(folder: Path) -> list[Path]:
    """The jobs that a study has stored, without those that it was writing when it was killed."""
    return [path for path in (folder / "store").rglob("*.json") if PART not in path.suffixes]


def _offspring(process: int) -> set[int]:
    """The processes that a process has started, and theirs."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = (line.split() for line in listed.stdout.splitlines())
    parents = {int(process): int(parent) for process, parent in pairs}
    found = {process}
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return found - {process}


def _is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return re.sub(r".*\)", "", status).split()[0] != "Z"
