"""Queues and rewards written out for whole arrays, which the compiled round is held against."""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.envs.rewards import Reward
from asl_gym.scenario.scenario import Scenario

__all__ = ["PlayedQueues", "drift", "next_queue", "rewards"]


def next_queue(queue: Array, energies: Array, budgets: Array) -> Array:
    """Q(t+1) = max(Q(t) + E(t) − Ē, 0) [J], shape (..., K)."""
    return np.asarray(np.maximum(queue + energies - budgets, 0.0))


class PlayedQueues(NamedTuple):
    """What a round did to the virtual queues.

    Attributes:
        before: Queues before the round [J], shape (..., K).
        energies: Energy that each budget was charged [J], shape (..., K).
        after: Queues after the round [J], shape (..., K).
    """

    before: Array
    energies: Array
    after: Array


def drift(queue: Array, queue_after: Array, weights: Array) -> Array:
    """Change of the Lyapunov function ½ Σ_k (Ē/Ē_k) Q_k² over a round [J²], shape (...)."""
    return np.asarray(0.5 * _over_budgets(weights * (queue_after * queue_after - queue * queue)))


def _over_budgets(values: Array) -> Array:
    return values[..., 0] if values.shape[-1] == 1 else np.asarray(values.sum(axis=-1))


def rewards(kind: Reward, scenario: Scenario, delay: Array, queues: PlayedQueues) -> Array:
    """The reward of a round, in units of V·D_ref.

    ``"drift"`` is −(V·D + the change of the Lyapunov function), whose undiscounted sum is
    −V·ΣD − ½Q_T² for one queue; ``"linear_drift"`` is −(V·D + Σ_k Q_k (Ē/Ē_k)(E_k − Ē_k)), whose
    greedy optimum is OPEN's decision; ``"delay"`` is −V·D.

    Args:
        kind: Which reward.
        scenario: Gives V, D_ref and the budgets.
        delay: Round delay [s], shape (...).
        queues: What the round did to the queues.

    Returns:
        Rewards, shape (...).
    """
    V, weights = scenario.V, scenario.budget_weights
    penalty = V * delay
    if kind == "drift":
        penalty = penalty + drift(queues.before, queues.after, weights)
    elif kind == "linear_drift":
        excess = queues.energies - scenario.energy_budgets
        penalty = penalty + _over_budgets(scenario.weights(queues.before) * excess)
    return np.asarray(penalty * (-1.0 / (V * scenario.reference_delay)))
