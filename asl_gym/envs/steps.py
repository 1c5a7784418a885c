"""Whole steps as one compiled call: an action decoded, its round played, the next one observed.

A step is refused, and nothing changed, where an action lies outside its space. All have in common:

    ========= =================================================================================
    sizes     sizes, how many split points each device has, and these (:mod:`asl_gym.envs.memory`)
    memory    constants, and what is carried from round to round, which is changed
    window    prepared rounds (:mod:`asl_gym.envs.preparing`)
    now       where in it the round is that is played; negative where none is, only observed
    following where the round is that is observed
    left      the fraction of rounds that are left after the step
    figures   to be filled in: what the round came to (:func:`asl_gym.envs.kernel.played_of`)
    chosen    likewise, the decision
    result    to be filled in: observations, shape (B·rows·columns,)
    ========= =================================================================================
"""

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.compiling import compiled, inlined
from asl_gym.envs.decoding import (
    decide_indices,
    decide_level,
    decide_open,
    decide_positions,
    decide_shares,
)
from asl_gym.envs.kernel import (
    Played,
    columns_of,
    costs_of,
    play_rows,
    played_of,
    settle_rows,
)
from asl_gym.envs.memory import (
    Carried,
    Constants,
    Sizes,
    carried_of,
    constants_of,
    counts_of,
    points_of,
    sizes_of,
)
from asl_gym.envs.observing import observe_rows

__all__ = [
    "step_decided",
    "step_levels",
    "step_positions",
    "step_splits",
    "step_splits_at_once",
]


Parts = tuple[Sizes, Constants, Carried, Played]


@inlined
def _parts_of(sizes: Indices, memory: Array, figures: Array, chosen: Indices) -> Parts:
    z = sizes_of(sizes)
    return z, constants_of(memory, z), carried_of(memory, z), played_of(z, figures, chosen)


@inlined
def _play_and_observe(
    points: Indices,
    parts: Parts,
    window: Array,
    now: int,
    following: int,
    left: float,
    result: Float32,
) -> None:
    """Plays the round whose decision is filled in, if any, and observes the one that follows."""
    z, k, carried, played = parts
    if now >= 0:
        play_rows(z, k, points, costs_of(z, window, now, False), played)
        settle_rows(z, k, carried, played)
    columns = columns_of(z, window, following)
    observe_rows(z, k, columns, carried.queues, left, played, result)


@compiled
def step_decided(
    sizes: Indices,
    memory: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
) -> bool:
    """A step whose split indices and frequencies [Hz] are filled in."""
    parts = _parts_of(sizes, memory, figures, chosen)
    _play_and_observe(points_of(sizes), parts, window, now, following, left, result)
    return True


@compiled
def step_splits(
    sizes: Indices,
    memory: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
    action: Indices,
) -> bool:
    """A step of the view ``split`` where devices train in turn; an action has shape (B·N,)."""
    parts = _parts_of(sizes, memory, figures, chosen)
    z, k, carried, played = parts
    if now >= 0:
        if not decide_indices(z, counts_of(sizes), action, played):
            return False
        decide_open(z, k, carried.queues, played)
    _play_and_observe(points_of(sizes), parts, window, now, following, left, result)
    return True


@compiled
def step_splits_at_once(
    sizes: Indices,
    memory: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
    action: Indices,
) -> bool:
    """A step of the view ``split`` where devices train at once."""
    parts = _parts_of(sizes, memory, figures, chosen)
    z, k, carried, played = parts
    if now >= 0:
        if not decide_indices(z, counts_of(sizes), action, played):
            return False
        decide_shares(z, k, costs_of(z, window, now, True), carried.queues, played)
    _play_and_observe(points_of(sizes), parts, window, now, following, left, result)
    return True


@compiled
def step_levels(
    sizes: Indices,
    memory: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
    action: Indices,
    levels: Array,
) -> bool:
    """A step of ``multi_discrete`` where devices train in turn; shape (B·(N + 1),)."""
    parts = _parts_of(sizes, memory, figures, chosen)
    z, _, _, played = parts
    if now >= 0:
        if not decide_indices(z, counts_of(sizes), action, played):
            return False
        if not decide_level(z, action, levels, played):
            return False
    _play_and_observe(points_of(sizes), parts, window, now, following, left, result)
    return True


@compiled
def step_positions(
    sizes: Indices,
    memory: Array,
    window: Array,
    now: int,
    following: int,
    left: float,
    figures: Array,
    chosen: Indices,
    result: Float32,
    action: Array,
) -> bool:
    """A step of the view ``box`` where devices train in turn; an action has shape (B·2N,)."""
    parts = _parts_of(sizes, memory, figures, chosen)
    z, k, _, played = parts
    if now >= 0 and not decide_positions(z, k, counts_of(sizes), action, played):
        return False
    _play_and_observe(points_of(sizes), parts, window, now, following, left, result)
    return True
