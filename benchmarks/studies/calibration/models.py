"""Models of computing time: sums over the operators that a half runs, times a few constants.

Each says t = Σ_j c_j·x_j with costs c_j ≥ 0, such as seconds per FLOP, and sums x_j of the half's
operators. The roofline's constants are those of a :class:`asl_gym.model.computing.Processor`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from asl_gym.arrays import Array
from benchmarks.studies.calibration.operators import Operators
from benchmarks.studies.calibration.timings import Half

__all__ = ["FLOPS_ALONE", "MODELS", "ROOFLINE", "Constant", "Model"]

RATE, BANDWIDTH, START_UNIT, SECONDS = "FLOP/s", "byte/s", "s/operator", "s"
RATES = RATE, BANDWIDTH
"""Units of constants that are the inverse of a cost."""

Column = Callable[[Operators, float], Array]
"""From operators and the balance of the roofline [FLOP/byte] to a figure of each."""


@dataclass(frozen=True)
class Constant:
    """One constant of a model.

    Attributes:
        name: What it is.
        unit: Its unit; that of a rate or bandwidth is the inverse of its cost's.
        column: What each operator contributes to the sum that its cost multiplies; ``None`` for a
            cost of every half, whatever it runs.
    """

    name: str
    unit: str
    column: Column | None

    def sums(self, half: Half, balance: float) -> Array:
        """What its cost multiplies, shape (splits,)."""
        column = self.column
        if column is None:
            return np.ones(len(half.seconds))
        return half.summed(lambda operators: column(operators, balance))

    def value(self, cost: float) -> float:
        """The constant, from its cost; infinite where what it stands for costs no time."""
        if self.unit not in RATES:
            return cost
        return 1 / cost if cost else float("inf")


@dataclass(frozen=True)
class Model:
    """A model of computing time.

    Attributes:
        name: Its name.
        formula: Its formula, for people.
        constants: Its constants.
        has_balance: Whether the columns depend on a balance [FLOP/byte], a constant as well.
    """

    name: str
    formula: str
    constants: tuple[Constant, ...]
    has_balance: bool = False

    def design(self, half: Half, balance: float = 1.0) -> Array:
        """The sums of a half, shape (splits, constants)."""
        return np.stack([each.sums(half, balance) for each in self.constants], axis=1)

    def values(self, costs: Array, balance: float) -> dict[str, tuple[float, str]]:
        """The constants by name: value and unit."""
        pairs = zip(self.constants, costs, strict=True)
        found = {each.name: (each.value(float(cost)), each.unit) for each, cost in pairs}
        if self.has_balance:
            rate, _ = found["rate"]
            found["bandwidth"] = rate / balance, BANDWIDTH
        return found


FLOPS = Constant("rate", RATE, lambda each, _: each.flops)
MOVED = Constant("bandwidth", BANDWIDTH, lambda each, _: each.moved)
MOVED_BY_CONVOLUTIONS = Constant(
    "bandwidth of convolutions", BANDWIDTH, lambda each, _: each.moved * each.convolution
)
MOVED_BY_OTHERS = Constant(
    "bandwidth of the others", BANDWIDTH, lambda each, _: each.moved * (1 - each.convolution)
)
START = Constant("start of an operator", START_UNIT, lambda each, _: each.count)


def _with_patches(each: Operators) -> Array:
    """Bytes moved, with the patches of convolutions written once and read once."""
    return each.moved + 2 * each.patches


def _slower_of(each: Operators, balance: float, moved: Array) -> Array:
    """FLOPs, or bytes times FLOPs per byte where those take longer."""
    return np.maximum(each.flops, balance * moved)


FLOPS_ALONE = Model("FLOPs alone", "FLOPs/rate", (FLOPS,))
ROOFLINE = Model("roofline", "FLOPs/rate + bytes/bandwidth + operators·τ", (FLOPS, MOVED, START))

MODELS = (
    FLOPS_ALONE,
    ROOFLINE,
    Model(
        "roofline with a start",
        "start + FLOPs/rate + bytes/bandwidth + operators·τ",
        (FLOPS, MOVED, START, Constant("start of a half", SECONDS, None)),
    ),
    Model(
        "written bytes",
        "FLOPs/rate + bytes written/bandwidth + operators·τ",
        (FLOPS, Constant("bandwidth", BANDWIDTH, lambda each, _: each.written), START),
    ),
    Model(
        "gathered patches",
        "FLOPs/rate + (bytes + 2·patches)/bandwidth + operators·τ",
        (FLOPS, Constant("bandwidth", BANDWIDTH, lambda each, _: _with_patches(each)), START),
    ),
    Model(
        "bandwidths by kind",
        "FLOPs/rate + bytes of convolutions/bandwidth₁ + other bytes/bandwidth₂ + operators·τ",
        (
            FLOPS,
            MOVED_BY_CONVOLUTIONS,
            MOVED_BY_OTHERS,
            START,
        ),
    ),
    Model(
        "rates by kind",
        "FLOPs with a kernel/rate₁ + other FLOPs/rate₂ + bytes/bandwidth + operators·τ",
        (
            Constant("rate with a kernel", RATE, lambda each, _: each.flops * each.kernel),
            Constant("rate of the others", RATE, lambda each, _: each.flops * (1 - each.kernel)),
            MOVED,
            START,
        ),
    ),
    Model(
        "slower of the two",
        "Σ max(FLOPs/rate, bytes/bandwidth) + operators·τ",
        (
            Constant("rate", RATE, lambda each, b: _slower_of(each, b, each.moved)),
            START,
        ),
        has_balance=True,
    ),
    Model(
        "slower, with patches",
        "Σ max(FLOPs/rate, (bytes + 2·patches)/bandwidth) + operators·τ",
        (
            Constant("rate", RATE, lambda each, b: _slower_of(each, b, _with_patches(each))),
            START,
        ),
        has_balance=True,
    ),
)
"""What is tried, the simplest first."""
