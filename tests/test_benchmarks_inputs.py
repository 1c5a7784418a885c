"""What a benchmark is given: users' policies, shipped agents and measured logs."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from asl_gym import OPEN, Budget, preset
from asl_gym.evaluation import Evaluator
from asl_gym.measured import REFERENCE_SEEDS, MeasuredTraces
from asl_gym.reference import resolve_budget
from benchmarks.__main__ import main
from benchmarks.episode_log import read_episodes
from benchmarks.run_folder import RunFolder
from tests.test_benchmarks import FEW, SHORT, failure, rows_without_times, run

POLICY = """
from asl_gym import OPEN

class Patient(OPEN):
    def __init__(self, env):
        super().__init__(env, v={v})

def build(env):
    return Patient(env)

class Nothing:
    def __init__(self, env):
        pass

class Broken:
    def __init__(self, env):
        raise RuntimeError("does not work")

LIMIT = 3
"""


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of policies that can be imported, and run as a file."""
    path = tmp_path / "modules" / "my_policies.py"
    path.parent.mkdir()
    path.write_text(POLICY.format(v=1.0))
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.delitem(sys.modules, "my_policies", raising=False)
    return path


def test_users_policies_stand_in_the_table(tmp_path, policies):
    run(
        tmp_path / "out",
        *SHORT,
        "--no-agents",
        *("--policy", "my_policies:Patient"),
        *("--policy", f"from-file={policies}:Patient"),
        *("--policy", f"{policies}:build"),
        *("--only", "Patient", "--only", "from-file", "--only", "build"),
    )
    rows = rows_without_times(tmp_path / "out")
    played = {name: group.drop(columns="policy") for name, group in rows.groupby("policy")}
    assert set(played) == {"Patient", "from-file", "build"}
    for name in ("from-file", "build"):
        pd.testing.assert_frame_equal(
            played["Patient"].reset_index(drop=True), played[name].reset_index(drop=True)
        )
    assert "from-file" in (tmp_path / "out" / "report.md").read_text()


def test_a_changed_policy_is_refused(tmp_path, policies, capsys):
    arguments = [*SHORT, "--no-agents", "--policy", f"{policies}:Patient", "--only", "Patient"]
    run(tmp_path / "out", *arguments)
    policies.write_text(POLICY.format(v=2.0))
    message = failure(capsys, *arguments, "--out", str(tmp_path / "out"))
    assert "policy Patient: source_sha256 is" in message


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("Patient", "expected [NAME=]package.module:Class"),
        ("my_policies:", "expected [NAME=]package.module:Class"),
        ("a/b=my_policies:Patient", "the name of letters, digits"),
        ("no_such_module:Patient", "there is no module 'no_such_module'"),
        ("my_policies.deeper:Patient", "there is no module 'my_policies.deeper'"),
        ("no_such_file.py:Patient", "there is no file no_such_file.py"),
        ("my_policies:Impatient", "has no 'Impatient'"),
        ("my_policies:LIMIT", "'LIMIT' that is no class"),
        ("open=my_policies:Patient", "two policies are named 'open'"),
        ("Open=my_policies:Patient", "give one another name"),
    ],
)
def test_specs_that_are_not_allowed(policies, capsys, spec, named):
    message = failure(capsys, *SHORT, "--no-agents", "--policy", spec)
    assert named in message


@pytest.mark.parametrize(
    ("attribute", "error"), [("Nothing", "predict"), ("Broken", "does not work")]
)
def test_policies_that_cannot_be_built(policies, attribute, error):
    with pytest.raises((TypeError, RuntimeError), match=error) as raised:
        main([*SHORT, "--no-agents", "--policy", f"my_policies:{attribute}"])
    assert any(attribute in note for note in raised.value.__notes__)


class FakeAgent:
    """Acts like OPEN in the box view, and has the spaces that a trained model has."""

    def __init__(self, acts_on: int, sees: int) -> None:
        env = Evaluator("ASL-v0", num_devices=acts_on).make_env()
        self.action_space = env.action_space
        self.observation_space = Evaluator(num_devices=sees).make_env().observation_space
        self.predict = OPENInBox(env).predict


class OPENInBox(OPEN):
    action_view = "box"


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three shipped agents, of which only one has the default scenario's spaces."""
    agents = {"fits": FakeAgent(10, 10), "small": FakeAgent(3, 3), "blind": FakeAgent(10, 3)}
    module = SimpleNamespace(
        shipped_names=lambda env_id: tuple(agents),
        load=lambda name, env_id: agents[name],
        training_seed=lambda name, env_id: 7,
    )
    monkeypatch.setitem(sys.modules, "agents.pretrained", module)


@pytest.mark.usefixtures("shipped")
def test_shipped_agents_take_part_where_they_fit(tmp_path, capsys):
    run(tmp_path, *SHORT, "--only", "fits", "--only", "open")
    rows = read_episodes(tmp_path / "episodes.csv")
    seeds = dict(zip(rows["policy"], rows["training_seed"].fillna(-1), strict=True))
    assert seeds == {"open": -1, "fits": 7}
    assert "FITS agent" in (tmp_path / "report.md").read_text()
    message = failure(capsys, *SHORT, "--only", "small")
    assert "only = 'small' cannot take part: the policy acts in Box" in message


@pytest.mark.usefixtures("shipped")
def test_agents_that_do_not_fit_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.suite._heuristics", lambda scenario: [])
    run(tmp_path, *SHORT)
    report = (tmp_path / "report.md").read_text()
    assert "The small agent is left out: the policy acts in Box" in report
    assert "The blind agent is left out: it was trained on observations of shape (11,)" in report
    assert "trained on the default scenario, not on this one" in report


def test_agents_that_cannot_be_imported(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "agents.pretrained", None)
    message = failure(capsys, *SHORT)
    assert "pip install -e '.[benchmarks]'" in message
    assert "--no-agents" in message


def write_logs(folder: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    folder.mkdir()
    for i in range(count):
        times = [f"2020.02.13_13.{k // 60:02d}.{k % 60:02d}" for k in range(120)]
        snr = rng.normal(12, 4, 120).round()
        lines = [f"{t},LTE,{s:.0f}" for t, s in zip(times, snr, strict=True)]
        text = "\n".join(["Timestamp,NetworkMode,SNR", *lines])
        (folder / f"log{i}.csv").write_text(text + "\n")


def test_measured_logs(tmp_path, capsys):
    logs, out = tmp_path / "logs", tmp_path / "out"
    write_logs(logs, 4)
    run(out, *SHORT, *FEW, "--trace-dir", str(logs))
    manifest = RunFolder(out).manifest
    size = (logs / "log0.csv").stat().st_size
    assert manifest["configuration"]["trace_files"][0] == ["log0.csv", size]
    report = (out / "report.md").read_text()
    assert "4 G-NetTrack logs for 10 devices" in report
    assert "those that share a log play it from different starts" in report
    assert "The budget's fraction 0.2 refers to the logs" in report
    (logs / "log0.csv").write_text((logs / "log1.csv").read_text()[:-1])
    message = failure(capsys, *SHORT, *FEW, "--trace-dir", str(logs), "--out", str(out))
    assert re.search(r"trace_files is .*log0.csv", message)


@pytest.mark.filterwarnings("ignore:4 logs.*10 devices")
def test_the_budgets_fraction_refers_to_the_logs(tmp_path):
    write_logs(tmp_path / "logs", 4)
    run(tmp_path / "out", *SHORT, *FEW, "--trace-dir", str(tmp_path / "logs"))
    scenario = preset("default").replace(horizon=6)
    traces = MeasuredTraces(scenario, tmp_path / "logs")
    each = [
        resolve_budget(scenario, traces.draw([np.random.default_rng(seed)], 6)[0])
        for seed in REFERENCE_SEEDS
    ]
    budget = Budget(joules=float(np.mean(each)), refers_to="measured traces")
    expected = scenario.replace(budget=budget)
    played = RunFolder(tmp_path / "out").scenario
    assert played.energy_budget == pytest.approx(expected.energy_budget, rel=1e-9)
    assert played.replace(budget=scenario.budget) == scenario
