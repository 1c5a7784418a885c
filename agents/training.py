"""Training an agent: one command, with progress, checkpoints and a learning curve.

A run's folder holds ``checkpoint.zip`` (the last checkpoint; written whole or not at all),
``curve.csv`` (the learning curve), ``run.json`` (configuration, seed, commit), TensorBoard logs,
and ``model.zip`` once it has ended. A run
that was interrupted goes on from its checkpoint to the same number of steps.
"""

import csv
import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback

from agents.configuration import Configuration
from agents.vec_env import NativeVecEnv, make_vec_env
from asl_gym import Evaluator

__all__ = [
    "CURVE_COLUMNS",
    "VALIDATION_SEEDS",
    "current_commit",
    "run_folder",
    "steps_done",
    "train",
]

VALIDATION_SEEDS = range(100_000, 100_005)
"""Seeds of the learning curve's episodes; the benchmark's evaluation seeds start at 0."""

CHECKPOINT_EVERY = 20_000
"""Steps after which a run saves itself between validations."""

CURVE_COLUMNS = ("steps", "priced_gap", "energy_ratio", "mean_delay_s")


def run_folder(root: Path, configuration: Configuration, seed: int) -> Path:
    """The folder of a run."""
    return root / configuration.env_id / configuration.algorithm / f"seed-{seed}"


def current_commit() -> str:
    """The checkout's commit, marked ``-dirty`` where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def save_atomically(model: BaseAlgorithm, path: Path) -> None:
    """Saves a model so that the file is the old one or the new one, never a part."""
    part = path.with_name(f"{path.stem}.part.zip")
    model.save(part)
    os.replace(part, path)


class LearningCurve(BaseCallback):
    """Validates and checkpoints every so many steps.

    Args:
        configuration: How the agent is trained.
        folder: The run's folder.
    """

    def __init__(self, configuration: Configuration, folder: Path) -> None:
        super().__init__()
        self._configuration, self._folder = configuration, folder
        environment = configuration.evaluation_environment
        self._evaluator = Evaluator(configuration.env_id, **environment)
        self._next = self._last_saved = 0

    def _on_training_start(self) -> None:
        every = self._configuration.validate_every
        self._next = (self.num_timesteps // every + 1) * every
        self._last_saved = self.num_timesteps

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._next:
            self._next += self._configuration.validate_every
            self.validate()
        elif self.num_timesteps >= self._last_saved + CHECKPOINT_EVERY:
            self.save()

    def save(self) -> None:
        """Saves a checkpoint."""
        save_atomically(self.model, self._folder / "checkpoint.zip")
        self._last_saved = self.num_timesteps

    def _on_step(self) -> bool:
        return True

    def _on_training_end(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Scores the agent on the validation seeds, records it and saves a checkpoint."""
        scores = [score for score, _ in self._evaluator.evaluate(self.model, VALIDATION_SEEDS)]
        means = {
            name: float(np.mean([getattr(score, name) for score in scores]))
            for name in CURVE_COLUMNS[1:]
        }
        for name, value in means.items():
            self.logger.record(f"validation/{name}", value)
        # The curve first: a row ahead of the checkpoint is dropped on resuming, one behind is lost.
        append_curve(self._folder / "curve.csv", {"steps": self.num_timesteps, **means})
        self.save()


def append_curve(path: Path, row: dict[str, Any]) -> None:
    """Adds a row to the learning curve, dropping rows that an interrupted run had left ahead."""
    rows = [kept for kept in read_curve(path) if int(kept["steps"]) < row["steps"]]
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CURVE_COLUMNS)
        writer.writeheader()
        writer.writerows([*rows, row])
    os.replace(part, path)


def read_curve(path: Path) -> list[dict[str, str]]:
    """The rows of a learning curve, none where there is no file yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _training_env(configuration: Configuration, seed: int, steps_done: int) -> NativeVecEnv:
    """The environments, seeded by the training seed and the steps that were done before."""
    env = make_vec_env(configuration.env_id, configuration.num_envs, **configuration.environment)
    entropy = np.random.SeedSequence([seed, steps_done]).generate_state(1)
    env.seed(int(entropy[0]))
    return env


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
    missing = steps - model.num_timesteps
    if missing > 0:
        try:
            model.learn(
                missing,
                callback=LearningCurve(configuration, folder),
                reset_num_timesteps=model.num_timesteps == 0,
                tb_log_name="tensorboard",
                progress_bar=progress_bar,
            )
        except KeyboardInterrupt:
            save_atomically(model, folder / "checkpoint.zip")
            raise
    save_atomically(model, folder / "model.zip")
    return folder / "model.zip"


def steps_done(configuration: Configuration, seed: int, root: Path) -> int:
    """Steps of a run's checkpoint, 0 where there is none."""
    checkpoint = run_folder(root, configuration, seed) / "checkpoint.zip"
    if not checkpoint.exists():
        return 0
    return configuration.algorithm_class.load(checkpoint, device="cpu").num_timesteps


def describe_run(configuration: Configuration, seed: int, folder: Path, fresh: bool) -> None:
    """Writes ``run.json``, or compares it with what an interrupted run was started with.

    Raises:
        ValueError: If the run was started with another configuration.
    """
    path = folder / "run.json"
    configured = json.loads(json.dumps(asdict(configuration), default=repr))
    if fresh:
        description = {"configuration": configured, "seed": seed, "commit": current_commit()}
        path.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
        return
    started = json.loads(path.read_text(encoding="utf-8"))["configuration"]
    for name, value in configured.items():
        if started[name] != value:
            raise ValueError(
                f"{name} = {value!r}, but the run in {folder} was started with {started[name]!r}: "
                "go on with that, or train into another folder"
            )


def _fresh_or_resumed(configuration: Configuration, seed: int, folder: Path) -> BaseAlgorithm:
    checkpoint = folder / "checkpoint.zip"
    algorithm = configuration.algorithm_class
    if checkpoint.exists():
        model = algorithm.load(checkpoint, device="cpu")
        model.set_env(_training_env(configuration, seed, model.num_timesteps))
        return model
    return algorithm(
        env=_training_env(configuration, seed, 0),
        seed=seed,
        device="cpu",
        tensorboard_log=str(folder),
        **configuration.model_arguments(),
    )
