"""Whole steps as one compiled call: an action decoded, its round played, the next one observed.

A step is refused, and nothing changed, where an action lies outside its space. The arguments that
all have in common:

* ``sizes`` and ``constants``: see :mod:`asl_gym.envs.memory`;
* ``window``: prepared rounds, shape (W, 7, B, N), ``now`` the place of the one that is played and
  ``then`` of the one that is observed, negative where it isn't in the window;
* ``queues`` (B, K) and ``totals`` (2, B): the state, changed;
* ``of_devices`` (3, B, N), ``of_rows`` (4, B) and ``chosen`` (2, B, N): filled, see
  :class:`asl_gym.envs.kernel.Played`;
* ``shown``: how to observe: the fraction of rounds left, and what realised costs are divided by,
  0 where they aren't shown;
* ``result``: filled with observations, shape (B, rows, columns).
"""

import math

import numpy as np

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.compiling import compiled
from asl_gym.envs.decoding import (
    indices_of_row,
    open_frequency,
    positions_of_row,
    share_of_row,
)
from asl_gym.envs.kernel import Played, State, observe_rows, play_row
from asl_gym.envs.memory import constants_of, counts_of, points_of, sizes_of

__all__ = [
    "Shown",
    "observe",
    "play",
    "step_decided",
    "step_levels",
    "step_positions",
    "step_splits",
]

Shown = tuple[float, float, float]


@compiled
def play(
    sizes: Indices,
    constants: Array,
    prepared: Array,
    decision: tuple[Indices, Array],
    state: State,
    played: Played,
) -> None:
    """Plays a decided round in every row."""
    z = sizes_of(sizes)
    k, points, (splits, frequencies) = constants_of(constants, z), points_of(sizes), decision
    for b in range(z.rows):
        play_row(z, k, points, prepared, splits[b], frequencies[b], state, played, b)


@compiled
def observe(
    sizes: Indices,
    constants: Array,
    prepared: Array,
    queues: Array,
    of_devices: Array,
    shown: Shown,
    result: Float32,
) -> None:
    """Observes a round, shape (7, B, N), without playing one."""
    z = sizes_of(sizes)
    realised = of_devices if shown[1] > 0.0 else of_devices[:, :0]
    k = constants_of(constants, z)
    observe_rows(z, k, prepared, queues, shown[0], realised, (shown[1], shown[2]), result)


@compiled
def step_splits(
    sizes: Indices,
    constants: Array,
    window: Array,
    places: tuple[int, int],
    action: Indices,
    queues: Array,
    totals: Array,
    of_devices: Array,
    of_rows: Array,
    chosen: Indices,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of the view ``split`` where devices train in turn; ``action`` has shape (B, N)."""
    z = sizes_of(sizes)
    k, counts = constants_of(constants, z), counts_of(sizes)
    splits, frequencies = np.empty(action.shape, dtype=np.int64), np.empty(action.shape)
    for b in range(z.rows):
        if not indices_of_row(counts, action[b], splits[b]):
            return False
        frequencies[b] = open_frequency(queues[b], k)
    played = Played(of_devices, of_rows, chosen)
    state = State(queues, totals)
    play(sizes, constants, window[places[0]], (splits, frequencies), state, played)
    if places[1] >= 0:
        observe(sizes, constants, window[places[1]], queues, of_devices, shown, result)
    return True


@compiled
def step_splits_at_once(
    sizes: Indices,
    constants: Array,
    window: Array,
    places: tuple[int, int],
    action: Indices,
    queues: Array,
    totals: Array,
    of_devices: Array,
    of_rows: Array,
    chosen: Indices,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of the view ``split`` where devices train at once and are shown what is real."""
    z = sizes_of(sizes)
    k, counts = constants_of(constants, z), counts_of(sizes)
    splits, frequencies = np.empty(action.shape, dtype=np.int64), np.empty(action.shape)
    for b in range(z.rows):
        if not indices_of_row(counts, action[b], splits[b]):
            return False
        share_of_row(z, k, window[places[0]], splits[b], queues[b], b, frequencies[b])
    played = Played(of_devices, of_rows, chosen)
    state = State(queues, totals)
    play(sizes, constants, window[places[0]], (splits, frequencies), state, played)
    if places[1] >= 0:
        observe(sizes, constants, window[places[1]], queues, of_devices, shown, result)
    return True


@compiled
def step_levels(
    sizes: Indices,
    constants: Array,
    window: Array,
    places: tuple[int, int],
    action: Indices,
    levels: Array,
    queues: Array,
    totals: Array,
    of_devices: Array,
    of_rows: Array,
    chosen: Indices,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of ``multi_discrete`` where devices train in turn; ``action`` has shape (B, N + 1)."""
    z = sizes_of(sizes)
    counts, shape = counts_of(sizes), (z.rows, z.devices)
    splits, frequencies = np.empty(shape, dtype=np.int64), np.empty(shape)
    for b in range(z.rows):
        level = action[b, z.devices]
        if level < 0 or level >= levels.size:
            return False
        if not indices_of_row(counts, action[b], splits[b]):
            return False
        frequencies[b] = levels[level]
    played = Played(of_devices, of_rows, chosen)
    state = State(queues, totals)
    play(sizes, constants, window[places[0]], (splits, frequencies), state, played)
    if places[1] >= 0:
        observe(sizes, constants, window[places[1]], queues, of_devices, shown, result)
    return True


@compiled
def step_positions(
    sizes: Indices,
    constants: Array,
    window: Array,
    places: tuple[int, int],
    action: Array,
    queues: Array,
    totals: Array,
    of_devices: Array,
    of_rows: Array,
    chosen: Indices,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of the view ``box`` where devices train in turn; ``action`` has shape (B, 2N)."""
    z = sizes_of(sizes)
    k, counts, shape = constants_of(constants, z), counts_of(sizes), (z.rows, z.devices)
    splits, frequencies = np.empty(shape, dtype=np.int64), np.empty(shape)
    log_range = math.log(k.full_clock / k.least_clock)
    for b in range(z.rows):
        decision = splits[b], frequencies[b]
        if not positions_of_row(k, log_range, counts, action[b], decision):
            return False
    played = Played(of_devices, of_rows, chosen)
    state = State(queues, totals)
    play(sizes, constants, window[places[0]], (splits, frequencies), state, played)
    if places[1] >= 0:
        observe(sizes, constants, window[places[1]], queues, of_devices, shown, result)
    return True


@compiled
def step_decided(
    sizes: Indices,
    constants: Array,
    window: Array,
    places: tuple[int, int],
    splits: Indices,
    frequencies: Array,
    queues: Array,
    totals: Array,
    of_devices: Array,
    of_rows: Array,
    chosen: Indices,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step with decided splits and frequencies [Hz], shape (B, N) each."""
    played = Played(of_devices, of_rows, chosen)
    state = State(queues, totals)
    play(sizes, constants, window[places[0]], (splits, frequencies), state, played)
    if places[1] >= 0:
        observe(sizes, constants, window[places[1]], queues, of_devices, shown, result)
    return True
