"""What the compiled round works on: sizes, constants and what an episode carries, in two arrays.

Handing an array to compiled code takes time, a tuple of them more, so that the dozens of arrays of
a round travel in few, which compiled code divides into named parts.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices
from asl_gym.compiling import inlined
from asl_gym.envs.rewards import DEFAULT_REWARD, REWARDS, Reward
from asl_gym.scenario.scenario import Scenario

__all__ = [
    "Carried",
    "Constants",
    "Sizes",
    "carried_of",
    "carried_start",
    "constants_of",
    "counts_of",
    "kernel_memory",
    "kernel_sizes",
    "points_of",
    "sizes_of",
    "stride_of",
]

HEADER = 9
SCALARS = 9


class Sizes(NamedTuple):
    """How many there are of each, and which rules hold.

    Attributes:
        rows: Environments B.
        devices: Devices N.
        options: Split points L of the device that has most.
        tables: 1 where all devices share the split points' figures, else N.
        budgets: Energy budgets K.
        reward: Index of the reward.
        at_once: Whether devices train at once.
        powered: Whether devices' powers were measured.
        by_device: Whether observations have a row a device.
    """

    rows: int
    devices: int
    options: int
    tables: int
    budgets: int
    reward: int
    at_once: int
    powered: int
    by_device: int


class Constants(NamedTuple):
    """The scenario's constants.

    Attributes:
        V: Weight on delay.
        reward_unit: −1/(V·D_ref).
        capacitance: κ_s.
        least_clock: Least clock of a device at the server [Hz].
        full_clock: Full clock of the server [Hz].
        server_power: The server's power at its full clock [W].
        base_station_power: The base station's while it sends, if it counts [W].
        delay_scale: What realised delays are divided by to be observed [s]; 0 where they aren't.
        energy_scale: What realised energies are [J].
        budgets: Ē_k [J], shape (K,).
        weights: Ē/Ē_k, shape (K,).
        sending: Devices' powers while they send [W], shape (N,).
        receiving: While they receive, shape (N,).
        cycles: Cycles in a unit of each device's work, shape (N,).
        energy: Power or κ times cycles, see :class:`asl_gym.model.device_costs.DeviceCosts`.
        up: Bits up, shape (tables·L,), see :func:`stride_of`.
        down: Bits down, likewise.
        work: Work of devices, likewise.
        server_work: Work of the server [cycles], likewise.
        server_seconds: Time of the server that no clock changes [s], likewise.
    """

    V: float
    reward_unit: float
    capacitance: float
    least_clock: float
    full_clock: float
    server_power: float
    base_station_power: float
    delay_scale: float
    energy_scale: float
    budgets: Array
    weights: Array
    sending: Array
    receiving: Array
    cycles: Array
    energy: Array
    up: Array
    down: Array
    work: Array
    server_work: Array
    server_seconds: Array


def kernel_sizes(
    scenario: Scenario, num_rows: int, reward: Reward = DEFAULT_REWARD, by_device: bool = False
) -> Indices:
    """The sizes, how many split points each device has, and the split points themselves."""
    points, devices = np.atleast_2d(scenario.split_points.table), scenario.num_devices
    model = scenario.cost_model
    tables = max(figures.ndim > 1 for figures in model.tables if figures is not None)
    header = (
        *(num_rows, devices, points.shape[1], devices if tables else 1),
        *(scenario.num_budgets, REWARDS.index(reward)),
        *(scenario.shares_server, model.devices.powered, by_device),
    )
    spread = np.broadcast_to(points, (devices, points.shape[1]))
    parts = header, scenario.split_points.counts, spread.ravel()
    return np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])


@inlined
def sizes_of(sizes: Indices) -> Sizes:
    """The sizes by name."""
    return Sizes(
        sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7], sizes[8]
    )


@inlined
def counts_of(sizes: Indices) -> Indices:
    """How many split points each device has, shape (N,)."""
    return sizes[HEADER : HEADER + sizes[1]]


@inlined
def points_of(sizes: Indices) -> Indices:
    """The split points of each device, those of a device one after another, shape (N·L,)."""
    return sizes[HEADER + sizes[1] :]


@inlined
def stride_of(sizes: Sizes) -> int:
    """By how much the figures of a device's options lie behind those of the last device's."""
    return sizes.options if sizes.tables > 1 else 0


def kernel_memory(
    scenario: Scenario, num_rows: int, scale: tuple[float, float] = (0.0, 0.0)
) -> Array:
    """The constants one after another, as :func:`constants_of` divides them, and what is carried.

    Args:
        scenario: The scenario.
        num_rows: Environments B.
        scale: What realised delays [s] and energies [J] are divided by to be observed.
    """
    model, server = scenario.cost_model, scenario.device_server
    tables, devices = model.tables, model.devices
    seconds = tables.server_seconds
    figures = [
        *(tables.uplink_bits, tables.downlink_bits, tables.device_work, tables.server_work),
        np.zeros_like(tables.server_work) if seconds is None else seconds,
    ]
    rows = max(each.ndim for each in figures) > 1
    shape = (scenario.num_devices if rows else 1, tables.server_work.shape[-1])
    V, budgets, weights = _prices(scenario)
    scalars = (
        *(V, -1.0 / (V * scenario.reference_delay), server.capacitance),
        *(server.clock_min_hz, server.clock_max_hz, scenario.server.full_power_w),
        *(model.base_station_power_w, *scale),
    )
    per_device = devices.sending, devices.receiving, devices.cycles, devices.energy
    parts = [
        np.asarray(scalars),
        budgets,
        weights,
        *per_device,
        *(np.broadcast_to(each, shape).ravel() for each in figures),
        np.zeros((scenario.num_budgets + 2) * num_rows),
    ]
    return np.concatenate(parts).astype(float)


def _prices(scenario: Scenario) -> tuple[float, Array, Array]:
    """V, budgets and their weights; with batteries delay alone counts."""
    if scenario.batteries is not None:
        return 1.0, np.empty(0), np.empty(0)
    return scenario.V, scenario.energy_budgets, scenario.budget_weights


@inlined
def carried_start(sizes: Sizes) -> int:
    """Where in the memory what is carried begins."""
    per_device = 4 * sizes.devices + 5 * sizes.tables * sizes.options
    return SCALARS + 2 * sizes.budgets + per_device


class Carried(NamedTuple):
    """What an episode carries from round to round, flat.

    Attributes:
        queues: Virtual queues [J], shape (B·K,), those of a row one after another.
        total_delay: Sum of delays over the episode [s], shape (B,).
        total_energy: Sum of energies over the episode [J], shape (B,).
    """

    queues: Array
    total_delay: Array
    total_energy: Array


@inlined
def carried_of(memory: Array, sizes: Sizes) -> Carried:
    """What is carried by name, views of the one array."""
    start, rows = carried_start(sizes), sizes.rows
    end = start + rows * sizes.budgets
    totals = memory[end : end + rows], memory[end + rows : end + 2 * rows]
    return Carried(memory[start:end], totals[0], totals[1])


@inlined
def constants_of(memory: Array, sizes: Sizes) -> Constants:
    """The constants by name, views of the one array."""
    k, n, size = sizes.budgets, sizes.devices, sizes.tables * sizes.options
    start = SCALARS
    budgets, weights = memory[start : start + k], memory[start + k : start + 2 * k]
    start += 2 * k
    devices = memory[start : start + 4 * n].reshape(4, n)
    start += 4 * n
    tables = memory[start : start + 5 * size].reshape(5, size)
    return Constants(
        memory[0],
        memory[1],
        memory[2],
        memory[3],
        memory[4],
        memory[5],
        memory[6],
        memory[7],
        memory[8],
        budgets,
        weights,
        devices[0],
        devices[1],
        devices[2],
        devices[3],
        tables[0],
        tables[1],
        tables[2],
        tables[3],
        tables[4],
    )
