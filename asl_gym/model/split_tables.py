"""What each split point moves and computes, whatever rates and clocks are.

Figures have shape (L,) where they are the same for all devices, and (N, L) where devices differ in
network or in computing. A device with fewer admissible split points than another repeats its last
one, so that every index is a choice it has.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.computing import Processor, roofline_seconds
from asl_gym.model.kinds import Group
from asl_gym.model.split_points import picked, spread
from asl_gym.validation.checks import FieldError

__all__ = ["SplitTables", "flops_per_work", "smashed_bits", "split_tables"]


class SplitTables(NamedTuple):
    """Figures of split points, shape (L,) or (N, L); or of chosen ones, shape (..., N).

    Attributes:
        uplink_bits: Bits that a round moves up.
        downlink_bits: Bits that it moves down; the same object where they are as many.
        device_work: Work of the device: FLOPs, or seconds at its full clock.
        server_work: Work of the server w that goes with its clock [cycles].
        server_seconds: Time of the server that doesn't [s]; ``None`` where there is none.
    """

    uplink_bits: Array
    downlink_bits: Array
    device_work: Array
    server_work: Array
    server_seconds: Array | None = None

    @property
    def is_symmetric(self) -> bool:
        """Whether the same bits move up and down, which spares half of the work."""
        return self.downlink_bits is self.uplink_bits

    def at(self, split_index: Splits) -> "SplitTables":
        """The figures of chosen split points."""
        return self._each(lambda table: picked(table, split_index))

    def by_split(self) -> "SplitTables":
        """The figures with the split points as the first of three axes, each in one piece.

        Returns:
            Arrays of shape (L, 1, 1) where all devices are alike, else (L, 1, N).
        """
        return self._each(
            lambda table: np.ascontiguousarray(np.atleast_2d(table).swapaxes(0, 1)[:, None])
        )

    def of_devices(self, devices: slice) -> "SplitTables":
        """Those of some devices, of :meth:`by_split`'s figures."""
        return self._each(lambda table: table if table.shape[-1] == 1 else table[..., devices])

    def _each(self, change: Callable[[Array], Array]) -> "SplitTables":
        up, seconds = change(self.uplink_bits), self.server_seconds
        return SplitTables(
            up,
            up if self.is_symmetric else change(self.downlink_bits),
            change(self.device_work),
            change(self.server_work),
            None if seconds is None else change(seconds),
        )


def split_tables(fleet: Fleet, server: Server, groups: Sequence[Group]) -> SplitTables:
    """The figures of a fleet's split points.

    Bits are φ(ℓ) + S·s(ℓ)·[ℓ < L] each way. Work by FLOPs is S·c(ℓ) on the device and
    S·(c(L) − c(ℓ))/ϱ_s on the server; what memory and starting operators take is added to the
    device's time, and at the server is time that no clock changes. Measured times stand in place of
    all that; the server's become the work t·f_max.
    """

    def table(figures: Callable[[Group], Array]) -> Array:
        return spread(groups, [figures(group) for group in groups])

    up = table(lambda group: _bits(group.workload, group.workload.profile.activation_bits))
    down = table(lambda group: _bits(group.workload, group.workload.profile.downlink_bits))
    return SplitTables(
        up,
        up if np.array_equal(up, down) else down,
        table(lambda group: _device_work(fleet, group)),
        table(lambda group: _server_work(server, group)),
        table(lambda group: _server_seconds(server, group)) if server.has_roofline else None,
    )


def smashed_bits(groups: Sequence[Group]) -> tuple[Array, Array]:
    """Bits of smashed data up and of its gradient down in a round, without the parameters.

    Returns:
        Two tables of shape (L,) or (N, L).
    """
    up = [_smashed_bits(each.workload, each.workload.profile.activation_bits) for each in groups]
    down = [_smashed_bits(each.workload, each.workload.profile.downlink_bits) for each in groups]
    return spread(groups, up), spread(groups, down)


def flops_per_work(fleet: Fleet, groups: Sequence[Group], tables: SplitTables) -> Array:
    """FLOPs in a unit of each device's work, over all that it may run, shape (N,).

    1 where work is counted in FLOPs, and where a device may run nothing.
    """
    flops = np.ones(fleet.num_devices)
    for group in groups:
        if group.is_timed(fleet):
            most = group.workload.profile.training_flops[group.workload.admissible_splits[-1]]
            flops[group.devices] = group.workload.samples_per_round * most
        else:
            flops[group.devices] = _work_of_all(fleet, tables)[group.devices]
    work = _work_of_all(fleet, tables)
    return np.where((work > 0) & (flops > 0), flops / np.where(work > 0, work, 1.0), 1.0)


def _work_of_all(fleet: Fleet, tables: SplitTables) -> Array:
    """Work of each device at its last split point, shape (N,)."""
    return np.broadcast_to(tables.device_work[..., -1], (fleet.num_devices,))


def _bits(workload: Workload, crossing: tuple[float, ...]) -> Array:
    splits = np.asarray(workload.admissible_splits)
    state_bits = np.asarray(workload.state_bits, dtype=float)[splits]
    return np.asarray(state_bits + _smashed_bits(workload, crossing))


def _smashed_bits(workload: Workload, crossing: tuple[float, ...]) -> Array:
    """S·s(ℓ)·[ℓ < L] of the admissible split points."""
    splits = np.asarray(workload.admissible_splits)
    each_sample = np.asarray(crossing, dtype=float)[splits]
    each_sample = np.where(splits < workload.profile.num_layers, each_sample, 0.0)
    return np.asarray(workload.samples_per_round * each_sample)


def _device_work(fleet: Fleet, group: Group) -> Array:
    workload = group.workload
    if (measured := group.measured_s("device")) is not None:
        return measured
    splits = np.asarray(workload.admissible_splits)
    flops = np.asarray(workload.profile.training_flops, dtype=float)[splits]
    if not fleet.has_roofline:
        return np.asarray(workload.samples_per_round * flops)

    def of_devices(values: tuple[float, ...] | None, default: float) -> Array:
        given = np.full(fleet.num_devices, default) if values is None else np.asarray(values)
        return np.asarray(given[group.devices, None])

    rate = np.asarray(fleet.clock_hz) * np.asarray(fleet.flops_per_cycle)
    processor = Processor(
        rate[group.devices, None],
        of_devices(fleet.memory_bytes_per_s, np.inf),
        of_devices(fleet.operator_s, 0.0),
    )
    moved, operators = _memory_and_operators(workload)
    return roofline_seconds(
        processor, workload.samples_per_round * flops, moved[splits], operators[splits]
    )


def _server_work(server: Server, group: Group) -> Array:
    workload = group.workload
    if (measured := group.measured_s("server")) is not None:
        return np.asarray(measured * server.clock_max_hz)
    flops = np.asarray(workload.profile.training_flops, dtype=float)
    left = flops[-1] - flops[np.asarray(workload.admissible_splits)]
    return np.asarray(workload.samples_per_round * left / server.flops_per_cycle)


def _server_seconds(server: Server, group: Group) -> Array:
    splits = np.asarray(group.workload.admissible_splits)
    if group.measured_s("server") is not None:
        return np.zeros(len(splits))
    moved, operators = (
        values[-1] - values[splits] for values in _memory_and_operators(group.workload)
    )
    bandwidth = np.inf if server.memory_bytes_per_s is None else server.memory_bytes_per_s
    processor = Processor(np.inf, bandwidth, server.operator_s or 0.0)
    return roofline_seconds(processor, 0.0, moved, operators)


def _memory_and_operators(workload: Workload) -> tuple[Array, Array]:
    """Bytes moved and operators started by layers 1…ℓ in a round, L + 1 entries each.

    Raises:
        FieldError: If the network's profile doesn't say.
    """
    profile, batches = workload.profile, workload.batches
    for name in ("activation_bytes", "weight_bytes", "operators"):
        if getattr(profile, name) is None:
            allowed = "figures of each layer, where memory or operators take time"
            raise FieldError(f"profile.{name}", None, allowed)
    activations = workload.samples_per_round * np.asarray(profile.activation_bytes, dtype=float)
    moved = activations + batches * np.asarray(profile.weight_bytes, dtype=float)
    return moved, batches * np.asarray(profile.operators, dtype=float)
