"""Whole steps as one compiled call: an action decoded, its round played, the next one observed.

A step is refused, and nothing changed, where an action lies outside its space. All have in common
the scene, the places in its window of the round that is played and of the one that is observed
(negative where it isn't in the window), the state, which is changed, the decision and what the
round came to, to be filled in, how to observe (the fraction of rounds left, and what realised costs
are divided by, 0 where they aren't shown), and observations to be filled in, shape (B, rows,
columns).
"""

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.compiling import compiled
from asl_gym.envs.decoding import (
    decide_indices,
    decide_level,
    decide_open,
    decide_positions,
    decide_shares,
)
from asl_gym.envs.kernel import (
    Outcome,
    columns_of,
    costs_of,
    observe_rows,
    play_rows,
    played_of,
    settle_rows,
)
from asl_gym.envs.memory import constants_of, counts_of, points_of, sizes_of

__all__ = [
    "Carried",
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
(W, 7 or 11, B, N) (:mod:`asl_gym.envs.preparing`). Plain tuples reach compiled code fastest."""

Carried = tuple[Array, Array]
"""What an episode carries from round to round: virtual queues [J], shape (B, K), and the sums of
delay [s] and energy [J] over the episode, shape (2, B)."""


@compiled
def play(scene: Scene, place: int, state: Carried, played: Outcome) -> None:
    """Plays the round that ``played`` holds the decision of, in every row."""
    sizes, constants, window = scene
    z, points = sizes_of(sizes), points_of(sizes)
    k, costs, parts = constants_of(constants, z), costs_of(window[place], False), played_of(played)
    play_rows(z, k, points, costs, parts)
    settle_rows(z, k, state[0], state[1], parts)


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
    z, size = sizes_of(scene[0]), of_devices.size // 3
    flat, k, columns = of_devices.reshape(-1), constants_of(scene[1], z), columns_of(scene[2][place])
    realised, scale = (flat[:size], flat[size : 2 * size]), (shown[1], shown[2])
    observe_rows(z, k, columns, queues, shown[0], realised, scale, result)


@compiled
def step_decided(
    scene: Scene,
    places: tuple[int, int],
    state: Carried,
    played: Outcome,
    shown: Shown,
    result: Float32,
) -> bool:
    """A step whose split indices and frequencies [Hz] are filled in."""
    play(scene, places[0], state, played)
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
    z, parts = sizes_of(scene[0]), played_of(played)
    k, counts = constants_of(scene[1], z), counts_of(scene[0])
    if not decide_indices(z, counts, action, parts):
        return False
    decide_open(z, k, state[0], parts)
    return step_decided(scene, places, state, played, shown, result)


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
    """A step of the view ``split`` where devices train at once."""
    z, parts = sizes_of(scene[0]), played_of(played)
    k, counts = constants_of(scene[1], z), counts_of(scene[0])
    if not decide_indices(z, counts, action, parts):
        return False
    decide_shares(z, k, costs_of(scene[2][places[0]], True), state[0], parts)
    return step_decided(scene, places, state, played, shown, result)


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
    z, parts = sizes_of(scene[0]), played_of(played)
    if not decide_indices(z, counts_of(scene[0]), action, parts):
        return False
    if not decide_level(z, action, levels, parts):
        return False
    return step_decided(scene, places, state, played, shown, result)


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
    z, parts = sizes_of(scene[0]), played_of(played)
    k, counts = constants_of(scene[1], z), counts_of(scene[0])
    if not decide_positions(z, k, counts, action, parts):
        return False
    return step_decided(scene, places, state, played, shown, result)
