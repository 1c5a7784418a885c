"""Virtual energy queues and drift-plus-penalty weights.

One queue for a system-wide budget, N + 1 (devices, then server) for per-device budgets:
Q_k(t+1) = max(Q_k(t) + E_k(t) − Ē_k, 0). With several budgets, queue k weighs energy k by
Ē/Ē_k, Ē = Σ_k Ē_k, so that queues of small budgets count as much as those of large ones
(Neely, "Stochastic Network Optimization with Application to Communication and Queueing Systems",
2010, ch. 4, for drift plus penalty). Queues have shape (..., K), budgets (K,).
"""

import numpy as np

from asl_gym.arrays import Array

__all__ = [
    "budget_weights",
    "energy_weights",
    "server_weight",
]


def budget_weights(budgets: Array) -> Array:
    """Ē/Ē_k, by which queue k counts, shape (K,); 1 for a single budget."""
    return np.asarray(budgets.sum() / budgets)


def server_weight(weights: Array) -> Array:
    """The weight on the server side's energy among budget weights (..., K), shape (...)."""
    return weights[..., -1]


def energy_weights(weights: Array, num_devices: int) -> tuple[Array, Array]:
    """Splits budget weights into those on device energies and on server energy.

    Args:
        weights: One weight a budget, shape (..., K) with K = 1 or N + 1.
        num_devices: Number of devices N.

    Returns:
        The weight on each device's energy, shape (..., N), and on the server's, shape (...).
    """
    if weights.shape[-1] == 1:
        each_device = np.broadcast_to(weights, (*weights.shape[:-1], num_devices))
        return each_device, server_weight(weights)
    return weights[..., :-1], server_weight(weights)
