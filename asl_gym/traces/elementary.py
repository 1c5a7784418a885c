"""Exponential, logarithm and cube root in plain arithmetic.

A library's differ in their last bits from one to the next, and with how many numbers they are
given at once. These are the same everywhere, within an ulp, and loops over them are vectorised.
Method and coefficients are those of Sun Microsystems' fdlibm (e_exp.c, e_log.c, 1993).
"""

import math

import numpy as np

from asl_gym.compiling import inlined

__all__ = ["cbrt", "exp", "log", "log1p"]

LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts, of which the first ends in zeros: its multiples up to 1,024 are exact."""

INVERSE_LN2 = 1.44269504088896338700
TO_WHOLE = 1.5 * 2.0**52
"""Added and subtracted it rounds to a whole number."""

FRACTION_BITS, EXPONENT_BIAS = np.int64(52), np.int64(1023)
FRACTION = np.int64(2**52 - 1)
ROOT_HALF = np.float64(math.sqrt(0.5)).view(np.int64)
TO_ROOT_HALF = np.float64(1.0).view(np.int64) - ROOT_HALF

GREATEST_EXPONENT = 700.0
"""Of exp, either way: its result is a normal number with room to spare."""

GREATEST = 1e300
"""Of log1p: beyond it the sum with 1 may be infinite."""


@inlined
def exp(x: float) -> float:
    """e^x; beyond ±700 that of ±700."""
    x = min(max(x, -GREATEST_EXPONENT), GREATEST_EXPONENT)
    whole = (x * INVERSE_LN2 + TO_WHOLE) - TO_WHOLE
    high, low = x - whole * LN2_HIGH, whole * LN2_LOW
    rest = high - low
    z = rest * rest
    p = 6.61375632143793436117e-05 + z * (-1.65339022054652515390e-06 + z * 4.13813679705723846e-08)
    p = 1.66666666666666019037e-01 + z * (-2.77777777770155933842e-03 + z * p)
    c = rest - z * p
    fraction = 1.0 + (rest * c / (2.0 - c) - low + high)
    power = np.int64((np.int64(whole) + EXPONENT_BIAS) << FRACTION_BITS)
    return float(fraction * power.view(np.float64))


@inlined
def log(x: float) -> float:
    """Ln x of a positive normal number."""
    return _log_of_sum(x, 0.0)


@inlined
def cbrt(x: float) -> float:
    """The cube root of a positive normal number, within an ulp or two."""
    root = exp(log(x) * (1.0 / 3.0))
    # A step of Newton's method, since the exponential enlarges the logarithm's rounding.
    return root - (root - x / (root * root)) * (1.0 / 3.0)


@inlined
def log1p(x: float) -> float:
    """ln(1 + x) for x ≥ 0; beyond 1e300 that of 1e300."""
    x = min(x, GREATEST)
    total = 1.0 + x
    part = total - 1.0
    lost = (1.0 - (total - part)) + (x - part)
    return _log_of_sum(total, lost / total)


@inlined
def _log_of_sum(x: float, relative: float) -> float:
    """ln(x·(1 + relative)) with ``relative`` below an ulp."""
    # x = 2^k·(1 + f), with 1 + f from √½ to √2.
    shifted = np.float64(x).view(np.int64) + TO_ROOT_HALF
    k = float((shifted >> FRACTION_BITS) - EXPONENT_BIAS)
    f = float(np.int64((shifted & FRACTION) + ROOT_HALF).view(np.float64)) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = 3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    odd = 2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)
    rest = z * (6.666666666666735130e-01 + w * odd) + w * even
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + rest) + (k * LN2_LOW + relative))) - f)
