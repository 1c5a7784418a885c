"""A figure of speed, and what it is compared with."""

from dataclasses import dataclass

__all__ = ["Measurement"]


@dataclass(frozen=True)
class Measurement:
    """One figure: the median of several repeats, and how it compares.

    Attributes:
        what: What was measured.
        value: The median.
        unit: Its unit.
        aim: What it is compared with, in the same unit.
        ratio: How many times better than the aim, above 1 being better.
    """

    what: str
    value: float
    unit: str
    aim: float
    ratio: float
