"""One environment's action to its decision, in compiled code; what lies outside a space is told."""

import numpy as np

from asl_gym.arrays import Array, Indices, Splits
from asl_gym.compiling import inlined
from asl_gym.envs.memory import Constants, Sizes
from asl_gym.envs.preparing import DOWNLINK_DELAY, UPLINK_DELAY, WORK_DELAY
from asl_gym.model.option_costs import OptionFigures, fixed_delay
from asl_gym.solvers.parallel.allocation import Clock, optimal_deadline, share_clock
from asl_gym.solvers.sequential_rows import best_frequency
from asl_gym.traces.elementary import exp

__all__ = ["indices_of_row", "open_frequency", "positions_of_row", "share_of_row"]


@inlined
def open_frequency(queue: Array, k: Constants) -> float:
    """OPEN's frequency [Hz] at the scenario's V, with the last queue's weight on the server."""
    last = queue.size - 1
    weight = queue[last] * k.weights[last]
    return best_frequency(k.V, weight, k.capacitance, k.least_clock, k.full_clock)


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


@inlined
def share_of_row(
    z: Sizes,
    k: Constants,
    prepared: Array,
    splits: Splits,
    queue: Array,
    b: int,
    frequencies: Array,
) -> None:
    """Fills in the best frequencies of devices that share the server, for given splits.

    As :func:`asl_gym.solvers.round_problem.best_frequencies` has them for whole arrays.

    Args:
        z: Sizes.
        k: Constants.
        prepared: The round, shape (7, B, N).
        splits: Indices into the admissible split points, shape (N,).
        queue: Virtual queues [J], shape (K,).
        b: Which environment.
        frequencies: Filled [Hz], shape (N,).
    """
    delay, work = np.empty(z.devices), np.empty(z.devices)
    for n in range(z.devices):
        m, i = n if z.tables > 1 else 0, splits[n]
        figures = OptionFigures(k.up[m, i], k.down[m, i], k.work[m, i], k.server_seconds[m, i])
        delay[n] = fixed_delay(
            figures,
            prepared[UPLINK_DELAY, b, n],
            prepared[DOWNLINK_DELAY, b, n],
            prepared[WORK_DELAY, b, n],
        )
        work[n] = k.server_work[m, i]
    last, clock = queue.size - 1, Clock(k.least_clock, k.full_clock)
    price = k.capacitance * (queue[last] * k.weights[last])
    deadline = optimal_deadline(delay, work, k.V, price, clock)
    share_clock(delay, work, deadline, clock, frequencies)
