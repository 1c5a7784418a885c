"""Whole steps as one compiled call: an action decoded, its round played, the next one observed.

A step is refused, and nothing changed, where an action lies outside its space. All have in common
the scene, the places in its window of the round that is played and of the one that is observed
(negative where it isn't in the window), the state, which is changed, what the round came to, to be
filled in, how to observe (the fraction of rounds left, and what realised costs are divided by, 0
where they aren't shown), and observations to be filled in, shape (B, rows, columns).
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
    "Carried",
    "Outcome",
    "Scene",
    "Shown",
    "observe",
    "play",
    "step_decided",
    "step_levels",
    "step_positions",
    "step_splits",
    "step_splits_at_once",
]

Shown = tuple[float, float, float]


Scene = tuple[Indices, Array, Array]
"""Sizes and constants (:mod:`asl_gym.envs.memory`), and a window of prepared rounds, shape
(W, 7, B, N) (:mod:`asl_gym.envs.preparing`). Plain tuples reach compiled code fastest."""

Carried = tuple[Array, Array]
"""The parts of a :class:`State`."""

Outcome = tuple[Array, Array, Indices]
"""The parts of a :class:`Played`."""


@compiled
def play(
    scene: Scene, place: int, splits: Indices, frequencies: Array, state: Carried, played: Outcome
) -> None:
    """Plays a decided round in every row."""
    sizes, constants, window = scene
    z, points = sizes_of(sizes), points_of(sizes)
    k, prepared = constants_of(constants, z), window[place]
    carried, outcome = State(state[0], state[1]), Played(played[0], played[1], played[2])
    for b in range(z.rows):
        play_row(z, k, points, prepared, splits[b], frequencies[b], carried, outcome, b)


@compiled
def observe(
    scene: Scene, place: int, queues: Array, of_devices: Array, shown: Shown, result: Float32
) -> None:
    """Observes a round without playing one.

    Args:
        scene: The scene.
        place: Where the round is in its window.
        queues: Virtual queues [J], shape (B, K).
        of_devices: Figures of devices in the last round, shape (3, B, N).
        shown: How to observe.
        result: Filled, shape (B, rows, columns).
    """
    z = sizes_of(scene[0])
    realised = of_devices if shown[1] > 0.0 else of_devices[:, :0]
    k, prepared = constants_of(scene[1], z), scene[2][place]
    observe_rows(z, k, prepared, queues, shown[0], realised, (shown[1], shown[2]), result)


@compiled
def step_decided(
    scene: Scene,
    places: tuple[int, int],
    splits: Indices,
    frequencies: Array,
    state: Carried,
    played: Outcome,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step with decided splits and frequencies [Hz], shape (B, N) each."""
    play(scene, places[0], splits, frequencies, state, played)
    if places[1] >= 0:
        observe(scene, places[1], state[0], played[0], shown, result)
    return True


@compiled
def step_splits(
    scene: Scene,
    places: tuple[int, int],
    action: Indices,
    state: Carried,
    played: Outcome,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of the view ``split`` where devices train in turn; ``action`` has shape (B, N)."""
    z = sizes_of(scene[0])
    k, counts = constants_of(scene[1], z), counts_of(scene[0])
    splits, frequencies = np.empty(action.shape, dtype=np.int64), np.empty(action.shape)
    for b in range(z.rows):
        if not indices_of_row(counts, action[b], splits[b]):
            return False
        frequencies[b] = open_frequency(state[0][b], k)
    return step_decided(scene, places, splits, frequencies, state, played, shown, result)


@compiled
def step_splits_at_once(
    scene: Scene,
    places: tuple[int, int],
    action: Indices,
    state: Carried,
    played: Outcome,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of the view ``split`` where devices train at once and are shown what is real."""
    z = sizes_of(scene[0])
    k, counts = constants_of(scene[1], z), counts_of(scene[0])
    splits, frequencies = np.empty(action.shape, dtype=np.int64), np.empty(action.shape)
    for b in range(z.rows):
        if not indices_of_row(counts, action[b], splits[b]):
            return False
        share_of_row(z, k, scene[2][places[0]], splits[b], state[0][b], b, frequencies[b])
    return step_decided(scene, places, splits, frequencies, state, played, shown, result)


@compiled
def step_levels(
    scene: Scene,
    places: tuple[int, int],
    action: Indices,
    levels: Array,
    state: Carried,
    played: Outcome,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of ``multi_discrete`` where devices train in turn; ``action`` has shape (B, N + 1)."""
    z = sizes_of(scene[0])
    counts, shape = counts_of(scene[0]), (z.rows, z.devices)
    splits, frequencies = np.empty(shape, dtype=np.int64), np.empty(shape)
    for b in range(z.rows):
        level = action[b, z.devices]
        if level < 0 or level >= levels.size:
            return False
        if not indices_of_row(counts, action[b], splits[b]):
            return False
        frequencies[b] = levels[level]
    return step_decided(scene, places, splits, frequencies, state, played, shown, result)


@compiled
def step_positions(
    scene: Scene,
    places: tuple[int, int],
    action: Array,
    state: Carried,
    played: Outcome,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step of the view ``box`` where devices train in turn; ``action`` has shape (B, 2N)."""
    z = sizes_of(scene[0])
    k, counts, shape = constants_of(scene[1], z), counts_of(scene[0]), (z.rows, z.devices)
    splits, frequencies = np.empty(shape, dtype=np.int64), np.empty(shape)
    log_range = math.log(k.full_clock / k.least_clock)
    for b in range(z.rows):
        decision = splits[b], frequencies[b]
        if not positions_of_row(k, log_range, counts, action[b], decision):
            return False
    return step_decided(scene, places, splits, frequencies, state, played, shown, result)
