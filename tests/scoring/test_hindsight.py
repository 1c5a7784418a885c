"""The hindsight bound against exhaustive search, where it must be exact, and on an episode."""

import itertools
from typing import Any

import numpy as np
import pytest

from asl_gym.arrays import Array
from asl_gym.model.batteries import charge_after, end_charge, wait
from asl_gym.scoring.hindsight import HindsightBound, KnownEpisode, hindsight_bound
from asl_gym.solvers.charge_levels import value_at
from asl_gym.validation.checks import FieldError

ROUNDING = 1e-12
"""Relative; sums of a few numbers are taken in different orders."""


def made_up(rng: np.random.Generator, whole: bool) -> KnownEpisode:
    """A small instance; of whole numbers, there are ties and charges that lie on levels."""

    def draw(high: int, shape: tuple[int, ...]) -> Array:
        if whole:
            return rng.integers(0, high + 1, shape).astype(float)
        return rng.uniform(0.0, high, shape) * (rng.random(shape) < 0.9)

    rounds, devices, options = rng.integers(1, [5, 3, 4])
    capacity = draw(9, (devices,)) + 1.0
    harvest = draw(rng.choice([0, 2, 12]), (rounds, devices))
    return KnownEpisode(
        delay=draw(6, (rounds, devices, options)),
        energy=draw(rng.choice([1, 4, 12]), (rounds, devices, options)),
        harvest=harvest,
        capacity=capacity,
        initial_charge=np.minimum(draw(10, (devices,)), capacity),
        trickle_power_w=float(rng.choice([0.25, 1.0, 4.0])),
        charges_end=bool(rng.integers(2)),
    )


def by_exhaustion(episode: KnownEpisode) -> Array:
    """The least total delay of each device, by playing every sequence of options."""
    rounds, _, options = episode.delay.shape
    sequences = np.array([*itertools.product(range(options), repeat=int(rounds))])
    charge = np.broadcast_to(episode.initial_charge, (len(sequences), len(episode.capacity)))
    total = np.zeros_like(charge)
    for t in range(rounds):
        energy = episode.energy[t, :, sequences[:, t]]
        total = total + episode.delay[t, :, sequences[:, t]]
        total = total + wait(energy, charge, episode.trickle_power_w)
        charge = charge_after(charge, energy, episode.harvest[t], episode.capacity)
    if episode.charges_end:
        total = total + end_charge(episode.initial_charge, charge, episode.trickle_power_w)
    return np.asarray(total.min(axis=0))


def replayed(episode: KnownEpisode, found: HindsightBound) -> Array:
    """What the decisions that were found come to by the model's formulas."""
    charge, total = episode.initial_charge, np.zeros_like(episode.capacity)
    for t, splits in enumerate(found.split_index):
        delay, energy = (
            np.take_along_axis(each[t], splits[:, None], axis=-1)[:, 0] for each in episode[:2]
        )
        np.testing.assert_allclose(charge, found.charge[t], rtol=ROUNDING, atol=ROUNDING)
        total = total + delay + wait(energy, charge, episode.trickle_power_w)
        charge = charge_after(charge, energy, episode.harvest[t], episode.capacity)
    if episode.charges_end:
        total = total + end_charge(episode.initial_charge, charge, episode.trickle_power_w)
    return total


@pytest.mark.parametrize("whole", [True, False])
def test_no_sequence_of_options_is_below_the_bound(whole: bool) -> None:
    rng = np.random.default_rng(1)
    full, dark, ends, strict = 0, 0, 0, 0
    for _ in range(1_000):
        episode = made_up(rng, whole)
        found = hindsight_bound(episode, levels=int(rng.integers(1, 20)))
        least = by_exhaustion(episode)
        assert (found.device_bound <= least).all()
        assert (found.device_delay >= least * (1.0 - ROUNDING)).all()
        np.testing.assert_allclose(replayed(episode, found), found.device_delay, rtol=ROUNDING)
        full += bool((found.charge[1:] == episode.capacity).any())
        dark += not episode.harvest.any()
        ends += episode.charges_end
        strict += bool((found.device_bound < least - 1e-9).any())
    # The instances hold what they are to try, and levels are coarse enough to make a difference.
    assert min(full, dark, ends, 1_000 - ends, strict) > 50


def test_is_exact_where_all_charges_are_levels() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        episode = made_up(rng, whole=True)
        episode = episode._replace(capacity=np.full_like(episode.capacity, 12.0))
        found, least = hindsight_bound(episode, levels=12), by_exhaustion(episode)
        np.testing.assert_allclose(found.device_bound, least, rtol=ROUNDING, atol=1e-11)
        np.testing.assert_array_equal(found.device_delay, least)


def test_plain_interpolation_is_no_bound() -> None:
    # The first round takes the battery from 3 to 1, between the levels 0 and 3.
    episode = KnownEpisode(
        delay=np.array([[[0.0, 0.0]], [[1.0, 3.0]]]),
        energy=np.array([[[2.0, 2.0]], [[5.0, 1.0]]]),
        harvest=np.zeros((2, 1)),
        capacity=np.array([6.0]),
        initial_charge=np.array([3.0]),
        trickle_power_w=1.0,
        charges_end=False,
    )
    assert by_exhaustion(episode) == [3.0]
    last = episode._replace(
        delay=episode.delay[1:], energy=episode.energy[1:], harvest=episode.harvest[1:]
    )
    at_levels = [
        float(by_exhaustion(last._replace(initial_charge=np.array([charge])))[0])
        for charge in (0.0, 3.0, 6.0)
    ]
    assert at_levels == [4.0, 3.0, 1.0]
    assert value_at(1.0, np.array(at_levels), 6.0) > 3.5
    assert hindsight_bound(episode, levels=2).bound <= 3.0


def test_more_levels_leave_less_between() -> None:
    rng = np.random.default_rng(3)
    shape = (40, 2, 5)
    episode = KnownEpisode(
        delay=rng.uniform(1.0, 5.0, shape),
        energy=rng.uniform(0.0, 6.0, shape),
        harvest=rng.uniform(0.0, 4.0, shape[:2]),
        capacity=np.array([20.0, 30.0]),
        initial_charge=np.array([2.0, 0.0]),
        trickle_power_w=0.5,
    )
    coarse, fine = hindsight_bound(episode, levels=50), hindsight_bound(episode, levels=10_000)
    assert fine.slack < min(1e-3, coarse.slack)
    assert coarse.bound <= fine.delay
    assert coarse.delay >= fine.bound


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("energy", np.zeros((2, 1, 1))),
        ("delay", np.full((2, 1, 2), np.nan)),
        ("harvest", -np.ones((2, 1))),
        ("capacity", np.zeros(1)),
        ("initial_charge", np.array([2.0])),
        ("trickle_power_w", 0.0),
    ],
)
def test_names_what_is_not_allowed(field: str, value: Any) -> None:
    zeros = np.zeros((2, 1, 2))
    good = KnownEpisode(zeros, zeros, zeros[..., 0], np.ones(1), np.zeros(1), 1.0)
    with pytest.raises(FieldError, match=field):
        hindsight_bound(good._replace(**{field: value}))
