"""The physics: delay and energy of every choice, once, for environment, solvers and bound.

All that a device's choice of split point costs collapses to a fixed delay a, fixed energies and a
server work w, so that with server frequency f its delay is D = a + w/f and the server's computing
energy is κ_s w f². All functions broadcast over leading axes (rounds, environments).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.radio import Radio

__all__ = ["CostModel", "Options", "PerDevice", "RoundCosts", "UnitCosts", "sum_over_devices"]


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
        downlink_energy: Transmit energy of the base station [J].
        server_work: Server work w [cycles].
    """

    fixed_delay: Array
    device_energy: Array
    downlink_energy: Array
    server_work: Array


class UnitCosts(NamedTuple):
    """What a bit and a FLOP cost each device in a round, all of shape (..., N).

    Every option's delay and energy are linear in these.

    Attributes:
        uplink_delay: Uplink time per bit, 1/r↑ [s/bit].
        downlink_delay: Downlink time per bit, 1/r↓ [s/bit].
        device_delay: Device computing time per FLOP, 1/(ϱF) [s/FLOP].
        transfer_delay: Time per bit both ways, 1/r↑ + 1/r↓ [s/bit].
        uplink_energy: Device energy per bit sent, p/r↑ [J/bit].
        device_energy: Device computing energy per FLOP, κF²/ϱ [J/FLOP].
        downlink_energy: Base station energy per bit, p_bs/r↓ [J/bit].
    """

    uplink_delay: Array
    downlink_delay: Array
    device_delay: Array
    transfer_delay: Array
    uplink_energy: Array
    device_energy: Array
    downlink_energy: Array

    def at(self, index: Any) -> "UnitCosts":
        """Picks from the leading axes."""
        return UnitCosts(*(values[index] for values in self))


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


class _SplitConstants(NamedTuple):
    """Per split point: bits moved up and down, FLOPs on the device, cycles on the server."""

    uplink_bits: Array
    downlink_bits: Array
    device_flops: Array
    server_work: Array

    @property
    def is_symmetric(self) -> bool:
        """Whether the same bits move up and down, which spares half of the work."""
        return self.downlink_bits is self.uplink_bits

    def at(self, split_index: NDArray[np.int64]) -> "_SplitConstants":
        """The constants of chosen split points."""
        up = self.uplink_bits.take(split_index)
        return _SplitConstants(
            up,
            up if self.is_symmetric else self.downlink_bits.take(split_index),
            self.device_flops.take(split_index),
            self.server_work.take(split_index),
        )


def _split_constants(workload: Workload, server: Server) -> _SplitConstants:
    """Bits φ(ℓ) + S·s(ℓ)·[ℓ < L] each way, S·c(ℓ) and W(ℓ) = S·(c(L) − c(ℓ))/ϱ_s."""
    profile, samples = workload.profile, workload.samples_per_round
    splits = np.asarray(workload.admissible_splits)
    flops = np.asarray(profile.training_flops, dtype=float)
    parameter_bits = np.asarray(profile.parameter_bits, dtype=float)[splits]

    def bits(crossing: tuple[float, ...]) -> Array:
        each_sample = np.asarray(crossing, dtype=float)[splits]
        each_sample = np.where(splits < profile.num_layers, each_sample, 0.0)
        return np.asarray(parameter_bits + samples * each_sample)

    up, down = bits(profile.activation_bits), bits(profile.downlink_bits)
    return _SplitConstants(
        up,
        up if np.array_equal(up, down) else down,
        samples * flops[splits],
        samples * (flops[-1] - flops[splits]) / server.flops_per_cycle,
    )


def _options(splits: _SplitConstants, unit: UnitCosts) -> Options:
    """A = bits↓/r↓ + S·c/(ϱF) + bits↑/r↑; energies κF²·S·c/ϱ + p·bits↑/r↑ and p_bs·bits↓/r↓."""
    up, down, flops = splits.uplink_bits, splits.downlink_bits, splits.device_flops
    # Adding in place keeps large batches in the processor's cache.
    if splits.is_symmetric:
        fixed_delay = up * unit.transfer_delay
    else:
        fixed_delay = up * unit.uplink_delay
        fixed_delay += down * unit.downlink_delay
    fixed_delay += flops * unit.device_delay
    device_energy = flops * unit.device_energy
    device_energy += up * unit.uplink_energy
    return Options(fixed_delay, device_energy, down * unit.downlink_energy, splits.server_work)


class CostModel:
    """Delay and energy of a fleet, a server, a radio and a workload."""

    def __init__(self, fleet: Fleet, server: Server, radio: Radio, workload: Workload) -> None:
        self._server = server
        self._splits = _split_constants(workload, server)
        cycles_per_flop = 1.0 / np.asarray(fleet.flops_per_cycle)
        self._cycles_per_flop = PerDevice(cycles_per_flop)
        self._energy_per_flop = PerDevice(np.asarray(fleet.capacitance) * cycles_per_flop)
        self._transmit_power = PerDevice(fleet.transmit_power_w)
        self._downlink_power = radio.base_station_power_w if radio.count_downlink_energy else 0.0

    def unit_costs(
        self,
        uplink_bps: Array,
        downlink_bps: Array,
        clock_hz: Array,
        flops_per_cycle_factor: Array | None = None,
        capacitance_factor: Array | None = None,
    ) -> UnitCosts:
        """What a bit and a FLOP cost under the rounds' rates and clocks.

        Args:
            uplink_bps: Uplink rates [bit/s], shape (..., N).
            downlink_bps: Downlink rates [bit/s], shape (..., N).
            clock_hz: Device clocks available now [Hz], shape (..., N).
            flops_per_cycle_factor: The devices' real FLOPs per cycle over the fleet's, shape
                (..., N); ``None`` means 1.
            capacitance_factor: The same of their capacitances.
        """
        uplink_delay, downlink_delay = 1.0 / uplink_bps, 1.0 / downlink_bps
        shape = clock_hz.shape
        device_delay = self._cycles_per_flop.over(shape) / clock_hz
        device_energy = self.energy_per_flop(clock_hz)
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
            self._transmit_power.over(shape) * uplink_delay,
            device_energy,
            self._downlink_power * downlink_delay,
        )

    def energy_per_flop(self, clock_hz: Array) -> Array:
        """κF²/ϱ of each device at its clock [J/FLOP], shape (..., N)."""
        return self._energy_per_flop.over(clock_hz.shape) * (clock_hz * clock_hz)

    def all_options(self, unit: UnitCosts) -> Options:
        """Costs of every admissible split point.

        Args:
            unit: Unit costs, arrays of shape (..., N).

        Returns:
            Options with arrays of shape (..., N, L); ``server_work`` has shape (L,).
        """
        return _options(self._splits, unit.at((..., None)))

    def chosen_options(self, split_index: NDArray[np.int64], unit: UnitCosts) -> Options:
        """Costs of chosen split points.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            unit: Unit costs, arrays of shape (..., N).

        Returns:
            Options with arrays of shape (..., N).
        """
        return _options(self._splits.at(split_index), unit)

    def server_work(self, split_index: NDArray[np.int64]) -> Array:
        """Server work [cycles] of chosen split points, same shape as ``split_index``."""
        return self._splits.server_work.take(split_index)

    def delay_parts(
        self, split_index: NDArray[np.int64], server_frequency_hz: Array, unit: UnitCosts
    ) -> dict[str, Array]:
        """The parts of each device's delay [s]: downlink, device, uplink and server delay.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            server_frequency_hz: Server frequency each device is given [Hz], shape (..., N).
            unit: Unit costs, arrays of shape (..., N).
        """
        chosen = self._splits.at(split_index)
        return {
            "downlink_delay": chosen.downlink_bits * unit.downlink_delay,
            "device_delay": chosen.device_flops * unit.device_delay,
            "uplink_delay": chosen.uplink_bits * unit.uplink_delay,
            "server_delay": chosen.server_work / server_frequency_hz,
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
        device_server_energy += options.downlink_energy
        server_energy = sum_over_devices(device_server_energy)
        energy = sum_over_devices(options.device_energy) + server_energy
        return RoundCosts(device_delay, options.device_energy, server_energy, energy)
