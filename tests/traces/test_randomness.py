"""Luck against chance: p-values of a hundred keys in a row, which must be uniform themselves.

Keys are fixed, so that nothing here fails by chance from one run to the next.
"""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from asl_gym.arrays import Array
from tests.traces.luck_samples import draws, uniforms

KEYS = 1_000_000 + np.arange(100, dtype=np.uint64)
"""Neighbours, which have most of their bits in common."""

ROUNDS, DEVICES = 300, 6
BINS = 40
LEAST = 1e-3
"""Least p-value of a hundred p-values' uniformity."""

UNIFORMS = uniforms(draws(KEYS, ROUNDS, DEVICES))
QUANTITIES = list(UNIFORMS)
over_quantities = pytest.mark.parametrize("quantity", QUANTITIES)


def by_key(values: Array) -> Array:
    """One sample a key, from (T, B, N)."""
    return values.swapaxes(0, 1).reshape(values.shape[1], -1)


def assert_by_chance(p_values: Array) -> None:
    """Whether p-values are uniform, none of them being too small for their number."""
    assert p_values.min() > LEAST / p_values.size
    assert stats.kstest(p_values, "uniform").pvalue > LEAST


def correlation_p_values(some: Array, others: Array) -> Array:
    """Two-sided, of independent uniform pairs, one a key."""
    products = by_key((some - 0.5) * (others - 0.5)) * 12.0
    return np.asarray(2 * stats.norm.sf(np.abs(products.sum(axis=1)) / products.shape[1] ** 0.5))


@over_quantities
def test_distribution(quantity: str) -> None:
    """Kolmogorov and Smirnov's test: of normals, exponentials, uniforms and log-uniforms."""
    samples = by_key(UNIFORMS[quantity])
    assert_by_chance(np.array([stats.kstest(each, "uniform").pvalue for each in samples]))


@over_quantities
def test_bins(quantity: str) -> None:
    samples = by_key(UNIFORMS[quantity])
    counts = np.array([np.histogram(each, BINS, (0.0, 1.0))[0] for each in samples])
    assert (counts.sum(axis=1) == samples.shape[1]).all()
    assert_by_chance(stats.chisquare(counts, axis=1).pvalue)


@over_quantities
def test_pairs_of_rounds_fill_the_square(quantity: str) -> None:
    values = UNIFORMS[quantity]
    cells = np.floor(values[:-1:2] * 6) * 6 + np.floor(values[1::2] * 6)
    counts = np.array([np.bincount(each.astype(int), minlength=36) for each in by_key(cells)])
    assert_by_chance(stats.chisquare(counts, axis=1).pvalue)


@over_quantities
@pytest.mark.parametrize("lag", [1, 2, 3])
def test_rounds_are_independent(quantity: str, lag: int) -> None:
    values = UNIFORMS[quantity]
    assert_by_chance(correlation_p_values(values[:-lag], values[lag:]))


@over_quantities
@pytest.mark.parametrize("apart", [1, 2, 5])
def test_devices_are_independent(quantity: str, apart: int) -> None:
    values = UNIFORMS[quantity]
    assert_by_chance(correlation_p_values(values[..., :-apart], values[..., apart:]))


@over_quantities
@pytest.mark.parametrize("apart", [1, 2, 16])
def test_neighbouring_keys_are_independent(quantity: str, apart: int) -> None:
    values = UNIFORMS[quantity]
    assert_by_chance(correlation_p_values(values[:, :-apart], values[:, apart:]))


@pytest.mark.parametrize(("one", "other"), [*combinations(QUANTITIES, 2)])
@pytest.mark.parametrize("lag", [0, 1])
def test_quantities_are_independent(one: str, other: str, lag: int) -> None:
    some, others = UNIFORMS[one][: ROUNDS - lag], UNIFORMS[other][lag:]
    assert_by_chance(correlation_p_values(some, others))
