"""A trace: an episode's whole luck, drawn before it starts and never changed by actions.

It keeps apart what the controller is shown and what really happens; the two rates are equal
unless a scenario of imperfect channel knowledge says otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

import numpy as np

from asl_gym.arrays import Array

__all__ = ["Trace"]


ALLOWED = {"harvest_j": "finite numbers >= 0", "cloud": "numbers from 0 to 1"}
"""What arrays may hold that are no rates, clocks or factors, in words."""

_REAL: Array = np.empty(0)
"""Stands for shown rates that are the real ones."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Rates and device clocks of T rounds, arrays of shape (..., T, N).

    Attributes:
        uplink_bps: Real uplink rates [bit/s].
        downlink_bps: Real downlink rates [bit/s].
        clock_hz: Device clocks that are available [Hz].
        shown_uplink_bps: Uplink rates that the controller is shown; the real ones by default.
        shown_downlink_bps: Downlink rates that the controller is shown; likewise.
        flops_per_cycle_factor: What the devices' real FLOPs per cycle are, as multiples of the
            fleet's; ``None`` means that they are the fleet's.
        capacitance_factor: The same of their capacitances.
        harvest_j: What each device's battery harvests in a round [J]; ``None`` without batteries.
        cloud: The sky over each device, 1 where it is clear and 0 under clouds; likewise.
        check: Whether to check shapes and values; off where they are right by construction.
    """

    uplink_bps: Array
    downlink_bps: Array
    clock_hz: Array
    shown_uplink_bps: Array = field(default_factory=lambda: _REAL)
    shown_downlink_bps: Array = field(default_factory=lambda: _REAL)
    flops_per_cycle_factor: Array | None = None
    capacitance_factor: Array | None = None
    harvest_j: Array | None = None
    cloud: Array | None = None
    check: InitVar[bool] = True

    ARRAYS = ("uplink_bps", "downlink_bps", "clock_hz", "shown_uplink_bps", "shown_downlink_bps")
    FACTORS = ("flops_per_cycle_factor", "capacitance_factor")
    WEATHER = ("harvest_j", "cloud")
    OPTIONAL = (*FACTORS, *WEATHER)

    def __post_init__(self, check: bool) -> None:
        for name in (*self.ARRAYS, *self.OPTIONAL):
            values: Array | None = getattr(self, name)
            if values is _REAL:
                object.__setattr__(self, name, getattr(self, name.removeprefix("shown_")))
            elif check and values is not None:
                object.__setattr__(self, name, self._checked(name))

    def _checked(self, name: str) -> Array:
        values = np.ascontiguousarray(getattr(self, name), dtype=float)
        shape = np.shape(self.uplink_bps)
        if values.shape != shape or values.ndim < 2:
            raise ValueError(
                f"trace.{name} has shape {values.shape}: expected (..., T, N), the same as "
                f"uplink_bps, which has {shape}"
            )
        least = values >= 0 if name in self.WEATHER else values > 0
        allowed = least & (values <= 1 if name == "cloud" else values < np.inf)
        if not allowed.all():
            expected = ALLOWED.get(name, "finite numbers > 0 (an outage is the rate floor)")
            raise ValueError(f"trace.{name} holds {values[~allowed][0]}: expected {expected}")
        return values

    @property
    def num_rounds(self) -> int:
        """Rounds T."""
        return int(self.uplink_bps.shape[-2])

    @property
    def num_devices(self) -> int:
        """Devices N."""
        return int(self.uplink_bps.shape[-1])

    @property
    def shows_truth(self) -> bool:
        """Whether the controller is shown the very rates that decide the costs."""
        same_uplink = self.shown_uplink_bps is self.uplink_bps
        return same_uplink and self.shown_downlink_bps is self.downlink_bps

    def real(self, rounds: slice = slice(None)) -> tuple[Array, Array, Array]:
        """Real uplink and downlink rates [bit/s] and device clocks [Hz] of some rounds."""
        uplink, downlink, clock = self.uplink_bps, self.downlink_bps, self.clock_hz
        return uplink[..., rounds, :], downlink[..., rounds, :], clock[..., rounds, :]

    def factors(self, rounds: slice = slice(None)) -> tuple[Array | None, Array | None]:
        """Factors on the devices' FLOPs per cycle and capacitances in some rounds."""
        flops, capacitance = self.flops_per_cycle_factor, self.capacitance_factor
        return (
            None if flops is None else flops[..., rounds, :],
            None if capacitance is None else capacitance[..., rounds, :],
        )

    def changed(self, **arrays: Array) -> "Trace":
        """A copy with some arrays replaced, unchecked; the others are shared.

        Shown rates follow real ones that are replaced, where they are the same and not given.
        """
        kept: dict[str, Any] = {
            name: getattr(self, name) for name in (*self.ARRAYS, *self.OPTIONAL)
        }
        for name in ("uplink_bps", "downlink_bps"):
            if kept[f"shown_{name}"] is kept[name]:
                kept[f"shown_{name}"] = _REAL
        return Trace(**kept | arrays, check=False)

    def mapped(self, function: Callable[[Array], Array]) -> "Trace":
        """Applies a function to every array; shown rates that are the real ones stay so."""
        arrays: dict[str, Any] = {"check": False}
        for name in self.ARRAYS:
            values = getattr(self, name)
            if name.startswith("shown_") and values is getattr(self, name.removeprefix("shown_")):
                continue
            arrays[name] = function(values)
        for name in self.OPTIONAL:
            values = getattr(self, name)
            arrays[name] = None if values is None else function(values)
        return Trace(**arrays)

    def __getitem__(self, index: int | slice) -> "Trace":
        """Picks from the leading axis of a batch of traces."""
        if self.uplink_bps.ndim < 3:
            raise IndexError("only a batch of traces, shape (B, T, N), can be indexed")
        return self.mapped(lambda values: values[index])

    def copy(self) -> "Trace":
        """A copy with memory of its own."""
        return self.mapped(np.copy)

    @classmethod
    def end_to_end(cls, traces: Sequence["Trace"]) -> "Trace":
        """Puts B traces of equal shape (T, N) one after the other, shape (B·T, N)."""
        return cls.stack(traces).mapped(lambda values: values.reshape(-1, values.shape[-1]))

    @classmethod
    def stack(cls, traces: Sequence["Trace"]) -> "Trace":
        """Puts traces of equal shape into one batch, shape (B, T, N)."""
        truth = all(trace.shows_truth for trace in traces)
        arrays: dict[str, Any] = {
            name: np.stack([getattr(trace, name) for trace in traces])
            for name in cls.ARRAYS
            if not (truth and name.startswith("shown_"))
        }
        for name in cls.FACTORS:
            given = [getattr(trace, name) for trace in traces]
            if any(each is not None for each in given):
                ones = np.ones_like(traces[0].clock_hz)
                arrays[name] = np.stack([ones if each is None else each for each in given])
        for name in cls.WEATHER:
            given = [getattr(trace, name) for trace in traces]
            lacking = sum(each is None for each in given)
            if 0 < lacking < len(given):
                raise ValueError(
                    f"{lacking} of {len(given)} traces lack {name}: expected all or none"
                )
            if not lacking:
                arrays[name] = np.stack(given)
        return cls(**arrays)
