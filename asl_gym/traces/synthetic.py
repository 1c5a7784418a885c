"""Where traces come from: the protocol of a source, and the scenario's own channel model."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.components import Fleet
from asl_gym.model.radio import Channel, Link, Radio
from asl_gym.traces import channel
from asl_gym.traces.trace import Trace

__all__ = ["SyntheticTraces", "TraceSource", "draw_clocks"]

BLOCK_SIZE = 65_536
"""Numbers that a block of rows holds in one array when traces are drawn."""


class TraceSource(Protocol):
    """Where an environment's traces come from."""

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator.

        Args:
            generators: The B random generators; each trace depends on its own alone.
            rounds: Rounds T of each trace.
            reuse: An earlier draw that is no longer needed and whose memory may be overwritten.

        Returns:
            A batch of traces, shape (B, T, N).
        """
        ...


class RadioRates:
    """Rates of a radio's fading, shadowed channel."""

    def __init__(self, fleet: Fleet, radio: Radio) -> None:
        self._num_devices, self._radio = fleet.num_devices, radio
        self._uplink_snr, self._downlink_snr = channel.mean_snr(fleet, radio)

    def draw(self, generators: Sequence[np.random.Generator], rounds: int) -> tuple[Array, Array]:
        """Draws uplink and downlink rates [bit/s], (B, T, N) each, one trace a generator."""
        shape = (len(generators), rounds, self._num_devices)
        innovations = each_row(np.empty(shape), generators, np.random.Generator.standard_normal)
        gain = channel.shadowing_gain(innovations, self._radio)
        fading: tuple[Array | None, Array | None] = (None, None)
        if self._radio.fading == "block":
            both = np.empty((shape[0], 2, *shape[1:]))
            each_row(both, generators, np.random.Generator.standard_exponential)
            fading = both[:, 0], both[:, 1]
        # Repeated over the rounds, the devices' constants meet whole rows in one inner loop.
        snr = (np.tile(values, (rounds, 1)) for values in (self._uplink_snr, self._downlink_snr))
        uplink_snr, downlink_snr = snr
        uplink = channel.rates(uplink_snr, gain, fading[0], self._radio)
        return uplink, channel.rates(downlink_snr, gain, fading[1], self._radio)


class LinkRates:
    """Rates of a link, uniform around the stated ones."""

    def __init__(self, fleet: Fleet, link: Link) -> None:
        self._num_devices, self._link = fleet.num_devices, link

    def draw(self, generators: Sequence[np.random.Generator], rounds: int) -> tuple[Array, Array]:
        """Draws uplink and downlink rates [bit/s], (B, T, N) each, one trace a generator."""
        link, shape = self._link, (len(generators), 2, rounds, self._num_devices)
        position = each_row(np.empty(shape), generators, np.random.Generator.random)
        factor = 1.0 + link.variation * (2.0 * position - 1.0)
        return link.uplink_bps * factor[:, 0], link.downlink_bps * factor[:, 1]


class SyntheticTraces:
    """Traces drawn from the scenario's channel model and clock law."""

    def __init__(self, fleet: Fleet, radio: Channel) -> None:
        self._fleet = fleet
        self._rates = (
            LinkRates(fleet, radio) if isinstance(radio, Link) else RadioRates(fleet, radio)
        )

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator, see :class:`TraceSource`."""
        shape = (len(generators), rounds, self._fleet.num_devices)
        if reuse is None or reuse.uplink_bps.shape != shape:
            up, down, clock = (time_major(shape) for _ in range(3))
            reuse = Trace(up, down, clock, check=False)
        # Blocks of rows that stay in the processor's cache take half the time of whole passes, and
        # they are drawn beside each other: random draws and array operations free the
        # interpreter. As every row has a generator of its own, the result is the same.
        rows = max(1, BLOCK_SIZE // (rounds * shape[-1]))
        blocks = [slice(start, start + rows) for start in range(0, len(generators), rows)]
        if len(blocks) == 1:
            self._fill(reuse, generators, blocks[0])
        else:
            with ThreadPoolExecutor(min(len(blocks), os.cpu_count() or 1)) as pool:
                # Exhausting the results raises what a thread raised.
                list(pool.map(partial(self._fill, reuse, generators), blocks))
        return reuse

    def _fill(self, trace: Trace, generators: Sequence[np.random.Generator], block: slice) -> None:
        drawn = self._draw_block(generators[block], trace.num_rounds)
        trace.uplink_bps[block], trace.downlink_bps[block], trace.clock_hz[block] = drawn

    def _draw_block(
        self, generators: Sequence[np.random.Generator], rounds: int
    ) -> tuple[Array, Array, Array]:
        uplink, downlink = self._rates.draw(generators, rounds)
        return uplink, downlink, draw_clocks(self._fleet, generators, rounds)


def time_major(shape: tuple[int, int, int]) -> Array:
    """An empty array (B, T, N) in which one round of all rows lies together in memory."""
    rows, rounds, devices = shape
    return np.empty((rounds, rows, devices)).swapaxes(0, 1)


def each_row(
    values: Array, generators: Sequence[np.random.Generator], draw: Callable[..., Any]
) -> Array:
    """Fills row i with draws of generator i and returns the array."""
    for row, generator in zip(values, generators, strict=True):
        draw(generator, out=row)
    return values


def draw_clocks(fleet: Fleet, generators: Sequence[np.random.Generator], rounds: int) -> Array:
    """Draws the device clocks available in each round, by the fleet's law.

    Args:
        fleet: Gives the clocks and their least available share.
        generators: One random generator a row.
        rounds: Rounds T.

    Returns:
        Clocks [Hz], shape (B, T, N).
    """
    least = fleet.min_clock_fraction * np.tile(fleet.clock_hz, (rounds, 1))
    varying = (1.0 - fleet.min_clock_fraction) * np.tile(fleet.clock_hz, (rounds, 1))
    clock = np.empty((len(generators), *least.shape))
    each_row(clock, generators, np.random.Generator.random)
    clock *= varying
    clock += least
    return clock
