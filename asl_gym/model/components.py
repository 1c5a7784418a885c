"""The parts of a scenario: fleet, server, radio, workload, energy budget and knowledge.

Frozen dataclasses that check themselves. Units stand in the field names or the docstrings;
everything that follows from the fields is computed elsewhere and never stored.
"""

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from asl_gym.model.profiles import NetworkProfile
from asl_gym.validation import FieldError, number, numbers_tuple, one_of, whole_number

__all__ = [
    "PERFECT",
    "Budget",
    "Fading",
    "Fleet",
    "Knowledge",
    "Radio",
    "Schedule",
    "Server",
    "Workload",
]

Fading = Literal["block", "ergodic", "none"]
Schedule = Literal["sequential", "parallel"]


def _set(instance: object, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(instance, name, value)


@dataclass(frozen=True)
class Fleet:
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
        min_clock_fraction: Least share of the clock that is available, in (0, 1].
    """

    clock_hz: tuple[float, ...]
    flops_per_cycle: tuple[float, ...]
    capacitance: tuple[float, ...]
    transmit_power_w: tuple[float, ...]
    distance_m: tuple[float, ...]
    min_clock_fraction: float

    PER_DEVICE = ("clock_hz", "flops_per_cycle", "capacitance", "transmit_power_w", "distance_m")

    def __post_init__(self) -> None:
        clocks = numbers_tuple("fleet.clock_hz", self.clock_hz, low=0, open_low=True)
        for name in self.PER_DEVICE:
            values = numbers_tuple(
                f"fleet.{name}", getattr(self, name), len(clocks), low=0, open_low=True
            )
            _set(self, **{name: values})
        fraction = number("fleet.min_clock_fraction", self.min_clock_fraction, 0, 1, open_low=True)
        _set(self, min_clock_fraction=fraction)

    @property
    def num_devices(self) -> int:
        """Number of devices N."""
        return len(self.clock_hz)


@dataclass(frozen=True)
class Server:
    """The edge server.

    Attributes:
        clock_min_hz: Least clock it can give a device [Hz].
        clock_max_hz: Full clock [Hz].
        flops_per_cycle: Floating-point operations per clock cycle [FLOP/cycle].
        capacitance: Effective switched capacitance κ_s [W/Hz³].
    """

    clock_min_hz: float
    clock_max_hz: float
    flops_per_cycle: float
    capacitance: float

    def __post_init__(self) -> None:
        for name in ("clock_min_hz", "clock_max_hz", "flops_per_cycle", "capacitance"):
            value = number(f"server.{name}", getattr(self, name), 0, open_low=True)
            _set(self, **{name: value})
        if self.clock_min_hz > self.clock_max_hz:
            allowed = f"a number > 0 and <= server.clock_max_hz = {self.clock_max_hz:g}"
            raise FieldError("server.clock_min_hz", self.clock_min_hz, allowed)

    def computing_energy(self, frequency_hz: NDArray[np.float64], work: Any) -> Any:
        """κ_s f² w: energy [J] of ``work`` cycles at a clock; the arguments broadcast."""
        return self.capacitance * (frequency_hz * frequency_hz) * work

    def clock_at(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Clocks [Hz] at positions in [0, 1] on the log scale from least to full clock."""
        log_range = math.log(self.clock_max_hz / self.clock_min_hz)
        clock = self.clock_min_hz * np.exp(position * log_range)
        return np.asarray(np.minimum(np.maximum(clock, self.clock_min_hz), self.clock_max_hz))


@dataclass(frozen=True)
class Radio:
    """The wireless channel and how its energy is counted.

    Attributes:
        bandwidth_hz: Channel bandwidth B [Hz].
        base_station_power_w: Downlink transmit power [W].
        noise_density_dbm_per_hz: Thermal noise density [dBm/Hz].
        noise_figure_db: Receiver noise figure [dB].
        path_loss_at_1km_db: Path loss at 1 km [dB].
        path_loss_exponent_db: Path loss per decade of distance [dB].
        shadowing_std_db: Standard deviation of log-normal shadowing [dB].
        shadowing_correlation: Correlation of shadowing from one round to the next, in [0, 1).
        fading: ``"block"`` (one Rayleigh draw a round and direction), ``"ergodic"`` (the mean rate
            over Rayleigh fading) or ``"none"``.
        rate_floor_bps: Rate that stands for outage [bit/s].
        max_spectral_efficiency: Rate cap of the highest modulation [bit/s/Hz].
        count_downlink_energy: Whether the base station's transmit energy counts.
    """

    bandwidth_hz: float
    base_station_power_w: float
    noise_density_dbm_per_hz: float
    noise_figure_db: float
    path_loss_at_1km_db: float
    path_loss_exponent_db: float
    shadowing_std_db: float
    shadowing_correlation: float
    fading: Fading
    rate_floor_bps: float
    max_spectral_efficiency: float
    count_downlink_energy: bool = True

    def __post_init__(self) -> None:
        for name in ("bandwidth_hz", "base_station_power_w", "rate_floor_bps"):
            value = number(f"radio.{name}", getattr(self, name), 0, open_low=True)
            _set(self, **{name: value})
        for name in ("noise_density_dbm_per_hz", "noise_figure_db", "path_loss_at_1km_db"):
            _set(self, **{name: number(f"radio.{name}", getattr(self, name))})
        for name in ("path_loss_exponent_db", "shadowing_std_db"):
            _set(self, **{name: number(f"radio.{name}", getattr(self, name), 0)})
        correlation = number("radio.shadowing_correlation", self.shadowing_correlation, 0)
        if correlation >= 1:
            raise FieldError("radio.shadowing_correlation", correlation, "a number in [0, 1)")
        efficiency = number(
            "radio.max_spectral_efficiency", self.max_spectral_efficiency, 0, open_low=True
        )
        _set(self, shadowing_correlation=correlation, max_spectral_efficiency=efficiency)
        one_of("radio.fading", self.fading, get_args(Fading))
        if not isinstance(self.count_downlink_energy, bool):
            raise FieldError("radio.count_downlink_energy", self.count_downlink_energy, "a bool")
        if self.rate_floor_bps >= self.rate_cap_bps:
            allowed = f"a number > 0 and below the rate cap of {self.rate_cap_bps:g} bit/s"
            raise FieldError("radio.rate_floor_bps", self.rate_floor_bps, allowed)

    @property
    def rate_cap_bps(self) -> float:
        """Greatest rate [bit/s]."""
        return self.bandwidth_hz * self.max_spectral_efficiency


@dataclass(frozen=True)
class Workload:
    """What is trained.

    Attributes:
        profile: The network, profiled layer by layer.
        samples_per_round: Samples S that a device trains on in a round (batch × iterations).
        splits: The admissible split points, rising, within 0…L; ``None`` stands for 1…L, whatever
            the network. Split point 0 sends the raw data and is admissible only where it is named.
    """

    profile: NetworkProfile
    samples_per_round: int
    splits: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.profile, NetworkProfile):
            raise FieldError("workload.profile", self.profile, "a NetworkProfile")
        layers = self.profile.num_layers
        samples = whole_number("workload.samples_per_round", self.samples_per_round, 1)
        _set(self, samples_per_round=samples)
        if self.splits is not None:
            _set(self, splits=self._checked_splits(self.splits, layers))

    @staticmethod
    def _checked_splits(given: Any, layers: int) -> tuple[int, ...]:
        if not isinstance(given, Iterable):
            raise FieldError("workload.splits", given, "a sequence of split points")
        splits = tuple(
            whole_number(f"workload.splits[{i}]", split, 0, layers) for i, split in enumerate(given)
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
    def num_splits(self) -> int:
        """Number of admissible split points."""
        return len(self.admissible_splits)


@dataclass(frozen=True)
class Budget:
    """The long-term energy budget per round, in joules or as a fraction.

    Exactly one of ``joules`` and ``fraction`` is given. A fraction ρ stands for
    E_min + ρ·(E_fast − E_min), the energies of the minimum-energy and the minimum-delay policy on
    the scenario's reference trace, so that it scales with the fleet.

    Attributes:
        scope: ``"system"`` (devices and server together) or ``"per_device"`` (one budget for each
            device and a last one for the server side).
        joules: Energy per round [J]: one number, or N + 1 of them for ``"per_device"``.
        fraction: Share ρ in (0, 1).
        refers_to: What the budget was made for. Joules for ``"measured traces"`` are not checked
            against the reference trace, whose channel says nothing of measured ones.
    """

    scope: Literal["system", "per_device"] = "system"
    joules: tuple[float, ...] | float | None = None
    fraction: float | None = None
    refers_to: Literal["reference trace", "measured traces"] = "reference trace"

    def __post_init__(self) -> None:
        one_of("budget.refers_to", self.refers_to, ("reference trace", "measured traces"))
        if self.refers_to == "measured traces" and self.joules is None:
            raise FieldError("budget.refers_to", self.refers_to, "a budget in joules with it")
        one_of("budget.scope", self.scope, ("system", "per_device"))
        if (self.joules is None) == (self.fraction is None):
            given = {"joules": self.joules, "fraction": self.fraction}
            raise FieldError("budget", given, "exactly one of joules and fraction")
        if self.fraction is not None:
            fraction = number("budget.fraction", self.fraction, 0, open_low=True)
            if fraction >= 1:
                raise FieldError("budget.fraction", fraction, "a number in (0, 1)")
            _set(self, fraction=fraction)
        else:
            joules = self.joules
            values = (joules,) if isinstance(joules, numbers.Real) else joules
            length = 1 if self.scope == "system" else None
            _set(self, joules=numbers_tuple("budget.joules", values, length, low=0, open_low=True))

    def number(self, num_devices: int) -> int:
        """Number of budgets K of a fleet: 1, or N + 1 for per-device budgets."""
        return 1 if self.scope == "system" else num_devices + 1


@dataclass(frozen=True)
class Knowledge:
    """How well the controller knows channels and devices.

    Attributes:
        csi_delay_rounds: Rounds by which the shown rates lag behind those that decide the costs.
        parameter_error: Greatest factor ≥ 1 by which a device's real FLOPs per cycle and
            capacitance differ from the fleet's, each way; 1 means that they are known. Above 1,
            observations carry each device's realised delay and energy of the last round.
    """

    csi_delay_rounds: int = 0
    parameter_error: float = 1.0

    def __post_init__(self) -> None:
        rounds = whole_number("knowledge.csi_delay_rounds", self.csi_delay_rounds, 0)
        factor = number("knowledge.parameter_error", self.parameter_error, 1)
        object.__setattr__(self, "csi_delay_rounds", rounds)
        object.__setattr__(self, "parameter_error", factor)

    @property
    def shows_costs(self) -> bool:
        """Whether observations carry the realised costs of the last round."""
        return self.parameter_error > 1.0


PERFECT = Knowledge()
"""Of everything, the default."""
