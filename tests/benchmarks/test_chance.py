"""Chance as a baseline: in the suite of every environment id, and on batteries as it says."""

import numpy as np
import pytest

from asl_gym import Evaluator
from asl_gym.registration import ENVIRONMENTS
from asl_gym.scoring.episodes import EpisodeSeries
from benchmarks.playing.suite import Entry, build_suite
from tests.policies.harvest import short_scenario


def chance(evaluator: Evaluator) -> Entry:
    """The suite's random policy."""
    (entry,) = build_suite(evaluator, agents=False, only=["random"]).entries
    return entry


def played(seeds: list[int]) -> dict[int, EpisodeSeries]:
    """Episodes of chance on batteries, by seed."""
    evaluator = Evaluator("ASLHarvest-v0", scenario=short_scenario())
    rounds = (series for _, series in evaluator.evaluate(chance(evaluator).policy, seeds))
    return dict(zip(seeds, rounds, strict=True))


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_every_environment_id_has_it(env_id: str) -> None:
    entry = chance(Evaluator(env_id, horizon=2))
    assert (entry.label, entry.kind, entry.split) == ("random", "baseline", None)


def test_on_batteries_a_seed_decides_its_splits() -> None:
    together, apart = played([2, 0]), played([0])
    np.testing.assert_array_equal(together[0].split, apart[0].split)
    np.testing.assert_array_equal(together[0].delay, apart[0].delay)
    assert (together[0].split != together[2].split).any()


def test_on_batteries_splits_are_even_and_the_clock_is_full() -> None:
    scenario = short_scenario()
    series = [*played(list(range(10))).values()]
    splits = np.concatenate([each.split for each in series])
    for device in splits.T:
        shares = (device[:, None] == scenario.workload.admissible_splits).mean(axis=0)
        # 480 rounds: 4 standard deviations of a share of one in twelve are 0.05.
        assert np.abs(shares - 1 / len(shares)).max() < 0.05
    # Devices and rounds draw apart: any two agree as often as chance has it.
    for one, other in [(splits[:, 0], splits[:, 1]), (splits[1:, 0], splits[:-1, 0])]:
        assert abs((one == other).mean() - 1 / len(shares)) < 0.05
    assert all((each.server_frequency == scenario.server.clock_max_hz).all() for each in series)
