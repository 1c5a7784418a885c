"""The sequential problem of large fleets and long traces, solved in parts.

Arrays with an entry for every split point of 100,000 devices leave the processor's cache, and
making and passing through them is what the time goes to. Here a part of the devices and rounds at a
time is solved, the split points as the first axis. Decisions and objectives are those of
:func:`asl_gym.solvers.sequential.solve`, to the last bit.
"""

from collections.abc import Iterator

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model import lyapunov
from asl_gym.model.costs import UnitCosts
from asl_gym.model.system import System
from asl_gym.solvers.decision import Decision, RoundTerms
from asl_gym.solvers.sequential import optimal_frequency, shares_at

__all__ = ["LEAST_SIZE", "solve_in_parts"]

PART_SIZE = 4_096
"""Devices of all rounds in a part."""

LEAST_SIZE = 4_096
"""Devices of all rounds from which parts are faster than the whole."""


def solve_in_parts(system: System, unit: UnitCosts, V: float | Array, weights: Array) -> Decision:
    """Minimises V·D + Σ_k weights_k·E_k where devices train in turn.

    Args:
        system: The system.
        unit: What a bit and a unit of work cost in each round, arrays of shape (..., N).
        V: Weight on delay, a number or shape (...).
        weights: Weight on each budget's energy, shape (..., K), or (..., 1) for all alike.
    """
    shape = unit.device_delay.shape
    on_devices, on_server = lyapunov.energy_weights(weights, shape[-1])
    frequency = optimal_frequency(V, on_server, system.device_server)
    flat = UnitCosts(*(None if each is None else _rows(each, shape) for each in unit))  # type: ignore[arg-type]
    each_round = [_rows(np.asarray(each)[..., None], shape) for each in (V, on_server, frequency)]
    on_devices = _rows(on_devices, shape)
    split_index, least = np.empty(flat.device_delay.shape, dtype=np.int64), None
    least = np.empty(split_index.shape)
    for part in _parts(*split_index.shape):
        options = system.cost_model.options_by_split(flat.at(part), part[1])
        V_here, server_here, f = (each[part[0]] for each in each_round)
        terms = RoundTerms(options, system.device_server, V_here, on_devices[part], server_here)
        split_index[part], least[part] = _best(terms, f)
    objective = least.reshape(shape).sum(axis=-1)
    frequencies = np.broadcast_to(frequency[..., None], shape)
    return Decision(split_index.reshape(shape), frequencies, objective, objective)


def _rows(values: Array, shape: tuple[int, ...]) -> Array:
    """Values that broadcast to (..., N), the leading axes as one; or (..., 1) likewise."""
    full = np.broadcast_to(values, (*shape[:-1], values.shape[-1]))
    return full.reshape(-1, values.shape[-1])


def _parts(rows: int, devices: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of an array of that shape."""
    height, width = max(1, PART_SIZE // devices), PART_SIZE
    for row in range(0, rows, height):
        for device in range(0, devices, width):
            yield slice(row, row + height), slice(device, device + width)


def _best(terms: RoundTerms, frequency: Array) -> tuple[Splits, Array]:
    """The best split points of a part and their shares; ties as in ``sequential.solve``."""
    shares = shares_at(frequency, terms)
    least = shares.share.min(axis=0)
    is_least = shares.share == least
    if np.count_nonzero(is_least) > least.size:
        spent = terms.options.device_energy + shares.server_energy
        return np.where(is_least, spent, np.inf).argmin(axis=0), least
    split_index = np.zeros(least.shape, dtype=np.int64)
    for split in range(1, len(is_least)):
        np.copyto(split_index, split, where=is_least[split])
    return split_index, least
