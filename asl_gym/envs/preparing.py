"""What a round's luck alone decides: what bits and work cost, and what is observed of it.

Rounds are prepared a window at a time, drawn from their episodes' keys or taken over from a trace.
Each loop runs over lanes, the devices of some rows and rounds, has one result and as few arrays as
a compiler can tell apart, so that it becomes vector code. Lanes are worked on in blocks that stay
in the cache: some rounds of all rows, or one round of some rows. Constants are spread over one
block alone. A page holds the prepared rounds of all rows that are worked on together: as many as
make a block, or one.
"""

import math

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import compiled, inlined
from asl_gym.traces.elementary import log
from asl_gym.traces.luck import LuckConstants
from asl_gym.traces.luck_filling import Lanes, draw_rounds

__all__ = [
    "AS_TOLD",
    "CLOCK",
    "CLOCK_COLUMN",
    "COSTS",
    "DOWNLINK",
    "DOWNLINK_COLUMN",
    "DOWNLINK_DELAY",
    "ENERGY_FACTOR",
    "LUCK",
    "PREPARED",
    "SHOWN_DOWNLINK",
    "SHOWN_UPLINK",
    "SPEED_FACTOR",
    "SPREAD",
    "UPLINK",
    "UPLINK_COLUMN",
    "UPLINK_DELAY",
    "WORK_DELAY",
    "WORK_ENERGY",
    "Rules",
    "draw_and_prepare",
    "logarithms",
    "prepare_luck",
]

UPLINK, DOWNLINK, CLOCK, SHOWN_UPLINK, SHOWN_DOWNLINK, SPEED_FACTOR, ENERGY_FACTOR = range(7)
LUCK = 7
"""Arrays of a round's luck, as of :class:`asl_gym.Trace`."""

UPLINK_DELAY, DOWNLINK_DELAY, WORK_DELAY, WORK_ENERGY = range(4)
COSTS = 4
UPLINK_COLUMN, DOWNLINK_COLUMN, CLOCK_COLUMN = range(4, 7)
PREPARED = 7
"""Arrays of a prepared round: seconds that a bit takes up and down, seconds and joules of a unit of
work, and the observed columns of the shown rates and of the clock."""

AS_TOLD = PREPARED
"""Where, after those, the four costs stand once more as the controller is told, if they differ."""

CYCLES, ENERGY, PER_UPLINK, PER_DOWNLINK, PER_CLOCK = range(5)
SPREAD = 5
"""Constants of each lane: cycles in a unit of work, its power or κ times the cycles, and by what
shown rates and clocks are multiplied to be observed."""

PER_LN10 = 1.0 / math.log(10.0)

Rules = tuple[bool, bool, bool, bool]
"""Whether the devices' computing powers were measured, whether clocks are observed as decimal
logarithms, whether other rates are shown than the real ones, and whether the factors of device
parameters count."""


@inlined
def _inverse(values: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = 1.0 / values[i]


@inlined
def _copy(values: Array, result: Array) -> None:
    for i in range(values.size):
        result[i] = values[i]


@inlined
def _ratio(values: Array, by: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = values[i] / by[i]


@inlined
def _product(values: Array, by: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = values[i] * by[i]


@inlined
def _product_of_square(values: Array, squared: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = values[i] * (squared[i] * squared[i])


@compiled
def _logarithm(values: Array, by: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = log(values[i] * by[i]) * PER_LN10


@compiled
def _prepare(
    luck: Array,
    at: tuple[int, int],
    spread: Array,
    rules: Rules,
    result: Array,
    to: tuple[int, int],
) -> None:
    """Prepares a block of lanes.

    Args:
        luck: Shape (pages, 7, lanes).
        at: Page and first lane in it.
        spread: Constants, shape (5, lanes of a whole block or more).
        rules: See :data:`Rules`.
        result: Filled, shape (pages, 7 or 11, lanes).
        to: Page and first lane in it; as many lanes as are left in ``luck``, or as a block has.
    """
    powered, log_clock, told, uncertain = rules
    (v, a), (w, c) = at, to
    size = min(spread.shape[1], luck.shape[2] - a, result.shape[2] - c)
    b, d = a + size, c + size
    uplink, downlink, clock = luck[v, UPLINK, a:b], luck[v, DOWNLINK, a:b], luck[v, CLOCK, a:b]
    delay, energy = result[w, WORK_DELAY, c:d], result[w, WORK_ENERGY, c:d]
    _inverse(uplink, result[w, UPLINK_DELAY, c:d])
    _inverse(downlink, result[w, DOWNLINK_DELAY, c:d])
    _ratio(spread[CYCLES, :size], clock, delay)
    if powered:
        _product(spread[ENERGY, :size], delay, energy)
    else:
        _product_of_square(spread[ENERGY, :size], clock, energy)
    if told:
        uplink, downlink = luck[v, SHOWN_UPLINK, a:b], luck[v, SHOWN_DOWNLINK, a:b]
    if told or uncertain:
        _inverse(uplink, result[w, AS_TOLD + UPLINK_DELAY, c:d])
        _inverse(downlink, result[w, AS_TOLD + DOWNLINK_DELAY, c:d])
        _copy(delay, result[w, AS_TOLD + WORK_DELAY, c:d])
        _copy(energy, result[w, AS_TOLD + WORK_ENERGY, c:d])
    if uncertain:
        speed = luck[v, SPEED_FACTOR, a:b]
        _ratio(delay, speed, delay)
        _ratio(energy, speed, energy)
        _product(energy, luck[v, ENERGY_FACTOR, a:b], energy)
    _logarithm(uplink, spread[PER_UPLINK], result[w, UPLINK_COLUMN, c:d])
    _logarithm(downlink, spread[PER_DOWNLINK], result[w, DOWNLINK_COLUMN, c:d])
    if log_clock:
        _logarithm(clock, spread[PER_CLOCK], result[w, CLOCK_COLUMN, c:d])
    else:
        _product(clock, spread[PER_CLOCK], result[w, CLOCK_COLUMN, c:d])


@compiled
def prepare_luck(luck: Array, spread: Array, rules: Rules, result: Array) -> None:
    """Prepares rounds whose luck is known.

    Args:
        luck: Shape (pages, 7, lanes).
        spread: Constants of a block of lanes, shape (5, block).
        rules: See :data:`Rules`.
        result: Filled, shape (pages or more, 7 or 11, lanes).
    """
    for page in range(luck.shape[0]):
        for a in range(0, luck.shape[2], spread.shape[1]):
            _prepare(luck, (page, a), spread, rules, result, (page, a))


@compiled
def draw_and_prepare(
    lanes: Lanes,
    rounds: tuple[int, int],
    luck: LuckConstants,
    spread: Array,
    rules: Rules,
    carried: tuple[Array, Array, Array],
    result: Array,
) -> None:
    """Draws a window of rounds and prepares them.

    Windows have to follow one another, since shadowing and shown rates carry over.

    Args:
        lanes: The lanes of a page.
        rounds: The window's first round and its end.
        luck: Constants of a block of lanes.
        spread: Likewise, shape (5, block).
        rules: See :data:`Rules`.
        carried: Shadowing's ln gain, shape (B·N,); the rates of the last rounds in a ring, by which
            knowledge is late, shape (delay, 2, B·N); factors on the devices' FLOPs per cycle and
            capacitances, shape (2, lanes of a page), or (2, 0) where there are none.
        result: Filled, shape (pages, 7 or 11, lanes of a page).
    """
    (first, end), (shadowing, earlier, factors) = rounds, carried
    late, all_lanes, block = earlier.shape[0], shadowing.size, spread.shape[1]
    together = result.shape[2] // all_lanes
    scratch = np.empty((1, LUCK, block))
    start = 0 if first == 0 else first + late
    for a in range(0, all_lanes, block):
        b, drawn = min(a + block, all_lanes), start
        while drawn < end + late:
            # Rounds that only become what is shown later are drawn by themselves.
            stop = late if drawn < late else end + late
            count = min(together, stop - drawn)
            size = count * (b - a)
            key, device, offset = lanes
            of_block = key[a : a + size], device[a : a + size], offset[a : a + size]
            filled = (
                scratch[0, UPLINK, :size],
                scratch[0, DOWNLINK, :size],
                scratch[0, CLOCK, :size],
            )
            draw_rounds(of_block, drawn, luck, shadowing[a:b], filled)
            if late > 0:
                _show_late(scratch, drawn, count, earlier, (a, b))
            if factors.size > 0:
                _copy(factors[0, a : a + size], scratch[0, SPEED_FACTOR])
                _copy(factors[1, a : a + size], scratch[0, ENERGY_FACTOR])
            if drawn >= late:
                page = (drawn - late - first) // together
                _prepare(scratch, (0, 0), spread, rules, result, (page, a))
            drawn += count


@inlined
def _show_late(
    scratch: Array, drawn: int, count: int, earlier: Array, lanes: tuple[int, int]
) -> None:
    """Shows the rates of earlier rounds, and keeps those that were drawn to be shown later."""
    a, b = lanes
    for r in range(count):
        slot, start = (drawn + r) % earlier.shape[0], r * (b - a)
        for i in range(b - a):
            for rate, shown, at in (
                (UPLINK, SHOWN_UPLINK, 0),
                (DOWNLINK, SHOWN_DOWNLINK, 1),
            ):
                scratch[0, shown, start + i] = earlier[slot, at, a + i]
                earlier[slot, at, a + i] = scratch[0, rate, start + i]


@compiled
def logarithms(values: Array, by: Array, result: Array) -> None:
    """Fills in decimal logarithms of products, for flat arrays."""
    _logarithm(values, by, result)
