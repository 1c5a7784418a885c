"""Rewards: drift plus penalty, exact or linear, and delay alone, in units of V·D_ref.

``"drift"`` is −(V·D + the change of the Lyapunov function ½ Σ_k (Ē/Ē_k) Q_k²), whose undiscounted
sum is −V·ΣD − ½Q_T² for one queue; ``"linear_drift"`` is −(V·D + Σ_k Q_k (Ē/Ē_k)(E_k − Ē_k)), whose
greedy optimum is OPEN's decision; ``"delay"`` is −V·D.

Each device has a share of the reward, what it is charged for itself. For one queue it is

    r_n = −(V·D_n + p (E_n + server energy for n − Ē/N) + rest/N)/(V·D_ref),

with the queue's price p, ½(Q + Q′) for ``"drift"`` (a difference of squares is a product), Q for
``"linear_drift"`` and 0 for ``"delay"``; the rest is what clipping the queue at 0 leaves over. Of
budgets of their own devices are charged their own queue's term, and of the server's as above. Where
devices train in turn the shares add up to the reward. Where they train at once each is charged the
whole V·D, on which all of them act, so that a device's share changes with its decision as the
reward does, but for what others' shares of the server cost.

On batteries there is no queue. ``"excess_delay"`` is the sum over devices of

    r_n = −(D_n − min_ℓ d_n)/(Ê_n/ϖ)

with d the delays of a round without waiting, the least of which nobody can change, in the time that
the backup charger takes for a round of the fastest split; ``"delay"`` is −ΣD_n/D_ref. In both D_n
holds what the device waits and, in the last round, the charging of what the episode drained.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from asl_gym.compiling import inlined

__all__ = [
    "DEFAULT_ON_BATTERIES",
    "DEFAULT_REWARD",
    "EXCESS_DELAY",
    "REWARDS",
    "Reward",
    "queue_price",
    "queue_term",
    "rewards_for",
]

Reward = Literal["drift", "linear_drift", "delay", "excess_delay"]
REWARDS: tuple[Reward, ...] = get_args(Reward)

DEFAULT_REWARD: Reward = "linear_drift"
"""The reward where none is named: plain PPO trains with it best."""

EXCESS_DELAY: Reward = "excess_delay"

DEFAULT_ON_BATTERIES = EXCESS_DELAY
"""The same on batteries."""

DRIFT, LINEAR_DRIFT = REWARDS.index("drift"), REWARDS.index("linear_drift")


def rewards_for(on_batteries: bool) -> Sequence[Reward]:
    """The rewards of environments on batteries, or of those with a budget."""
    return ("delay", EXCESS_DELAY) if on_batteries else ("drift", "linear_drift", "delay")


@inlined
def queue_term(kind: int, before: float, after: float, spent: float, budget: float) -> float:
    """What a reward takes for a queue beside V·D, but for the queue's weight Ē/Ē_k [J²].

    Args:
        kind: Index of the reward in :data:`REWARDS`.
        before: The queue before the round [J].
        after: The queue after it [J].
        spent: Energy that its budget was charged [J].
        budget: The budget [J].
    """
    if kind == DRIFT:
        return 0.5 * (after * after - before * before)
    if kind == LINEAR_DRIFT:
        return before * (spent - budget)
    return 0.0


@inlined
def queue_price(kind: int, before: float, after: float) -> float:
    """What a joule more costs of :func:`queue_term` where the queue isn't clipped [J].

    Args:
        kind: Index of the reward in :data:`REWARDS`.
        before: The queue before the round [J].
        after: The queue after it [J].
    """
    if kind == DRIFT:
        return 0.5 * (before + after)
    if kind == LINEAR_DRIFT:
        return before
    return 0.0
