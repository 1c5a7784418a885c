"""Actions to decisions, in compiled code; what lies outside a space is told."""

import math

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.compiling import inlined
from asl_gym.envs.kernel import BitsAndWork, Played
from asl_gym.envs.memory import Constants, Sizes, stride_of
from asl_gym.model.option_costs import OptionFigures, fixed_delay
from asl_gym.solvers.parallel.allocation import Clock, optimal_deadline, share_clock
from asl_gym.solvers.sequential_rows import best_frequency
from asl_gym.traces.elementary import exp

__all__ = ["decide_indices", "decide_level", "decide_open", "decide_positions", "decide_shares"]


@inlined
def decide_indices(z: Sizes, counts: Indices, action: Indices, played: Played) -> bool:
    """Takes over split indices; whether they lie within each device's.

    Args:
        z: Sizes.
        counts: How many split points each device has, shape (N,).
        action: Shape (B·N,), or longer where rows end with more.
        played: The split indices are filled in.
    """
    width, devices, within = action.size // z.rows, z.devices, True
    for b in range(z.rows):
        given = action[b * width : b * width + devices]
        taken = played.split_index[b * devices : (b + 1) * devices]
        for n in range(devices):
            within &= (given[n] >= 0) & (given[n] < counts[n])
            taken[n] = given[n]
    return within


@inlined
def decide_level(z: Sizes, action: Indices, levels: Array, played: Played) -> bool:
    """Fills in the frequency level that rows of an action end with; whether all are levels.

    Args:
        z: Sizes.
        action: Shape (B·(N + 1),).
        levels: Frequencies [Hz].
        played: The frequencies are filled in.
    """
    for b in range(z.rows):
        level = action[b * (z.devices + 1) + z.devices]
        if level < 0 or level >= levels.size:
            return False
        for n in range(z.devices):
            played.frequency[b * z.devices + n] = levels[level]
    return True


@inlined
def decide_open(z: Sizes, k: Constants, queues: Array, played: Played) -> None:
    """Fills in OPEN's frequency for devices in turn, with the last queue's weight on the server.

    Args:
        z: Sizes.
        k: Constants.
        queues: Virtual queues [J], shape (B·K,).
        played: The frequencies are filled in.
    """
    last, frequency = z.budgets - 1, np.empty(z.rows)
    for b in range(z.rows):
        frequency[b] = queues[b * z.budgets + last] * k.weights[last]
    # In a loop of its own, since that becomes vector code.
    for b in range(z.rows):
        weight = frequency[b]
        frequency[b] = best_frequency(k.V, weight, k.capacitance, k.least_clock, k.full_clock)
    for b in range(z.rows):
        f = frequency[b]
        for n in range(z.devices):
            played.frequency[b * z.devices + n] = f


@inlined
def decide_positions(
    z: Sizes, k: Constants, counts: Indices, action: Array, played: Played
) -> bool:
    """Split points in equal bins of [−1, 1] and frequencies on a log scale; whether all lie there.

    Args:
        z: Sizes.
        k: Gives the least and the full clock.
        counts: How many split points each device has, shape (N,).
        action: Shape (B·2N,).
        played: Split indices and frequencies [Hz] are filled in.
    """
    devices, log_range = z.devices, math.log(k.full_clock / k.least_clock)
    for b in range(z.rows):
        for i in range(2 * devices):
            # Written so that NaN fails.
            if not -1.0 <= action[2 * b * devices + i] <= 1.0:
                return False
    for b in range(z.rows):
        for n in range(devices):
            place = np.int64(0.5 * (action[2 * b * devices + n] + 1.0) * counts[n])
            played.split_index[b * devices + n] = min(place, counts[n] - 1)
        for n in range(devices):
            position = 0.5 * (action[(2 * b + 1) * devices + n] + 1.0)
            clock = k.least_clock * exp(position * log_range)
            played.frequency[b * devices + n] = min(max(clock, k.least_clock), k.full_clock)
    return True


@inlined
def decide_shares(z: Sizes, k: Constants, told: BitsAndWork, queues: Array, played: Played) -> None:
    """Fills in the best frequencies of devices that share the server, for the decided splits.

    As :func:`asl_gym.solvers.round_problem.best_frequencies` has them for whole arrays.

    Args:
        z: Sizes.
        k: Constants.
        told: What bits and work cost as the controller is told.
        queues: Virtual queues [J], shape (B·K,).
        played: Holds the split indices; the frequencies [Hz] are filled in.
    """
    delay, work, last = np.empty(z.devices), np.empty(z.devices), z.budgets - 1
    clock, stride = Clock(k.least_clock, k.full_clock), stride_of(z)
    for b in range(z.rows):
        start = b * z.devices
        for n in range(z.devices):
            lane = start + n
            i = n * stride + played.split_index[lane]
            delay[n] = fixed_delay(
                OptionFigures(k.up[i], k.down[i], k.work[i], k.server_seconds[i]),
                told.uplink_delay[lane],
                told.downlink_delay[lane],
                told.work_delay[lane],
            )
            work[n] = k.server_work[i]
        price = k.capacitance * (queues[b * z.budgets + last] * k.weights[last])
        deadline = optimal_deadline(delay, work, k.V, price, clock)
        share_clock(delay, work, deadline, clock, played.frequency[start : start + z.devices])
