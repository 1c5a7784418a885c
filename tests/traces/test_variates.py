"""Exponential, logarithm, normal quantile and exponential integral against SciPy's and limits."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from asl_gym.arrays import Array
from asl_gym.traces.elementary import cbrt, exp, log, log1p
from asl_gym.traces.variates import exponential, normal, scaled_exponential_integral

ULP = 2.0**-52


def each(function: Callable[..., float], values: Array) -> Array:
    return np.array([function(value) for value in values.tolist()])


def spread(low: float, high: float, count: int = 4_000) -> Array:
    return np.random.default_rng(0).uniform(low, high, count)


def test_exponential_within_an_ulp() -> None:
    x = np.concatenate([spread(-699.0, 699.0), spread(-1.0, 1.0), [0.0, -1e-300, 1e-17]])
    np.testing.assert_allclose(each(exp, x), np.exp(x), rtol=1.5 * ULP, atol=0)
    np.testing.assert_array_equal(each(exp, np.array([-np.inf, np.inf])), [exp(-700), exp(700)])
    assert exp(0.0) == 1.0


def test_logarithm_within_an_ulp() -> None:
    x = np.concatenate([np.exp(spread(-700.0, 700.0)), spread(0.0, 1.0), spread(0.999, 1.001)])
    np.testing.assert_allclose(each(log, x), np.log(x), rtol=1.5 * ULP, atol=0)
    assert log(1.0) == 0.0


def test_logarithm_of_one_and_more_within_an_ulp() -> None:
    x = np.concatenate([np.exp(spread(-700.0, 690.0)), np.exp(spread(-5.0, 5.0)), [1e-320, 1e300]])
    np.testing.assert_allclose(each(log1p, x), np.log1p(x), rtol=1.5 * ULP, atol=0)
    assert log1p(0.0) == 0.0
    assert log1p(np.inf) == log1p(1e300)


def test_cube_root_within_two_ulps() -> None:
    x = np.concatenate([np.exp(spread(-500.0, 690.0)), spread(0.1, 10.0), [1.0, 8.0, 27.0]])
    np.testing.assert_allclose(each(cbrt, x), np.cbrt(x), rtol=2 * ULP, atol=0)


@pytest.mark.parametrize("mirrored", [False, True])
def test_normal_quantile(mirrored: bool) -> None:
    """Down to the least number that is drawn, around the border of its two ranges too."""
    grid = np.floor(2.0 ** spread(0.0, 32.0)) + 0.5
    near = [0.075 + side for side in (-1e-12, 1e-12)]
    u = np.concatenate([grid * 2.0**-32, near, [2.0**-33, 0.5 + 2.0**-33]])
    u = 1.0 - u if mirrored else u
    np.testing.assert_allclose(each(normal, u), special.ndtri(u), rtol=1.5e-7, atol=0)


def test_normal_quantile_is_odd() -> None:
    u = (np.floor(spread(0.0, 2.0**31)) + 0.5) * 2.0**-32
    np.testing.assert_array_equal(each(normal, 1.0 - u), -each(normal, u))
    assert normal(0.5) == 0.0


def test_exponential_draws() -> None:
    u = (np.floor(2.0 ** spread(0.0, 32.0)) + 0.5) * 2.0**-32
    for values in (u, 1.0 - u):
        np.testing.assert_allclose(each(exponential, values), -np.log(values), rtol=1.5 * ULP)
    assert exponential(1.0 - 2.0**-33) > 0.0


X = np.geomspace(1e-290, 1e3, 3_001)


def test_scaled_exponential_integral() -> None:
    """Against e^x·E₁(x) where neither factor over- or underflows, else Tricomi's U(1, 1, x)."""
    product = X < 600.0
    x = X[product]
    values = each(scaled_exponential_integral, X)
    np.testing.assert_allclose(values[product], np.exp(x) * special.exp1(x), rtol=1e-13)
    tricomi = special.hyperu(1.0, 1.0, X[~product])
    np.testing.assert_allclose(values[~product], tricomi, rtol=1e-12)


@pytest.mark.parametrize("exponent", [4, 8, 20, 100, 300])
def test_scaled_exponential_integral_far_out(exponent: int) -> None:
    """By its asymptotic series 1/x − 1/x² + 2/x³ − 6/x⁴."""
    y = 10.0**-exponent
    expected = y * (1.0 - y * (1.0 - y * (2.0 - y * (6.0 - 24.0 * y))))
    assert scaled_exponential_integral(10.0**exponent) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("exponent", [20, 100, 300])
def test_scaled_exponential_integral_close_to_zero(exponent: int) -> None:
    expected = exponent * np.log(10.0) - np.euler_gamma
    result: Any = scaled_exponential_integral(10.0**-exponent)
    assert result == pytest.approx(expected, rel=1e-15)
