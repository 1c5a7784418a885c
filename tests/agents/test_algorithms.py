"""Every algorithm trains by the one command, reproducibly, and goes on from its checkpoint."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.checkpoints import load_checkpoint
from agents.configuration import ALGORITHMS, Configuration, load_configuration
from agents.errors import RunError
from agents.learning_curve import VALIDATION_SEEDS
from agents.playing import as_policy
from agents.runs import read_curve, run_folder
from agents.training import _fresh, train, training_env, training_seed
from agents.vec_env import make_vec_env
from asl_gym import Evaluator, FixedSplit, evaluate
from asl_gym.policies.base import Policy
from asl_gym.scoring.fitting import view_of
from tests.agents.agent_samples import SMALL_MODEL, home_of, quick_configuration, weights

EVALUATION_SEEDS = range(1_000)


pytestmark = pytest.mark.usefixtures("one_validation_seed")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the trained models of this file are, see :func:`trained`."""
    return tmp_path_factory.mktemp("runs")


def trained(algorithm: str, runs: Path) -> Path:
    """A model trained with seed 1 to its end, once for all tests of this file."""
    return train(quick_configuration(algorithm), 1, runs, progress_bar=False)


@pytest.mark.parametrize("algorithm", SMALL_MODEL)
def test_a_trained_model_plays(algorithm: str, runs: Path) -> None:
    model = ALGORITHMS[algorithm].load(trained(algorithm, runs), device="cpu")
    assert model.num_timesteps == quick_configuration(algorithm).total_steps
    (score,) = evaluate(as_policy(model), home_of(algorithm), seeds=[3], horizon=20)
    assert score.rounds == 20
    assert (score.gap if score.on_batteries else score.priced_gap) > 0


@pytest.mark.parametrize("algorithm", SMALL_MODEL)
def test_one_seed_gives_the_same_weights(algorithm: str, runs: Path, tmp_path: Path) -> None:
    first = trained(algorithm, runs)
    second = train(quick_configuration(algorithm), 1, tmp_path, progress_bar=False)
    pairs = zip(weights(first, algorithm), weights(second, algorithm), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("algorithm", ["ppo", "tqc"])
def test_training_changes_the_weights_and_the_seed_decides_them(
    algorithm: str, runs: Path, tmp_path: Path
) -> None:
    configuration = quick_configuration(algorithm)
    longer = weights(trained(algorithm, runs), algorithm)
    short, other = (
        weights(train(configuration, seed, tmp_path, 128, False), algorithm) for seed in (1, 2)
    )
    assert not all(torch.equal(a, b) for a, b in zip(short, longer, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(short, other, strict=True))


@pytest.mark.parametrize("algorithm", ["a2c", "recurrent_ppo", "ppo_lagrangian", "tqc"])
def test_a_killed_run_goes_on_to_the_same_number_of_steps(algorithm: str, tmp_path: Path) -> None:
    configuration = quick_configuration(algorithm)
    train(configuration, 0, tmp_path, total_steps=128, progress_bar=False)
    folder = run_folder(tmp_path, configuration, 0)
    before = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    model = train(configuration, 0, tmp_path, progress_bar=False)
    assert ALGORITHMS[algorithm].load(model, device="cpu").num_timesteps == 256
    steps = [int(row["steps"]) for row in read_curve(folder / "curve.csv")]
    assert steps == sorted({128, *steps})
    assert steps[-1] == 256
    after = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert (before["steps"], after["steps"]) == (128, 256)
    assert after["training_seconds"] > before["training_seconds"] > 0


def replay_of(configuration: Configuration, folder: Path) -> ReplayBuffer:
    model = load_checkpoint(configuration, folder, training_env(configuration))
    assert isinstance(model, OffPolicyAlgorithm)
    assert model.replay_buffer is not None
    return model.replay_buffer


def test_an_off_policy_checkpoint_keeps_its_replay_buffer(tmp_path: Path) -> None:
    configuration = quick_configuration("sac")
    train(configuration, 0, tmp_path, total_steps=128, progress_bar=False)
    folder = run_folder(tmp_path, configuration, 0)
    half = replay_of(configuration, folder)
    assert half.pos == 128 // configuration.num_envs
    train(configuration, 0, tmp_path, progress_bar=False)
    whole = replay_of(configuration, folder)
    np.testing.assert_array_equal(whole.rewards[: half.pos], half.rewards[: half.pos])
    assert whole.pos == 256 // configuration.num_envs
    assert [file.name for file in folder.glob("replay*")] == ["replay-256.pkl"]
    (folder / "replay-256.pkl").unlink()
    with pytest.raises(RunError, match="replay-256"):
        replay_of(configuration, folder)


def testtraining_environments_never_meet_evaluation_or_validation_seeds(tmp_path: Path) -> None:
    reserved = max(EVALUATION_SEEDS[-1], VALIDATION_SEEDS[-1])
    firsts = [training_seed(seed, steps) for seed in range(50) for steps in (0, 128, 4096)]
    assert len(set(firsts)) == len(firsts)
    assert reserved < min(firsts) <= max(firsts) < 2**31
    configuration = quick_configuration("ppo")
    model = _fresh(configuration, 7, tmp_path, training_env(configuration))
    assert model.env is not None
    assert model.env._seeds == [training_seed(7, 0) + i for i in range(8)]


def test_the_recurrent_agent_remembers_within_an_episode(runs: Path) -> None:
    model = ALGORITHMS["recurrent_ppo"].load(trained("recurrent_ppo", runs), device="cpu")
    observation = model.observation_space.sample()
    start, later = np.ones(1, dtype=bool), np.zeros(1, dtype=bool)
    _, first = model.predict(observation, None, start, True)
    _, second = model.predict(observation, first, later, True)
    _, restarted = model.predict(observation, second, start, True)
    assert first is not None
    assert second is not None
    assert restarted is not None
    assert not np.array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[0], restarted[0])


def test_a_model_may_make_its_own_policy() -> None:
    class OfTheScenario:
        def policy_for(self, env: object) -> Policy:
            return FixedSplit(env, 12)

    policy = as_policy(OfTheScenario())  # type: ignore[arg-type]
    (score,) = evaluate(policy, seeds=[0], horizon=5)
    (expected,) = evaluate(lambda env: FixedSplit(env, 12), seeds=[0], horizon=5)
    assert score.mean_delay_s == expected.mean_delay_s


def test_every_algorithm_has_a_configuration_in_its_view() -> None:
    for algorithm in ALGORITHMS:
        env_id = home_of(algorithm)
        configuration, scenario = load_configuration(algorithm, env_id), Evaluator(env_id).scenario
        assert {"action_view", "observation"}.isdisjoint(configuration.evaluation_environment)
        env = make_vec_env(env_id, 1, **configuration.environment)
        view = configuration.environment.get("action_view", "box")
        assert view_of(env, scenario) == view


def test_action_noise_has_the_size_of_the_action() -> None:
    configuration = dataclasses.replace(quick_configuration("td3"), action_noise_std=0.25)
    env = make_vec_env("ASL-v0", 1, **configuration.environment)
    noise = configuration.model_arguments(env.action_space)["action_noise"]
    assert noise().shape == env.action_space.shape
    assert "action_noise" not in quick_configuration("sac").model_arguments(env.action_space)
