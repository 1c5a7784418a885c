"""Training an agent: one command, with progress, checkpoints and a learning curve.

A run's folder holds ``checkpoint.zip`` (the last checkpoint, see :mod:`agents.checkpoints`),
``curve.csv`` (the learning curve), ``run.json`` (configuration, seed, commit; steps and seconds
once it has ended), TensorBoard logs, and ``model.zip`` once it has ended. A run that was
interrupted goes on from its checkpoint to the same number of steps.
"""

import time
from pathlib import Path

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from agents.bookkeeping import replacing
from agents.checkpoints import load_checkpoint, save_checkpoint
from agents.configuration import Configuration
from agents.fleets import make_fleets_vec_env
from agents.playing import as_policy
from agents.runs import (
    CURVE_COLUMNS,
    append_curve,
    describe_run,
    read_description,
    run_folder,
    update_description,
)
from agents.vec_env import make_vec_env
from asl_gym import Evaluator

__all__ = ["VALIDATION_SEEDS", "train", "training_seed"]

VALIDATION_SEEDS = range(100_000, 100_005)
"""Seeds of the learning curve's episodes; the benchmark's evaluation seeds start at 0."""

FIRST_TRAINING_SEED, LAST_TRAINING_SEED = 2**20, 2**31

CHECKPOINT_EVERY = 20_000
"""Steps after which a run saves itself between validations."""


class LearningCurve(BaseCallback):
    """Validates and checkpoints every so many steps, at the start of a rollout.

    Args:
        configuration: How the agent is trained.
        folder: The run's folder.

    Attributes:
        rollout_start: Steps at the start of the present rollout.
    """

    def __init__(self, configuration: Configuration, folder: Path) -> None:
        super().__init__()
        self._configuration, self._folder = configuration, folder
        environment = configuration.evaluation_environment
        self._evaluator = Evaluator(configuration.env_id, **environment)
        self._next = self._last_saved = self.rollout_start = 0
        self._seconds_before = read_description(folder).get("seconds_to_checkpoint", 0.0)
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time of the training up to now [s], that before an interruption included."""
        return float(self._seconds_before + time.perf_counter() - self._started)

    def _on_training_start(self) -> None:
        every = self._configuration.validate_every
        self._next = (self.num_timesteps // every + 1) * every
        self._last_saved = self.num_timesteps

    def _on_rollout_start(self) -> None:
        self.rollout_start = self.num_timesteps
        if self.num_timesteps >= self._next:
            self._next += self._configuration.validate_every
            self.validate()
        elif self.num_timesteps >= self._last_saved + CHECKPOINT_EVERY:
            self.save()

    def save(self) -> None:
        """Saves a checkpoint."""
        save_checkpoint(self.model, self._folder)
        update_description(self._folder, seconds_to_checkpoint=self.seconds)
        self._last_saved = self.num_timesteps

    def save_interrupted(self) -> None:
        """Saves a checkpoint in the middle of a rollout, which then has to be begun again."""
        self.model.num_timesteps = self.num_timesteps = self.rollout_start
        self.save()

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Scores the agent on the validation seeds, records it and saves a checkpoint."""
        policy = as_policy(self.model)
        scores = [score for score, _ in self._evaluator.evaluate(policy, VALIDATION_SEEDS)]
        means = {
            name: float(np.mean([getattr(score, name) for score in scores]))
            for name in CURVE_COLUMNS[1:]
        }
        for name, value in means.items():
            self.logger.record(f"validation/{name}", value)
        self.logger.dump(self.num_timesteps)
        # The curve first: a row ahead of the checkpoint is dropped on resuming, one behind is lost.
        append_curve(self._folder / "curve.csv", {"steps": self.num_timesteps, **means})
        self.save()


def training_seed(seed: int, steps_done: int) -> int:
    """Where the seeds of the training environments start.

    It is drawn by the training seed and the steps that were done before, between 2²⁰ and 2³¹, so
    that no training environment ever plays a trace of the evaluation seeds (from 0) or of
    :data:`VALIDATION_SEEDS`.

    Args:
        seed: Training seed.
        steps_done: Steps done before, 0 for a fresh run.

    Returns:
        The first environment's seed; the others' follow it.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, steps_done]))
    return int(generator.integers(FIRST_TRAINING_SEED, LAST_TRAINING_SEED))


def train(
    configuration: Configuration,
    seed: int,
    root: Path,
    total_steps: int | None = None,
    progress_bar: bool = True,
) -> Path:
    """Trains an agent, or goes on with a run that was interrupted.

    Args:
        configuration: How to train.
        seed: Training seed.
        root: Folder of all runs.
        total_steps: Steps in place of the configuration's.
        progress_bar: Whether to show progress.

    Returns:
        The path of the trained model.
    """
    folder = run_folder(root, configuration, seed)
    folder.mkdir(parents=True, exist_ok=True)
    steps = configuration.total_steps if total_steps is None else total_steps
    # The networks are so small that more threads cost more than they give, and sums in an order
    # that does not depend on the machine keep a seed's weights the same.
    torch.set_num_threads(1)
    model = _fresh_or_resumed(configuration, seed, folder)
    describe_run(configuration, seed, folder, fresh=model.num_timesteps == 0)
    if model.num_timesteps < steps:
        _learn(model, configuration, folder, steps - model.num_timesteps, progress_bar)
    # Also where a run was killed after its last checkpoint, before it could say so.
    seconds = read_description(folder).get("seconds_to_checkpoint", 0.0)
    update_description(folder, training_seconds=seconds, steps=model.num_timesteps)
    with replacing(folder / "model.zip") as part:
        model.save(part)
    return folder / "model.zip"


def _learn(
    model: BaseAlgorithm, configuration: Configuration, folder: Path, steps: int, progress_bar: bool
) -> None:
    """Trains for so many more steps, and saves a checkpoint where it is interrupted."""
    curve = LearningCurve(configuration, folder)
    off_policy = isinstance(model, OffPolicyAlgorithm)
    try:
        model.learn(
            steps,
            callback=curve,
            # In rollouts for on-policy algorithms, in episodes, which end together, for the others.
            log_interval=configuration.num_envs if off_policy else 1,
            reset_num_timesteps=model.num_timesteps == 0,
            tb_log_name="tensorboard",
            progress_bar=progress_bar,
        )
    except KeyboardInterrupt:
        curve.save_interrupted()
        raise


def _training_env(configuration: Configuration) -> VecEnv:
    what = configuration.env_id, configuration.num_envs
    if configuration.fleets is None:
        return make_vec_env(*what, **configuration.environment)
    return make_fleets_vec_env(*what, configuration.fleets, **configuration.environment)


def _fresh_or_resumed(configuration: Configuration, seed: int, folder: Path) -> BaseAlgorithm:
    model = load_checkpoint(configuration, folder)
    env = _training_env(configuration)
    if model is None:
        model = configuration.algorithm_class(
            env=env,
            seed=seed,
            device="cpu",
            tensorboard_log=str(folder),
            **configuration.model_arguments(env.action_space),
        )
    else:
        model.set_env(env)
        # Not the random numbers once more that the run began with.
        model.set_random_seed(training_seed(seed, model.num_timesteps))
    # Last, for the algorithm seeds its environments with its own seed.
    env.seed(training_seed(seed, model.num_timesteps))
    return model
