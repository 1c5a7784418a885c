"""Candidate splits from the network's logits alone.

LyDROO (Bi, Huang, Wang, Zhang, "Lyapunov-Guided Deep Reinforcement Learning for Stable Online
Computation Offloading in Mobile-Edge Computing Networks", IEEE TWC 2021) quantises a network's
output to binary decisions in the order of its confidence. With more than two choices a device's
confidence is the margin between its first and second choice, and a candidate lets some of the
devices take their second choice. Which sets of devices come first follows from their ranks by
confidence: the least sum of ranks, which orders joint splits by probability if margins grow evenly
with rank.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Splits

__all__ = ["change_patterns", "mutations", "propose"]


def change_patterns(num_devices: int, num_candidates: int) -> NDArray[np.bool_]:
    """Which devices, the least confident first, take their second choice in each candidate.

    Args:
        num_devices: Number of devices N.
        num_candidates: Number of candidates K, at least 1; no more than the 2^N that there are
            are returned.

    Returns:
        Distinct rows, shape (K, N); the first changes nothing.
    """
    changes = itertools.chain.from_iterable(
        _distinct_ranks(total, num_devices)
        for total in range(num_devices * (num_devices + 1) // 2 + 1)
    )
    chosen = list(itertools.islice(changes, num_candidates))
    patterns = np.zeros((len(chosen), num_devices), dtype=bool)
    for pattern, ranks in zip(patterns, chosen, strict=True):
        pattern[[rank - 1 for rank in ranks]] = True
    return patterns


def _distinct_ranks(total: int, greatest: int) -> Iterator[tuple[int, ...]]:
    """All sets of distinct ranks from 1 to ``greatest`` with that sum, few ranks first."""
    if total == 0:
        yield ()
        return
    for rank in range(min(total, greatest), 0, -1):
        if rank * (rank + 1) // 2 < total:
            return
        for rest in _distinct_ranks(total - rank, rank - 1):
            yield (rank, *rest)


def propose(logits: NDArray[np.floating], patterns: NDArray[np.bool_]) -> Splits:
    """Candidates by the network's confidence.

    Args:
        logits: The network's output, shape (..., N, L).
        patterns: From :func:`change_patterns`, shape (K, N).

    Returns:
        Indices into the admissible split points, shape (..., K, N); the first candidate takes
        every device's first choice. A device with a single split point has no second choice.
    """
    if logits.shape[-1] == 1:
        return np.zeros((*logits.shape[:-2], 1, logits.shape[-2]), dtype=np.int64)
    choices = (-logits).argsort(axis=-1, kind="stable")[..., :2]
    best = np.take_along_axis(logits, choices, axis=-1)
    margin = best[..., 0] - best[..., 1]
    rank = margin.argsort(axis=-1, kind="stable").argsort(axis=-1)
    changed = patterns.T[rank].swapaxes(-1, -2)
    return np.where(changed, choices[..., None, :, 1], choices[..., None, :, 0])


def mutations(candidates: Splits, num_splits: int, rng: np.random.Generator) -> Splits:
    """Candidates in which about one device takes any split point.

    Draws from the network's own softmax stop exploring once it is sure of itself: options that it
    has unlearned never come up again. A uniform draw keeps every option of every device in play.

    Args:
        candidates: Shape (..., K, N).
        num_splits: Number of admissible split points L.
        rng: Random generator.

    Returns:
        A mutation of each candidate, same shape.
    """
    mutated = rng.random(candidates.shape) * candidates.shape[-1] < 1.0
    return np.where(mutated, rng.integers(num_splits, size=candidates.shape), candidates)
