"""The parts of a system: fleet, server and workload.

Frozen dataclasses that check themselves; what each figure may be, and why, is in
:mod:`asl_gym.model.limits`. Units stand in the field names or the docstrings; everything that
follows from the fields is computed elsewhere and never stored.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model import limits
from asl_gym.model.profiles import NetworkProfile
from asl_gym.validation.checks import FieldError, sequence, whole_number
from asl_gym.validation.fields import (
    Declared,
    count,
    instance,
    keeps_hash,
    optional,
    quantities,
    quantity,
)

__all__ = [
    "Fleet",
    "Schedule",
    "Server",
    "Workload",
]

Schedule = Literal["sequential", "parallel"]


@keeps_hash
@dataclass(frozen=True)
class Fleet(Declared):
    """The devices, one entry a device.

    The clock that device n has available in a round is ``clock_hz[n]`` times a factor drawn
    uniformly from [``min_clock_fraction``, 1], independently over rounds: its other load takes
    the rest.

    Attributes:
        clock_hz: Full processor clock [Hz].
        flops_per_cycle: Floating-point operations per clock cycle [FLOP/cycle].
        capacitance: Effective switched capacitance κ [W/Hz³].
        transmit_power_w: Uplink transmit power [W].
        distance_m: Distance to the base station [m].
        min_clock_fraction: Least share of the clock that is available, in [0.001, 1].
        memory_bytes_per_s: Memory that computing reads and writes [byte/s]; ``None`` where it
            costs no time beside the FLOPs.
        operator_s: Fixed time of starting an operator [s]; ``None`` stands for 0.
        computing_power_w: Measured power while computing [W]; ``None`` where it follows from the
            clock as κF³.
        sending_power_w: Measured power while sending [W]; ``None`` stands for the transmit power.
        receiving_power_w: Measured power while receiving [W]; ``None`` where it isn't counted.
        kind: What each device is, for times and networks that differ by kind; ``None`` where
            nothing does.
    """

    clock_hz: tuple[float, ...] = quantities(limits.CLOCK)
    flops_per_cycle: tuple[float, ...] = quantities(limits.FLOPS_PER_CYCLE)
    capacitance: tuple[float, ...] = quantities(limits.CAPACITANCE)
    transmit_power_w: tuple[float, ...] = quantities(limits.POWER)
    distance_m: tuple[float, ...] = quantities(limits.DISTANCE)
    min_clock_fraction: float = quantity(limits.CLOCK_FRACTION)
    memory_bytes_per_s: tuple[float, ...] | None = optional(quantities(limits.MEMORY_RATE))
    operator_s: tuple[float, ...] | None = optional(quantities(limits.OPERATOR_TIME))
    computing_power_w: tuple[float, ...] | None = optional(quantities(limits.POWER))
    sending_power_w: tuple[float, ...] | None = optional(quantities(limits.POWER))
    receiving_power_w: tuple[float, ...] | None = optional(quantities(limits.POWER))
    kind: tuple[str, ...] | None = None

    PREFIX = "fleet."
    PER_DEVICE = ("clock_hz", "flops_per_cycle", "capacitance", "transmit_power_w", "distance_m")
    OPTIONAL = (
        *("memory_bytes_per_s", "operator_s", "computing_power_w"),
        *("sending_power_w", "receiving_power_w"),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("fleet.num_devices", self.num_devices, 1, limits.MAX_DEVICES)
        for name in (*self.PER_DEVICE, *self.OPTIONAL):
            entries = getattr(self, name)
            if entries is not None and len(entries) != self.num_devices:
                given, allowed = (f"{count} entries" for count in (len(entries), self.num_devices))
                raise FieldError(f"fleet.{name}", given, allowed)
        if self.kind is not None:
            object.__setattr__(self, "kind", self._checked_kinds(self.kind))
        if self.has_roofline and self.computing_power_w is None:
            allowed = "the measured power, where memory or operators take time"
            raise FieldError("fleet.computing_power_w", None, allowed)

    def _checked_kinds(self, given: Any) -> tuple[str, ...]:
        kinds = sequence("fleet.kind", given, "names of kinds")
        if len(kinds) != self.num_devices:
            raise FieldError("fleet.kind", f"{len(kinds)} entries", f"{self.num_devices} entries")
        for place, kind in enumerate(kinds):
            if not isinstance(kind, str) or not kind or not kind.isprintable():
                allowed = "a non-empty string of printable characters"
                raise FieldError(f"fleet.kind[{place}]", kind, allowed)
        return kinds

    @property
    def has_roofline(self) -> bool:
        """Whether memory or starting operators takes time beside the FLOPs."""
        return self.memory_bytes_per_s is not None or self.operator_s is not None

    @property
    def num_devices(self) -> int:
        """Number of devices N."""
        return len(self.clock_hz)


@dataclass(frozen=True)
class Server(Declared):
    """The edge server.

    Attributes:
        clock_min_hz: Least clock it can give a device [Hz].
        clock_max_hz: Full clock [Hz].
        flops_per_cycle: Floating-point operations per clock cycle [FLOP/cycle].
        capacitance: Effective switched capacitance κ_s [W/Hz³].
        memory_bytes_per_s: Memory that computing reads and writes [byte/s], whatever the clock;
            ``None`` where it costs no time beside the FLOPs.
        operator_s: Fixed time of starting an operator [s], whatever the clock; ``None`` stands
            for 0.
    """

    clock_min_hz: float = quantity(limits.CLOCK)
    clock_max_hz: float = quantity(limits.CLOCK)
    flops_per_cycle: float = quantity(limits.FLOPS_PER_CYCLE)
    capacitance: float = quantity(limits.CAPACITANCE)
    memory_bytes_per_s: float | None = optional(quantity(limits.MEMORY_RATE))
    operator_s: float | None = optional(quantity(limits.OPERATOR_TIME))

    PREFIX = "server."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clock_min_hz > self.clock_max_hz:
            allowed = f"a number <= server.clock_max_hz = {self.clock_max_hz:g}"
            raise FieldError("server.clock_min_hz", self.clock_min_hz, allowed)

    @property
    def has_roofline(self) -> bool:
        """Whether memory or starting operators takes time beside the FLOPs."""
        return self.memory_bytes_per_s is not None or self.operator_s is not None

    @property
    def full_power_w(self) -> float:
        """κ_s f³ at the full clock [W]."""
        return self.capacitance * self.clock_max_hz**3

    def computing_energy(self, frequency_hz: Array, work: Any) -> Any:
        """κ_s f² w: energy [J] of ``work`` cycles at a clock; the arguments broadcast."""
        return self.capacitance * (frequency_hz * frequency_hz) * work

    def clock_at(self, position: Array) -> Array:
        """Clocks [Hz] at positions in [0, 1] on the log scale from least to full clock."""
        log_range = math.log(self.clock_max_hz / self.clock_min_hz)
        clock = self.clock_min_hz * np.exp(position * log_range)
        return np.asarray(np.minimum(np.maximum(clock, self.clock_min_hz), self.clock_max_hz))

    def position_of(self, clock_hz: Array) -> Array:
        """Positions of clocks on that scale; 0 where least and full clock are the same."""
        log_range = math.log(self.clock_max_hz / self.clock_min_hz)
        if log_range == 0:
            return np.zeros_like(clock_hz, dtype=float)
        return np.asarray(np.log(clock_hz / self.clock_min_hz) / log_range)


@dataclass(frozen=True)
class Workload(Declared):
    """What is trained.

    Attributes:
        profile: The network, profiled layer by layer.
        samples_per_round: Samples S that a device trains on in a round (batch × iterations).
        splits: The admissible split points, rising, within 0…L; ``None`` stands for 1…L, whatever
            the network. Split point 0 sends the raw data and is admissible only where it is named.
        batch_size: Samples that run through the network together; ``None`` for all of a round.
            Weights are read, and operators started, once a batch.
        momentum: Momentum of SGD; where there is any, its state travels with the parameters.
    """

    profile: NetworkProfile = instance(NetworkProfile)
    samples_per_round: int = count(1, limits.MAX_SAMPLES)
    splits: tuple[int, ...] | None = None
    batch_size: int | None = optional(count(1, limits.MAX_SAMPLES))
    momentum: float = quantity(limits.MOMENTUM, default=0.0)

    PREFIX = "workload."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.splits is not None:
            splits = self._checked_splits(self.splits, self.profile.num_layers)
            object.__setattr__(self, "splits", splits)

    @staticmethod
    def _checked_splits(given: Any, layers: int) -> tuple[int, ...]:
        entries = sequence("workload.splits", given, "split points")
        splits = tuple(
            whole_number(f"workload.splits[{i}]", split, 0, layers)
            for i, split in enumerate(entries)
        )
        if not splits or any(a >= b for a, b in pairwise(splits)):
            allowed = "one or more rising split points without repeats"
            raise FieldError("workload.splits", splits, allowed)
        return splits

    @property
    def admissible_splits(self) -> tuple[int, ...]:
        """The admissible split points."""
        return self.splits or tuple(range(1, self.profile.num_layers + 1))

    @property
    def cut_names(self) -> tuple[str, ...]:
        """Names of the admissible cuts, the layers that they come after."""
        return tuple(self.profile.cut_names[split] for split in self.admissible_splits)

    @property
    def num_splits(self) -> int:
        """Number of admissible split points."""
        return len(self.admissible_splits)

    @property
    def state_bits(self) -> tuple[float, ...]:
        """Parameters, buffers and momentum φ(ℓ) of layers 1…ℓ [bit], L + 1 entries."""
        bits = self.profile.parameter_bits
        if not self.momentum:
            return bits
        buffers = self.profile.buffer_bits or (0.0,) * len(bits)
        return tuple(2.0 * each - buffer for each, buffer in zip(bits, buffers, strict=True))

    @property
    def batches(self) -> int:
        """Batches of a round; the last may be smaller."""
        return -(-self.samples_per_round // (self.batch_size or self.samples_per_round))
