"""A round of many environments as one compiled pass: costs, queues, rewards and observations.

What the round's luck alone decides is prepared before (:mod:`asl_gym.envs.preparing`). Rows are
played one after another and devices added in their order, so that a row's result depends on no
other row.
"""

from typing import NamedTuple

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.compiling import compiled, inlined
from asl_gym.envs.memory import Constants, Sizes
from asl_gym.envs.preparing import (
    CLOCK_COLUMN,
    DOWNLINK_COLUMN,
    DOWNLINK_DELAY,
    UPLINK_COLUMN,
    UPLINK_DELAY,
    WORK_DELAY,
    WORK_ENERGY,
)
from asl_gym.envs.rewards import queue_term
from asl_gym.model.option_costs import BitCosts, OptionFigures, fixed_costs, queue_after
from asl_gym.traces.elementary import log1p

__all__ = [
    "DELAY",
    "DEVICE_DELAY",
    "DEVICE_ENERGY",
    "ENERGY",
    "FREQUENCY",
    "REWARD",
    "SERVER_ENERGY",
    "SPLIT",
    "SPLIT_INDEX",
    "TOTAL_DELAY",
    "TOTAL_ENERGY",
    "Played",
    "State",
    "observe_rows",
    "play_row",
]

DEVICE_DELAY, DEVICE_ENERGY, FREQUENCY = range(3)
"""Figures of each device in a played round: its delay [s], its energy [J], its server frequency."""

REWARD, DELAY, ENERGY, SERVER_ENERGY = range(4)
"""Figures of each environment: reward, round delay [s], energies of all and of the server [J]."""

SPLIT, SPLIT_INDEX = range(2)
TOTAL_DELAY, TOTAL_ENERGY = range(2)


class State(NamedTuple):
    """What an episode carries from round to round.

    Attributes:
        queues: Virtual queues [J], shape (B, K).
        totals: Sums of delay [s] and energy [J] over the episode, shape (2, B).
    """

    queues: Array
    totals: Array


class Played(NamedTuple):
    """What a round came to, to be filled in.

    Attributes:
        of_devices: Delays [s], energies [J] and server frequencies [Hz], shape (3, B, N).
        of_rows: Rewards, round delays [s], energies of all and of the server [J], shape (4, B).
        chosen: Split points and their indices, shape (2, B, N).
    """

    of_devices: Array
    of_rows: Array
    chosen: Indices


@inlined
def play_row(
    z: Sizes,
    k: Constants,
    points: Indices,
    prepared: Array,
    splits: Indices,
    frequencies: Array,
    state: State,
    played: Played,
    b: int,
) -> None:
    """Plays a round in one environment.

    Args:
        z: Sizes.
        k: Constants.
        points: Split points of each device, shape (N, L).
        prepared: The round, shape (7 or more, B, N).
        splits: Indices into the admissible split points, shape (N,).
        frequencies: Server frequencies [Hz], shape (N,).
        state: Changed.
        played: Filled.
        b: Which environment.
    """
    delay, on_devices, on_server = _devices(z, k, prepared, splits, frequencies, played, b)
    for n in range(z.devices):
        index = splits[n]
        played.chosen[SPLIT, b, n], played.chosen[SPLIT_INDEX, b, n] = points[n, index], index
    energy = on_devices + on_server
    device_energy = played.of_devices[DEVICE_ENERGY, b]
    drift = _queues(z, k, state.queues[b], device_energy, on_server, energy)
    rows = played.of_rows
    rows[REWARD, b] = k.reward_unit * (k.V * delay + drift)
    rows[DELAY, b], rows[ENERGY, b], rows[SERVER_ENERGY, b] = delay, energy, on_server
    state.totals[TOTAL_DELAY, b] += delay
    state.totals[TOTAL_ENERGY, b] += energy


@inlined
def _devices(
    z: Sizes,
    k: Constants,
    prepared: Array,
    splits: Indices,
    frequencies: Array,
    played: Played,
    b: int,
) -> tuple[float, float, float]:
    """Fills in what a row's devices take; round delay, device and server energy."""
    delay = on_devices = on_server = 0.0
    own_table, of_devices = z.tables > 1, played.of_devices
    for n in range(z.devices):
        m, i, f = n if own_table else 0, splits[n], frequencies[n]
        work = k.server_work[m, i]
        fixed, device, server = fixed_costs(
            OptionFigures(k.up[m, i], k.down[m, i], k.work[m, i], k.server_seconds[m, i]),
            BitCosts(k.sending[n], k.receiving[n], k.base_station_power, k.server_power),
            prepared[UPLINK_DELAY, b, n],
            prepared[DOWNLINK_DELAY, b, n],
            prepared[WORK_DELAY, b, n],
            prepared[WORK_ENERGY, b, n],
        )
        total = work / f + fixed
        of_devices[DEVICE_DELAY, b, n], of_devices[DEVICE_ENERGY, b, n] = total, device
        of_devices[FREQUENCY, b, n] = f
        delay = max(delay, total) if z.at_once else delay + total
        on_devices += device
        on_server += k.capacitance * (f * f) * work + server
    return delay, on_devices, on_server


@inlined
def _queues(
    z: Sizes, k: Constants, queue: Array, device_energy: Array, on_server: float, energy: float
) -> float:
    """Updates a row's queues; what the reward takes for them beside V·D [J²]."""
    drift = 0.0
    for j in range(z.budgets):
        spent = energy if z.budgets == 1 else on_server if j == z.devices else device_energy[j]
        before = queue[j]
        queue[j] = queue_after(before, spent, k.budgets[j])
        drift += k.weights[j] * queue_term(z.reward, before, queue[j], spent, k.budgets[j])
    return drift


@compiled
def _log1p(x: float) -> float:
    """ln(1 + x), not inlined: it is taken few times, and compiling it anew each time takes long."""
    return log1p(x)


@inlined
def observe_rows(
    z: Sizes,
    k: Constants,
    prepared: Array,
    queues: Array,
    left: float,
    realised: Array,
    scale: tuple[float, float],
    result: Float32,
) -> None:
    """Fills in observations, in the view that the sizes name.

    Args:
        z: Sizes.
        k: Constants.
        prepared: The round that is shown, shape (7 or more, B, N).
        queues: Virtual queues [J], shape (B, K).
        left: Fraction of the episode's rounds left.
        realised: Delays and energies of the devices in the last round, shape (2 or more, B, N), or
            (0, 0, 0) where they aren't shown or nothing has been played.
        scale: What they are divided by [s], [J].
        result: Filled, shape (B, 1, size) for ``flat`` and (B, N + 1, columns) for ``devices``, of
            which it holds the columns that are the same in every round.
    """
    for b in range(z.rows):
        if z.by_device:
            _observe_devices(z, k, prepared, queues[b], left, b, result[b])
        else:
            _observe_flat(z, k, prepared, queues[b], left, b, result[b, 0])
        if realised.size > 0:
            _observe_costs(z, realised, scale, b, result[b])


@inlined
def _observe_flat(
    z: Sizes, k: Constants, prepared: Array, queue: Array, left: float, b: int, result: Float32
) -> None:
    n = z.devices
    for j in range(z.budgets):
        result[j] = _log1p(queue[j] / k.budgets[j])
    start = z.budgets
    result[start] = left
    for i in range(n):
        result[start + 1 + i] = prepared[UPLINK_COLUMN, b, i]
    for i in range(n):
        result[start + 1 + n + i] = prepared[DOWNLINK_COLUMN, b, i]
    for i in range(n):
        result[start + 1 + 2 * n + i] = prepared[CLOCK_COLUMN, b, i]


@inlined
def _observe_devices(
    z: Sizes, k: Constants, prepared: Array, queue: Array, left: float, b: int, result: Float32
) -> None:
    for i in range(z.devices + 1):
        j = 0 if z.budgets == 1 else i
        result[i, 0] = _log1p(queue[j] / k.budgets[j])
        result[i, 1] = left
    for i in range(z.devices):
        result[i, 2] = prepared[UPLINK_COLUMN, b, i]
        result[i, 3] = prepared[DOWNLINK_COLUMN, b, i]
        result[i, 4] = prepared[CLOCK_COLUMN, b, i]


@inlined
def _observe_costs(
    z: Sizes, realised: Array, scale: tuple[float, float], b: int, result: Float32
) -> None:
    columns = result.shape[1]
    for i in range(z.devices):
        delay = _log1p(realised[DEVICE_DELAY, b, i] / scale[0])
        energy = _log1p(realised[DEVICE_ENERGY, b, i] / scale[1])
        if z.by_device:
            result[i, columns - 2], result[i, columns - 1] = delay, energy
        else:
            result[0, columns - 2 * z.devices + i] = delay
            result[0, columns - z.devices + i] = energy
