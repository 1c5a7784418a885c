"""What a benchmark is given: users' policies and shipped agents."""

import dataclasses
import hashlib
import importlib
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import pandas as pd
import pytest
from rich.console import Console

from agents.bookkeeping import sha256_of
from asl_gym import OPEN, evaluate, preset, with_settings
from asl_gym.model.radio import Link
from asl_gym.policies.base import scenario_of
from asl_gym.scoring.evaluation import Evaluator
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.processes import Processes
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.episode_log import read_episodes
from benchmarks.playing.own_modules import digests_of_own_modules
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.runner import run_suite
from benchmarks.playing.suite import Entry, build_suite
from benchmarks.playing.user_policies import load_user_policy
from benchmarks.studies.certificate.rounds import played_rounds
from benchmarks.studies.scaling import measure_scaling
from tests.benchmarks.commands import SHORT, failure, rows_without_times, run

POLICY = """
from asl_gym import (OPEN)

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

class Misnamed(Patient):
    action_view = "spilt"

class NoPair(Patient):
    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return super().predict(observation)[0]["split"]

class NoArguments(Patient):
    def predict(self, observation):
        return OPEN.predict(self, observation)

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


def test_users_policies_always_play_and_others_as_the_table_names_them(tmp_path, policies):
    run(
        tmp_path / "out",
        *SHORT,
        "--no-agents",
        *("--policy", "my_policies:Patient"),
        *("--policy", f"from-file={policies}:Patient"),
        *("--policy", f"{policies}:build"),
        *("--only", "OPEN", "--only", "Split 6 (pool2), full clock"),
    )
    rows = rows_without_times(tmp_path / "out")
    played = {name: group.drop(columns="policy") for name, group in rows.groupby("policy")}
    assert set(played) == {"open", "fixed-6-max", "Patient", "from-file", "build"}
    for name in ("from-file", "build"):
        pd.testing.assert_frame_equal(
            played["Patient"].reset_index(drop=True), played[name].reset_index(drop=True)
        )
    assert "from-file" in (tmp_path / "out" / "report.md").read_text()


def test_rows_of_a_changed_policy_are_set_apart(tmp_path, policies, capsys):
    out = tmp_path / "out"
    arguments = [*SHORT, "--no-agents", "--policy", f"{policies}:Patient", "--only", "open"]
    run(out, *arguments)
    before = rows_without_times(out)
    policies.write_text(POLICY.format(v=2.0))
    capsys.readouterr()
    run(out, *arguments)
    said = " ".join(capsys.readouterr().out.split())
    assert "Patient: files.my_policies.py is " in said
    assert "open: " not in said
    after = rows_without_times(out)
    is_users = before["policy"] == "Patient"
    pd.testing.assert_frame_equal(after[~is_users], before[~is_users])
    assert (after["mean_delay_s"] != before["mean_delay_s"])[is_users].all()
    (apart,) = (out / "superseded").iterdir()
    pd.testing.assert_frame_equal(
        rows_without_times(apart), before[is_users].reset_index(drop=True)
    )


def test_a_changed_policy_without_rows_is_played(tmp_path, policies):
    out, policy = tmp_path / "out", ["--policy", f"{policies}:Patient"]
    only = ["--no-agents", "--only", "Patient"]
    run(out, *SHORT, *policy, *only)
    log = out / "episodes.csv"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    policies.write_text(POLICY.format(v=2.0))
    run(out, *SHORT, *policy, *only)
    digest = hashlib.sha256(policies.read_bytes()).hexdigest()
    assert RunFolder(out).manifest["policies"]["Patient"]["files"] == {policies.name: digest}
    assert len(read_episodes(log)) == 2


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("Patient", "expected [NAME=]package.module:Class"),
        ("my_policies:", "expected [NAME=]package.module:Class"),
        ("a/b=my_policies:Patient", "the name of at most 60 letters, digits"),
        ("no_such_module:Patient", "there is no module 'no_such_module'"),
        ("my_policies.deeper:Patient", "there is no module 'my_policies.deeper'"),
        ("no_such_file.py:Patient", "there is no file no_such_file.py"),
        ("my_policies:Impatient", "has no 'Impatient'"),
        ("my_policies:LIMIT", "'LIMIT' that is no class"),
        ("open=my_policies:Patient", "two policies are named 'open'"),
        ("Open=my_policies:Patient", "give one another name"),
        ("..:x", "expected [NAME=]package.module:Class"),
        (".:x", "expected [NAME=]package.module:Class"),
        ("a..b:x", "expected [NAME=]package.module:Class"),
        (f"{'n' * 300}=my_policies:Patient", "the name of at most 60 letters"),
        (f"my_policies:{'n' * 300}", "the name of at most 60 letters"),
        (f"{'n' * 300}.py:Patient", "cannot be imported: OSError"),
        (f"{'n' * 300}:Patient", f"there is no module '{'n' * 300}'"),
        ("nul\0.py:Patient", "expected [NAME=]package.module:Class"),
    ],
)
def test_specs_that_are_not_allowed(policies, capsys, spec, named):
    message = failure(capsys, *SHORT, "--no-agents", "--policy", spec)
    assert named in message


FAULTS = {
    "raises": (b"raise RuntimeError('no')", "RuntimeError: no (mine.py, line 1)"),
    "exits": (b"import sys; sys.exit(0)", "SystemExit: 0 (mine.py, line 1)"),
    "exits_silently": (b"raise SystemExit", "SystemExit (mine.py, line 1)"),
    "lacks": (b"import not_installed", "No module named 'not_installed'"),
    "syntax": (b"def policy(:", "SyntaxError"),
    "encoding": (b"name = '\xe9'", "SyntaxError"),
    "null": (b"name = '\0'", "source code string cannot contain null bytes"),
    "recurses": (b"def f(): f()\nf()", "RecursionError"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_files_of_users_that_cannot_be_imported(tmp_path, capsys, fault):
    source, told = FAULTS[fault]
    (tmp_path / "mine.py").write_bytes(source + b"\n")
    out, spec = tmp_path / "out", f"{tmp_path / 'mine.py'}:Policy"
    message = failure(capsys, *SHORT, "--no-agents", "--policy", spec, "--out", str(out))
    assert f"--policy {spec!r}: {tmp_path / 'mine.py'} cannot be imported: " in message
    assert told in message
    assert "Traceback" not in message
    assert not out.exists()


LATE = """
import sys
from asl_gym import OPEN

class Exits(OPEN):
    def predict(self, *arguments, **named):
        sys.exit(0)

class ExitsWhenBuilt(OPEN):
    def __init__(self, env):
        raise SystemExit

class Drifts(OPEN):
    def __init__(self, env):
        super().__init__(env)
        self.v, self.first = self.scenario.v, None

    def begin_episode(self, seed):
        self.v /= 2

    def decide(self, seen):
        return OPEN(self.scenario, v=self.v).decide(seen)
"""


@pytest.mark.parametrize("attribute", ["Exits", "ExitsWhenBuilt"])
def test_policies_that_exit_are_faults(tmp_path, capsys, attribute):
    (tmp_path / "late.py").write_text(LATE)
    arguments = ["--policy", f"{tmp_path / 'late.py'}:{attribute}", "--only", attribute]
    message = failure(capsys, *SHORT, "--no-agents", *arguments, "--out", str(tmp_path / "out"))
    assert "SystemExit" in message
    assert attribute in message


def test_policies_that_remember_earlier_episodes_are_told(tmp_path):
    (tmp_path / "late.py").write_text(LATE)
    arguments = ["--policy", f"{tmp_path / 'late.py'}:Drifts", "--only", "random"]
    run(tmp_path / "out", *SHORT, "--no-agents", *arguments)
    assert RunFolder(tmp_path / "out").manifest["remembers"] == {"Drifts": 0}
    report = (tmp_path / "out" / "report.md").read_text()
    assert "Drifts decides otherwise when it plays evaluation seed 0 again" in report
    assert "random decides otherwise" not in report


def test_what_a_policys_file_imports_from_beside_it_makes_its_rows(tmp_path, monkeypatch, capsys):
    (tmp_path / "beside").mkdir()
    helper, file = tmp_path / "beside" / "my_helper.py", tmp_path / "beside" / "mine.py"
    helper.write_text("V = 1.0\n")
    file.write_text(
        "from asl_gym import OPEN\ndef build(env):\n import my_helper\n return OPEN(env)"
    )
    arguments = [*SHORT, "--no-agents", "--policy", f"{file}:build", "--only", "build"]
    monkeypatch.setattr(sys, "path", list(sys.path))
    run(tmp_path / "out", *arguments)
    files = RunFolder(tmp_path / "out").manifest["policies"]["build"]["files"]
    assert files == {each.name: sha256_of(each) for each in (file, helper)}
    helper.write_text("V = 2.0\n")
    capsys.readouterr()
    run(tmp_path / "out", *arguments)
    assert "build: files.my_helper.py is " in capsys.readouterr().out


def test_modules_of_a_package_are_its_own_and_no_others(tmp_path, monkeypatch):
    package = tmp_path / "my_package"
    (package / "deep").mkdir(parents=True)
    for name, text in {
        "my_package/__init__.py": "",
        "my_package/deep/__init__.py": "from . import inner\n",
        "my_package/deep/inner.py": "import other_package, numpy\n",
        "my_package/unused.py": "",
        "other_package.py": "",
    }.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    digests = digests_of_own_modules(importlib.import_module("my_package.deep.inner"))
    assert set(digests) == {"__init__.py", "deep/__init__.py", "deep/inner.py"}


@pytest.mark.parametrize(
    ("attribute", "error"),
    [
        ("Nothing", "has no predict()"),
        ("Broken", "RuntimeError: does not work (my_policies.py, line 17)"),
        ("Misnamed", "action_view = 'spilt' is not allowed: expected one of"),
    ],
)
def test_policies_that_cannot_be_built(tmp_path, policies, capsys, attribute, error):
    out = tmp_path / "out"
    message = failure(
        capsys, *SHORT, "--policy", f"my_policies:{attribute}", "--no-agents", "--out", str(out)
    )
    assert error in message
    assert f"--policy 'my_policies:{attribute}'" in message
    assert not out.exists()


@pytest.mark.parametrize(
    ("attribute", "error"),
    [("NoPair", "ValueError: too many values"), ("NoArguments", "keyword argument 'state'")],
)
def test_policies_with_another_protocol(tmp_path, policies, attribute, error):
    configuration = Configuration.build(rounds=6, num_seeds=2)
    users = [load_user_policy(f"my_policies:{attribute}")]
    suite = build_suite(configuration.evaluator, users, agents=False, only=[attribute])
    with pytest.raises(BenchmarkError) as raised:
        run_suite(configuration, suite, RunFolder(tmp_path), Console(quiet=True), Processes(1))
    message = str(raised.value)
    assert message.startswith(f"the policy {attribute!r} failed: ")
    assert error in message
    assert "predict(observation, state=None, episode_start=None" in message
    assert isinstance(raised.value.__cause__, ValueError | TypeError)


class FakeAgent:
    """Acts like OPEN in the box view, and has the spaces that a trained model has."""

    def __init__(self, acts_on: int, sees: int) -> None:
        env = Evaluator("ASL-v0", num_devices=acts_on).make_env("box")
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
        files_of=lambda name, env_id: {},
    )
    monkeypatch.setitem(sys.modules, "agents.pretrained", module)


COMMANDS_ON_A_SCENARIO = (
    *("run", "study v", "fadings", "scaling"),
    *("certificate", "causal", "accuracy"),
)


@pytest.mark.parametrize("command", COMMANDS_ON_A_SCENARIO)
def test_every_command_on_a_scenario_takes_settings(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    said = failure(capsys, *command.split(), "--set", "radio.bandwith_hz=1")
    assert "bandwith_hz" in said
    assert not any(tmp_path.rglob("*.csv"))


def test_settings_change_what_is_measured():
    (slow,) = played_rounds(with_settings("parallel", {"radio.bandwidth_hz": 10e6}), 0, 1, 1)
    (fast,) = played_rounds(preset("parallel"), 0, 1, 1)
    assert (slow.options.fixed_delay > fast.options.fixed_delay)[:, :-1].all()
    rows = measure_scaling({"radio.bandwidth_hz": 10e6}, sizes=(2,))
    assert rows["num_devices"].to_list() == [2]


@pytest.mark.usefixtures("shipped")
def test_shipped_agents_take_part_where_they_fit(tmp_path, capsys):
    run(tmp_path, *SHORT, "--only", "fits", "--only", "open")
    rows = read_episodes(tmp_path / "episodes.csv")
    seeds = dict(zip(rows["policy"], rows["training_seed"].fillna(-1), strict=True))
    assert seeds == {"open": -1, "fits": 7}
    assert "| fits " in (tmp_path / "report.md").read_text()
    message = failure(capsys, *SHORT, "--only", "small")
    assert "only = 'small' cannot take part: the policy acts in Box" in message


@pytest.mark.usefixtures("shipped")
def test_agents_that_do_not_fit_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.playing.suite._heuristics", lambda scenario: [])
    run(tmp_path, *SHORT)
    report = (tmp_path / "report.md").read_text()
    assert "The small policy is left out: the policy acts in Box" in report
    assert (
        "The blind policy is left out: the policy was made for observations of shape (11,)"
        in report
    )
    assert "trained on the environment id's own scenario, not on this one" in report


def fleet_bound(most_devices: int, env: Any) -> OPEN:
    """Makes a policy of each environment that it allows, as agents of any fleet size do."""
    if scenario_of(env).num_devices > most_devices:
        raise ValueError(f"more than {most_devices} devices")
    return OPEN(env)


def test_shipped_agents_may_make_a_policy_of_the_environment(tmp_path, monkeypatch):
    agents = {"shared": partial(fleet_bound, 10), "tiny": partial(fleet_bound, 2)}
    module = SimpleNamespace(
        shipped_names=lambda env_id: tuple(agents),
        load=lambda name, env_id: agents[name],
        training_seed=lambda name, env_id: 7,
        files_of=lambda name, env_id: {},
    )
    monkeypatch.setitem(sys.modules, "agents.pretrained", module)
    monkeypatch.setattr(
        "benchmarks.playing.suite._heuristics", lambda _: [Entry("open", "OPEN", "OPEN", OPEN)]
    )
    run(tmp_path, *SHORT, "--num-devices", "4")
    rows = read_episodes(tmp_path / "episodes.csv")
    gaps = {name: group["priced_gap"].to_list() for name, group in rows.groupby("policy")}
    assert gaps["shared"] == gaps["open"]
    report = (tmp_path / "report.md").read_text()
    assert "| shared network " in report
    assert "The tiny policy is left out: more than 2 devices" in report


def test_an_environment_id_is_played_in_its_own_scenario(tmp_path, monkeypatch):
    spec = dataclasses.replace(
        gym.spec("ASL-v0"), id="ASLQuiet-v0", kwargs={"scenario": "no-fading"}
    )
    monkeypatch.setitem(gym.registry, "ASLQuiet-v0", spec)
    own = Configuration.build("ASLQuiet-v0")
    assert own.scenario == preset("no-fading")
    assert own.scenario_name == "no-fading"
    assert Configuration.build("ASLQuiet-v0", "ergodic").scenario == preset("ergodic")
    assert Configuration.build("ASL-v0").scenario == preset("default")
    run(tmp_path, *SHORT, "--env", "ASLQuiet-v0", "--no-agents", "--only", "open")
    rows = read_episodes(tmp_path / "episodes.csv")
    scores = evaluate(OPEN, seeds=range(2), scenario="no-fading", horizon=6)
    assert rows["priced_gap"].to_list() == [score.priced_gap for score in scores]


def test_variants_of_open_take_part_on_their_environment_id(monkeypatch):
    variants = {"ASL-v0": (("patient-open", "patient OPEN", OPEN),)}
    monkeypatch.setattr("benchmarks.playing.suite.OPEN_VARIANTS", variants)
    entries = build_suite(Evaluator("ASL-v0", horizon=6), agents=False).entries
    assert [(each.name, each.kind) for each in entries[:3]] == [
        ("open", "OPEN"),
        ("warm-start-open", "OPEN"),
        ("patient-open", "OPEN"),
    ]
    assert entries[2].policy is OPEN


@pytest.mark.parametrize(
    ("env_id", "name"), [("ASLStaleCSI-v0", "stale-csi"), ("ASLHarvest-v0", "harvest")]
)
def test_policies_that_are_told_a_law_take_part_where_there_is_one(env_id, name):
    told = {"kalman-open", "told-the-law"}
    for radio, expected in ((preset(name).radio, 1), (Link(20e6, 40e6, 0.3, 1.0), 0)):
        evaluator = Evaluator(env_id, scenario=preset(name).replace(radio=radio, horizon=2))
        entries = build_suite(evaluator, agents=False).entries
        assert len(told & {entry.name for entry in entries}) == expected
        for entry in entries:
            assert evaluator.seated(entry.policy)


def test_agents_that_cannot_be_imported(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "agents.pretrained", None)
    message = failure(capsys, *SHORT)
    assert "pip install -e '.[benchmarks]'" in message
    assert "--no-agents" in message
