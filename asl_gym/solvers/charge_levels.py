"""Backward recursion over a grid of charges of one battery: what programmes and bounds are made of.

A battery of capacity C has the levels B_i = i·C/n, i = 0…n. From level i an option that takes the
energy e leads to the charge after it, and where neither the battery runs empty nor fills up, that
lies as far from i for one level as for another. So an option's levels fall into three parts, of
which each is one loop without branches that compilers vectorise: those that it empties, those in
between, and those from which the battery is full. What the charge is worth between two levels is
taken from both, by linear interpolation or by a bound (:mod:`asl_gym.scoring.hindsight`).
"""

import math
from typing import NamedTuple

from asl_gym.arrays import Array
from asl_gym.compiling import compiled, inlined
from asl_gym.model.batteries import lane_charge_after, lane_end_charge, lane_wait

__all__ = [
    "Battery",
    "fill_end",
    "lower_by_bound",
    "lower_by_option",
    "value_at",
    "value_below",
]


class Battery(NamedTuple):
    """One device's battery.

    Attributes:
        capacity: What it holds at most, C [J].
        trickle_power_w: Power of the backup charger ϖ [W].
        start: What it holds when the episode starts [J].
    """

    capacity: float
    trickle_power_w: float
    start: float


class _Parts(NamedTuple):
    """Where the levels of an option are parted.

    Attributes:
        empty: Levels below this one are emptied.
        full: Levels from this one on are full afterwards.
        shift: Levels that the ones in between move by, rounded down.
        rest: What they move further, as a share of a level.
    """

    empty: int
    full: int
    shift: int
    rest: float


@inlined
def _parts(energy: float, harvest: float, step: float, levels: int) -> _Parts:
    move = (harvest - energy) / step
    shift = math.floor(move)
    full = min(max(levels - shift, 0), levels + 1)
    empty = min(max(math.ceil(energy / step), -shift), full)
    return _Parts(empty, full, shift, move - shift)


@inlined
def _place(charge: float, step: float, levels: int) -> tuple[int, float]:
    """The level at or below a charge, and how far above it that lies as a share of a level."""
    position = charge / step
    level = min(int(position), levels - 1)
    return level, position - level


@compiled
def value_at(charge: float, ahead: Array, capacity: float) -> float:
    """The value of a charge by linear interpolation between levels.

    Args:
        charge: The charge, within 0…C [J].
        ahead: Values at the levels, shape (n + 1,).
        capacity: The battery's capacity C [J].
    """
    levels = len(ahead) - 1
    level, share = _place(charge, capacity / levels, levels)
    value: float = (1.0 - share) * ahead[level] + share * ahead[level + 1]
    return value


@compiled
def value_below(charge: float, ahead: Array, battery: Battery) -> float:
    """A lower bound on the value of a charge from those at the levels; arguments as above."""
    levels = len(ahead) - 1
    step = battery.capacity / levels
    level, share = _place(charge, step, levels)
    dear: float = ahead[level] - share * step / battery.trickle_power_w
    cheap: float = ahead[level + 1]
    return max(cheap, dear)


@compiled
def fill_end(ahead: Array, battery: Battery, charges_end: bool) -> None:
    """Writes the values of an episode's end, the end charge or nothing, shape (n + 1,)."""
    step = battery.capacity / (len(ahead) - 1)
    for i in range(len(ahead)):
        ahead[i] = 0.0
        if charges_end:
            ahead[i] = lane_end_charge(battery.start, i * step, battery.trickle_power_w)


@compiled
def lower_by_option(
    best: Array, delay: float, energy: float, harvest: float, ahead: Array, battery: Battery
) -> None:
    """Lowers values to what an option comes to, where that is less, by linear interpolation.

    Args:
        best: Values at the levels, shape (n + 1,); lowered to delay + wait + value ahead.
        delay: The option's delay [s].
        energy: Its energy [J].
        harvest: What is harvested in the round [J].
        ahead: Values after the round at the levels [s], shape (n + 1,).
        battery: The battery.
    """
    levels = len(best) - 1
    step = battery.capacity / levels
    empty, full, shift, rest = _parts(energy, harvest, step, levels)
    after = lane_charge_after(0.0, energy, harvest, battery.capacity)
    emptied = delay + value_at(after, ahead, battery.capacity)
    for i in range(empty):
        reached = emptied + lane_wait(energy, i * step, battery.trickle_power_w)
        best[i] = reached if reached < best[i] else best[i]
    between = full - empty
    if between > 0:
        # Views from their first entry on, since an index that may be negative isn't vectorised.
        lower, upper = ahead[empty + shift : full + shift], ahead[empty + shift + 1 :]
        lowered, share = best[empty:full], 1.0 - rest
        for i in range(between):
            reached = delay + (share * lower[i] + rest * upper[i])
            lowered[i] = reached if reached < lowered[i] else lowered[i]
    filled = delay + ahead[levels]
    for i in range(full, levels + 1):
        best[i] = filled if filled < best[i] else best[i]


@compiled
def lower_by_bound(
    best: Array, delay: float, energy: float, harvest: float, ahead: Array, battery: Battery
) -> None:
    """As :func:`lower_by_option`, with a lower bound on the value between levels."""
    levels = len(best) - 1
    step = battery.capacity / levels
    empty, full, shift, rest = _parts(energy, harvest, step, levels)
    after = lane_charge_after(0.0, energy, harvest, battery.capacity)
    emptied = delay + value_below(after, ahead, battery)
    for i in range(empty):
        reached = emptied + lane_wait(energy, i * step, battery.trickle_power_w)
        best[i] = reached if reached < best[i] else best[i]
    between = full - empty
    if between > 0:
        lower, upper = ahead[empty + shift : full + shift], ahead[empty + shift + 1 :]
        lowered, saved = best[empty:full], rest * step / battery.trickle_power_w
        for i in range(between):
            dear = lower[i] - saved
            reached = delay + (upper[i] if upper[i] > dear else dear)
            lowered[i] = reached if reached < lowered[i] else lowered[i]
    filled = delay + ahead[levels]
    for i in range(full, levels + 1):
        best[i] = filled if filled < best[i] else best[i]
