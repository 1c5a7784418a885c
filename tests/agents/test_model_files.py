"""A model's algorithm is found from its file, and its statistics beside it."""

import io
import zipfile
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, Space
from sb3_contrib import ARS, QRDQN, TQC, TRPO, CrossQ, MaskablePPO, RecurrentPPO
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

import asl_gym
from agents.configuration import ALGORITHMS
from agents.model_files import algorithm_of, load_model, statistics_beside
from agents.playing import as_policy
from agents.training import _fresh, training_env
from asl_gym.validation.checks import FieldError
from tests.agents.agent_samples import quick_configuration

CONTINUOUS, DISCRETE = Box(-1.0, 1.0, (2,)), Discrete(2)
MADE: tuple[tuple[type[BaseAlgorithm], Space[Any]], ...] = (
    *((each, CONTINUOUS) for each in (A2C, DDPG, PPO, SAC, TD3, ARS, CrossQ, TQC, TRPO)),
    *((each, DISCRETE) for each in (DQN, MaskablePPO, QRDQN)),
    (RecurrentPPO, CONTINUOUS),
)


class Still(gym.Env[Any, Any]):
    """An environment in which nothing happens."""

    def __init__(self, action_space: Space[Any]) -> None:
        self.observation_space, self.action_space = Box(-1.0, 1.0, (3,)), action_space

    def reset(self, **_: Any) -> tuple[Any, dict[str, Any]]:
        return np.zeros(3, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.zeros(3, np.float32), 0.0, False, False, {}


class OwnPPO(PPO):
    """A class of a user's."""


def saved(model: BaseAlgorithm, folder: Path) -> Path:
    model.save(folder / "model.zip")
    return folder / "model.zip"


@pytest.mark.parametrize(("algorithm", "actions"), MADE, ids=lambda each: str(each)[:40])
def test_the_algorithm_of_the_libraries(
    tmp_path: Path, algorithm: Any, actions: Space[Any]
) -> None:
    kind = "MlpLstmPolicy" if algorithm is RecurrentPPO else "MlpPolicy"
    small = {"buffer_size": 8} if hasattr(algorithm, "load_replay_buffer") else {}
    arguments = {"net_arch": [4]} | ({"lstm_hidden_size": 4} if kind == "MlpLstmPolicy" else {})
    model = algorithm(kind, Still(actions), policy_kwargs=arguments, **small)
    path = saved(model, tmp_path)
    # DDPG's policy is that of TD3 with one critic.
    assert algorithm_of(path) is (TD3 if algorithm is DDPG else algorithm)
    seen = np.full(3, 0.5, np.float32)
    np.testing.assert_array_equal(
        load_model(path).predict(seen, deterministic=True)[0],
        model.predict(seen, deterministic=True)[0],
    )


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_algorithm_of_this_projects_agents(tmp_path: Path, name: str) -> None:
    configuration = quick_configuration(name)
    model = _fresh(configuration, 0, tmp_path, training_env(configuration))
    assert algorithm_of(saved(model, tmp_path)) is ALGORITHMS[name]


def test_a_class_of_ones_own_is_what_it_is_derived_from(tmp_path: Path) -> None:
    assert algorithm_of(saved(OwnPPO("MlpPolicy", Still(CONTINUOUS)), tmp_path)) is PPO


@pytest.fixture(scope="module")
def normalised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained under ``VecNormalize``, and its statistics beside it."""
    folder = tmp_path_factory.mktemp("normalised")
    env = VecNormalize(
        DummyVecEnv([lambda: gym.make("ASL-v0", action_view="split", horizon=16)]),
        norm_reward=False,
    )
    model = PPO("MlpPolicy", env, n_steps=16, batch_size=16, n_epochs=1, seed=0)
    model.learn(32)
    env.save(str(folder / "vecnormalize.pkl"))
    return saved(model, folder)


def test_statistics_beside_a_model_are_its_own(normalised: Path) -> None:
    model = load_model(normalised)
    statistics = model.get_vec_normalize_env()
    assert statistics is not None
    (score,) = asl_gym.evaluate(as_policy(model), "ASL-v0", [0], horizon=16)
    env = gym.make("ASL-v0", action_view="split", horizon=16)
    seen, _ = env.reset(seed=0)
    delays, raw = [], PPO.load(normalised, device="cpu")
    for _ in range(16):
        shown = statistics.normalize_obs(seen)
        action, _ = raw.predict(shown, deterministic=True)
        seen, *_, info = env.step(action)
        delays.append(info["delay"])
    assert score.mean_delay_s == pytest.approx(np.mean(delays), rel=1e-12)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ((), None),
        (("vec_normalize.pkl",), "vec_normalize.pkl"),
        (("vecnormalize.pkl", "model_8_steps_vecnormalize.pkl"), "model_8_steps_vecnormalize.pkl"),
        (("model_vecnormalize_8_steps.pkl",), "model_vecnormalize_8_steps.pkl"),
        (("model_vecnormalize_9_steps.pkl", "replay.pkl"), None),
    ],
)
def test_names_of_statistics(tmp_path: Path, files: tuple[str, ...], found: str | None) -> None:
    for name in files:
        (tmp_path / name).touch()
    path = statistics_beside(tmp_path / "model_8_steps.zip")
    assert (None if path is None else path.name) == found


def test_two_files_of_statistics_are_named(tmp_path: Path) -> None:
    for name in ("vecnormalize.pkl", "vec_normalize.pkl"):
        (tmp_path / name).touch()
    with pytest.raises(FieldError, match=r"one file .* not vecnormalize.pkl, vec_normalize.pkl"):
        statistics_beside(tmp_path / "model.zip")


def _zip_of(data: bytes) -> bytes:
    contents = io.BytesIO()
    with zipfile.ZipFile(contents, "w") as archive:
        archive.writestr("data", data)
    return contents.getvalue()


@pytest.mark.parametrize("contents", [b"", b"PK\x03\x04", _zip_of(b"{}"), _zip_of(b"[1")])
def test_other_files_are_named(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "model.zip"
    path.write_bytes(contents)
    with pytest.raises(
        FieldError, match=r"model.zip' is not allowed: expected a file that a model"
    ):
        load_model(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FieldError, match="No such file"):
        load_model(tmp_path / "model.zip")


def test_a_model_of_an_unknown_algorithm_is_named(normalised: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(normalised) as model, zipfile.ZipFile(path, "w") as other:
        other.writestr("data", "{}")
        other.writestr("policy.pth", model.read("policy.pth"))
    with pytest.raises(FieldError, match="a model of one of PPOLagrangian, Hybrid"):
        algorithm_of(path)


def test_torn_statistics_are_named(normalised: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    path.write_bytes(normalised.read_bytes())
    (tmp_path / "vecnormalize.pkl").write_bytes(b"\x80")
    with pytest.raises(FieldError, match=r"vecnormalize.pkl' is not allowed: expected a file that"):
        load_model(path)
