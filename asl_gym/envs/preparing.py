"""What a round's luck alone decides: what bits and work cost, and what is observed of it.

Rounds are prepared a window at a time.
Each loop runs over lanes, the devices of some rows and rounds, has one result and as few arrays as
a compiler can tell apart, so that it becomes vector code. Lanes are worked on in blocks that stay
in the cache (:func:`asl_gym.traces.luck_filling.blocks_of`), and constants spread over one block.
"""

import math

from asl_gym.arrays import Array
from asl_gym.compiling import compiled, inlined
from asl_gym.traces.elementary import log

__all__ = [
    "AS_TOLD",
    "CLOCK",
    "CLOCK_COLUMN",
    "COSTS",
    "DOWNLINK",
    "DOWNLINK_COLUMN",
    "DOWNLINK_DELAY",
    "ENERGY_FACTOR",
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
    "logarithms",
    "prepare",
]

UPLINK, DOWNLINK, CLOCK, SHOWN_UPLINK, SHOWN_DOWNLINK, SPEED_FACTOR, ENERGY_FACTOR = range(7)
Luck = tuple[Array, Array, Array, Array, Array, Array, Array]
"""The luck of some rounds as of :class:`asl_gym.Trace`, round-major, shape (R·B·N,) each; of what
the rules leave out, anything."""

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
def logarithms(values: Array, by: Array, result: Array) -> None:
    """Fills in decimal logarithms of products, for flat arrays."""
    for i in range(result.size):
        result[i] = log(values[i] * by[i]) * PER_LN10


@compiled
def prepare(luck: Luck, spread: Array, lanes: int, rules: Rules, result: Array, at: int) -> None:
    """Prepares some rounds.

    Args:
        luck: The rounds' luck.
        spread: Constants of a block of lanes, shape (5, block).
        lanes: Lanes of the rounds that blocks are made of.
        rules: See :data:`Rules`.
        result: Filled, shape (7 or 11, at least as many lanes).
        at: From which lane on.
    """
    size = luck[CLOCK].size
    for start in range(0, size, lanes):
        end = min(start + lanes, size)
        for a in range(start, end, spread.shape[1]):
            lanes_of_block = a, min(a + spread.shape[1], end)
            _prepare_block(luck, spread, rules, result, lanes_of_block, at)


@inlined
def _prepare_block(
    luck: Luck, spread: Array, rules: Rules, result: Array, lanes: tuple[int, int], at: int
) -> None:
    (a, b), (powered, log_clock, told, uncertain) = lanes, rules
    size, c, d = b - a, at + a, at + b
    uplink, downlink, clock = luck[UPLINK][a:b], luck[DOWNLINK][a:b], luck[CLOCK][a:b]
    delay, energy = result[WORK_DELAY, c:d], result[WORK_ENERGY, c:d]
    _inverse(uplink, result[UPLINK_DELAY, c:d])
    _inverse(downlink, result[DOWNLINK_DELAY, c:d])
    _ratio(spread[CYCLES, :size], clock, delay)
    if powered:
        _product(spread[ENERGY, :size], delay, energy)
    else:
        _product_of_square(spread[ENERGY, :size], clock, energy)
    if told:
        uplink, downlink = luck[SHOWN_UPLINK][a:b], luck[SHOWN_DOWNLINK][a:b]
    if told or uncertain:
        _inverse(uplink, result[AS_TOLD + UPLINK_DELAY, c:d])
        _inverse(downlink, result[AS_TOLD + DOWNLINK_DELAY, c:d])
        _copy(delay, result[AS_TOLD + WORK_DELAY, c:d])
        _copy(energy, result[AS_TOLD + WORK_ENERGY, c:d])
    if uncertain:
        speed = luck[SPEED_FACTOR][a:b]
        _ratio(delay, speed, delay)
        _ratio(energy, speed, energy)
        _product(energy, luck[ENERGY_FACTOR][a:b], energy)
    logarithms(uplink, spread[PER_UPLINK], result[UPLINK_COLUMN, c:d])
    logarithms(downlink, spread[PER_DOWNLINK], result[DOWNLINK_COLUMN, c:d])
    if log_clock:
        logarithms(clock, spread[PER_CLOCK], result[CLOCK_COLUMN, c:d])
    else:
        _product(clock, spread[PER_CLOCK], result[CLOCK_COLUMN, c:d])
