"""The physics: delay and energy of every choice, once, for environment, solvers and bound.

All that a device's choice of split point costs collapses to a fixed delay a, fixed energies and a
server work w, so that with server frequency f its delay is D = a + w/f and the server's computing
energy is κ_s w f². All functions broadcast over leading axes (rounds, environments).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet, Server
from asl_gym.model.device_costs import DeviceCosts
from asl_gym.model.kinds import Group
from asl_gym.model.radio import Channel
from asl_gym.model.split_points import picked
from asl_gym.model.split_tables import SplitTables, flops_per_work, split_tables

__all__ = ["CostModel", "Operation", "Options", "RoundCosts", "UnitCosts", "sum_over_devices"]

Operation = Callable[[Any, Any], Array]
"""``np.multiply`` or ``np.add``, or the same in memory that is there already."""


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


class Options(NamedTuple):
    """What choosing a split point costs a device, whatever the server frequency.

    Shapes are (..., N, L) for all admissible split points or (..., N) for chosen ones.

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


def _options(
    tables: SplitTables, unit: UnitCosts, server_power_w: float, multiply: Operation = np.multiply
) -> Options:
    """A = bits↓/r↓ + work/speed + bits↑/r↑, and the energies of the same."""
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


class CostModel:
    """Delay and energy of a fleet, a server, a channel and what the fleet's groups train.

    Args:
        fleet: The devices.
        server: The server.
        channel: Gives the base station's power.
        groups: The fleet's groups.
    """

    def __init__(
        self, fleet: Fleet, server: Server, channel: Channel, groups: Sequence[Group]
    ) -> None:
        self._server = server
        self._fleet = fleet
        self._tables = split_tables(fleet, server, groups)
        self._flops_per_work = flops_per_work(fleet, groups, self._tables)
        self._devices = DeviceCosts(fleet, groups)
        self._downlink_power = (
            channel.base_station_power_w if channel.count_downlink_energy else 0.0
        )

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
        device_delay, device_energy = self._devices.of_work(clock_hz)
        if flops_per_cycle_factor is not None:
            device_delay /= flops_per_cycle_factor
            device_energy /= flops_per_cycle_factor
        if capacitance_factor is not None:
            device_energy *= capacitance_factor
        return UnitCosts(
            uplink_delay,
            downlink_delay,
            device_delay,
            uplink_delay + downlink_delay,
            self._devices.sending_power(clock_hz.shape) * uplink_delay,
            device_energy,
            self._downlink_power * downlink_delay,
            self._devices.of_receiving(downlink_delay),
        )

    def per_flop(self, clock_hz: Array) -> tuple[Array, Array]:
        """FLOPs per cycle and energy per FLOP [J/FLOP] of each device, shape (N,) each.

        Where more than FLOPs takes time, those of the whole network on the device.

        Args:
            clock_hz: Device clocks [Hz], shape (N,).
        """
        delay, energy = self._devices.of_work(clock_hz)
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
        return _options(self._tables, unit.at((..., None)), self._server.full_power_w)

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
        tables = self._tables.by_split(devices)
        return _options(tables, unit, self._server.full_power_w, multiply)

    def chosen_options(self, split_index: NDArray[np.int64], unit: UnitCosts) -> Options:
        """Costs of chosen split points.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            unit: Unit costs, arrays of shape (..., N).

        Returns:
            Options with arrays of shape (..., N).
        """
        return _options(self._tables.at(split_index), unit, self._server.full_power_w)

    def server_work(self, split_index: NDArray[np.int64]) -> Array:
        """Server work [cycles] of chosen split points, same shape as ``split_index``."""
        return picked(self._tables.server_work, split_index)

    def delay_parts(
        self, split_index: NDArray[np.int64], server_frequency_hz: Array, unit: UnitCosts
    ) -> dict[str, Array]:
        """The parts of each device's delay [s]: downlink, device, uplink and server delay.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            server_frequency_hz: Server frequency each device is given [Hz], shape (..., N).
            unit: Unit costs, arrays of shape (..., N).
        """
        chosen = self._tables.at(split_index)
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
