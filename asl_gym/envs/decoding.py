"""One environment's action to its decision, in compiled code; what lies outside a space is told."""

import numpy as np

from asl_gym.arrays import Array, Indices, Splits
from asl_gym.compiling import inlined
from asl_gym.envs.memory import Constants
from asl_gym.traces.elementary import exp

__all__ = ["indices_of_row", "open_frequency", "positions_of_row"]


@inlined
def open_frequency(queue: Array, k: Constants) -> float:
    """OPEN's frequency f* = clip((V/(2 κ_s q_s))^⅓, f_min, f_max), q_s the server's weight.

    As :func:`asl_gym.solvers.sequential.optimal_frequency` has it for whole arrays.
    """
    last = queue.size - 1
    weight = queue[last] * k.weights[last]
    if weight <= k.V / (2.0 * k.capacitance * k.full_clock * k.full_clock * k.full_clock):
        return k.full_clock
    inner = np.cbrt(k.V / (2.0 * k.capacitance * weight))
    return float(min(max(inner, k.least_clock), k.full_clock))


@inlined
def indices_of_row(counts: Indices, action: Indices, splits: Splits) -> bool:
    """Takes over split indices; whether they lie within each device's.

    Args:
        counts: How many split points each device has, shape (N,).
        action: Shape (N,) or longer.
        splits: Filled, shape (N,).
    """
    for n in range(counts.size):
        splits[n] = action[n]
        if splits[n] < 0 or splits[n] >= counts[n]:
            return False
    return True


@inlined
def positions_of_row(
    k: Constants, log_range: float, counts: Indices, action: Array, decision: tuple[Splits, Array]
) -> bool:
    """Split points in equal bins of [−1, 1] and frequencies on a log scale; whether all lie there.

    Args:
        k: Gives the least and the full clock.
        log_range: Logarithm of their ratio.
        counts: How many split points each device has, shape (N,).
        action: Shape (2N,).
        decision: Filled with splits and frequencies [Hz], shape (N,) each.
    """
    devices, (splits, frequencies) = counts.size, decision
    for i in range(2 * devices):
        # Written so that NaN fails.
        if not -1.0 <= action[i] <= 1.0:
            return False
    for n in range(devices):
        place = np.int64(0.5 * (action[n] + 1.0) * counts[n])
        splits[n] = min(place, counts[n] - 1)
    for n in range(devices):
        position = 0.5 * (action[devices + n] + 1.0)
        clock = k.least_clock * exp(position * log_range)
        frequencies[n] = min(max(clock, k.least_clock), k.full_clock)
    return True
