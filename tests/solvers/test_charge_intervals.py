"""Prices on intervals of the charge: values, and targets against a plain recursion."""

from typing import Any

import numpy as np
import pytest

from asl_gym.arrays import Array
from asl_gym.model.batteries import charge_after, end_charge, wait
from asl_gym.scoring.hindsight import KnownEpisode, hindsight_bound
from asl_gym.solvers.charge_intervals import (
    fill_targets,
    interval_widths,
    values_after,
    values_of_prices,
)
from asl_gym.solvers.charge_levels import Battery

BATTERY = Battery(capacity=8.0, trickle_power_w=0.1, start=1.0)
TRICKLE = BATTERY.trickle_power_w


def cuts(intervals: int) -> Array:
    """Where intervals begin and end, as shares of the capacity."""
    return np.concatenate([[0.0], np.cumsum(interval_widths(intervals))])


def made_episode(rounds: int, options: int) -> tuple[Array, Array, Array]:
    """Delays, energies and harvests of an episode of one device."""
    rng = np.random.default_rng(0)
    delay = rng.uniform(1.0, 9.0, (rounds, options))
    # Who is slower spends less.
    energy = 3.0 * (9.0 - delay) / 8.0 * rng.uniform(0.5, 1.0, delay.shape)
    by_day = np.arange(rounds) < rounds / 2
    return delay, energy, by_day * rng.uniform(0.0, 3.0, rounds)


def targets_of(episode: tuple[Array, Array, Array], prices: Array, trace_decay: float) -> Array:
    """The targets of prices."""
    targets = np.empty_like(prices)
    fill_targets(*episode, prices, BATTERY, trace_decay, targets)
    return targets


def test_values_of_one_price_are_linear() -> None:
    values = values_of_prices(np.full((2, 5), 0.25))
    np.testing.assert_allclose(values, np.tile(0.25 * (1.0 - cuts(5)), (2, 1)), atol=1e-15)
    share = np.array([[0.0, 0.013, 0.5, 1.0]] * 2)
    np.testing.assert_allclose(values_after(values, share), 0.25 * (1.0 - share), atol=1e-15)


def test_values_are_those_between_cuts() -> None:
    rng = np.random.default_rng(0)
    values, share = values_of_prices(rng.random((3, 7))), rng.random((3, 50))
    share[:, :8] = cuts(7)
    expected = [np.interp(share[i], cuts(7), values[i]) for i in range(3)]
    np.testing.assert_allclose(values_after(values, share), expected, atol=1e-12)


@pytest.mark.parametrize("trace_decay", [0.0, 0.7, 1.0])
def test_targets_by_hand(trace_decay: float) -> None:
    episode, rng = made_episode(rounds=6, options=4), np.random.default_rng(1)
    prices, unit = rng.random((6, 5)), BATTERY.capacity / TRICKLE
    found, grid = targets_of(episode, prices, trace_decay), BATTERY.capacity * cuts(5)
    later: Any = end_charge(BATTERY.start, grid, TRICKLE)
    for t in range(5, -1, -1):
        slopes = np.clip(-np.diff(later) / (interval_widths(5) * unit), 0.0, 1.0)
        np.testing.assert_allclose(found[t], slopes, atol=1e-12)
        values, now = unit * values_of_prices(prices[t]), []
        for charge in grid:
            after = charge_after(charge, episode[1][t], episode[2][t], BATTERY.capacity)
            costs = episode[0][t] + wait(episode[1][t], charge, TRICKLE)
            best = int((costs + np.interp(after, grid, values)).argmin())
            ahead, real = (np.interp(after[best], grid, each) for each in (values, later))
            now.append(costs[best] + (1.0 - trace_decay) * ahead + trace_decay * real)
        later = np.array(now)


def test_prices_of_a_known_episode_play_it_nearly_as_well_as_can_be() -> None:
    delay, energy, harvest = made_episode(rounds=30, options=6)
    known = KnownEpisode(
        delay[:, None],
        energy[:, None],
        harvest[:, None],
        np.array([BATTERY.capacity]),
        np.array([BATTERY.start]),
        TRICKLE,
    )
    prices = np.zeros((30, 60))
    start = replayed(known, prices)
    for _ in range(30):
        # What follows a round is right once the rounds after it are.
        prices = targets_of((delay, energy, harvest), prices, 0.5)
    bound = hindsight_bound(known).bound
    assert bound <= replayed(known, prices) < 1.01 * bound < 1.05 * bound < start


def replayed(known: KnownEpisode, prices: Array) -> float:
    """The total delay of an episode that is played by prices."""
    charge, total, unit = BATTERY.start, 0.0, BATTERY.capacity / TRICKLE
    for t in range(len(prices)):
        after = charge_after(charge, known.energy[t, 0], known.harvest[t, 0], BATTERY.capacity)
        costs = known.delay[t, 0] + wait(known.energy[t, 0], charge, TRICKLE)
        ahead = unit * values_after(values_of_prices(prices[t]), after / BATTERY.capacity)
        best = int((costs + ahead).argmin())
        total, charge = total + costs[best], after[best]
    return float(total + end_charge(BATTERY.start, charge, TRICKLE))
