"""Where traces come from: the protocol of a source, and the scenario's own channel model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.model.components import Fleet
from asl_gym.model.radio import Channel
from asl_gym.traces.luck import episode_keys, luck_constants
from asl_gym.traces.luck_filling import (
    blocks_of,
    fill_clocks,
    fill_rounds,
    lanes_of,
    spread_over,
)
from asl_gym.traces.trace import Trace

__all__ = ["SyntheticTraces", "TraceSource", "draw_clocks"]


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


class SyntheticTraces:
    """Traces drawn from the scenario's channel model and clock law.

    A trace is a function of its key alone, see :mod:`asl_gym.traces.luck`.

    Attributes:
        luck: What the fleet and its channel make of a key.
    """

    def __init__(self, fleet: Fleet, radio: Channel) -> None:
        self._num_devices = fleet.num_devices
        self.luck = luck_constants(fleet, radio)

    def draw(
        self,
        generators: Sequence[np.random.Generator],
        rounds: int,
        reuse: Trace | None = None,
    ) -> Trace:
        """Draws one trace a generator, which gives its key; see :class:`TraceSource`."""
        return self.of_keys(episode_keys(generators), rounds, reuse)

    def of_keys(self, keys: Keys, rounds: int, reuse: Trace | None = None) -> Trace:
        """The traces of some keys, shape (B,); the rest as in :meth:`draw`."""
        shape = (len(keys), rounds, self._num_devices)
        if reuse is None or reuse.uplink_bps.shape != shape or not _is_time_major(reuse):
            up, down, clock = (time_major(shape) for _ in range(3))
            reuse = Trace(up, down, clock, check=False)
        uplink, downlink, clocks = (each.swapaxes(0, 1).reshape(-1) for each in reuse.real())
        blocks = blocks_of(len(keys), self._num_devices, rounds)
        lanes = lanes_of(keys, self._num_devices, blocks.rounds)
        shadowing = np.zeros(len(keys) * self._num_devices)
        constants = spread_over(self.luck, blocks.rows)
        fill_rounds(lanes, 0, constants, shadowing, (uplink, downlink, clocks))
        return reuse


def time_major(shape: tuple[int, int, int]) -> Array:
    """An empty array (B, T, N) in which one round of all rows lies together in memory."""
    rows, rounds, devices = shape
    return np.empty((rounds, rows, devices)).swapaxes(0, 1)


def _is_time_major(trace: Trace) -> bool:
    """Whether arrays lie as :func:`time_major` lays them; those of an unpickled copy don't."""
    return all(each.swapaxes(0, 1).flags.c_contiguous for each in trace.real())


def draw_clocks(fleet: Fleet, generators: Sequence[np.random.Generator], rounds: int) -> Array:
    """Draws the device clocks available in each round, by the fleet's law.

    Args:
        fleet: Gives the clocks and their least available share.
        generators: One random generator a row, which gives its key.
        rounds: Rounds T.

    Returns:
        Clocks [Hz], shape (B, T, N).
    """
    clocks = time_major((len(generators), rounds, fleet.num_devices))
    lanes = lanes_of(episode_keys(generators), fleet.num_devices, 1)
    full = np.tile(np.array(fleet.clock_hz, dtype=float), len(generators))
    fill_clocks(lanes, 0, full, float(fleet.min_clock_fraction), clocks.swapaxes(0, 1))
    return clocks
