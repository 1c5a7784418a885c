"""Virtual energy queues, drift-plus-penalty weights and rewards.

One queue for a system-wide budget, N + 1 (devices, then server) for per-device budgets:
Q_k(t+1) = max(Q_k(t) + E_k(t) − Ē_k, 0). With several budgets, queue k weighs energy k by
Ē/Ē_k, Ē = Σ_k Ē_k, so that queues of small budgets count as much as those of large ones
(Neely, "Stochastic Network Optimization with Application to Communication and Queueing Systems",
2010, ch. 4, for drift plus penalty). Queues have shape (..., K), budgets (K,).
"""

from typing import Literal

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.costs import RoundCosts

__all__ = [
    "Reward",
    "budget_energies",
    "budget_weights",
    "drift",
    "energy_weights",
    "next_queue",
    "rewards",
    "server_weight",
]

Reward = Literal["drift", "linear_drift", "delay"]


def budget_energies(costs: RoundCosts, num_budgets: int) -> Array:
    """Energy that each budget is charged [J], shape (..., K)."""
    if num_budgets == 1:
        return costs.energy[..., None]
    return np.concatenate([costs.device_energy, costs.server_energy[..., None]], axis=-1)


def next_queue(queue: Array, energies: Array, budgets: Array) -> Array:
    """Q(t+1) = max(Q(t) + E(t) − Ē, 0) [J], shape (..., K)."""
    return np.asarray(np.maximum(queue + energies - budgets, 0.0))


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


def drift(queue: Array, queue_after: Array, weights: Array) -> Array:
    """Change of the Lyapunov function ½ Σ_k (Ē/Ē_k) Q_k² over a round [J²], shape (...)."""
    return np.asarray(0.5 * _over_budgets(weights * (queue_after * queue_after - queue * queue)))


def _over_budgets(values: Array) -> Array:
    return values[..., 0] if values.shape[-1] == 1 else np.asarray(values.sum(axis=-1))


def rewards(
    kind: Reward,
    V: float,
    reference_delay: float,
    delay: Array,
    energies: Array,
    queue: Array,
    queue_after: Array,
    budgets: Array,
    weights: Array,
) -> Array:
    """The reward of a round, in units of V·D_ref.

    ``"drift"`` is −(V·D + the change of the Lyapunov function), whose undiscounted sum is
    −V·ΣD − ½Q_T² for one queue; ``"linear_drift"`` is −(V·D + Σ_k Q_k (Ē/Ē_k)(E_k − Ē_k)), whose
    greedy optimum is OPEN's decision; ``"delay"`` is −V·D.

    Args:
        kind: Which reward.
        V: Drift-plus-penalty weight [J²/s].
        reference_delay: D_ref [s].
        delay: Round delay [s], shape (...).
        energies: Energy of each budget [J], shape (..., K).
        queue: Queues before the round [J], shape (..., K).
        queue_after: Queues after the round [J], shape (..., K).
        budgets: Budgets [J], shape (K,).
        weights: :func:`budget_weights`, shape (K,).

    Returns:
        Rewards, shape (...).
    """
    penalty = V * delay
    if kind == "drift":
        penalty = penalty + drift(queue, queue_after, weights)
    elif kind == "linear_drift":
        penalty = penalty + _over_budgets(weights * queue * (energies - budgets))
    return np.asarray(penalty * (-1.0 / (V * reference_delay)))
