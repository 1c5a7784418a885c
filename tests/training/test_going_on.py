"""A training that was killed goes on from its last round, to the same parameters."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

import asl_gym
from asl_gym.training import TrainingError
from asl_gym.training.records import NAME
from asl_gym.training.sides import ServerSide
from asl_gym.validation.checks import FieldError
from tests.training.small import built, training_of

ROUNDS = 5


def killed_after(steps: int, folder: Path, schedule: str) -> int:
    """Trains in a process of its own, which kills itself (−9) after so many steps of the server."""
    process = os.fork()
    if process == 0:
        done, step = [0], ServerSide.step

        def counted(side: Any, half: Any, learning_rate: float) -> None:
            step(side, half, learning_rate)
            done[0] += 1
            if done[0] == steps:
                os.kill(os.getpid(), signal.SIGKILL)

        setattr(ServerSide, "step", counted)  # noqa: B010
        training_of(built("residual"), schedule, momentum=0.5).run(ROUNDS, folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.parametrize("schedule", ["sequential", "parallel"])
def test_kills_change_nothing(tmp_path: Path, schedule: str) -> None:
    """Killed in the second round, then in the last, each time in the middle of a turn."""
    whole = built("residual")
    expected = training_of(whole, schedule, momentum=0.5).run(ROUNDS)
    for steps in (13, 11):
        assert killed_after(steps, tmp_path, schedule) == -signal.SIGKILL
    module = built("residual", seed=9)
    training = training_of(module, schedule, momentum=0.5)
    begun = [record.round_index for record in training.rounds(ROUNDS, tmp_path)]
    assert 0 < begun[0] < ROUNDS
    for mine, its in zip(module.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(mine, its)
    for mine, its in zip(training.records, expected, strict=True):
        assert (mine.split, mine.delay_s, mine.loss) == (its.split, its.delay_s, its.loss)


def test_a_folder_of_another_training_is_told(tmp_path: Path) -> None:
    training_of(built("plain")).run(1, tmp_path)
    with pytest.raises(TrainingError, match="another training, which differs in seed: "):
        training_of(built("plain"), seed=4).run(1, tmp_path)
    with pytest.raises(TrainingError, match="differs in learning_rate"):
        training_of(built("plain"), learning_rate=0.1).run(1, tmp_path)
    with pytest.raises(FieldError, match=r"split points of round 0 = .* as it did"):
        training_of(built("plain"), policy=asl_gym.OPEN).run(2, tmp_path)
    (tmp_path / NAME).write_bytes(b"no tensors")
    with pytest.raises(TrainingError, match="is no checkpoint of a training"):
        training_of(built("plain")).run(1, tmp_path)
