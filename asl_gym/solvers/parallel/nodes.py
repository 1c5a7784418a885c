"""The nodes of the search that are still open, and how a device's options are parted."""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices, Mask
from asl_gym.compiling import compiled
from asl_gym.solvers.parallel.problem import Workspace

__all__ = ["Nodes", "divide", "options_left", "put", "room_for_nodes", "take", "with_more_room"]

FIRST_CAPACITY = 64


class Nodes(NamedTuple):
    """Open nodes, C of them at most.

    Attributes:
        bounds: Lower bounds, shape (C,).
        multipliers: The multipliers that gave them, shape (C,).
        intervals: Start, cut and end of the interval [s], shape (C, 3).
        devices: The device to branch on, −1 for a cut of the interval, shape (C,).
        masks: 0 for options that are out, 1 for those of the first branch, 2 for those of the
            second, shape (C, N, L).
    """

    bounds: Array
    multipliers: Array
    intervals: Array
    devices: Indices
    masks: Mask


@compiled
def room_for_nodes(capacity: int, devices: int, options: int) -> Nodes:
    """Room for so many nodes."""
    return Nodes(
        np.empty(capacity),
        np.empty(capacity),
        np.empty((capacity, 3)),
        np.empty(capacity, dtype=np.int64),
        np.empty((capacity, devices, options), dtype=np.uint8),
    )


@compiled
def with_more_room(nodes: Nodes) -> Nodes:
    """The same nodes with twice the room."""
    size, devices, options = nodes.masks.shape
    larger = room_for_nodes(2 * size, devices, options)
    for i in range(size):
        put(larger, i, nodes.bounds[i], nodes.multipliers[i], nodes.devices[i], nodes.masks[i])
        for j in range(3):
            larger.intervals[i, j] = nodes.intervals[i, j]
    return larger


@compiled
def put(nodes: Nodes, place: int, bound: float, mu: float, device: int, mask: Mask) -> None:
    """Writes a node, all but its interval."""
    nodes.bounds[place], nodes.multipliers[place], nodes.devices[place] = bound, mu, device
    for n in range(mask.shape[0]):
        for o in range(mask.shape[1]):
            nodes.masks[place, n, o] = mask[n, o]


@compiled
def take(nodes: Nodes, place: int, waiting: int, mask: Mask) -> None:
    """Takes a node's mask out, and moves the last of the waiting nodes to its place."""
    last = waiting - 1
    for n in range(mask.shape[0]):
        for o in range(mask.shape[1]):
            mask[n, o] = nodes.masks[place, n, o]
            nodes.masks[place, n, o] = nodes.masks[last, n, o]
    nodes.bounds[place], nodes.multipliers[place] = nodes.bounds[last], nodes.multipliers[last]
    nodes.devices[place] = nodes.devices[last]
    for j in range(3):
        nodes.intervals[place, j] = nodes.intervals[last, j]


@compiled
def options_left(options: Mask) -> int:
    """How many options of a device may be used."""
    left = 0
    for o in range(options.size):
        left += 1 if options[o] != 0 else 0
    return left


@compiled
def divide(mask: Mask, device: int, end: int, work: Workspace) -> None:
    """Parts a device's options in two branches by load, between the two it is torn between.

    Where that would leave a branch empty, its first option is set against the others.
    """
    over, under = (
        work.load[end, device, work.over[device]],
        work.load[end, device, work.under[device]],
    )
    between = 0.5 * (over + under)
    light = heavy = 0
    for k in range(work.counts[device]):
        o = work.active[device, k]
        if mask[device, o] != 0:
            branch = 1 if work.load[end, device, k] <= between else 2
            mask[device, o] = branch
            light, heavy = light + (branch == 1), heavy + (branch == 2)
    if light == 0 or heavy == 0:
        branch = 1
        for o in range(mask.shape[1]):
            if mask[device, o] != 0:
                mask[device, o], branch = branch, 2
