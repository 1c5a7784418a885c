"""Agents as ONNX files: they decide as with torch, and other files are refused."""

import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import onnx
import pytest
import torch
from typer.testing import CliRunner

from agents import pretrained
from agents.bookkeeping import sha256_of
from agents.command import app
from agents.configuration import ALGORITHMS
from agents.exported.playing import load_agent
from agents.playing import as_policy
from agents.pretrained.weights import build, from_bytes
from agents.training import train
from asl_gym import evaluate
from asl_gym.scoring.fitting import build_policy, observation_view_of, view_of
from asl_gym.validation.checks import FieldError
from benchmarks.playing.user_policies import load_user_policy
from tests.agents.agent_samples import home_of, quick_configuration

SHIPPED = [
    (name, env_id)
    for env_id in ("ASL-v0", "ASLStaleCSI-v0", "ASLMismatch-v0", "ASLParallel-v0")
    for name in pretrained.shipped_names(env_id)
]
OBSERVATIONS, BATCH = 1_000, 50


@pytest.mark.parametrize(("name", "env_id"), SHIPPED)
def test_onnxruntime_and_torch_decide_alike(name: str, env_id: str) -> None:
    """On 1,000 observations of episodes that the agent plays itself."""
    entry = pretrained.manifest()[env_id][name]
    weights = from_bytes((pretrained.folder() / entry["file"]).read_bytes())
    algorithm, description = entry["algorithm"], entry["description"]
    torch.set_num_threads(1)
    with_torch = build(algorithm, env_id, entry["environment"], description, weights)
    made: Any = gym.make(env_id)
    agents = [build_policy(each, made) for each in (with_torch, pretrained.load(name, env_id))]
    scenario = made.unwrapped.scenario
    views: dict[str, Any] = {
        "action_view": view_of(agents[0], scenario),
        "observation": observation_view_of(agents[0], scenario),
    }
    envs: Any = gym.make_vec(env_id, BATCH, **views)
    observations, _ = envs.reset(seed=0)
    states: list[Any] = [None, None]
    starts = np.ones(BATCH, dtype=bool)
    for _ in range(OBSERVATIONS // BATCH):
        decided = []
        for place, agent in enumerate(agents):
            action, states[place] = agent.predict(observations, states[place], starts, True)
            decided.append(action)
        if decided[0].dtype.kind == "f":
            np.testing.assert_allclose(decided[1], decided[0], atol=1e-5)
        else:
            np.testing.assert_array_equal(decided[1], decided[0])
        observations, *_ = envs.step(decided[0])
        starts = np.zeros(BATCH, dtype=bool)


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.onnx"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(FieldError, match="python -m agents export wrote"):
        load_agent(path)
    entry = pretrained.manifest()["ASL-v0"]["ppo"]["played"]
    model = onnx.load(pretrained.folder() / entry["file"])
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(FieldError, match="python -m agents export wrote"):
        load_agent(path)


def test_observations_of_another_size_are_refused() -> None:
    agent: Any = pretrained.load("ppo", "ASL-v0")
    with pytest.raises(ValueError, match="7 entries: expected 32"):
        agent.predict(np.zeros(7))


def test_agents_go_to_other_processes() -> None:
    for name, env_id in (("ppo", "ASL-v0"), ("hybrid", "ASL-v0"), ("shared", "ASL-v0")):
        agent = pretrained.load(name, env_id)
        (first, second) = (
            evaluate(each, env_id, seeds=[0], horizon=5)[0]
            for each in (agent, pickle.loads(pickle.dumps(agent)))
        )
        assert first.mean_delay_s == second.mean_delay_s


# The command


def exported(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of ``export``, which must end without a traceback."""
    result = CliRunner().invoke(app, ["export", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


@pytest.mark.usefixtures("one_validation_seed")
@pytest.mark.parametrize(
    "algorithm",
    ["ppo", "recurrent_ppo", "tqc", "hybrid", "device_ppo", "generalist", "price_network"],
)
def test_a_run_is_exported_and_takes_part(algorithm: str, tmp_path: Path) -> None:
    configuration = quick_configuration(algorithm)
    model = train(configuration, 0, tmp_path / "runs", total_steps=128, progress_bar=False)
    file = tmp_path / "mine.onnx"
    code, said, _ = exported(str(model.parent), "--to", str(file))
    assert code == 0
    assert f"--policy {file}" in said
    user = load_user_policy(f"mine={file}")
    assert user.files == {file.name: sha256_of(file)}
    trained = as_policy(ALGORITHMS[algorithm].load(model, device="cpu"))
    env_id = home_of(algorithm)
    ours, theirs = (
        evaluate(each, env_id, seeds=[1], horizon=20)[0] for each in (user.factory, trained)
    )
    assert ours.mean_delay_s == pytest.approx(theirs.mean_delay_s, rel=1e-6)


def test_a_shipped_agent_is_exported(tmp_path: Path) -> None:
    file = tmp_path / "new" / "ppo.onnx"
    code, _, _ = exported("ppo", "--env", "ASLStaleCSI-v0", "--to", str(file))
    assert code == 0
    entry = pretrained.manifest()["ASLStaleCSI-v0"]["ppo"]["played"]
    assert sha256_of(file) == entry["sha256"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ppo", "--to", "ppo.zip"], "expected a name that ends with .onnx"),
        (["nobody", "--to", "x.onnx"], "no agent 'nobody' is shipped for 'ASL-v0'"),
        (["{folder}", "--to", "x.onnx"], "model.zip is missing"),
    ],
)
def test_what_cannot_be_exported(arguments: list[str], told: str, tmp_path: Path) -> None:
    code, _, errors = exported(*(each.format(folder=tmp_path) for each in arguments))
    assert code == 2
    assert told in errors
    assert not Path("x.onnx").exists()
