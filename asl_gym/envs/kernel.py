"""A round of many environments as one compiled pass: costs, queues and rewards.

What the round's luck alone decides is prepared before (:mod:`asl_gym.envs.preparing`). Rows are
played one after another and devices added in their order, so that a row's result depends on no
other row. Arrays of devices are flat, device n of row b at b·N + n: an index of one number is what
compilers make fast code of. Functions run over all rows, since handing arrays to one costs more
than a row's work.
"""

from typing import NamedTuple

from asl_gym.arrays import Array, Indices
from asl_gym.compiling import inlined
from asl_gym.envs.memory import Carried, Constants, Sizes, stride_of
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
from asl_gym.envs.rewards import queue_price, queue_term
from asl_gym.model.option_costs import (
    BitCosts,
    OptionFigures,
    fixed_costs,
    queue_after,
)

__all__ = [
    "DELAY",
    "DEVICE_DELAY",
    "DEVICE_ENERGY",
    "DEVICE_REWARD",
    "ENERGY",
    "FREQUENCY",
    "OF_DEVICES",
    "OF_ROWS",
    "REWARD",
    "SERVER_ENERGY",
    "SPLIT",
    "SPLIT_INDEX",
    "BitsAndWork",
    "Columns",
    "Played",
    "columns_of",
    "costs_of",
    "play_rows",
    "played_of",
    "settle_rows",
]

DEVICE_DELAY, DEVICE_ENERGY, FREQUENCY, DEVICE_REWARD = range(4)
"""Figures of each device in a played round: delay [s], energy [J], server frequency, reward."""

REWARD, DELAY, ENERGY, SERVER_ENERGY = range(4)
"""Figures of each environment: reward, round delay [s], energies of all and of the server [J]."""

SPLIT, SPLIT_INDEX = range(2)

OF_DEVICES, OF_ROWS = 4, 4
"""How many figures there are of each device and of each environment."""


class Played(NamedTuple):
    """A round: the decision, and what it came to.

    Attributes:
        split_index: Decided indices into the admissible split points, shape (B·N,).
        frequency: Decided server frequencies [Hz], shape (B·N,).
        split: Split points, shape (B·N,).
        device_delay: Delays [s], shape (B·N,).
        device_energy: Energies of the devices [J], shape (B·N,).
        device_reward: Their shares of the reward, shape (B·N,); until rewards are settled the
            server's energies for them [J].
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
    device_reward: Array
    reward: Array
    delay: Array
    energy: Array
    server_energy: Array


@inlined
def played_of(z: Sizes, figures: Array, chosen: Indices) -> Played:
    """The parts of a played round.

    Args:
        z: Sizes.
        figures: Those of devices, then those of environments, shape (4·B·N + 4·B,).
        chosen: Split points, then their indices, shape (2·B·N,).
    """
    lanes, rows = z.rows * z.devices, z.rows
    ends = OF_DEVICES * lanes
    return Played(
        chosen[SPLIT_INDEX * lanes : (SPLIT_INDEX + 1) * lanes],
        figures[FREQUENCY * lanes : (FREQUENCY + 1) * lanes],
        chosen[SPLIT * lanes : (SPLIT + 1) * lanes],
        figures[DEVICE_DELAY * lanes : (DEVICE_DELAY + 1) * lanes],
        figures[DEVICE_ENERGY * lanes : (DEVICE_ENERGY + 1) * lanes],
        figures[DEVICE_REWARD * lanes : (DEVICE_REWARD + 1) * lanes],
        figures[ends + REWARD * rows : ends + (REWARD + 1) * rows],
        figures[ends + DELAY * rows : ends + (DELAY + 1) * rows],
        figures[ends + ENERGY * rows : ends + (ENERGY + 1) * rows],
        figures[ends + SERVER_ENERGY * rows : ends + (SERVER_ENERGY + 1) * rows],
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
def costs_of(z: Sizes, window: Array, place: int, told: bool) -> BitsAndWork:
    """What bits and work really cost in a round, or do as the controller is told.

    Args:
        z: Sizes.
        window: Prepared rounds, see :mod:`asl_gym.envs.preparing`.
        place: Where the round is in it.
        told: Whether as it is told.
    """
    lanes = z.rows * z.devices
    a, b = place * lanes, (place + 1) * lanes
    at = AS_TOLD if told and window.shape[0] > PREPARED else 0
    return BitsAndWork(
        window[at + UPLINK_DELAY, a:b],
        window[at + DOWNLINK_DELAY, a:b],
        window[at + WORK_DELAY, a:b],
        window[at + WORK_ENERGY, a:b],
    )


class Columns(NamedTuple):
    """What is observed of a prepared round, shape (B·N,) each: rates and clocks."""

    uplink: Array
    downlink: Array
    clock: Array


@inlined
def columns_of(z: Sizes, window: Array, place: int) -> Columns:
    """The observed columns of a round; arguments as for :func:`costs_of`."""
    lanes = z.rows * z.devices
    a, b = place * lanes, (place + 1) * lanes
    return Columns(
        window[UPLINK_COLUMN, a:b],
        window[DOWNLINK_COLUMN, a:b],
        window[CLOCK_COLUMN, a:b],
    )


@inlined
def play_rows(z: Sizes, k: Constants, points: Indices, costs: BitsAndWork, played: Played) -> None:
    """Plays a round in every environment, but for queues and rewards.

    Args:
        z: Sizes.
        k: Constants.
        points: Split points of each device, shape (N·L,).
        costs: What bits and work cost.
        played: Holds the decision; the rest is filled.
    """
    stride = stride_of(z)
    for b in range(z.rows):
        delay = on_devices = on_server = 0.0
        for n in range(z.devices):
            lane = b * z.devices + n
            i, f = n * stride + played.split_index[lane], played.frequency[lane]
            work = k.server_work[i]
            fixed, device, server = fixed_costs(
                OptionFigures(k.up[i], k.down[i], k.work[i], k.server_seconds[i]),
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
            for_device = k.capacitance * (f * f) * work + server
            played.device_reward[lane] = for_device
            on_server += for_device
        for n in range(z.devices):
            lane = b * z.devices + n
            played.split[lane] = points[n * z.options + played.split_index[lane]]
        played.delay[b], played.server_energy[b] = delay, on_server
        played.energy[b] = on_devices + on_server


@inlined
def settle_rows(z: Sizes, k: Constants, carried: Carried, played: Played) -> None:
    """Updates queues and sums, and fills in the rewards and the devices' shares of them.

    The last budget is that of all, or the server's beside those of devices.
    """
    last = z.budgets - 1
    weight, budget = k.weights[last], k.budgets[last]
    for b in range(z.rows):
        start, place, drift = b * z.devices, b * z.budgets, 0.0
        spent = played.server_energy[b] if last > 0 else played.energy[b]
        before = carried.queues[place + last]
        after = queue_after(before, spent, budget)
        term = queue_term(z.reward, before, after, spent, budget)
        price = queue_price(z.reward, before, after)
        rest = k.reward_unit * weight * (term - price * spent) / z.devices
        price = k.reward_unit * weight * price
        carried.queues[place + last] = after
        for n in range(z.devices):
            lane = start + n
            delay = played.delay[b] if z.at_once else played.device_delay[lane]
            energy, charged = played.device_energy[lane], played.device_reward[lane]
            share = k.reward_unit * k.V * delay + rest
            if last > 0:
                own = _own_drift(z, k, carried, place, n, energy)
                drift += own
                share += k.reward_unit * own
            else:
                charged += energy
            played.device_reward[lane] = share + price * charged
        drift += weight * term
        played.reward[b] = k.reward_unit * (k.V * played.delay[b] + drift)
        carried.total_delay[b] += played.delay[b]
        carried.total_energy[b] += played.energy[b]


@inlined
def _own_drift(
    z: Sizes, k: Constants, carried: Carried, place: int, n: int, energy: float
) -> float:
    """Updates the queue of a device's own budget; returns its term of the reward."""
    before = carried.queues[place + n]
    after = queue_after(before, energy, k.budgets[n])
    carried.queues[place + n] = after
    term = queue_term(z.reward, before, after, energy, k.budgets[n])
    return float(k.weights[n] * term)
