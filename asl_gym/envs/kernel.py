"""A round of many environments as one compiled pass: costs, queues, rewards and observations.

What the round's luck alone decides is prepared before (:mod:`asl_gym.envs.preparing`). Rows are
played one after another and devices added in their order, so that a row's result depends on no
other row. Arrays of devices are flat, device n of row b at b·N + n: an index of one number is what
compilers make fast code of. Functions run over all rows, since handing arrays to one costs more
than a row's work.
"""

from typing import NamedTuple

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.compiling import compiled, inlined
from asl_gym.envs.memory import Constants, Sizes
from asl_gym.envs.preparing import (
    AS_TOLD,
    CLOCK_COLUMN,
    DOWNLINK_COLUMN,
    DOWNLINK_DELAY,
    PREPARED,
    UPLINK_COLUMN,
    UPLINK_DELAY,
    WORK_DELAY,
    WORK_ENERGY,
)
from asl_gym.envs.rewards import queue_term
from asl_gym.model.option_costs import (
    BitCosts,
    OptionFigures,
    fixed_costs,
    queue_after,
)
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
    "BitsAndWork",
    "Columns",
    "Outcome",
    "Played",
    "columns_of",
    "costs_of",
    "observe_rows",
    "play_rows",
    "played_of",
    "settle_rows",
]

DEVICE_DELAY, DEVICE_ENERGY, FREQUENCY = range(3)
"""Figures of each device in a played round: its delay [s], its energy [J], its server frequency."""

REWARD, DELAY, ENERGY, SERVER_ENERGY = range(4)
"""Figures of each environment: reward, round delay [s], energies of all and of the server [J]."""

SPLIT, SPLIT_INDEX = range(2)
TOTAL_DELAY, TOTAL_ENERGY = range(2)

Outcome = tuple[Array, Array, Indices]
"""A round's figures of devices, shape (3, B, N), and of environments, (4, B), and its split points
and their indices, (2, B, N)."""


class Played(NamedTuple):
    """An outcome by parts: the decision, and what it came to.

    Attributes:
        split_index: Decided indices into the admissible split points, shape (B·N,).
        frequency: Decided server frequencies [Hz], shape (B·N,).
        split: Split points, shape (B·N,).
        device_delay: Delays [s], shape (B·N,).
        device_energy: Energies of the devices [J], shape (B·N,).
        reward: Rewards, shape (B,).
        delay: Round delays [s], shape (B,).
        energy: Energies of all [J], shape (B,).
        server_energy: Energies of the server side [J], shape (B,).
    """

    split_index: Indices
    frequency: Array
    split: Indices
    device_delay: Array
    device_energy: Array
    reward: Array
    delay: Array
    energy: Array
    server_energy: Array


@inlined
def played_of(outcome: Outcome) -> Played:
    """The parts of an outcome."""
    of_devices, rows, chosen = outcome
    size = of_devices.size // 3
    devices, splits = of_devices.reshape(-1), chosen.reshape(-1)
    return Played(
        splits[SPLIT_INDEX * size : (SPLIT_INDEX + 1) * size],
        devices[FREQUENCY * size : (FREQUENCY + 1) * size],
        splits[SPLIT * size : (SPLIT + 1) * size],
        devices[DEVICE_DELAY * size : (DEVICE_DELAY + 1) * size],
        devices[DEVICE_ENERGY * size : (DEVICE_ENERGY + 1) * size],
        rows[REWARD],
        rows[DELAY],
        rows[ENERGY],
        rows[SERVER_ENERGY],
    )


class BitsAndWork(NamedTuple):
    """What bits and work cost in a prepared round, shape (B·N,) each.

    Attributes:
        uplink_delay: Seconds a bit takes up.
        downlink_delay: Seconds a bit takes down.
        work_delay: Seconds a unit of work takes.
        work_energy: Joules a unit of work takes.
    """

    uplink_delay: Array
    downlink_delay: Array
    work_delay: Array
    work_energy: Array


@inlined
def costs_of(prepared: Array, told: bool) -> BitsAndWork:
    """What bits and work really cost, or do as the controller is told.

    Args:
        prepared: A prepared round, shape (7 or 11, B, N).
        told: Whether as it is told.
    """
    by_lane = prepared.reshape(prepared.shape[0], -1)
    at = AS_TOLD if told and prepared.shape[0] > PREPARED else 0
    return BitsAndWork(
        by_lane[at + UPLINK_DELAY],
        by_lane[at + DOWNLINK_DELAY],
        by_lane[at + WORK_DELAY],
        by_lane[at + WORK_ENERGY],
    )


class Columns(NamedTuple):
    """What is observed of a prepared round, shape (B·N,) each: rates and clocks."""

    uplink: Array
    downlink: Array
    clock: Array


@inlined
def columns_of(prepared: Array) -> Columns:
    """The observed columns of a prepared round, shape (7 or 11, B, N)."""
    by_lane = prepared.reshape(prepared.shape[0], -1)
    return Columns(by_lane[UPLINK_COLUMN], by_lane[DOWNLINK_COLUMN], by_lane[CLOCK_COLUMN])


@inlined
def play_rows(z: Sizes, k: Constants, points: Indices, costs: BitsAndWork, played: Played) -> None:
    """Plays a round in every environment, but for queues and rewards.

    Args:
        z: Sizes.
        k: Constants.
        points: Split points of each device, shape (N, L).
        costs: What bits and work cost.
        played: Holds the decision; the rest is filled.
    """
    own_table = z.tables > 1
    for b in range(z.rows):
        delay = on_devices = on_server = 0.0
        for n in range(z.devices):
            lane = b * z.devices + n
            m, i, f = n if own_table else 0, played.split_index[lane], played.frequency[lane]
            work = k.server_work[m, i]
            fixed, device, server = fixed_costs(
                OptionFigures(k.up[m, i], k.down[m, i], k.work[m, i], k.server_seconds[m, i]),
                BitCosts(k.sending[n], k.receiving[n], k.base_station_power, k.server_power),
                costs.uplink_delay[lane],
                costs.downlink_delay[lane],
                costs.work_delay[lane],
                costs.work_energy[lane],
            )
            total = work / f + fixed
            played.device_delay[lane], played.device_energy[lane] = total, device
            delay = max(delay, total) if z.at_once else delay + total
            on_devices += device
            on_server += k.capacitance * (f * f) * work + server
        for n in range(z.devices):
            lane = b * z.devices + n
            played.split[lane] = points[n, played.split_index[lane]]
        played.delay[b], played.server_energy[b] = delay, on_server
        played.energy[b] = on_devices + on_server


@inlined
def settle_rows(z: Sizes, k: Constants, queues: Array, totals: Array, played: Played) -> None:
    """Updates queues [J], shape (B, K), and sums, shape (2, B), and fills in the rewards."""
    for b in range(z.rows):
        drift, start = 0.0, b * z.devices
        for j in range(z.budgets):
            spent = played.energy[b]
            if z.budgets > 1:
                server = j == z.devices
                spent = played.server_energy[b] if server else played.device_energy[start + j]
            before = queues[b, j]
            after = queue_after(before, spent, k.budgets[j])
            drift += k.weights[j] * queue_term(z.reward, before, after, spent, k.budgets[j])
            queues[b, j] = after
        played.reward[b] = k.reward_unit * (k.V * played.delay[b] + drift)
        totals[TOTAL_DELAY, b] += played.delay[b]
        totals[TOTAL_ENERGY, b] += played.energy[b]


@compiled
def _log1p(x: float) -> float:
    """ln(1 + x), not inlined: it is taken few times, and compiling it anew each time takes long."""
    return log1p(x)


@inlined
def observe_rows(
    z: Sizes,
    k: Constants,
    columns: Columns,
    queues: Array,
    left: float,
    realised: tuple[Array, Array],
    scale: tuple[float, float],
    result: Float32,
) -> None:
    """Fills in observations, in the view that the sizes name.

    Args:
        z: Sizes.
        k: Constants.
        columns: The round that is shown.
        queues: Virtual queues [J], shape (B, K).
        left: Fraction of the episode's rounds left.
        realised: Delays and energies of the devices in the last round, shape (B·N,) each.
        scale: What they are divided by [s], [J]; 0 where they aren't shown or nothing was played.
        result: Filled, shape (B, 1, size) for ``flat`` and (B, N + 1, columns) for ``devices``, of
            which it holds the columns that are the same in every round.
    """
    if z.by_device:
        _observe_devices(z, k, columns, queues, left, result)
    else:
        _observe_flat(z, k, columns, queues, left, result)
    if scale[0] > 0.0:
        _observe_costs(z, realised, scale, result)


@inlined
def _observe_flat(
    z: Sizes, k: Constants, columns: Columns, queues: Array, left: float, result: Float32
) -> None:
    n, width, flat = z.devices, result.shape[2], result.reshape(-1)
    for b in range(z.rows):
        first, start = b * n, b * width + z.budgets + 1
        flat[start - 1] = left
        for i in range(n):
            flat[start + i] = columns.uplink[first + i]
        for i in range(n):
            flat[start + n + i] = columns.downlink[first + i]
        for i in range(n):
            flat[start + 2 * n + i] = columns.clock[first + i]
    # In a loop of their own, since that becomes vector code.
    for b in range(z.rows):
        for j in range(z.budgets):
            flat[b * width + j] = log1p(queues[b, j] / k.budgets[j])


@inlined
def _observe_devices(
    z: Sizes, k: Constants, columns: Columns, queues: Array, left: float, result: Float32
) -> None:
    for b in range(z.rows):
        first = b * z.devices
        for i in range(z.devices + 1):
            j = 0 if z.budgets == 1 else i
            result[b, i, 0] = _log1p(queues[b, j] / k.budgets[j])
            result[b, i, 1] = left
        for i in range(z.devices):
            result[b, i, 2] = columns.uplink[first + i]
            result[b, i, 3] = columns.downlink[first + i]
            result[b, i, 4] = columns.clock[first + i]


@inlined
def _observe_costs(
    z: Sizes, realised: tuple[Array, Array], scale: tuple[float, float], result: Float32
) -> None:
    columns, (delays, energies) = result.shape[2], realised
    for b in range(z.rows):
        first = b * z.devices
        for i in range(z.devices):
            delay = _log1p(delays[first + i] / scale[0])
            energy = _log1p(energies[first + i] / scale[1])
            if z.by_device:
                result[b, i, columns - 2], result[b, i, columns - 1] = delay, energy
            else:
                result[b, 0, columns - 2 * z.devices + i] = delay
                result[b, 0, columns - z.devices + i] = energy
