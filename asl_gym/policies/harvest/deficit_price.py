"""The price of a joule as a function of the battery's deficit and of the hour."""

import math
from typing import Any, NamedTuple

import numpy as np

from asl_gym.compiling import inlined

__all__ = ["DeficitPrice", "deficit_price", "lane_deficit_price"]


class DeficitPrice(NamedTuple):
    """min(1, θ·x^α·exp(β cos 2π(h − φ))) in units of 1/ϖ, over the deficit x and the hour h.

    Attributes:
        scale: Price at an empty battery and a mean hour θ.
        exponent: Power of the deficit α.
        swing: How far the price's logarithm swings over a day, β.
        peak: Part of the day at which the price is highest φ, from one dawn, 0, to the next, 1.
    """

    scale: Any
    exponent: Any
    swing: Any
    peak: Any


def deficit_price(deficit: Any, part_of_day: Any, law: DeficitPrice) -> Any:
    """The price of a joule in units of 1/ϖ; arguments broadcast.

    Args:
        deficit: What the battery lacks of its capacity x = 1 − B/C, within 0…1.
        part_of_day: Part of the day h.
        law: The price's parameters.
    """
    hour = np.exp(law.swing * np.cos(2.0 * math.pi * (part_of_day - law.peak)))
    return np.minimum(law.scale * deficit**law.exponent * hour, 1.0)


lane_deficit_price = inlined(deficit_price)
"""The same for compiled loops, number by number."""
