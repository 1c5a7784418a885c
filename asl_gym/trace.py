"""A trace: an episode's whole luck, drawn before it starts and never changed by actions.

It keeps apart what the controller is shown and what really happens; the two rates are equal
unless a scenario of imperfect channel knowledge says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from asl_gym import channel
from asl_gym.components import Fleet, Radio

if TYPE_CHECKING:
    from asl_gym.scenario import Scenario

__all__ = ["SyntheticTraces", "Trace", "TraceSource"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trace:
    """Rates and device clocks of T rounds, arrays of shape (..., T, N).

    Attributes:
        uplink_bps: Real uplink rates [bit/s].
        downlink_bps: Real downlink rates [bit/s].
        clock_hz: Device clocks that are available [Hz].
        shown_uplink_bps: Uplink rates that the controller is shown; the real ones by default.
        shown_downlink_bps: Downlink rates that the controller is shown; likewise.
        notes: What is worth knowing of where it came from, for people.
    """

    uplink_bps: Array
    downlink_bps: Array
    clock_hz: Array
    shown_uplink_bps: Array = field(default=None)  # type: ignore[assignment]
    shown_downlink_bps: Array = field(default=None)  # type: ignore[assignment]
    notes: tuple[str, ...] = ()

    ARRAYS = ("uplink_bps", "downlink_bps", "clock_hz", "shown_uplink_bps", "shown_downlink_bps")

    def __post_init__(self) -> None:
        for shown, real in (("shown_uplink_bps", "uplink_bps"), ("shown_downlink_bps", "downlink_bps")):
            if getattr(self, shown) is None:
                object.__setattr__(self, shown, getattr(self, real))
        shape = np.shape(self.uplink_bps)
        for name in self.ARRAYS:
            values = np.ascontiguousarray(getattr(self, name), dtype=float)
            if values.shape != shape or values.ndim < 2:
                raise ValueError(
                    f"trace.{name} has shape {values.shape}: expected (..., T, N), the same as "
                    f"uplink_bps, which has {shape}"
                )
            if not (values.min(initial=1.0) > 0 and values.max(initial=1.0) < np.inf):
                wrong = values[~((values > 0) & (values < np.inf))][0]
                raise ValueError(
                    f"trace.{name} holds {wrong}: expected finite numbers > 0 (an outage is the "
                    "rate floor)"
                )
            object.__setattr__(self, name, values)

    @property
    def num_rounds(self) -> int:
        """Rounds T."""
        return self.uplink_bps.shape[-2]

    @property
    def num_devices(self) -> int:
        """Devices N."""
        return self.uplink_bps.shape[-1]

    def __getitem__(self, index: int | slice) -> "Trace":
        """Picks from the leading axis of a batch of traces."""
        if self.uplink_bps.ndim < 3:
            raise IndexError("only a batch of traces, shape (B, T, N), can be indexed")
        return Trace(*(getattr(self, name)[index] for name in self.ARRAYS), notes=self.notes)

    @classmethod
    def stack(cls, traces: Sequence["Trace"]) -> "Trace":
        """Puts traces of equal shape into one batch, shape (B, T, N)."""
        arrays = (np.stack([getattr(trace, name) for trace in traces]) for name in cls.ARRAYS)
        notes = dict.fromkeys(note for trace in traces for note in trace.notes)
        return cls(*arrays, notes=tuple(notes))

    @classmethod
    def synthetic(
        cls, scenario: "Scenario", rng: np.random.Generator, rounds: int | None = None
    ) -> "Trace":
        """Draws one trace from the scenario's radio and fleet, see :class:`SyntheticTraces`."""
        rounds = scenario.horizon if rounds is None else rounds
        return SyntheticTraces(scenario.fleet, scenario.radio).draw([rng], rounds)[0]


class TraceSource(Protocol):
    """Where an environment's traces come from."""

    def draw(self, generators: Sequence[np.random.Generator], rounds: int) -> Trace:
        """Draws one trace a generator.

        Args:
            generators: The B random generators; each trace depends on its own alone.
            rounds: Rounds T of each trace.

        Returns:
            A batch of traces, shape (B, T, N).
        """
        ...


class SyntheticTraces:
    """Traces drawn from the scenario's channel model and clock law."""

    def __init__(self, fleet: Fleet, radio: Radio) -> None:
        self._fleet, self._radio = fleet, radio
        self._uplink_snr, self._downlink_snr = channel.mean_snr(fleet, radio)

    def draw(self, generators: Sequence[np.random.Generator], rounds: int) -> Trace:
        """Draws one trace a generator, see :class:`TraceSource`."""
        shape = (len(generators), rounds, self._fleet.num_devices)
        shadowing = np.empty(shape)
        for row, generator in zip(shadowing, generators, strict=True):
            generator.standard_normal(out=row)
        gain = channel.shadowing_gain(channel.correlate_shadowing(shadowing, self._radio))
        uplink = channel.rates(self._uplink_snr, gain, self._fading(generators, shape), self._radio)
        downlink = channel.rates(
            self._downlink_snr, gain, self._fading(generators, shape), self._radio
        )
        return Trace(uplink, downlink, draw_clocks(self._fleet, generators, rounds))

    def _fading(
        self, generators: Sequence[np.random.Generator], shape: tuple[int, ...]
    ) -> Array | None:
        if self._radio.fading != "block":
            return None
        gain = np.empty(shape)
        for row, generator in zip(gain, generators, strict=True):
            generator.standard_exponential(out=row)
        return gain


def draw_clocks(fleet: Fleet, generators: Sequence[np.random.Generator], rounds: int) -> Array:
    """Draws the device clocks available in each round, by the fleet's law.

    Returns:
        Clocks [Hz], shape (B, T, N).
    """
    share = np.empty((len(generators), rounds, fleet.num_devices))
    for row, generator in zip(share, generators, strict=True):
        generator.random(out=row)
    share *= 1.0 - fleet.min_clock_fraction
    share += fleet.min_clock_fraction
    share *= np.asarray(fleet.clock_hz)
    return share
