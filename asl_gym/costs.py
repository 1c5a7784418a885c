"""The physics: delay and energy of every choice, once, for environment, solvers and bound.

All that a device's choice of split point costs collapses to a fixed delay a, fixed energies and a
server work w, so that with server frequency f its delay is D = a + w/f and the server's computing
energy is κ_s w f². All functions broadcast over leading axes (rounds, environments).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.components import Fleet, Radio, Server, Workload

__all__ = ["CostModel", "Options", "RoundCosts"]

Array = NDArray[np.float64]


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


@dataclass(frozen=True)
class _SplitConstants:
    """Per split point: bits moved each way, FLOPs on the device, cycles on the server."""

    payload_bits: Array
    device_flops: Array
    server_work: Array


def _split_constants(workload: Workload, server: Server) -> _SplitConstants:
    """bits(ℓ) = φ(ℓ) + S·s(ℓ)·[ℓ < L], S·c(ℓ) and W(ℓ) = S·(c(L) − c(ℓ))/ϱ_s."""
    profile, samples = workload.profile, workload.samples_per_round
    splits = np.asarray(workload.splits)
    flops = np.asarray(profile.training_flops, dtype=float)
    smashed_bits = np.asarray(profile.activation_bits, dtype=float)[splits]
    smashed_bits = np.where(splits < profile.num_layers, smashed_bits, 0.0)
    return _SplitConstants(
        np.asarray(profile.parameter_bits, dtype=float)[splits] + samples * smashed_bits,
        samples * flops[splits],
        samples * (flops[-1] - flops[splits]) / server.flops_per_cycle,
    )


class CostModel:
    """Delay and energy of a fleet, a server, a radio and a workload.

    Attributes:
        server_capacitance: κ_s [W/Hz³].
        num_devices: Number of devices N.
        num_splits: Number of admissible split points L.
    """

    def __init__(self, fleet: Fleet, server: Server, radio: Radio, workload: Workload) -> None:
        self.num_devices, self.num_splits = fleet.num_devices, workload.num_splits
        self.server_capacitance = server.capacitance
        self._splits = _split_constants(workload, server)
        self._device_capacitance = np.asarray(fleet.capacitance)
        self._flops_per_cycle = np.asarray(fleet.flops_per_cycle)
        self._transmit_power = np.asarray(fleet.transmit_power_w)
        self._downlink_power = radio.base_station_power_w if radio.count_downlink_energy else 0.0

    def all_options(self, uplink_bps: Array, downlink_bps: Array, clock_hz: Array) -> Options:
        """Costs of every admissible split point.

        Args:
            uplink_bps: Uplink rates [bit/s], shape (..., N).
            downlink_bps: Downlink rates [bit/s], shape (..., N).
            clock_hz: Device clocks available now [Hz], shape (..., N).

        Returns:
            Options with arrays of shape (..., N, L); ``server_work`` has shape (L,).
        """
        up, down, clock = (x[..., None] for x in (uplink_bps, downlink_bps, clock_hz))
        return self._options(self._splits, up, down, clock, devices=np.s_[:, None])

    def chosen_options(
        self, split_index: NDArray[np.int64], uplink_bps: Array, downlink_bps: Array, clock_hz: Array
    ) -> Options:
        """Costs of chosen split points.

        Args:
            split_index: Indices into the admissible split points, shape (..., N).
            uplink_bps: Uplink rates [bit/s], shape (..., N).
            downlink_bps: Downlink rates [bit/s], shape (..., N).
            clock_hz: Device clocks available now [Hz], shape (..., N).

        Returns:
            Options with arrays of shape (..., N).
        """
        constants = self._splits
        chosen = _SplitConstants(
            constants.payload_bits.take(split_index),
            constants.device_flops.take(split_index),
            constants.server_work.take(split_index),
        )
        return self._options(chosen, uplink_bps, downlink_bps, clock_hz, devices=np.s_[:])

    def _options(
        self, splits: _SplitConstants, uplink: Array, downlink: Array, clock: Array, devices: object
    ) -> Options:
        """a = bits/r↓ + S·c/(ϱF) + bits/r↑; device energy = κF²·S·c/ϱ + p·bits/r↑."""
        cycles_per_flop = 1.0 / self._flops_per_cycle[devices]  # type: ignore[index]
        capacitance = self._device_capacitance[devices]  # type: ignore[index]
        transmit_power = self._transmit_power[devices]  # type: ignore[index]
        uplink_delay = splits.payload_bits * (1.0 / uplink)
        downlink_delay = splits.payload_bits * (1.0 / downlink)
        device_delay = splits.device_flops * (cycles_per_flop / clock)
        # κF²·cycles = κF³·seconds, which reuses the delay.
        device_power = capacitance * (clock * clock * clock)
        return Options(
            downlink_delay + device_delay + uplink_delay,
            device_power * device_delay + transmit_power * uplink_delay,
            self._downlink_power * downlink_delay,
            splits.server_work,
        )

    def round_costs(self, options: Options, server_frequency_hz: Array) -> RoundCosts:
        """Costs of a round with chosen split points and server frequencies.

        Args:
            options: The chosen split points' costs, arrays of shape (..., N).
            server_frequency_hz: Server frequency each device is given [Hz], shape (..., N).

        Returns:
            The costs. The round's delay depends on the schedule, see :mod:`asl_gym.schedules`.
        """
        work, frequency = options.server_work, server_frequency_hz
        device_delay = options.fixed_delay + work / frequency
        computing = self.server_capacitance * (frequency * frequency) * work
        server_energy = (options.downlink_energy + computing).sum(axis=-1)
        energy = options.device_energy.sum(axis=-1) + server_energy
        return RoundCosts(device_delay, options.device_energy, server_energy, energy)
