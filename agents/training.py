"""Training an agent: one command, with progress, checkpoints and a learning curve.

A run's folder holds ``checkpoint.zip`` (the last checkpoint, see :mod:`agents.checkpoints`),
``curve.csv`` (the learning curve), ``run.json`` (configuration, seed, by which code; steps and
seconds once it has ended, see :mod:`agents.description`), TensorBoard logs, and ``model.zip`` once
it has ended.

A training is a sequence of legs, each from one checkpoint to the next, and each begins by loading
the checkpoint that the one before has saved: environments are reset, and all generators seeded
from the training seed and the steps done. So it makes no difference to a leg whether its training
was killed before it, and a run that was killed any number of times ends with the weights of one
that never was. Checkpoints fall where episodes end, so that resets cut none short.
"""

import logging
from contextlib import suppress
from pathlib import Path

import numpy as np
import tensorboard  # noqa: F401  # stable-baselines3 misses it only once a training has begun.
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv
from tqdm import tqdm

from agents.checkpoints import has_checkpoint, load_checkpoint, save_model
from agents.configuration import Configuration
from agents.description import (
    begin_description,
    changes_since,
    check_configuration,
    continue_description,
    has_description,
    read_description,
    update_description,
)
from agents.errors import RunError
from agents.fleets import make_fleets_vec_env
from agents.generalist.vec_env import make_scenarios_vec_env
from agents.learning_curve import CheckpointDue, LearningCurve
from agents.runs import cut_curve, locked, run_folder
from agents.vec_env import make_vec_env

__all__ = ["train", "training_env", "training_seed"]

FIRST_TRAINING_SEED, LAST_TRAINING_SEED = 2**20, 2**31

LOGGER = logging.getLogger(__name__)


def training_seed(seed: int, steps_done: int) -> int:
    """Where the seeds of the training environments start.

    It is drawn by the training seed and the steps that were done before, between 2²⁰ and 2³¹, so
    that no training environment ever plays a trace of the evaluation seeds (from 0) or of
    :data:`agents.learning_curve.VALIDATION_SEEDS`.

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
    """Trains an agent, or goes on with a run that was interrupted, from its last checkpoint.

    Where a run goes on with other code or to another number of steps than before, that is logged
    as a warning and recorded in ``run.json``.

    Args:
        configuration: How to train.
        seed: Training seed.
        root: Folder of all runs.
        total_steps: Steps in place of the configuration's.
        progress_bar: Whether to show progress.

    Returns:
        The path of the trained model.

    Raises:
        RunError: If the run was started with another configuration, another process trains it, or
            a file of it cannot be read or written.
    """
    folder = run_folder(root, configuration, seed)
    steps = configuration.total_steps if total_steps is None else total_steps
    # The networks are so small that more threads cost more than they give, and sums in an order
    # that does not depend on the machine keep a seed's weights the same.
    torch.set_num_threads(1)
    with locked(folder):
        env = training_env(configuration)
        if _goes_on(configuration, folder):
            model = _resumed(configuration, seed, folder, env)
            cut_curve(folder / "curve.csv", model.num_timesteps)
            for change in changes_since(folder, steps):
                LOGGER.warning("The run in %s: %s.", folder, change)
            if model.num_timesteps < steps:
                continue_description(folder, model.num_timesteps, steps)
        else:
            model = _fresh(configuration, seed, folder, env)
            cut_curve(folder / "curve.csv", 0)
            begin_description(configuration, seed, folder, steps)
        if model.num_timesteps < steps:
            model = _learn(model, configuration, seed, steps, progress_bar)
        _end(model, folder)
    return folder / "model.zip"


def _goes_on(configuration: Configuration, folder: Path) -> bool:
    """Whether there is a run that goes on, or one can begin.

    Raises:
        RunError: If neither is so.
    """
    if has_description(folder):
        told = read_description(folder)
        if has_checkpoint(folder):
            check_configuration(configuration, folder)
            return True
        if told["written_by"][-1]["to_steps"] or "seconds_to_checkpoint" in told:
            raise RunError(
                f"{folder} has no checkpoint.zip, though its run.json tells of one: put a copy of "
                "yours back, or remove the folder to train anew"
            )
        return False
    for name in ("checkpoint.zip", "curve.csv", "model.zip"):
        if (folder / name).exists():
            raise RunError(f"{folder} holds {name} but no run.json: train into another folder")
    return False


def _learn(
    model: BaseAlgorithm, configuration: Configuration, seed: int, steps: int, progress_bar: bool
) -> BaseAlgorithm:
    """Trains leg by leg up to so many steps; the model of the last checkpoint.

    Ctrl-C leaves the last checkpoint as it is: another one, of a place where an undisturbed
    training has none, would end with other weights.
    """
    env = model.get_env()
    assert env is not None
    folder = Path(str(model.tensorboard_log))
    with tqdm(
        total=steps, initial=model.num_timesteps, unit=" steps", disable=not progress_bar
    ) as bar:
        curve = LearningCurve(configuration, folder, bar)
        while True:
            _leg(model, curve, steps)
            if model.num_timesteps >= steps:
                return model
            model = _resumed(configuration, seed, folder, env)


def _leg(model: BaseAlgorithm, curve: LearningCurve, steps: int) -> None:
    """Trains up to the next checkpoint, or the end, and saves it."""
    # In rollouts for on-policy algorithms, in episodes, which end together, for the others.
    log_interval = model.n_envs if isinstance(model, OffPolicyAlgorithm) else 1
    with suppress(CheckpointDue):
        model.learn(
            # Counted from here, so that the library's learning rates fall over all steps.
            steps - model.num_timesteps,
            callback=curve,
            log_interval=log_interval,
            reset_num_timesteps=model.num_timesteps == 0,
            tb_log_name="tensorboard",
        )
    model.logger.close()
    curve.save()


def _end(model: BaseAlgorithm, folder: Path) -> None:
    """Says that a run has ended, also where it was killed after its last checkpoint before that."""
    told = read_description(folder)
    if told.get("steps") == model.num_timesteps and (folder / "model.zip").exists():
        return
    save_model(model, folder / "model.zip")
    seconds = told.get("seconds_to_checkpoint", 0.0)
    update_description(folder, training_seconds=seconds, steps=model.num_timesteps)


def training_env(configuration: Configuration) -> VecEnv:
    """The environments that a configuration trains on."""
    what = configuration.env_id, configuration.num_envs
    if configuration.scenarios is not None:
        return make_scenarios_vec_env(*what, configuration.scenarios, **configuration.environment)
    if configuration.fleets is None:
        return make_vec_env(*what, **configuration.environment)
    return make_fleets_vec_env(*what, configuration.fleets, **configuration.environment)


def _fresh(configuration: Configuration, seed: int, folder: Path, env: VecEnv) -> BaseAlgorithm:
    try:
        arguments = configuration.model_arguments(env.action_space)
        model = configuration.algorithm_class(
            env=env, seed=seed, device="cpu", tensorboard_log=str(folder), **arguments
        )
    except (AssertionError, TypeError, ValueError) as error:
        raise RunError(
            f"{configuration.algorithm} cannot be built with these hyperparameters on "
            f"{configuration.place}: {type(error).__name__}: {error}"
        ) from error
    # Last, for the algorithm seeds its environments with its own seed.
    env.seed(training_seed(seed, 0))
    return model


def _resumed(configuration: Configuration, seed: int, folder: Path, env: VecEnv) -> BaseAlgorithm:
    model = load_checkpoint(configuration, folder, env)
    model.tensorboard_log = str(folder)
    # Not the random numbers once more that the run began with; the environments' too.
    model.set_random_seed(training_seed(seed, model.num_timesteps))
    return model
