"""From uniform numbers to normal and exponential ones, and the mean rate over Rayleigh fading."""

import math

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import compiled, inlined
from asl_gym.traces.elementary import exp, log

__all__ = ["exponential", "normal", "scaled_exponential_integral", "scaled_exponential_integrals"]

CENTRAL = 0.425

LOG_PART = 0.66373538970947265625
"""What the rational approximation of the exponential integral up to 1 leaves to its other terms."""


@inlined
def normal(u: float) -> float:
    """The standard normal quantile of u from 2⁻³³ to 1 − 2⁻³³.

    M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
    Statistics 37 (1988), PPND7: relative error about 1e-7, as much as a step of u makes where u is
    not small. Its third range begins below e⁻²⁵ ≈ 2⁻³⁶, where no number of
    :func:`asl_gym.traces.philox.unit` lies.
    """
    q = u - 0.5
    tail = u if q < 0.0 else 1.0 - u
    r = math.sqrt(-log(tail)) - 1.6
    z = CENTRAL * CENTRAL - q * q
    central = abs(q) <= CENTRAL
    # Both are computed and one divided, so that a loop over the function is fast vectorised.
    above = 1.4234372777 + r * (2.7568153900 + r * (1.3067284816 + r * 1.7023821103e-1))
    below = 1.0 + r * (7.3700164250e-1 + r * 1.2021132975e-1)
    central_above = 3.3871327179 + z * (5.0434271938e1 + z * (1.5929113202e2 + z * 5.9109374720e1))
    central_below = 1.0 + z * (1.7895169469e1 + z * (7.8757757664e1 + z * 6.7187563600e1))
    above = central_above * abs(q) if central else above
    below = central_below if central else below
    size = above / below
    return -size if q < 0.0 else size


@inlined
def exponential(u: float) -> float:
    """The unit-mean exponential −ln u of u in (0, 1).

    :func:`asl_gym.traces.philox.unit` has as many numbers near 0 as near 1, so that −ln(1 − u)
    would draw from the very same numbers.
    """
    return -log(u)


@inlined
def scaled_exponential_integral(x: float) -> float:
    """e^x·E₁(x) for x > 0, which does not overflow where x is large; relative error below 1e-14.

    Rational approximations in x up to 1 and in 1/x from there, with the coefficients of John
    Maddock's in Boost.Math (``expint``, 2007, for 53 bits).
    """
    # Both are computed and one taken, so that a loop over the function is fast vectorised.
    below, inverse = min(x, 1.0), 1.0 / max(x, 1.0)
    series = exp(below) * (_up_to_one(below) + (below - log(below) - LOG_PART))
    return series if x <= 1.0 else (1.0 + _from_one(inverse)) * inverse


@inlined
def _up_to_one(x: float) -> float:
    """E₁(x) + ln x − x + :data:`LOG_PART` for x up to 1."""
    p = -3.68031736257943745142e-2 + x * (
        -3.99167106081113256961e-3 + x * -1.11507792921197858394e-4
    )
    p = 8.65197248079397976498e-2 + x * (
        3.20913665303559189999e-2 + x * (-2.45088216639761496153e-1 + x * p)
    )
    q = 4.27347600017103698101e-3 + x * (1.31049900798434683324e-4 + x * -5.28611029520217142048e-7)
    return p / (1.0 + x * (3.7091387659397013215e-1 + x * (5.6770677104207528384e-2 + x * q)))


@inlined
def _from_one(y: float) -> float:
    """x·e^x·E₁(x) − 1 for y = 1/x up to 1."""
    p = -5.48444587226402067411e4 + y * (-1.47514895786128450662e4 + y * -1.18545720315201027667e3)
    p = -2.71826254466733970467e4 + y * (
        -6.65982652345418633509e4 + y * (-8.62731567711649528784e4 + y * p)
    )
    p = -7.24581482791462469795e2 + y * (-6.0468250112711035463e3 + y * p)
    p = -9.99999999999998811143e-1 + y * (-4.33058660811817946037e1 + y * p)
    p = -1.21013190657725568138e-19 + y * p
    q = 1.84554124737722049515e4 + y * (1.22920784182403048905e3 + y * -7.76491285282330997549e-1)
    q = 1.92104047790227984431e5 + y * (
        1.80329498380501819718e5 + y * (8.67223403467334749201e4 + y * q)
    )
    q = 7.41737624454689546708e3 + y * (
        3.81295594484818471461e4 + y * (1.1305705869159631492e5 + y * q)
    )
    return p / (1.0 + y * (4.53058660811801465927e1 + y * (8.09193214954550328455e2 + y * q)))


@compiled
def scaled_exponential_integrals(x: Array) -> Array:
    """:func:`scaled_exponential_integral` of an array of any shape."""
    values = np.empty(x.size)
    for i, value in enumerate(x.flat):
        values[i] = scaled_exponential_integral(value)
    return values.reshape(x.shape)
