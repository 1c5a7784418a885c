"""The physics: delay and energy of every choice, once, for environment, solvers and bound.

All that a device's choice of split point costs collapses to a fixed delay a, fixed energies and a
server work w, so that with server frequency f its delay is D = a + w/f and the server's computing
energy is κ_s w f². All functions broadcast over leading axes (rounds, environments).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet, Server
from asl_gym.model.device_costs import DeviceCosts
from asl_gym.model.kinds import Group
from asl_gym.model.options import Operation, Options, UnitCosts, options_of
from asl_gym.model.radio import Channel
from asl_gym.model.split_points import picked
from asl_gym.model.split_tables import SplitTables, flops_per_work, split_tables

__all__ = ["CostModel", "Options", "RoundCosts", "UnitCosts", "sum_over_devices"]


def sum_over_devices(values: Array) -> Array:
    """Sums over the last axis, adding the devices in their order.

    The order makes a batch's sums equal to the last bit to those of its rows on their own, and
    adding whole columns is twice as fast as many short sums.

    Args:
        values: Shape (..., N).

    Returns:
        Sums, shape (...).
    """
    rows = values.reshape(-1, values.shape[-1])
    if len(rows) == 1:
        return np.add.accumulate(values, axis=-1)[..., -1]
    sums = np.add.reduce(np.ascontiguousarray(rows.T), axis=0)
    return np.asarray(sums.reshape(values.shape[:-1]))


class RoundCosts(NamedTuple):
    """What a round cost.

    Attributes:
        device_delay: Delay D_n of each device [s], shape (..., N).
        device_energy: Energy of each device [J], shape (..., N).
        server_energy: Energy of the server side, downlink and computing [J], shape (...).
        energy: Energy of the whole system [J], shape (...).
    """

    device_delay: Array
    device_energy: Array
    server_energy: Array
    energy: Array

    def of_budgets(self, num_budgets: int) -> Array:
        """Energy that each budget is charged [J], shape (..., K)."""
        if num_budgets == 1:
            return self.energy[..., None]
        return np.concatenate([self.device_energy, self.server_energy[..., None]], axis=-1)


class CostModel:
    """Delay and energy of a fleet, a server, a channel and what the fleet's groups train.

    Args:
        fleet: The devices.
        server: The server.
        channel: Gives the base station's power.
        groups: The fleet's groups.

    Attributes:
        tables: What each split point moves and computes.
        devices: What work and bits cost each device.
        base_station_power_w: Power of the base station while it sends, 0 if it doesn't count [W].
    """

    def __init__(
        self, fleet: Fleet, server: Server, channel: Channel, groups: Sequence[Group]
    ) -> None:
        self._server = server
        self._fleet = fleet
        self.tables = split_tables(fleet, server, groups)
        self._flops_per_work = flops_per_work(fleet, groups, self.tables)
        self.devices = DeviceCosts(fleet, groups)
        self.base_station_power_w = (
            channel.base_station_power_w if channel.count_downlink_energy else 0.0
        )

    @cached_property
    def _tables_by_split(self) -> SplitTables:
        return self.tables.by_split()

    def unit_costs(
        self,
        uplink_bps: Array,
        downlink_bps: Array,
        clock_hz: Array,
        flops_per_cycle_factor: Array | None = None,
        capacitance_factor: Array | None = None,
    ) -> UnitCosts:
        """What a bit and a unit of work cost under the rounds' rates and clocks.

        Args:
            uplink_bps: Uplink rates [bit/s], shape (..., N).
            downlink_bps: Downlink rates [bit/s], shape (..., N).
            clock_hz: Device clocks available now [Hz], shape (..., N).
            flops_per_cycle_factor: The devices' real FLOPs per cycle over the fleet's, or how many
                times as fast as known they are, shape (..., N); ``None`` means 1.
            capacitance_factor: The same of their capacitances or computing powers.
        """
        uplink_delay, downlink_delay = 1.0 / uplink_bps, 1.0 / downlink_bps
        device_delay, device_energy = self.devices.of_work(clock_hz)
        if flops_per_cycle_factor is not None:
            device_delay /= flops_per_cycle_factor
            device_energy /= flops_per_cycle_factor
        if capacitance_factor is not None:
            device_energy *= capacitance_factor
        return self.unit_costs_of(uplink_delay, downlink_delay, device_delay, device_energy)

    def unit_costs_of(
        self, uplink_delay: Array, downlink_delay: Array, device_delay: Array, device_energy: Array
    ) -> UnitCosts:
        """The unit costs with such delays and energies, see :class:`UnitCosts`."""
        return UnitCosts(
            uplink_delay,
            downlink_delay,
            device_delay,
            uplink_delay + downlink_delay,
            self.devices.sending_power(device_delay.shape) * uplink_delay,
            device_energy,
            self.base_station_power_w * downlink_delay,
            self.devices.of_receiving(downlink_delay),
        )

    def per_flop(self, clock_hz: Array) -> tuple[Array, Array]:
        """FLOPs per cycle and energy per FLOP [J/FLOP] of each device, shape (N,) each.

        Where more than FLOPs takes time, those of the whole network on the device.

        Args:
            clock_hz: Device clocks [Hz], shape (N,).
        """
        delay, energy = self.devices.of_work(clock_hz)
        cycles_per_flop = delay * clock_hz / self._flops_per_work
        nominal = np.asarray(self._fleet.flops_per_cycle)
        by_flops = self._flops_per_work == 1.0
        return np.where(by_flops, nominal, 1.0 / cycles_per_flop), energy / self._flops_per_work

    def all_options(self, unit: UnitCosts) -> Options:
        """Costs of every admissible split point.

        Args:
            unit: Unit costs, arrays of shape (..., N).

        Returns:
            Options with arrays of shape (..., N, L); ``server_work`` has shape (L,) where
            it is the same for all devices.
        """
        return options_of(self.tables, unit.at((..., None)), self._server.full_power_w)

    def options_by_split(
        self, unit: UnitCosts, devices: slice, multiply: Operation = np.multiply
    ) -> Options:
        """Costs of every admissible split point of some devices, the split points first.

        Args:
            unit: Unit costs of these devices, arrays of shape (R, N).
            devices: Which of the fleet's they are.
            multiply: Multiplies, in memory of the caller's choice.

        Returns:
            Options with arrays of shape (L, R, N); ``server_work`` broadcasts to it.
        """
        tables = self._tables_by_split.of_devices(devices)
        return options_of(tables, unit, self._server.full_power_w, multiply)

    def chosen_options(self, split_index: NDArray[np.int64], unit: UnitCosts) -> Options:
        """Costs of chosen split points.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            unit: Unit costs, arrays of shape (..., N).

        Returns:
            Options with arrays of shape (..., N).
        """
        return options_of(self.tables.at(split_index), unit, self._server.full_power_w)

    def server_work(self, split_index: NDArray[np.int64]) -> Array:
        """Server work [cycles] of chosen split points, same shape as ``split_index``."""
        return picked(self.tables.server_work, split_index)

    def delay_parts(
        self, split_index: NDArray[np.int64], server_frequency_hz: Array, unit: UnitCosts
    ) -> dict[str, Array]:
        """The parts of each device's delay [s]: downlink, device, uplink and server delay.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            server_frequency_hz: Server frequency each device is given [Hz], shape (..., N).
            unit: Unit costs, arrays of shape (..., N).
        """
        chosen = self.tables.at(split_index)
        server_delay = chosen.server_work / server_frequency_hz
        if chosen.server_seconds is not None:
            server_delay = server_delay + chosen.server_seconds
        return {
            "downlink_delay": chosen.downlink_bits * unit.downlink_delay,
            "device_delay": chosen.device_work * unit.device_delay,
            "uplink_delay": chosen.uplink_bits * unit.uplink_delay,
            "server_delay": server_delay,
        }

    def round_costs(self, options: Options, server_frequency_hz: Array) -> RoundCosts:
        """Costs of a round with chosen split points and server frequencies.

        Args:
            options: The chosen split points' costs, arrays of shape (..., N).
            server_frequency_hz: Server frequency [Hz] of each device, shape (..., N), or that they
                share, shape (..., 1).

        Returns:
            The costs. The round's delay depends on the schedule, see
            :meth:`asl_gym.model.system.System.round_delay`.
        """
        work, frequency = options.server_work, server_frequency_hz
        device_delay = work / frequency
        device_delay += options.fixed_delay
        device_server_energy = self._server.computing_energy(frequency, work)
        device_server_energy += options.fixed_server_energy
        server_energy = sum_over_devices(device_server_energy)
        energy = sum_over_devices(options.device_energy) + server_energy
        return RoundCosts(device_delay, options.device_energy, server_energy, energy)
