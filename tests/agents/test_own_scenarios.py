"""Training on a scenario, traces and hyperparameters of one's own."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from agents.command import app
from agents.configuration import Configuration, load_configuration
from agents.description import read_description
from agents.learning_curve import VALIDATION_SEEDS
from agents.own_scenarios import OwnScenario, on_scenario
from agents.runs import run_folder
from agents.training import training_env
from asl_gym import Budget, ObservationCodec, evaluate, preset
from asl_gym.validation.checks import FieldError

SMALL = """
["ASL-v0"]
total_steps = 64
validate_every = 32
num_envs = 4
["ASL-v0".model]
n_steps = 8
batch_size = 16
["ASL-v0".network]
net_arch = [8]
"""
SCENARIO = {"preset": "default", "num_devices": 2, "horizon": 8, "budget": {"joules": 60.0}}


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Options of a small training on an own scenario."""
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "mine.json").write_text(json.dumps(SCENARIO), encoding="utf-8")
    scenario = ["--scenario", str(tmp_path / "mine.json"), "--set", "radio.bandwidth_hz=10e6"]
    return [*scenario, "--hyperparameters", str(tmp_path / "small.toml")]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A rate table of two devices."""
    rates = np.random.default_rng(0).uniform(1e6, 5e7, (40, 2, 2))
    lines = [
        f"{t},{n},{up:.0f},{down:.0f}"
        for t, devices in enumerate(rates)
        for n, (up, down) in enumerate(devices)
    ]
    folder = tmp_path / "logs"
    folder.mkdir()
    header = "round,device,uplink_bps,downlink_bps"
    (folder / "rates.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder


def invoked(*arguments: str) -> tuple[int, str]:
    """Exit code and all that a command says, which must end without a traceback."""
    result = CliRunner().invoke(app, [*arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    # Boxes and colours around an error are for people.
    plain = re.sub(r"\x1b\[[0-9;]*m|[│╭╰─╮╯]", "", result.output)
    return result.exit_code, " ".join(plain.split())


def test_it_trains_goes_on_and_says_how_to_play(
    tmp_path: Path, own: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.learning_curve.VALIDATION_SEEDS", VALIDATION_SEEDS[:1])
    runs = ["--runs", str(tmp_path / "runs")]
    code, said = invoked("train", "ppo", *own, *runs)
    assert code == 0, said
    (folder,) = (tmp_path / "runs").glob("ASL-v0-mine-*/ppo/seed-0")
    told = shlex.split(said.rpartition("in the table: ")[2])
    model = f"my-ppo={folder / 'model.zip'}"
    assert told == ["python", "-m", "benchmarks", "--env", "ASL-v0", *own[:4], "--policy", model]
    trained_on = read_description(folder)["configuration"]["trained_on"]
    assert trained_on["scenario"]["radio"]["bandwidth_hz"] == 10e6
    assert len(trained_on["scenario"]["fleet"]["clock_hz"]) == 2
    assert "nothing to train" in invoked("train", "ppo", *own, *runs)[1]
    (folder / "curve.png").unlink()
    assert invoked("curve", "ppo", *own, *runs)[0] == 0
    assert (folder / "curve.png").exists()
    # Another scenario is another run.
    code, said = invoked("curve", "ppo", *own, "--set", "v=2", *runs)
    assert code == 2
    assert "there is no run in" in said


def test_it_trains_and_validates_in_the_scenario_and_on_the_traces(logs: Path) -> None:
    asked = OwnScenario("default", {"num_devices": 2, "horizon": 8}, logs)
    configuration = on_scenario(load_configuration("ppo", "ASL-v0"), asked)
    env = training_env(configuration)
    scenario, traces = (configuration.environment[name] for name in ("scenario", "traces"))
    assert env.get_attr("scenario")[0] == scenario
    # A fraction refers to the logs, as in the benchmark.
    base = preset("default").with_num_devices(2).replace(horizon=8)
    assert scenario.energy_budget == base.with_budget_on(traces).energy_budget
    assert scenario.energy_budget != base.energy_budget
    env.seed(3)
    shown = ObservationCodec(scenario).decode(np.asarray(env.reset())).uplink_bps
    rates = np.loadtxt(logs / "rates.csv", delimiter=",", skiprows=1)[:, 2]
    assert np.isclose(shown[..., None], rates, rtol=1e-5).any(axis=-1).all()
    (score,) = evaluate(
        lambda env: Checked(env, scenario), "ASL-v0", [0], **configuration.evaluation_environment
    )
    assert score.rounds == 8


class Checked:
    """A policy that plays in a stated scenario alone."""

    action_view = "split"

    def __init__(self, env: Any, scenario: Any) -> None:
        assert env.unwrapped.scenario == scenario
        self.devices = scenario.num_devices

    def predict(self, observation: Any, state: Any = None, *_: Any, **__: Any) -> Any:
        return np.zeros((*observation.shape[:-1], self.devices), dtype=int), state


def test_nothing_asked_for_changes_nothing() -> None:
    configuration = load_configuration("shared", "ASL-v0")
    assert on_scenario(configuration, OwnScenario()) is configuration
    assert configuration.place == "ASL-v0"
    assert "trained_on" not in configuration.plain()


def test_each_scenario_has_a_folder_of_its_own(logs: Path) -> None:
    base = load_configuration("ppo", "ASL-v0")
    small = {"num_devices": 2, "horizon": 8}
    asked = (
        OwnScenario("default", small),
        OwnScenario("default", {**small, "v": 2}),
        OwnScenario("default", small, logs),
    )
    folders = {run_folder(Path("runs"), on_scenario(base, each), 0) for each in asked}
    assert len(folders) == 3
    again = on_scenario(base, OwnScenario("default", small))
    assert run_folder(Path("runs"), again, 0) in folders


def test_logs_are_read_for_the_devices_of_one_fleet(logs: Path) -> None:
    shared = load_configuration("shared", "ASL-v0")
    asked = OwnScenario(None, {"num_devices": 2, "horizon": 8}, logs)
    assert shared.fleets is not None
    assert on_scenario(shared, asked).fleets == 1
    assert on_scenario(shared, OwnScenario(None, {"v": 2})).fleets == shared.fleets
    assert training_env(on_scenario(shared, asked)).num_envs == shared.num_envs


def test_an_environment_ids_own_knowledge_stays() -> None:
    base = load_configuration("ppo", "ASLStaleCSI-v0")
    configuration = on_scenario(base, OwnScenario(None, {"horizon": 8}))
    assert configuration.environment["scenario"].knowledge.csi_delay_rounds == 1


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_stands_over_the_shipped_hyperparameters(tmp_path: Path) -> None:
    own = load_configuration("ppo", "ASL-v0", written(tmp_path, SMALL))
    shipped = load_configuration("ppo", "ASL-v0")
    assert (own.total_steps, own.num_envs) == (64, 4)
    assert own.model == {**shipped.model, "n_steps": 8, "batch_size": 16}
    assert own.network == {"net_arch": [8], "activation": "ReLU"}
    assert own.environment == shipped.environment
    assert own.linear_learning_rate_decay


def test_a_whole_table_serves_an_id_that_has_none(tmp_path: Path) -> None:
    table = SMALL.replace("ASL-v0", "ASLParallel-v0") + '["ASLParallel-v0".environment]\n'
    head = '["ASLParallel-v0"]\n'
    table = table.replace(head, f"{head}linear_learning_rate_decay = false\n")
    table = table.replace("n_steps = 8\n", 'policy = "MlpPolicy"\n').replace("[8]", "[8, 8]")
    own = load_configuration("sac", "ASLParallel-v0", written(tmp_path, table))
    assert isinstance(own, Configuration)
    assert own.model == {"policy": "MlpPolicy", "batch_size": 16}


@pytest.mark.parametrize(
    "algorithm",
    ["ppo", "a2c", "device_ppo", "generalist", "hybrid", "shared", "tqc", "ppo_lagrangian"],
)
def test_shipped_hyperparameters_pass_the_checks(tmp_path: Path, algorithm: str) -> None:
    empty = written(tmp_path, '["ASL-v0"]\n')
    shipped = load_configuration(algorithm, "ASL-v0")
    assert load_configuration(algorithm, "ASL-v0", empty) == shipped


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = [", "own.toml' is not allowed: expected a TOML file"),
        ('["ASLParallel-v0"]', r"""expected a file with a table \["ASL-v0"\]; it has"""),
        ('["ASL-v0"]\nnum_envs = 0', "num_envs = 0 is not allowed: expected a whole number"),
        ('["ASL-v0"]\nnum_env = 1', "'num_env' is not allowed: expected one of .*num_envs"),
        ('["ASL-v0"]\nmodel = 1', "model = 1 is not allowed: expected a table"),
        ('["ASL-v0"]\nlinear_learning_rate_decay = 1', "expected true or false"),
        ('["ASL-v0".environment]\nrewards = "x"', "'environment.rewards' is not allowed"),
        ('["ASL-v0".model]\nlearning_rat = 1.0', "'model.learning_rat' .*learning_rate"),
        ('["ASL-v0".model]\nseed = 1', "'model.seed' is not allowed"),
        ('["ASL-v0".model]\npolicy = "Mlp"', "policy = 'Mlp' of ppo: expected one of"),
        ('["ASL-v0".network]\nnet = [8]', "'network.net' is not allowed: .*net_arch"),
        ('["ASL-v0".network]\nactivation = "Rely"', "expected a class of torch.nn"),
    ],
)
def test_files_that_are_not_allowed_are_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        load_configuration("ppo", "ASL-v0", written(tmp_path, text))


def test_a_table_that_is_not_whole_is_named(tmp_path: Path) -> None:
    table = SMALL.replace("ASL-v0", "ASLParallel-v0")
    with pytest.raises(FieldError, match="linear_learning_rate_decay among them"):
        load_configuration("sac", "ASLParallel-v0", written(tmp_path, table))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--scenario", "nope"], "scenario = 'nope' is not allowed"),
        (["--set", "radio.bandwith_hz=1"], "bandwith_hz"),
        (["--traces", "nowhere"], "traces = 'nowhere' is not allowed: expected a directory"),
        (["--stitch"], "expected the directory of the logs that options are for"),
        (["--hyperparameters", "missing.toml"], "missing.toml: the file cannot be read"),
        (["--env", "CartPole-v1"], "has no hyperparameters for 'CartPole-v1'"),
    ],
)
def test_options_that_are_not_allowed_are_named(options: list[str], told: str) -> None:
    code, said = invoked("train", "ppo", *options)
    assert code == 2
    assert told in said


def test_values_that_the_algorithm_refuses_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, '["ASL-v0".model]\nbatch_size = "many"')
    runs = ["--runs", str(tmp_path / "runs")]
    code, said = invoked("train", "ppo", "--hyperparameters", str(path), *runs)
    assert code == 2
    assert "ppo cannot be built with these hyperparameters on ASL-v0: TypeError" in said


def test_a_budget_in_joules_stays(logs: Path) -> None:
    asked = OwnScenario(None, {"num_devices": 2, "horizon": 8, "budget": {"joules": 70.0}}, logs)
    configuration = on_scenario(load_configuration("ppo", "ASL-v0"), asked)
    assert configuration.environment["scenario"].budget == Budget(joules=70.0)
