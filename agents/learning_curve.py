"""A training's callback: it validates the agent and says where checkpoints fall."""

import math
import time
from pathlib import Path

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from tqdm import tqdm

from agents.checkpoints import save_checkpoint
from agents.configuration import Configuration
from agents.description import read_description, record_checkpoint
from agents.playing import as_policy
from agents.runs import append_curve, curve_columns
from agents.seeds import VALIDATION_SEEDS
from asl_gym import Evaluator

__all__ = ["VALIDATION_SEEDS", "CheckpointDue", "LearningCurve", "checkpoint_interval"]

CHECKPOINT_EVERY = 20_000
"""Steps, rounded up to whole episodes, that are lost at most where a training is killed."""


class CheckpointDue(Exception):
    """Ends a leg of a training at the start of a rollout, where its model is complete."""


def checkpoint_interval(configuration: Configuration, horizon: int) -> int:
    """Steps from a checkpoint to the next: whole episodes of all environments.

    The environments are reset at a checkpoint. In the middle of episodes that would keep the
    queues of later rounds from the agent.

    Args:
        configuration: How the agent is trained.
        horizon: Rounds of an episode.
    """
    episodes = horizon * configuration.num_envs
    wanted = min(CHECKPOINT_EVERY, configuration.validate_every)
    return math.ceil(wanted / episodes) * episodes


class LearningCurve(BaseCallback):
    """Validates every so many steps, at the start of a rollout, and ends legs at checkpoints.

    Both follow from the steps at which the leg began alone.

    Args:
        configuration: How the agent is trained.
        folder: The run's folder.
        progress: The bar that shows the steps.
    """

    def __init__(self, configuration: Configuration, folder: Path, progress: tqdm) -> None:
        super().__init__()
        self._configuration, self._folder, self._progress = configuration, folder, progress
        environment = configuration.evaluation_environment
        self._evaluator = Evaluator(configuration.env_id, **environment)
        self._interval = checkpoint_interval(configuration, self._evaluator.scenario.horizon)
        self._next_validation = self._next_checkpoint = 0
        self._seconds_before = read_description(folder).get("seconds_to_checkpoint", 0.0)
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall time of the training up to now [s], that before an interruption included."""
        return float(self._seconds_before + time.perf_counter() - self._started)

    def _on_training_start(self) -> None:
        self._next_validation = self._following_validation()
        self._next_checkpoint = self.num_timesteps + self._interval

    def _following_validation(self) -> int:
        every = self._configuration.validate_every
        return (self.num_timesteps // every + 1) * every

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._next_validation:
            self._next_validation = self._following_validation()
            self.validate()
        if self.num_timesteps >= self._next_checkpoint:
            raise CheckpointDue

    def save(self) -> None:
        """Saves a checkpoint."""
        save_checkpoint(self.model, self._folder)
        record_checkpoint(self._folder, self.num_timesteps, self.seconds)

    def _on_step(self) -> bool:
        self._progress.update(self.model.n_envs)
        return True

    def _on_training_end(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Scores the agent on the validation seeds and records it."""
        policy = as_policy(self.model)
        scores = [score for score, _ in self._evaluator.evaluate(policy, VALIDATION_SEEDS)]
        columns = curve_columns(self._evaluator.scenario.batteries is not None)
        means = {
            name: float(np.mean([getattr(score, name) for score in scores])) for name in columns[1:]
        }
        for name, value in means.items():
            self.logger.record(f"validation/{name}", value)
        self.logger.dump(self.num_timesteps)
        append_curve(self._folder / "curve.csv", {"steps": self.num_timesteps, **means})
