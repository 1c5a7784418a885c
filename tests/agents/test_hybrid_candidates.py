"""The hybrid agent's candidates: distinct, in order of confidence, mutations of all options."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.hybrid.candidates import change_patterns, mutations, propose
from tests.strategies import seeds


@given(st.integers(1, 12), st.integers(1, 64))
def test_patterns_are_distinct_and_least_in_rank_sum(devices: int, candidates: int) -> None:
    patterns = change_patterns(devices, candidates)
    assert patterns.shape == (min(candidates, 2**devices), devices)
    assert len(np.unique(patterns, axis=0)) == len(patterns)
    sums = patterns @ np.arange(1, devices + 1)
    everything = np.array(list(itertools.product([0, 1], repeat=devices)))
    least = np.sort(everything @ np.arange(1, devices + 1))[: len(patterns)]
    np.testing.assert_array_equal(sums, least)


@given(seeds, st.integers(1, 8), st.integers(1, 6), st.integers(1, 40))
def test_candidates_follow_the_order_of_confidence(
    seed: int, devices: int, splits: int, candidates: int
) -> None:
    logits = np.random.default_rng(seed).normal(size=(3, devices, splits))
    proposed = propose(logits, change_patterns(devices, candidates))
    count = min(candidates, 2**devices) if splits > 1 else 1
    assert proposed.shape == (3, count, devices)
    np.testing.assert_array_equal(proposed[:, 0], logits.argmax(axis=-1))
    assert all(len(np.unique(row, axis=0)) == count for row in proposed)
    if count > 1:
        best_two = np.sort(logits, axis=-1)[..., -2:]
        least_confident = (best_two[..., 1] - best_two[..., 0]).argmin(axis=-1)
        changed = proposed[:, 1] != proposed[:, 0]
        np.testing.assert_array_equal(changed.argmax(axis=-1), least_confident)
        np.testing.assert_array_equal(changed.sum(axis=-1), 1)
    chosen = np.take_along_axis(logits[:, None], proposed[..., None], axis=-1)[..., 0]
    second = np.sort(logits, axis=-1)[:, None, :, -min(2, splits)]
    assert (chosen >= second).all()


def test_mutations_reach_every_option_of_every_device() -> None:
    start = np.zeros((400, 5, 4), dtype=np.int64)
    mutated = mutations(start, 3, np.random.default_rng(0))
    for device in range(4):
        assert set(np.unique(mutated[..., device])) == {0, 1, 2}
    # One device in four is drawn anew, and two of three draws differ.
    assert (mutated != start).mean() == pytest.approx(1 / 6, abs=0.01)
