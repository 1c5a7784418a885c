"""How long computing takes: an additive roofline.

t = FLOPs/rate + bytes/bandwidth + operators·τ: arithmetic, memory and the fixed cost of starting an
operator, one after another. A processor of which only the rate is known computes in FLOPs/rate.
"""

from typing import NamedTuple

from asl_gym.arrays import Array

__all__ = ["Processor", "roofline_seconds"]


class Processor(NamedTuple):
    """What a processor does in a second at its full clock.

    Attributes:
        flops_per_s: Floating-point operations [FLOP/s].
        bytes_per_s: Memory read and written [byte/s]; infinite where memory costs no time.
        operator_s: Fixed time τ that starting an operator takes [s].
    """

    flops_per_s: float | Array
    bytes_per_s: float | Array = float("inf")
    operator_s: float | Array = 0.0


def roofline_seconds(
    processor: Processor,
    flops: float | Array,
    moved_bytes: float | Array,
    operators: float | Array,
) -> Array:
    """Time of some computing at full clock [s]; all arguments broadcast.

    Args:
        processor: The processor.
        flops: Floating-point operations [FLOP].
        moved_bytes: Bytes read from and written to memory.
        operators: Operators started.
    """
    arithmetic = flops / processor.flops_per_s
    memory = moved_bytes / processor.bytes_per_s
    return arithmetic + memory + operators * processor.operator_s  # type: ignore[return-value]
