"""Checkpoints of a training: whole or not at all, replay buffer included.

A checkpoint is the file ``checkpoint.zip``. An off-policy algorithm's replay buffer lies next to
it in ``replay-<steps>.pkl``, named by the checkpoint's steps: it is written before the checkpoint
and the older one is removed after, so that a checkpoint always finds its own buffer, whenever the
training is killed. Both are pickled: loading one runs the code in it, so only your own is safe.
"""

from pathlib import Path

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.bookkeeping import replacing
from agents.configuration import Configuration
from agents.runs import run_folder

__all__ = ["load_checkpoint", "save_checkpoint", "steps_done"]

CHECKPOINT = "checkpoint.zip"


def save_checkpoint(model: BaseAlgorithm, folder: Path) -> None:
    """Saves a model in training, and its replay buffer where it has one."""
    if isinstance(model, OffPolicyAlgorithm):
        with replacing(_replay_file(model, folder)) as part:
            model.save_replay_buffer(part)
    with replacing(folder / CHECKPOINT) as part:
        model.save(part)
    for buffer in folder.glob("replay-*.pkl"):
        if buffer != _replay_file(model, folder):
            buffer.unlink()


def load_checkpoint(configuration: Configuration, folder: Path) -> BaseAlgorithm | None:
    """The model of a run's last checkpoint, ``None`` where there is none.

    Raises:
        FileNotFoundError: If the checkpoint's replay buffer is missing.
    """
    if not (folder / CHECKPOINT).exists():
        return None
    model = configuration.algorithm_class.load(folder / CHECKPOINT, device="cpu")
    if isinstance(model, OffPolicyAlgorithm):
        model.load_replay_buffer(_replay_file(model, folder))
    return model


def steps_done(configuration: Configuration, seed: int, root: Path) -> int:
    """Steps of a run's checkpoint, 0 where there is none."""
    checkpoint = run_folder(root, configuration, seed) / CHECKPOINT
    if not checkpoint.exists():
        return 0
    return configuration.algorithm_class.load(checkpoint, device="cpu").num_timesteps


def _replay_file(model: BaseAlgorithm, folder: Path) -> Path:
    return folder / f"replay-{model.num_timesteps}.pkl"
