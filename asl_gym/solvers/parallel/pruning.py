"""Leaving out options that another one of the same device beats at every deadline."""

import numpy as np

from asl_gym.arrays import Array, Mask
from asl_gym.solvers.parallel.compiling import compiled

__all__ = ["undominated"]


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
    mask = np.ones((devices, options), dtype=np.uint8)
    for n in range(devices):
        for o in range(options):
            for p in range(options):
                if p == o or a[n, p] > a[n, o] or c[n, p] > c[n, o] or w[n, p] > w[n, o]:
                    continue
                same = a[n, p] == a[n, o] and c[n, p] == c[n, o] and w[n, p] == w[n, o]
                first = tie[n, p] < tie[n, o] or (tie[n, p] == tie[n, o] and p < o)
                if not same or first:
                    mask[n, o] = 0
                    break
    return mask
