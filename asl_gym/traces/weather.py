"""What the sun brings each device's battery: harvests from an episode's key.

By the weather's law, or as a file measured them (:mod:`asl_gym.traces.measured_harvest`). By law
the sky over a device is a chain of two states, drawn from block 2 of
:mod:`asl_gym.traces.luck`: the first round's from its stationary distribution, in which both are as
likely, every other's from the last round's and one number.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.compiling import compiled, inlined
from asl_gym.model.batteries import Batteries
from asl_gym.traces.luck import WEATHER, uniforms
from asl_gym.traces.luck_filling import Lanes, lanes_of
from asl_gym.traces.measured_harvest import MeasuredClimate, MeasuredHarvest, fill_measured
from asl_gym.traces.philox import key_words
from asl_gym.traces.synthetic import time_major
from asl_gym.traces.trace import Trace

__all__ = ["Climate", "climate_of", "fill_harvests", "fill_weather", "with_weather"]


class Climate(NamedTuple):
    """What batteries make of an episode's words.

    Attributes:
        factors: H/Ê under clouds and under a clear sky in each round of a day, shape (2, day).
        persistence: Probability that the sky stays as it is.
        energies: Ê of each lane [J], shape (N,), or (B·N,) of so many rows.
    """

    factors: Array
    persistence: float
    energies: Array


def climate_of(
    batteries: Batteries,
    fastest_energies: Array,
    rounds: int,
    num_rows: int = 1,
    measured: MeasuredHarvest | None = None,
) -> Climate | MeasuredClimate:
    """The climate of some batteries.

    Args:
        batteries: The devices' batteries.
        fastest_energies: Ê as for :meth:`Batteries.capacities`.
        rounds: Rounds of an episode.
        num_rows: Rows B.
        measured: Measured harvests, or ``None`` for those by the weather's law.

    Raises:
        TextFileError: If the measured days are too few.
    """
    if measured is not None:
        return measured.climate(batteries, fastest_energies, rounds, num_rows)
    energies = np.tile(fastest_energies, num_rows)
    return Climate(batteries.harvest_factors(), batteries.cloud_persistence, energies)


@inlined
def _next_sky(sky: float, uniform: float, first: bool, persistence: float) -> float:
    if first:
        return 1.0 if uniform < 0.5 else 0.0
    return sky if uniform < persistence else 1.0 - sky


@compiled
def fill_weather(
    lanes: Lanes, first_round: int, climate: Climate, sky: Array, harvest: Array, cloud: Array
) -> None:
    """Fills some rounds of every row.

    Args:
        lanes: Those of one round of all rows.
        first_round: The first of the rounds, from 0.
        climate: Of all rows.
        sky: The sky in the round before, shape (B·N,); becomes that of the last round. What it
            holds before round 0 doesn't matter.
        harvest: What is harvested [J] to fill, round-major, shape (R·B·N,).
        cloud: The sky to fill, likewise.
    """
    (key, device, _), size, day = lanes, sky.size, climate.factors.shape[1]
    drawn = np.empty(size)
    for r in range(cloud.size // size):
        t, start = first_round + r, r * size
        for i in range(size):
            low, high = key_words(key[i])
            drawn[i] = uniforms(low, high, np.uint64(t), device[i], WEATHER)[0]
        cloudy, clear = climate.factors[0, t % day], climate.factors[1, t % day]
        for i in range(size):
            sky[i] = _next_sky(sky[i], drawn[i], t == 0, climate.persistence)
            cloud[start + i] = sky[i]
            harvest[start + i] = climate.energies[i] * (clear if sky[i] > 0.0 else cloudy)


def fill_harvests(
    lanes: Lanes,
    first_round: int,
    climate: Climate | MeasuredClimate,
    sky: Array,
    harvest: Array,
    cloud: Array,
) -> None:
    """Fills some rounds of every row; see :func:`fill_weather`. Without a law skies stay."""
    if isinstance(climate, MeasuredClimate):
        fill_measured(lanes, first_round, climate, harvest)
    else:
        fill_weather(lanes, first_round, climate, sky, harvest, cloud)


def with_weather(
    batteries: Batteries,
    fastest_energies: Array,
    drawn: Trace,
    keys: Keys,
    measured: MeasuredHarvest | None = None,
) -> Trace:
    """Adds harvests to traces and, by the weather's law, clouds.

    Args:
        batteries: The devices' batteries.
        fastest_energies: Ê as for :meth:`Batteries.capacities`.
        drawn: Traces of rates and clocks, shape (B, T, N).
        keys: The episodes' keys, shape (B,), of which the weather is a function.
        measured: As for :func:`climate_of`.

    Raises:
        TextFileError: If the measured days are too few.
    """
    rows, rounds, devices = drawn.clock_hz.shape
    harvest, cloud = (time_major((rows, rounds, devices)) for _ in range(2))
    filled = (each.swapaxes(0, 1).reshape(-1) for each in (harvest, cloud))
    climate = climate_of(batteries, fastest_energies, rounds, rows, measured)
    sky = np.zeros(rows * devices)
    fill_harvests(lanes_of(keys, devices, 1), 0, climate, sky, *filled)
    return drawn.changed(harvest_j=harvest, **({"cloud": cloud} if measured is None else {}))
