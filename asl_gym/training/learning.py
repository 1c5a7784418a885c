"""What is asked of the whole network beside its training: classes, accuracy, shapes of batches."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from asl_gym.model.components import Workload
from asl_gym.networks.untouched import untouched
from asl_gym.training.shards import Shard

__all__ = ["accuracy", "class_count", "evaluating", "example_inputs"]

TESTED_AT_ONCE = 500
"""Samples that are tested together."""


@contextlib.contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Has a module and all of its parts in ``eval()`` mode, without gradients."""
    modes = {each: each.training for each in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for each, mode in modes.items():
            each.training = mode


def accuracy(module: nn.Module, test: Shard) -> float:
    """Share of samples whose class has the greatest score."""
    right = 0
    with evaluating(module):
        for start in range(0, len(test), TESTED_AT_ONCE):
            positions = np.arange(start, min(start + TESTED_AT_ONCE, len(test)))
            inputs, labels = test.batch(positions)
            right += int((module(*inputs).argmax(1) == labels).sum())
    return right / len(test)


def class_count(module: nn.Module, loss: Any, inputs: tuple[Any, ...]) -> int | None:
    """Number of classes of a network trained with cross entropy; ``None`` with another loss.

    Args:
        module: The network.
        loss: The loss.
        inputs: A batch of its arguments.
    """
    if loss is not F.cross_entropy and not isinstance(loss, nn.CrossEntropyLoss):
        return None
    with untouched(module, runs=True), evaluating(module):
        return int(module(*inputs).shape[1])


def example_inputs(shard: Shard, workload: Workload) -> dict[int, tuple[Any, ...]]:
    """Inputs of a batch of each size that a round has, by that size."""
    count = workload.samples_per_round
    step = min(workload.batch_size or count, count)
    sizes = {step, count % step or step}
    return {size: shard.batch(np.arange(size) % len(shard))[0] for size in sizes}
