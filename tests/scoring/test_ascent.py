"""Maximising concave functions by tangents: against the maxima of functions that are known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.arrays import Array
from asl_gym.scoring.ascent import Ascent
from tests.strategies import log_floats

TOP, STEPS, ROUNDING = 1e4, 100, 1e-12

Function = Callable[[float], tuple[float, float]]


def climb(function: Function, ascent: Ascent, tolerance: float) -> tuple[float, float, int]:
    """The best value, where it is, and the steps taken."""
    best, at, size = -np.inf, np.nan, 0.0
    for steps in range(1, STEPS + 1):
        point = ascent.point
        assert 0.0 <= point <= TOP
        value, slope = function(point)
        if value > best:
            best, at = value, point
        ascent.tell(value, slope)
        size = max(size, abs(value) + abs(slope * point))
        assert ascent.upper >= best - ROUNDING * size
        if ascent.upper - best <= tolerance or ascent.is_spent:
            return best, at, steps
    raise AssertionError("not found")


def lowest(intercepts: Array, slopes: Array) -> Function:
    """The lower envelope of lines."""

    def function(point: float) -> tuple[float, float]:
        values = intercepts + slopes * point
        lowest = int(values.argmin())
        return float(values[lowest]), float(slopes[lowest])

    return function


@pytest.mark.parametrize("guess", [0.0, 1e-3, 1.0, 7.0, 400.0, TOP])
@pytest.mark.parametrize("maximum", [0.0, 1e-3, 0.3, 7.0, 500.0, TOP])
def test_a_smooth_maximum_is_found_from_anywhere(maximum: float, guess: float) -> None:
    def function(point: float) -> tuple[float, float]:
        return -((point - maximum) ** 2), -2.0 * (point - maximum)

    best, at, steps = climb(function, Ascent(guess, 0.1, 1.0, TOP), 1e-10)
    assert best >= -1e-10
    assert at == pytest.approx(maximum, abs=1e-4)
    assert steps <= 30


@given(st.integers(0, 10_000), log_floats(1e-3, 1e3), st.integers(2, 40))
def test_a_kinks_maximum_is_exact(seed: int, guess: float, lines: int) -> None:
    rng = np.random.default_rng(seed)
    slopes, points = rng.normal(size=lines), rng.uniform(0, 10, lines)
    function = lowest(-slopes * points - slopes**2, slopes)
    best, _, _ = climb(function, Ascent(guess, 0.1, 1.0, TOP), 1e-11)
    crossings = [0.0, TOP]
    for i in range(lines):
        with np.errstate(divide="ignore", invalid="ignore"):
            at = (slopes**2 + slopes * points - slopes[i] ** 2 - slopes[i] * points[i]) / (
                slopes - slopes[i]
            )
        crossings += [float(each) for each in at if 0.0 <= each <= TOP]
    assert best == pytest.approx(max(function(each)[0] for each in crossings), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("slope", "end"), [(1.0, TOP), (-1.0, 0.0)])
def test_a_line_is_greatest_at_an_end(slope: float, end: float) -> None:
    def function(point: float) -> tuple[float, float]:
        return 5.0 + slope * point, slope

    ascent = Ascent(3.0, 0.1, 1.0, TOP)
    best, at, _ = climb(function, ascent, 0.0)
    assert (best, at) == (5.0 + slope * end, end)
    assert ascent.upper == best


def test_what_hardly_rises_counts_as_level_and_is_bounded_all_the_same() -> None:
    ascent = Ascent(3.0, 0.1, 1.0, TOP, negligible=1e-12)
    while not ascent.is_spent:
        ascent.tell(5.0 + 1e-13 * ascent.point, 1e-13)
    assert ascent.point == 0.0
    assert 5.0 + 1e-13 * TOP <= ascent.upper <= 5.0 + 2e-13 * TOP


def test_tangents_are_mixed_so_that_their_slopes_cancel() -> None:
    ascent = Ascent(1.0, 1.0, 1.0, TOP)
    with pytest.raises(ValueError, match="nothing to mix"):
        _ = ascent.mixed
    ascent.tell(1.0, 3.0, carried=10.0)
    assert (ascent.point, ascent.mixed, ascent.upper) == (2.0, 10.0, np.inf)
    ascent.tell(2.0, -1.0, carried=20.0)
    # 3·share − (1 − share) = 0.
    assert ascent.mixed == pytest.approx(0.25 * 10.0 + 0.75 * 20.0)
    # 1 + 3·(x − 1) = 2 − (x − 2) at x = 1.5.
    assert ascent.upper == pytest.approx(2.5)
