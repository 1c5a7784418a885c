"""A training that was interrupted, however often, ends as one that never was.

All algorithms, killed at random moments: ``python -m tests.agents.killed_trainings``.
"""

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import agents.learning_curve
from agents.checkpoints import steps_done
from agents.configuration import Configuration, load_configuration
from agents.learning_curve import VALIDATION_SEEDS, LearningCurve, checkpoint_interval
from agents.rollouts import RolloutAlgorithm
from agents.runs import read_curve, run_folder
from agents.training import _resumed, train, training_env, training_seed
from asl_gym import Evaluator
from tests.agents.agent_samples import home_of, learned_state, quick_configuration, same

TOTAL = 448
"""Steps: checkpoints fall after episodes of 160, at 192 and 384 in rollouts of 64."""


@pytest.fixture(scope="module", autouse=True)
def one_validation_seed() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agents.learning_curve, "VALIDATION_SEEDS", VALIDATION_SEEDS[:1])
        yield


def longer(algorithm: str) -> Configuration:
    return dataclasses.replace(quick_configuration(algorithm), total_steps=TOTAL)


def interrupted(configuration: Configuration, at: int, root: Path) -> int:
    """Trains until a step within a rollout; the steps of the checkpoint that there is then."""

    def interrupt(curve: LearningCurve) -> bool:
        if curve.num_timesteps >= at:
            raise KeyboardInterrupt
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LearningCurve, "_on_step", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(configuration, 0, root, progress_bar=False)
    # A new process would begin with other generators.
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(at)
    return steps_done(configuration, 0, root)


def rows(configuration: Configuration, root: Path) -> list[dict[str, str]]:
    return read_curve(run_folder(root, configuration, 0) / "curve.csv")


@pytest.mark.parametrize(
    "algorithm",
    ["ppo", "recurrent_ppo", "shared", "device_ppo", "generalist", "price_network", "tqc"],
)
def test_interruptions_leave_weights_optimisers_and_curve_as_they_would_be(
    algorithm: str, tmp_path: Path
) -> None:
    configuration = longer(algorithm)
    undisturbed = train(configuration, 0, tmp_path / "undisturbed", progress_bar=False)
    root = tmp_path / "interrupted"
    checkpoints = [interrupted(configuration, at, root) for at in (88, 280, 440)]
    # Whole episodes; those of batteries are shorter here, and each is a rollout.
    expected = {"tqc": [0, 160, 320], "price_network": [0, 256, 384]}
    assert checkpoints == expected.get(algorithm, [0, 192, 384])
    model = train(configuration, 0, root, progress_bar=False)
    assert same(learned_state(model, algorithm), learned_state(undisturbed, algorithm))
    assert rows(configuration, root) == rows(configuration, tmp_path / "undisturbed")


def test_checkpoints_fall_where_episodes_end() -> None:
    for algorithm in agents.configuration.ALGORITHMS:
        env_id = home_of(algorithm)
        configuration = load_configuration(algorithm, env_id)
        horizon = Evaluator(env_id, **configuration.evaluation_environment).scenario.horizon
        episodes = horizon * configuration.num_envs
        interval = checkpoint_interval(configuration, horizon)
        assert interval in (episodes, -(-20_000 // episodes) * episodes)
    few = dataclasses.replace(load_configuration("ppo", "ASL-v0"), num_envs=8)
    assert checkpoint_interval(few, 10) == 20_000
    assert checkpoint_interval(few, 30) == 20_160
    assert checkpoint_interval(dataclasses.replace(few, validate_every=100), 30) == 240


@pytest.mark.parametrize("algorithm", ["ppo", "shared", "tqc"])
def test_a_leg_has_random_numbers_of_its_own(algorithm: str, tmp_path: Path) -> None:
    configuration = quick_configuration(algorithm)
    train(configuration, 3, tmp_path, total_steps=128, progress_bar=False)
    folder = run_folder(tmp_path, configuration, 3)
    model = _resumed(configuration, 3, folder, training_env(configuration))
    seed = training_seed(3, 128)
    assert seed != training_seed(3, 0) != training_seed(4, 0)
    assert model.env is not None
    assert model.env._seeds == list(range(seed, seed + configuration.num_envs))
    assert torch.initial_seed() == seed
    if isinstance(model, RolloutAlgorithm):
        same_draws = np.random.default_rng([3, 128]).random()
        assert model._rng.random() == same_draws


def test_rows_that_a_killed_training_left_ahead_are_dropped(tmp_path: Path) -> None:
    """Also before its first checkpoint, where it may begin again with another configuration."""
    configuration = longer("ppo")
    assert interrupted(configuration, 136, tmp_path) == 0
    assert [row["steps"] for row in rows(configuration, tmp_path)] == ["128"]
    other = dataclasses.replace(configuration, validate_every=256)
    train(other, 0, tmp_path, progress_bar=False)
    assert [row["steps"] for row in rows(other, tmp_path)] == ["256", "448"]
