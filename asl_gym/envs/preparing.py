"""What a round's luck alone decides: what bits and work cost, and what is observed of it.

A window of rounds is prepared at a time. Each loop has one result and as few arrays as a compiler
can tell apart, so that it becomes vector code; constants are spread over the environments for it.
"""

import math

from asl_gym.arrays import Array
from asl_gym.compiling import compiled, inlined
from asl_gym.traces.elementary import log

__all__ = [
    "CLOCK",
    "CLOCK_COLUMN",
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
    "logarithms",
    "prepare",
]

UPLINK, DOWNLINK, CLOCK, SHOWN_UPLINK, SHOWN_DOWNLINK, SPEED_FACTOR, ENERGY_FACTOR = range(7)
LUCK = 7
"""Arrays of a round's luck, as of :class:`asl_gym.Trace`."""

UPLINK_DELAY, DOWNLINK_DELAY, WORK_DELAY, WORK_ENERGY = range(4)
UPLINK_COLUMN, DOWNLINK_COLUMN, CLOCK_COLUMN = range(4, 7)
PREPARED = 7
"""Arrays of a prepared round: seconds that a bit takes up and down, seconds and joules of a unit of
work, and the observed columns of the shown rates and of the clock."""

CYCLES, ENERGY, PER_UPLINK, PER_DOWNLINK, PER_CLOCK = range(5)
SPREAD = 5
"""Constants over all environments: cycles in a unit of work, its power or κ times the cycles, and
by what shown rates and clocks are multiplied to be observed."""

PER_LN10 = 1.0 / math.log(10.0)


@inlined
def _inverse(values: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = 1.0 / values[i]


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


@inlined
def _logarithm(values: Array, by: Array, result: Array) -> None:
    for i in range(result.size):
        result[i] = log(values[i] * by[i]) * PER_LN10


@compiled
def prepare(
    luck: Array,
    spread: Array,
    powered: bool,
    log_clock: bool,
    told: bool,
    uncertain: bool,
    result: Array,
) -> None:
    """Prepares a window of W rounds.

    Args:
        luck: Shape (W, 7, B·N).
        spread: Shape (5, B·N).
        powered: Whether the devices' computing powers were measured.
        log_clock: Whether clocks are observed as decimal logarithms.
        told: Whether other rates are shown than the real ones.
        uncertain: Whether the factors of device parameters count.
        result: Filled, shape (W, 7, B·N).
    """
    for w in range(luck.shape[0]):
        clock, delay, energy = luck[w, CLOCK], result[w, WORK_DELAY], result[w, WORK_ENERGY]
        _inverse(luck[w, UPLINK], result[w, UPLINK_DELAY])
        _inverse(luck[w, DOWNLINK], result[w, DOWNLINK_DELAY])
        _ratio(spread[CYCLES], clock, delay)
        if powered:
            _product(spread[ENERGY], delay, energy)
        else:
            _product_of_square(spread[ENERGY], clock, energy)
        if uncertain:
            _ratio(delay, luck[w, SPEED_FACTOR], delay)
            _ratio(energy, luck[w, SPEED_FACTOR], energy)
            _product(energy, luck[w, ENERGY_FACTOR], energy)
        uplink = luck[w, SHOWN_UPLINK if told else UPLINK]
        downlink = luck[w, SHOWN_DOWNLINK if told else DOWNLINK]
        _logarithm(uplink, spread[PER_UPLINK], result[w, UPLINK_COLUMN])
        _logarithm(downlink, spread[PER_DOWNLINK], result[w, DOWNLINK_COLUMN])
        if log_clock:
            _logarithm(clock, spread[PER_CLOCK], result[w, CLOCK_COLUMN])
        else:
            _product(clock, spread[PER_CLOCK], result[w, CLOCK_COLUMN])


@compiled
def logarithms(values: Array, by: Array, result: Array) -> None:
    """Fills in decimal logarithms of products, for flat arrays."""
    _logarithm(values, by, result)
