"""What work, sending and receiving cost each device, whatever it trains."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet
from asl_gym.model.kinds import Group

__all__ = ["DeviceCosts", "PerDevice"]

LARGE = 4_096
"""Size from which an array is met by a constant of its own shape."""


class PerDevice:
    """A constant per device that broadcasts over arrays whose last axis are the devices.

    NumPy's inner loop over a handful of devices costs three times as much a number as one over a
    whole array, so for large arrays the constant is kept in the shape that it met last, unless all
    devices share it.

    Args:
        values: One value a device, shape (N,).
    """

    def __init__(self, values: ArrayLike) -> None:
        self.values: Array = np.asarray(values, dtype=float)
        if (self.values == self.values[0]).all():
            self.values = self.values[:1]
        self._spread = self.values

    def over(self, shape: tuple[int, ...]) -> Array:
        """The constant in a form that broadcasts with arrays of that shape, (..., N)."""
        if self.values.size == 1 or math.prod(shape) < LARGE:
            return self.values
        if self._spread.shape != shape:
            self._spread = np.ascontiguousarray(np.broadcast_to(self.values, shape))
        return self._spread


class DeviceCosts:
    """Delay and energy of a unit of work, and of a bit, on each device.

    Args:
        fleet: The devices.
        groups: The fleet's groups.

    Attributes:
        powered: Whether computing powers were measured.
        cycles: Cycles in a unit of work, shape (N,).
        energy: Computing power [W], or κ times the cycles [J/Hz²], shape (N,).
        sending: Power while sending [W], shape (N,).
        receiving: Power while receiving, 0 where it isn't counted [W], shape (N,).
    """

    def __init__(self, fleet: Fleet, groups: Sequence[Group]) -> None:
        cycles = 1.0 / np.asarray(fleet.flops_per_cycle)
        for group in groups:
            if group.is_timed(fleet):
                # A second at full clock is as many cycles as that clock has.
                cycles[group.devices] = np.asarray(fleet.clock_hz)[group.devices]
        power, received = fleet.computing_power_w, fleet.receiving_power_w
        self.powered = power is not None
        self.cycles = cycles
        self.energy = np.asarray(fleet.capacitance) * cycles if power is None else np.array(power)
        self.sending = np.asarray(fleet.sending_power_w or fleet.transmit_power_w)
        self.receiving = np.asarray(received or np.zeros(fleet.num_devices))
        self._cycles_per_work, self._energy = PerDevice(self.cycles), PerDevice(self.energy)
        self._sending_power = PerDevice(self.sending)
        self._receiving_power = None if received is None else PerDevice(received)

    def of_work(self, clock_hz: Array) -> tuple[Array, Array]:
        """Delay and energy per unit of work at available clocks, shape (..., N) each.

        The energy is κF² a cycle where it follows from the clock, and the measured power times the
        delay where there is one.
        """
        shape = clock_hz.shape
        delay = self._cycles_per_work.over(shape) / clock_hz
        energy = self._energy.over(shape)
        return delay, energy * delay if self.powered else energy * (clock_hz * clock_hz)

    def sending_power(self, shape: tuple[int, ...]) -> Array:
        """Power while sending [W], in a form that broadcasts with arrays of that shape."""
        return self._sending_power.over(shape)

    def of_receiving(self, downlink_delay: Array) -> Array | None:
        """Energy per bit received [J/bit]; ``None`` where it isn't counted."""
        if self._receiving_power is None:
            return None
        return self._receiving_power.over(downlink_delay.shape) * downlink_delay
