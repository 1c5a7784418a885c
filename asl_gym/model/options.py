"""What every choice of split point costs, from what a bit and a unit of work cost.

All functions broadcast over leading axes (rounds, environments).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.split_tables import SplitTables

__all__ = ["Operation", "Options", "UnitCosts", "options_of"]

Operation = Callable[[Any, Any], Array]
"""``np.multiply`` or ``np.add``, or the same in memory that is there already."""


class Options(NamedTuple):
    """What choosing a split point costs a device, whatever the server frequency.

    A device that is cut there and given the server frequency f has the delay D = a + w/f and costs
    the energy E = e + κ_s·w·f², with a the ``fixed_delay``, e the ``fixed_energy``, w the
    ``server_work`` and κ_s the server's ``capacitance``. Everything else follows from these three.

    Shapes are (..., N, L) for all admissible split points or (..., N) for chosen ones;
    ``server_work`` has shape (L,) where it is the same for all devices and rounds.

    Attributes:
        fixed_delay: Delay a without the server's computing [s].
        device_energy: Energy of the device, computing and uplink [J].
        fixed_server_energy: Energy of the server side that its clock doesn't change [J]: the base
            station's transmit energy, and of computing that takes its time at any clock.
        server_work: Server work w [cycles].
    """

    fixed_delay: Array
    device_energy: Array
    fixed_server_energy: Array
    server_work: Array

    @property
    def fixed_energy(self) -> Array:
        """Energy e of device and server side without the server's computing [J]."""
        return self.device_energy + self.fixed_server_energy


class UnitCosts(NamedTuple):
    """What a bit and a unit of work cost each device in a round, all of shape (..., N).

    Every option's delay and energy are linear in these. Work is counted in FLOPs, or in seconds at
    full clock where more than FLOPs takes time (:mod:`asl_gym.model.split_tables`).

    Attributes:
        uplink_delay: Uplink time per bit, 1/r↑ [s/bit].
        downlink_delay: Downlink time per bit, 1/r↓ [s/bit].
        device_delay: Device computing time per work: 1/(ϱF) [s/FLOP], or full over available clock
            [s/s].
        transfer_delay: Time per bit both ways, 1/r↑ + 1/r↓ [s/bit].
        uplink_energy: Device energy per bit sent, p/r↑ [J/bit].
        device_energy: Device computing energy per work: κF²/ϱ [J/FLOP], or the measured power times
            ``device_delay``.
        downlink_energy: Base station energy per bit, p_bs/r↓ [J/bit].
        receiving_energy: Device energy per bit received [J/bit]; ``None`` where it isn't counted.
    """

    uplink_delay: Array
    downlink_delay: Array
    device_delay: Array
    transfer_delay: Array
    uplink_energy: Array
    device_energy: Array
    downlink_energy: Array
    receiving_energy: Array | None = None

    def at(self, index: Any) -> "UnitCosts":
        """Picks from the leading axes."""
        return UnitCosts(*(None if values is None else values[index] for values in self))  # type: ignore[arg-type]


def options_of(
    tables: SplitTables, unit: UnitCosts, server_power_w: float, multiply: Operation = np.multiply
) -> Options:
    """A = bits↓/r↓ + work/speed + bits↑/r↑, and the energies of the same.

    Args:
        tables: The figures of split points.
        unit: Unit costs that broadcast with them.
        server_power_w: Power of the server at its full clock [W].
        multiply: Multiplies, in memory of the caller's choice.
    """
    up, down, work = tables.uplink_bits, tables.downlink_bits, tables.device_work
    # Adding in place keeps large batches in the processor's cache.
    if tables.is_symmetric:
        fixed_delay = multiply(up, unit.transfer_delay)
    else:
        fixed_delay = multiply(up, unit.uplink_delay)
        fixed_delay += multiply(down, unit.downlink_delay)
    fixed_delay += multiply(work, unit.device_delay)
    device_energy = multiply(work, unit.device_energy)
    device_energy += multiply(up, unit.uplink_energy)
    if unit.receiving_energy is not None:
        device_energy += multiply(down, unit.receiving_energy)
    server_energy = multiply(down, unit.downlink_energy)
    if tables.server_seconds is not None:
        fixed_delay += tables.server_seconds
        server_energy += server_power_w * tables.server_seconds
    return Options(fixed_delay, device_energy, server_energy, tables.server_work)
