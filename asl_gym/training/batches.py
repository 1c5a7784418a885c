"""Which samples a device trains on in each round, and the seeds of what is random while it does.

Everything is a function of numbers alone (the training's seed, round, device, batch), so that a
training goes on after an interruption, and runs on several machines, as if nothing had happened.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.model.components import Workload

__all__ = ["Batch", "batches_of", "mask_seed", "samples_of"]

Positions = NDArray[np.int64]


class Batch(NamedTuple):
    """A batch of a device's turn.

    Attributes:
        number: Its number within the turn.
        positions: Which of the device's samples it holds.
    """

    number: int
    positions: Positions


def samples_of(seed: int, device: int, size: int, first: int, count: int) -> Positions:
    """Samples from ``first`` on of a device's endless sequence: its shard, shuffled anew each time.

    Args:
        seed: The training's seed.
        device: The device.
        size: Samples of its shard.
        first: The first place in the sequence.
        count: How many samples.
    """
    found: list[Positions] = []
    for passage in range(first // size, (first + count - 1) // size + 1):
        order = np.random.default_rng([seed, device, passage]).permutation(size)
        start = passage * size
        found.append(order[max(first - start, 0) : first + count - start])
    return np.concatenate(found)


def batches_of(
    workload: Workload, seed: int, round_index: int, device: int, size: int
) -> Iterator[Batch]:
    """The batches of a device's turn; the last may be smaller.

    Args:
        workload: Samples of a round and of a batch.
        seed: The training's seed.
        round_index: The round, counted from 0.
        device: The device.
        size: Samples of its shard; one with fewer than a round's is cycled through.
    """
    count = workload.samples_per_round
    positions = samples_of(seed, device, size, round_index * count, count)
    step = workload.batch_size or count
    for index, start in enumerate(range(0, count, step)):
        yield Batch(index, positions[start : start + step])


def mask_seed(seed: int, round_index: int, device: int, batch: int, layer: str) -> int:
    """The seed of what a layer draws at random, such as its dropout mask.

    Args:
        seed: The training's seed.
        round_index: The round.
        device: The device.
        batch: The batch within its turn.
        layer: The layer's name: of a module, its path, and from the second thing on that the module
            draws ``#2`` and so on behind it; of a chain that was cut by hand, the link's name.
    """
    text = f"{seed} {round_index} {device} {batch} {layer}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
