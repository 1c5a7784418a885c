"""Agents as ONNX files: they decide as with torch, and other files are refused."""

import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import onnx
import pytest
import torch

from agents import pretrained
from agents.exported.playing import load_agent
from agents.pretrained.weights import build, from_bytes
from asl_gym import evaluate
from asl_gym.scoring.fitting import build_policy, observation_view_of, view_of
from asl_gym.validation.checks import FieldError

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
