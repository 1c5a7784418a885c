"""Observations of devices on batteries as a compiled pass, see :mod:`asl_gym.envs.observing`."""

from asl_gym.arrays import Array, Float32
from asl_gym.compiling import compiled, inlined
from asl_gym.envs.batteries.memory import Store
from asl_gym.envs.kernel import Columns
from asl_gym.envs.memory import Sizes
from asl_gym.traces.elementary import log1p

__all__ = ["CLOUD_COLUMN", "HARVEST_COLUMN", "Hour", "observe_batteries"]

HARVEST_COLUMN, SINE_COLUMN, COSINE_COLUMN, ENERGY_COLUMN, CLOUD_COLUMN = range(10, 15)
"""Columns of a device's row after those of every scenario."""

Hour = tuple[float, float, float]
"""The fraction of rounds left, and sine and cosine of the time of day."""


@compiled
def _log1p(x: float) -> float:
    """ln(1 + x), not inlined, which would take long to compile."""
    return log1p(x)


@inlined
def observe_batteries(
    z: Sizes,
    s: Store,
    columns: Columns,
    harvest: Array,
    cloud: Array,
    hour: Hour,
    result: Float32,
) -> None:
    """Fills in observations, in the view that the sizes name.

    Args:
        z: Sizes.
        s: Batteries.
        columns: Rates and clocks of the round that is shown.
        harvest: What will be harvested in it [J], shape (B·N,).
        cloud: Its skies, likewise.
        hour: See :data:`Hour`.
        result: Filled, shape (B·rows·columns,), of which it holds what is the same in every round.
    """
    if z.by_device:
        _observe_devices(z, s, columns, harvest, cloud, hour, result)
    else:
        _observe_flat(z, s, columns, harvest, cloud, hour, result)


@inlined
def _observe_flat(
    z: Sizes,
    s: Store,
    columns: Columns,
    harvest: Array,
    cloud: Array,
    hour: Hour,
    result: Float32,
) -> None:
    n, width = z.devices, result.size // z.rows
    for b in range(z.rows):
        first, at = b * n, b * width
        for i in range(n):
            result[at + i] = s.charges[first + i] / s.capacities[i]
        at += n
        result[at], result[at + 1], result[at + 2] = hour
        at += 3
        for i in range(n):
            result[at + i] = _log1p(harvest[first + i] / s.energies[i])
        at += n
        if s.cloud_shown > 0.0:
            for i in range(n):
                result[at + i] = cloud[first + i]
            at += n
        for i in range(n):
            result[at + i] = columns.uplink[first + i]
            result[at + n + i] = columns.downlink[first + i]
            result[at + 2 * n + i] = columns.clock[first + i]


@inlined
def _observe_devices(
    z: Sizes,
    s: Store,
    columns: Columns,
    harvest: Array,
    cloud: Array,
    hour: Hour,
    result: Float32,
) -> None:
    height = z.devices + 1
    width = result.size // (z.rows * height)
    for b in range(z.rows):
        total = 0.0
        for i in range(z.devices):
            lane, at = b * z.devices + i, (b * height + i) * width
            charge = s.charges[lane] / s.capacities[i]
            total += charge
            result[at], result[at + 1] = charge, hour[0]
            result[at + 2] = columns.uplink[lane]
            result[at + 3] = columns.downlink[lane]
            result[at + 4] = columns.clock[lane]
            result[at + HARVEST_COLUMN] = _log1p(harvest[lane] / s.energies[i])
            result[at + SINE_COLUMN], result[at + COSINE_COLUMN] = hour[1], hour[2]
            if s.cloud_shown > 0.0:
                result[at + CLOUD_COLUMN] = cloud[lane]
        at = (b * height + z.devices) * width
        result[at], result[at + 1] = total / z.devices, hour[0]
