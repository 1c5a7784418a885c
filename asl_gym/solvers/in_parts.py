"""The sequential problem of large fleets and long traces, solved in parts.

Arrays with an entry for every split point of 100,000 devices leave the processor's cache, and
making and passing through them is what the time goes to. Here a part of the devices and rounds at a
time is solved, the split points as the first axis. Decisions and objectives are those of
:func:`asl_gym.solvers.sequential.solve`, to the last bit.
"""

import math
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model import lyapunov
from asl_gym.model.costs import Options, UnitCosts
from asl_gym.model.system import System
from asl_gym.solvers.decision import Decision, RoundTerms
from asl_gym.solvers.sequential import Operations, OptionShares, optimal_frequency, shares_at

__all__ = ["LEAST_SIZE", "solve_in_parts"]

PART_SIZE = 65_536
"""Options of a part: devices of all rounds times split points."""

LEAST_SIZE = 4_096
"""Devices of all rounds from which parts are faster than the whole."""


class _Rounds(NamedTuple):
    """All rounds in rows, arrays of shape (R, N) or (R, 1)."""

    unit: UnitCosts
    V: Array
    on_devices: Array
    on_server: Array
    frequency: Array

    def at(self, part: tuple[slice, slice]) -> "_Rounds":
        """A block of them."""
        V, on_server, frequency = (each[part[0]] for each in (self.V, *self[3:]))
        return _Rounds(self.unit.at(part), V, self.on_devices[part], on_server, frequency)


def solve_in_parts(system: System, unit: UnitCosts, V: float | Array, weights: Array) -> Decision:
    """Minimises V·D + Σ_k weights_k·E_k where devices train in turn.

    Args:
        system: The system.
        unit: What a bit and a unit of work cost in each round, arrays of shape (..., N).
        V: Weight on delay, a number or shape (...).
        weights: Weight on each budget's energy, shape (..., K), or (..., 1) for all alike.
    """
    leading = np.broadcast_shapes(unit.device_delay.shape[:-1], weights.shape[:-1], np.shape(V))
    shape = (*leading, system.num_devices)
    on_devices, on_server = lyapunov.energy_weights(weights, system.num_devices)
    frequency = optimal_frequency(V, on_server, system.device_server)
    by_row = UnitCosts(*(None if each is None else _rows(each, shape) for each in unit))  # type: ignore[arg-type]
    each_round = (np.asarray(each, dtype=float)[..., None] for each in (V, on_server, frequency))
    V_rows, server_rows, frequency_rows = (_rows(each, shape) for each in each_round)
    rounds = _Rounds(by_row, V_rows, _rows(on_devices, shape), server_rows, frequency_rows)
    split_index, least = _solved(system, rounds)
    objective = least.reshape(shape).sum(axis=-1)
    frequencies = np.broadcast_to(frequency[..., None], shape)
    return Decision(split_index.reshape(shape), frequencies, objective, objective)


def _rows(values: Array, shape: tuple[int, ...]) -> Array:
    """Values that broadcast to (..., N), the leading axes as one; or (..., 1) likewise."""
    full = np.broadcast_to(values, (*shape[:-1], values.shape[-1]))
    return full.reshape(-1, values.shape[-1])


def _solved(system: System, rounds: _Rounds) -> tuple[Splits, Array]:
    """The best split points of all rounds and their shares, shape (R, N) each."""
    least = np.empty(rounds.unit.device_delay.shape)
    split_index = np.empty(least.shape, dtype=np.int64)
    memory, size = _Memory(), max(1, PART_SIZE // system.split_points.most)
    for part in _parts(least.shape, size):
        memory.free()
        here, multiply = rounds.at(part), memory.operations.multiply
        options = system.cost_model.options_by_split(here.unit, part[1], multiply)
        terms = RoundTerms(options, system.device_server, *here[1:4])
        shares = shares_at(here.frequency, terms, memory.operations)
        split_index[part], least[part] = _best(shares, options)
    return split_index, least


def _parts(shape: tuple[int, ...], size: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of so many entries of an array of that shape, the largest first."""
    rows, devices = shape
    height, width = max(1, size // devices), size
    for row in range(0, rows, height):
        for device in range(0, devices, width):
            yield slice(row, row + height), slice(device, device + width)


def _best(shares: OptionShares, options: Options) -> tuple[Splits, Array]:
    """The best split points of a part and their shares; ties as in ``sequential.solve``."""
    least = shares.share.min(axis=0)
    is_least = shares.share == least
    if np.count_nonzero(is_least) > least.size:
        spent = options.device_energy + shares.server_energy
        return np.where(is_least, spent, np.inf).argmin(axis=0), least
    split_index = np.zeros(least.shape, dtype=np.int64)
    for split in range(1, len(is_least)):
        np.copyto(split_index, split, where=is_least[split])
    return split_index, least


class _Memory:
    """Memory for a part's arrays, which takes as long to get anew as to fill."""

    def __init__(self) -> None:
        self._arrays: list[Array] = []
        self._taken = 0
        self.operations = Operations(partial(self._into, np.add), partial(self._into, np.multiply))

    def free(self) -> None:
        """Has the arrays that were handed out be overwritten."""
        self._taken = 0

    def _into(self, operation: np.ufunc, a: Array, b: Array) -> Array:
        shape = np.broadcast(a, b).shape
        size = math.prod(shape)
        if self._taken == len(self._arrays):
            # The first part is the largest.
            self._arrays.append(np.empty(size))
        array = self._arrays[self._taken][:size].reshape(shape)
        self._taken += 1
        return np.asarray(operation(a, b, out=array))
