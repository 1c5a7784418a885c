"""Checkpoints of a training: whole or not at all, replay buffer included.

A checkpoint is the file ``checkpoint.zip``. The replay buffer of an algorithm that has one lies
next to it in ``replay-<steps>.pkl``, named by the checkpoint's steps: it is written before the
checkpoint and the older one is removed after, so that a checkpoint always finds its own buffer,
whenever the training is killed. Both are pickled: loading one runs the code in it, so only your own
is safe.
"""

import io
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from agents.bookkeeping import write_whole
from agents.configuration import Configuration
from agents.errors import RunError
from agents.runs import run_folder

__all__ = ["has_checkpoint", "load_checkpoint", "save_checkpoint", "save_model", "steps_done"]

CHECKPOINT = "checkpoint.zip"


@runtime_checkable
class _Replaying(Protocol):
    """An algorithm with a replay buffer."""

    def save_replay_buffer(self, path: Any) -> None: ...

    def load_replay_buffer(self, path: Any) -> None: ...


def save_model(model: BaseAlgorithm, path: Path) -> None:
    """Saves a model: whole, or with an ``OSError`` and the file as it was."""
    # Not by the libraries' own writing, whose errors on a full disk are not the disk's.
    contents = io.BytesIO()
    model.save(contents)
    write_whole(path, contents.getvalue())


def save_checkpoint(model: BaseAlgorithm, folder: Path) -> None:
    """Saves a model in training, and its replay buffer where it has one."""
    if isinstance(model, _Replaying):
        contents = io.BytesIO()
        model.save_replay_buffer(contents)
        write_whole(_replay_file(model, folder), contents.getvalue())
    save_model(model, folder / CHECKPOINT)
    for buffer in folder.glob("replay-*.pkl"):
        if buffer != _replay_file(model, folder):
            buffer.unlink()


def has_checkpoint(folder: Path) -> bool:
    """Whether a run has saved a checkpoint."""
    return (folder / CHECKPOINT).exists()


def load_checkpoint(configuration: Configuration, folder: Path, env: VecEnv) -> BaseAlgorithm:
    """The model of a run's last checkpoint.

    Args:
        configuration: How the run is trained.
        folder: Its folder.
        env: The environments to train on.

    Raises:
        RunError: If the checkpoint or its replay buffer cannot be read or is missing.
    """
    model = _load_model(configuration, folder)
    path = folder / CHECKPOINT
    try:
        model.set_env(env)
        if isinstance(model, _Replaying):
            path = _replay_file(model, folder)
            model.load_replay_buffer(io.BytesIO(path.read_bytes()))
    except Exception as error:
        raise _unreadable(path, error) from error
    return model


def steps_done(configuration: Configuration, seed: int, root: Path) -> int:
    """Steps of a run's checkpoint, 0 where there is none.

    Raises:
        RunError: If the checkpoint cannot be read.
    """
    folder = run_folder(root, configuration, seed)
    return _load_model(configuration, folder).num_timesteps if has_checkpoint(folder) else 0


def _load_model(configuration: Configuration, folder: Path) -> BaseAlgorithm:
    path = folder / CHECKPOINT
    try:
        contents = io.BytesIO(path.read_bytes())
        return configuration.algorithm_class.load(contents, device="cpu")
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> RunError:
    """Whatever unpickling raises, for torn contents may raise anything."""
    return RunError(
        f"{path} cannot be loaded ({type(error).__name__}: {error}). Trainings write it whole, so "
        "it was changed from outside, or by other code: put a copy of yours back, or remove "
        f"{path.parent} to train anew"
    )


def _replay_file(model: Any, folder: Path) -> Path:
    return folder / f"replay-{model.num_timesteps}.pkl"
