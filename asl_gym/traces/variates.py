"""From uniform numbers to normal and exponential ones, and the mean rate over Rayleigh fading."""

import math

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import compiled, inlined
from asl_gym.traces.elementary import exp, log

__all__ = ["exponential", "normal", "scaled_exponential_integral", "scaled_exponential_integrals"]

CENTRAL, FAR = 0.425, 5.0
SERIES_END = 2.0
PRECISION = 4e-16
"""Where the exponential integral's terms end: a rounding more than float64 tells apart."""

MOST_TERMS = 100
"""48 are needed where it takes most, at x = 2."""
EULER_GAMMA = 0.577215664901532860607


@inlined
def normal(u: float) -> float:
    """The standard normal quantile of u in (0, 1).

    M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
    Statistics 37 (1988), PPND16: relative error about 1e-16.
    """
    q = u - 0.5
    tail = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-log(tail))
    central = abs(q) <= CENTRAL
    # All three are computed and one divided, so that a loop over the function is fast vectorised.
    above, below = _near(r - 1.6)
    far_above, far_below = _far(r - FAR)
    central_above, central_below = _central(CENTRAL * CENTRAL - q * q)
    above = far_above if r > FAR else above
    below = far_below if r > FAR else below
    above = central_above * abs(q) if central else above
    below = central_below if central else below
    size = above / below
    return -size if q < 0.0 else size


@inlined
def _central(r: float) -> tuple[float, float]:
    """Numerator and denominator around the median."""
    a = 3.3430575583588128105e4 + r * 2.5090809287301226727e3
    a = 4.5921953931549871457e4 + r * (6.7265770927008700853e4 + r * a)
    a = 1.9715909503065514427e3 + r * (1.3731693765509461125e4 + r * a)
    a = 3.3871328727963666080 + r * (1.3314166789178437745e2 + r * a)
    b = 2.8729085735721942674e4 + r * 5.2264952788528545610e3
    b = 2.1213794301586595867e4 + r * (3.9307895800092710610e4 + r * b)
    b = 6.8718700749205790830e2 + r * (5.3941960214247511077e3 + r * b)
    return a, 1.0 + r * (4.2313330701600911252e1 + r * b)


@inlined
def _near(r: float) -> tuple[float, float]:
    """Numerator and denominator in the tails."""
    c = 2.27238449892691845833e-2 + r * 7.74545014278341407640e-4
    c = 1.27045825245236838258 + r * (2.41780725177450611770e-1 + r * c)
    c = 5.76949722146069140550 + r * (3.64784832476320460504 + r * c)
    c = 1.42343711074968357734 + r * (4.63033784615654529590 + r * c)
    d = 5.47593808499534494600e-4 + r * 1.05075007164441684324e-9
    d = 1.48103976427480074590e-1 + r * (1.51986665636164571966e-2 + r * d)
    d = 1.67638483018380384940 + r * (6.89767334985100004550e-1 + r * d)
    return c, 1.0 + r * (2.05319162663775882187 + r * d)


@inlined
def _far(r: float) -> tuple[float, float]:
    """Numerator and denominator far out in the tails."""
    e = 2.71155556874348757815e-5 + r * 2.01033439929228813265e-7
    e = 2.65321895265761230930e-2 + r * (1.24266094738807843860e-3 + r * e)
    e = 1.78482653991729133580 + r * (2.96560571828504891230e-1 + r * e)
    e = 6.65790464350110377720 + r * (5.46378491116411436990 + r * e)
    f = 1.42151175831644588870e-7 + r * 2.04426310338993978564e-15
    f = 7.86869131145613259100e-4 + r * (1.84631831751005468180e-5 + r * f)
    f = 1.36929880922735805310e-1 + r * (1.48753612908506148525e-2 + r * f)
    return e, 1.0 + r * (5.99832206555887937690e-1 + r * f)


@inlined
def exponential(u: float) -> float:
    """The unit-mean exponential −ln u of u in (0, 1).

    :func:`asl_gym.traces.philox.unit` has as many numbers near 0 as near 1, so that −ln(1 − u)
    would draw from the very same numbers.
    """
    return -log(u)


@inlined
def scaled_exponential_integral(x: float) -> float:
    """e^x·E₁(x) for x > 0, which does not overflow where x is large.

    By its series (Abramowitz & Stegun 5.1.11) up to x = 2, by its continued fraction (5.1.22,
    evaluated as by Lentz) from there; relative error below 2e-14.
    """
    return exp(x) * _series(x) if x < SERIES_END else _fraction(x)


@compiled
def scaled_exponential_integrals(x: Array) -> Array:
    """:func:`scaled_exponential_integral` of an array of any shape."""
    values = np.empty(x.size)
    for i, value in enumerate(x.flat):
        values[i] = scaled_exponential_integral(value)
    return values.reshape(x.shape)


@inlined
def _series(x: float) -> float:
    total, term = 0.0, -1.0
    for k in range(1, MOST_TERMS):
        term *= -x / k
        total += term / k
        if abs(term) <= PRECISION * k * abs(total):
            break
    return total - log(x) - EULER_GAMMA


@inlined
def _fraction(x: float) -> float:
    b = x + 1.0
    c, d = 1e300, 1.0 / b
    result = d
    for k in range(1, MOST_TERMS):
        b += 2.0
        d = 1.0 / (b - k * k * d)
        c = b - k * k / c
        result *= c * d
        if abs(c * d - 1.0) <= PRECISION:
            break
    return result
