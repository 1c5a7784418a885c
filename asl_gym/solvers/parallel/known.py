"""The splits found so far for every round of a trace, and the cheapest of them at any multiplier.

A round's least cost over known splits, each with its best frequencies, lies above the round's
minimum and is concave in the multiplier λ on energy, as the minimum itself.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices, Splits
from asl_gym.compiling import compiled
from asl_gym.model.components import Server
from asl_gym.model.costs import Options, sum_over_devices
from asl_gym.solvers.parallel.allocation import Clock, optimal_deadline, server_cost

__all__ = ["KnownSplits", "Priced"]


class Priced(NamedTuple):
    """The cheapest known splits of every round at a multiplier.

    Attributes:
        value: Delay + λ·energy [s], shape (T,).
        energy: The energy [J], shape (T,).
        splits: The splits, shape (T, N).
    """

    value: Array
    energy: Array
    splits: Splits


@compiled
def price_known(
    a: Array,
    w: Array,
    e: Array,
    counts: Indices,
    multiplier: float,
    capacitance: float,
    clock: Clock,
    priced: Array,
    places: Indices,
) -> None:
    """Finds the cheapest of each round's known splits; the first of equal ones.

    Args:
        a: Fixed delays [s], shape (T, J, N).
        w: Server work [cycles], shape (T, J, N).
        e: Energy but for the server's computing [J], shape (T, J).
        counts: How many of the J are known, shape (T,).
        multiplier: λ [s/J].
        capacitance: κ_s [W/Hz³].
        clock: The server's.
        priced: Filled with the least cost [s] and its energy [J], shape (2, T).
        places: Filled with its place, shape (T,).
    """
    for t in range(counts.size):
        priced[0, t] = np.inf
        for j in range(counts[t]):
            deadline = optimal_deadline(a[t, j], w[t, j], 1.0, multiplier * capacitance, clock)
            energy = e[t, j] + server_cost(a[t, j], w[t, j], deadline, capacitance, clock)
            value = deadline + multiplier * energy
            if value < priced[0, t]:
                priced[0, t], priced[1, t], places[t] = value, energy, j


class KnownSplits:
    """The splits found so far for every round of a trace.

    Args:
        server: The server, whose f_max the devices share.
        rounds: Rounds T.
        devices: Devices N.
    """

    def __init__(self, server: Server, rounds: int, devices: int) -> None:
        self._server = server
        self._counts = np.zeros(rounds, dtype=np.int64)
        self._splits = np.zeros((rounds, 0, devices), dtype=np.int64)
        self._delay, self._work = np.zeros((2, rounds, 0, devices))
        self._energy = np.zeros((rounds, 0))

    def copy(self) -> "KnownSplits":
        """The same splits, to which others can be added."""
        copied = KnownSplits(self._server, *self._splits.shape[::2])
        for name in ("_counts", "_splits", "_delay", "_work", "_energy"):
            setattr(copied, name, getattr(self, name).copy())
        return copied

    def add(self, splits: Splits, chosen: Options) -> None:
        """Adds splits to the rounds that don't know them yet.

        Args:
            splits: Splits of every round, shape (T, N).
            chosen: What they cost, arrays of shape (T, N).
        """
        places = np.arange(self._splits.shape[1])
        same = (self._splits == splits[:, None]).all(axis=-1) & (places < self._counts[:, None])
        new = np.flatnonzero(~same.any(axis=-1))
        if not new.size:
            return
        if self._counts[new].max() == self._splits.shape[1]:
            for name in ("_splits", "_delay", "_work", "_energy"):
                values = getattr(self, name)
                room = np.zeros_like(values, shape=(values.shape[0], 1, *values.shape[2:]))
                setattr(self, name, np.concatenate([values, room], axis=1))
        at = new, self._counts[new]
        fixed = sum_over_devices(chosen.device_energy + chosen.fixed_server_energy)
        self._splits[at], self._energy[at] = splits[new], fixed[new]
        self._delay[at], self._work[at] = chosen.fixed_delay[new], chosen.server_work[new]
        self._counts[new] += 1

    def price(self, multiplier: float) -> Priced:
        """The cheapest known splits of every round; each must know some.

        Args:
            multiplier: λ [s/J].
        """
        rounds = self._counts.size
        priced, places = np.empty((2, rounds)), np.empty(rounds, dtype=np.int64)
        clock = Clock(self._server.clock_min_hz, self._server.clock_max_hz)
        price_known(
            self._delay,
            self._work,
            self._energy,
            self._counts,
            multiplier,
            self._server.capacitance,
            clock,
            priced,
            places,
        )
        return Priced(priced[0], priced[1], self._splits[np.arange(rounds), places])
