"""Observations of many environments as a compiled pass, see :mod:`asl_gym.envs.kernel`."""

from asl_gym.arrays import Array, Float32
from asl_gym.compiling import compiled, inlined
from asl_gym.envs.kernel import Columns, Played
from asl_gym.envs.memory import Constants, Sizes
from asl_gym.traces.elementary import log1p

__all__ = ["observe_rows"]


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
    played: Played,
    result: Float32,
) -> None:
    """Fills in observations, in the view that the sizes name.

    Args:
        z: Sizes.
        k: Constants.
        columns: The round that is shown.
        queues: Virtual queues [J], shape (B·K,).
        left: Fraction of the episode's rounds left.
        played: The last round.
        result: Filled, shape (B·rows·columns,), of which it holds what is the same in every round.
    """
    if z.by_device:
        _observe_devices(z, k, columns, queues, left, result)
    else:
        _observe_flat(z, k, columns, queues, left, result)
    if k.delay_scale > 0.0:
        _observe_costs(z, k, played, result)


@inlined
def _observe_flat(
    z: Sizes, k: Constants, columns: Columns, queues: Array, left: float, result: Float32
) -> None:
    n, width = z.devices, result.size // z.rows
    for b in range(z.rows):
        first, start = b * n, b * width + z.budgets + 1
        result[start - 1] = left
        for i in range(n):
            result[start + i] = columns.uplink[first + i]
        for i in range(n):
            result[start + n + i] = columns.downlink[first + i]
        for i in range(n):
            result[start + 2 * n + i] = columns.clock[first + i]
    # In a loop of their own, since that becomes vector code.
    for b in range(z.rows):
        for j in range(z.budgets):
            result[b * width + j] = log1p(queues[b * z.budgets + j] / k.budgets[j])


@inlined
def _observe_devices(
    z: Sizes, k: Constants, columns: Columns, queues: Array, left: float, result: Float32
) -> None:
    height = z.devices + 1
    width = result.size // (z.rows * height)
    for b in range(z.rows):
        for i in range(height):
            j, at = 0 if z.budgets == 1 else i, (b * height + i) * width
            result[at] = _log1p(queues[b * z.budgets + j] / k.budgets[j])
            result[at + 1] = left
        for i in range(z.devices):
            lane, at = b * z.devices + i, (b * height + i) * width
            result[at + 2] = columns.uplink[lane]
            result[at + 3] = columns.downlink[lane]
            result[at + 4] = columns.clock[lane]


@inlined
def _observe_costs(z: Sizes, k: Constants, played: Played, result: Float32) -> None:
    n, rows = z.devices, z.devices + 1 if z.by_device else 1
    width = result.size // (z.rows * rows)
    for b in range(z.rows):
        for i in range(n):
            delay = _log1p(played.device_delay[b * n + i] / k.delay_scale)
            energy = _log1p(played.device_energy[b * n + i] / k.energy_scale)
            if z.by_device:
                end = (b * rows + i + 1) * width
                result[end - 2], result[end - 1] = delay, energy
            else:
                end = (b + 1) * width
                result[end - 2 * n + i], result[end - n + i] = delay, energy
