"""A round's problem as plain arrays, its options worth considering, and what a search keeps."""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices, Mask
from asl_gym.compiling import compiled, inlined
from asl_gym.solvers.parallel.allocation import Clock

__all__ = [
    "ROUNDING",
    "Incumbent",
    "Problem",
    "Workspace",
    "copy_into",
    "copy_mask",
    "make_workspace",
    "undominated",
]


ROUNDING = 1e-12
"""Relative margin for rounding: of bounds, of a given deadline and of the server's clock; also the
least relative width of an interval."""


class Problem(NamedTuple):
    """A round.

    Attributes:
        a: Fixed delays [s], shape (N, L).
        c: Costs apart from the server's computing, shape (N, L).
        w: Server work [cycles], shape (N, L).
        V: Weight on delay; 0 with a fixed deadline.
        price: Weight on w·f², q_s κ_s.
        clock: The server's.
        fixed: The deadline [s] if it is given, negative otherwise.
    """

    a: Array
    c: Array
    w: Array
    V: float
    price: float
    clock: Clock
    fixed: float


class Incumbent(NamedTuple):
    """The best decision so far.

    Attributes:
        splits: Its options, shape (N,).
        figures: Its objective and its deadline [s], shape (2,).
    """

    splits: Indices
    figures: Array


class Workspace(NamedTuple):
    """Arrays that every node of the search fills in anew.

    Attributes:
        active: Options that are possible in the node's interval, by place, shape (N, L).
        counts: Their numbers, shape (N,).
        cost: Bounds of their costs at both ends of the interval, by place, shape (2, N, L).
        load: Bounds of their loads, likewise.
        choice: Places of the options that the relaxation picks at both ends, shape (2, N).
        over: Places of those picked just below the best multiplier, shape (N,).
        under: Places of those picked just above it, shape (N,).
        trial: Options of a decision that is tried, shape (N,).
        delays: Its fixed delays [s], shape (N,).
        works: Its server work [cycles], shape (N,).
        expected: The deadline of the decision that the search started from [s], negative where it
            had none, shape (1,).
    """

    active: Indices
    counts: Indices
    cost: Array
    load: Array
    choice: Indices
    over: Indices
    under: Indices
    trial: Indices
    delays: Array
    works: Array
    expected: Array


@inlined
def copy_into(result: Indices, values: Indices) -> None:
    """Copies splits or places; a slice's assignment takes longer to compile than all of this."""
    for n in range(result.size):
        result[n] = values[n]


@inlined
def copy_mask(result: Mask, mask: Mask) -> None:
    """Copies a mask, shape (N, L)."""
    for n in range(mask.shape[0]):
        for o in range(mask.shape[1]):
            result[n, o] = mask[n, o]


@compiled
def make_workspace(devices: int, options: int) -> Workspace:
    """Empty arrays for a fleet."""
    return Workspace(
        np.empty((devices, options), dtype=np.int64),
        np.empty(devices, dtype=np.int64),
        np.empty((2, devices, options)),
        np.empty((2, devices, options)),
        np.empty((2, devices), dtype=np.int64),
        np.empty(devices, dtype=np.int64),
        np.empty(devices, dtype=np.int64),
        np.empty(devices, dtype=np.int64),
        np.empty(devices),
        np.empty(devices),
        np.full(1, -1.0),
    )


@compiled
def undominated(a: Array, c: Array, w: Array, tie: Array) -> Mask:
    """Marks the options worth considering.

    Option p beats o if it is no greater in fixed delay, cost and server work; where all three are
    equal, the lesser tie-breaker wins, then the lower index.

    Args:
        a: Fixed delays [s], shape (N, L).
        c: Costs apart from the server's computing, shape (N, L).
        w: Server work [cycles], shape (N, L).
        tie: Tie-breakers, shape (N, L).

    Returns:
        1 where an option is to be kept, shape (N, L).
    """
    devices, options = a.shape
    mask = np.empty((devices, options), dtype=np.uint8)
    for n in range(devices):
        for o in range(options):
            mask[n, o] = 1
            for p in range(options):
                if p == o or a[n, p] > a[n, o] or c[n, p] > c[n, o] or w[n, p] > w[n, o]:
                    continue
                same = a[n, p] == a[n, o] and c[n, p] == c[n, o] and w[n, p] == w[n, o]
                first = tie[n, p] < tie[n, o] or (tie[n, p] == tie[n, o] and p < o)
                if not same or first:
                    mask[n, o] = 0
                    break
    return mask
