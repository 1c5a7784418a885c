"""The bound on causal policies against the best of them, where that can be found exactly."""

import dataclasses
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from asl_gym import Scenario, evaluate, with_settings
from asl_gym.arrays import Array, Indices
from asl_gym.model.batteries import charge_after, end_charge, wait
from asl_gym.model.radio import cellular
from asl_gym.policies.harvest.known import batteries_of, harvest_traces, known_costs
from asl_gym.policies.harvest.prices import Myopic
from asl_gym.scoring.hindsight import KnownEpisode, hindsight_bound
from asl_gym.traces import channel
from asl_gym.validation.checks import FieldError
from benchmarks.studies.causal.luck import deviations_of, draws_after
from benchmarks.studies.causal.martingale import Martingale
from benchmarks.studies.causal.measure import replayed
from benchmarks.studies.causal.relaxation import penalties_along, relaxed_bound
from tests.benchmarks.commands import failure, run
from tests.policies.harvest import short_scenario


class SkyTree(NamedTuple):
    """One device whose only luck is the sky.

    Attributes:
        delay: Delay of each option in each round under each sky [s], shape (T, 2, L).
        energy: Energies [J], likewise.
        harvest: Harvests [J], shape (T, 2).
        stays: Probability that the sky stays; both are as likely at first.
        capacity: Of the battery [J].
        start: What it holds at first [J].
        trickle_power_w: Of the backup charger [W].
    """

    delay: Array
    energy: Array
    harvest: Array
    stays: float
    capacity: float
    start: float
    trickle_power_w: float

    def chance(self, sky: int, later: int) -> float:
        return self.stays if sky == later else 1.0 - self.stays

    def best(self, t: int, sky: int, charge: Array) -> Array:
        """The least expected total from round t on of policies that see the sky, of any charges."""
        delay, energy = self.delay[t, sky], self.energy[t, sky]
        now = delay + wait(energy, charge[..., None], self.trickle_power_w)
        after = charge_after(charge[..., None], energy, self.harvest[t, sky], self.capacity)
        if t + 1 == len(self.delay):
            later = end_charge(self.start, after, self.trickle_power_w)
        else:
            later = sum(self.chance(sky, c) * self.best(t + 1, c, after) for c in (0, 1))
        return np.asarray((now + later).min(axis=-1))

    def optimum(self) -> float:
        return float(np.mean([self.best(0, sky, np.array(self.start)) for sky in (0, 1)]))

    def paths(self) -> list[tuple[Indices, float]]:
        """All skies of an episode and their probabilities."""
        found = []
        for path in itertools.product((0, 1), repeat=len(self.delay)):
            chances = [self.chance(*pair) for pair in itertools.pairwise(path)]
            found.append((np.array(path), 0.5 * float(np.prod(chances))))
        return found

    def episode(self, path: Indices) -> KnownEpisode:
        rounds = np.arange(len(path))
        return KnownEpisode(
            self.delay[rounds, path][:, None],
            self.energy[rounds, path][:, None],
            self.harvest[rounds, path][:, None],
            np.array([self.capacity]),
            np.array([self.start]),
            self.trickle_power_w,
        )


def made_up(rng: np.random.Generator, whole: bool) -> SkyTree:
    """A small tree; of whole numbers, all charges lie on levels of a joule."""

    def draw(high: int, shape: tuple[int, ...]) -> Array:
        if whole:
            return rng.integers(0, high + 1, shape).astype(float)
        return rng.uniform(0.0, high, shape) * (rng.random(shape) < 0.9)

    rounds, options = rng.integers(1, [5, 4])
    return SkyTree(
        delay=draw(6, (rounds, 2, options)),
        energy=draw(rng.choice([1, 4, 12]), (rounds, 2, options)),
        harvest=draw(rng.choice([0, 2, 12]), (rounds, 2)),
        stays=float(rng.choice([0.0, 0.5, 0.9, 1.0])),
        capacity=12.0,
        start=float(rng.integers(0, 13)) if whole else rng.uniform(0.0, 12.0),
        trickle_power_w=float(rng.choice([0.25, 1.0, 4.0])),
    )


def any_penalties(tree: SkyTree, values: Array, path: Indices) -> Array:
    """The penalties of any values at 5 charges, shape (T + 1, 2, 5), on one path of the sky."""
    penalties = np.zeros((len(path) + 1, 1, values.shape[-1]))
    for s in range(1, len(path)):
        chances = [tree.chance(path[s - 1], sky) for sky in (0, 1)]
        penalties[s, 0] = chances @ values[s] - values[s, path[s]]
    return penalties


def least_by_exhaustion(episode: KnownEpisode, penalties: Array) -> float:
    """The least total and penalty of all sequences of options."""
    rounds, _, options = episode.delay.shape
    totals = []
    for sequence in itertools.product(range(options), repeat=rounds):
        total, charge = replayed(episode, np.array(sequence)[:, None])
        totals.append((total + penalties_along(charge, penalties, episode.capacity))[0])
    return float(min(totals))


def test_no_causal_policy_is_below_the_bound_whatever_is_penalised() -> None:
    rng, strict = np.random.default_rng(1), 0
    for number in range(200):
        tree = made_up(rng, whole=bool(number % 2))
        values = rng.normal(0.0, rng.choice([0.0, 1.0, 20.0]), (len(tree.delay) + 1, 2, 5))
        levels, bound = 4 * int(rng.integers(1, 6)), 0.0
        for path, chance in tree.paths():
            penalties = any_penalties(tree, values, path)
            bound += chance * relaxed_bound(tree.episode(path), penalties, levels)[0]
        optimum = tree.optimum()
        assert bound <= optimum + 1e-9
        strict += bound > optimum - 1e-3 * max(optimum, 1.0)
    # Some bounds are tight, so that an error in their favour would show.
    assert strict > 20


def test_hindsight_that_is_penalised_is_exact_where_all_charges_are_levels() -> None:
    rng, full = np.random.default_rng(2), 0
    for _ in range(200):
        tree = made_up(rng, whole=True)
        path, _ = tree.paths()[rng.integers(2 ** len(tree.delay))]
        episode = tree.episode(path)
        penalties = rng.normal(0.0, 2.0, (len(path) + 1, 1, 5))
        found = relaxed_bound(episode, penalties, levels=12)[0]
        least = least_by_exhaustion(episode, penalties)
        assert found == pytest.approx(least, rel=1e-6, abs=1e-6)
        assert found <= least + 1e-12
        full += bool(episode.harvest.max() >= 12.0)
    assert full > 10


def test_levels_in_between_give_something_away_but_little() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        tree = made_up(rng, whole=False)
        episode = tree.episode(tree.paths()[0][0])
        free = np.zeros((len(tree.delay) + 1, 1, 2))
        least = least_by_exhaustion(episode, free)
        coarse, fine = (relaxed_bound(episode, free, levels)[0] for levels in (6, 60_000))
        assert coarse <= fine + 1e-9
        given = 12.0 / 60_000 / tree.trickle_power_w * (len(tree.delay) + 1)
        assert least - 1.01 * given - 1e-9 <= fine <= least + 1e-12


def by_sky_alone(rounds: int) -> Scenario:
    """The preset's devices without any luck but the sky's."""
    scenario = short_scenario(
        rounds_per_day=12,
        capacity=2.0,
        initial_charge=0.2,
        mean_harvest=1.0,
        cloud_factors=(0.0, 2.0),
        cloud_persistence=0.6,
    )
    radio = cellular(scenario.device_radio, "a law of shadowing")
    radio = dataclasses.replace(radio, fading="none", shadowing_std_db=0.0)
    fleet = dataclasses.replace(scenario.fleet, min_clock_fraction=1.0)
    return scenario.replace(radio=radio, fleet=fleet, horizon=rounds)


def tree_of(scenario: Scenario, device: int) -> SkyTree:
    batteries, mean = batteries_of(scenario), scenario.fastest_energies
    delay, energy = known_costs(scenario, harvest_traces(scenario, [0])[0])
    hours = np.arange(scenario.horizon) % batteries.rounds_per_day
    return SkyTree(
        delay=np.repeat(delay[:, device, None], 2, axis=1),
        energy=np.repeat(energy[:, device, None], 2, axis=1),
        harvest=mean[device] * batteries.harvest_factors()[:, hours].T,
        stays=batteries.cloud_persistence,
        capacity=float(batteries.capacities(mean)[device]),
        start=float(batteries.initial_charges(mean)[device]),
        trickle_power_w=batteries.trickle_power_w,
    )


def test_told_the_law_the_bound_is_nearly_the_best_causal_policy() -> None:
    scenario = by_sky_alone(rounds=5)
    martingale, rng = Martingale(scenario, samples=1, charges=512), np.random.default_rng(0)
    trees = [tree_of(scenario, device) for device in range(3)]
    hindsight, causal = np.zeros(3), np.zeros(3)
    mean, after_clear = np.zeros((6, 3, 513)), np.zeros((6, 3, 513))
    for path, chance in trees[0].paths():
        episode = KnownEpisode.of(scenario, harvest_traces(scenario, [0])[0])
        harvest = [tree.episode(path).harvest for tree in trees]
        episode = episode._replace(harvest=np.concatenate(harvest, axis=1))
        sky, deviations = np.repeat(path[:, None], 3, axis=1), np.zeros((5, 3))
        penalties = martingale.penalties(episode, sky, deviations, rng, draws=1)
        hindsight += chance * hindsight_bound(episode).device_bound
        causal += chance * relaxed_bound(episode, penalties)
        mean += chance * penalties
        after_clear[1:-1] += chance * penalties[1:-1] * sky[:-1, :, None]
    optimum = np.array([tree.optimum() for tree in trees])
    # The penalty's mean is zero given what was known, here the sky of the round before.
    np.testing.assert_allclose(mean, 0.0, atol=1e-6)
    np.testing.assert_allclose(after_clear, 0.0, atol=1e-6)
    assert (causal <= optimum).all()
    assert (causal > 0.999 * optimum).all()
    # The future is worth much here: a wrong penalty would not come so near.
    assert hindsight.sum() < 0.9 * optimum.sum()


def test_penalties_are_zero_on_average_given_what_was_known() -> None:
    scenario = short_scenario(capacity=8.0).replace(horizon=12)
    martingale, weighted = Martingale(scenario, samples=2, charges=4), []
    for seed in range(300):
        penalties = penalties_of(scenario, martingale, seed, draws=2)[1:-1]
        shadowing, cloud = deviations_of(scenario, seed), harvest_traces(scenario, [seed])[0].cloud
        assert cloud is not None
        known = np.stack([np.ones_like(cloud), shadowing, cloud], axis=-1)[:-1]
        weighted.append(penalties[..., None] * known[:, :, None, :])
    # Those of different rounds are uncorrelated.
    joined = np.concatenate(weighted)
    spread = np.sqrt((joined**2).sum(axis=0))
    assert (spread > 0.0).all()
    assert np.abs(joined.sum(axis=0) / spread).max() < 3.5


def test_draws_follow_the_law_of_traces() -> None:
    scenario, ranks = short_scenario(), []
    for seed in range(30):
        deviations = deviations_of(scenario, seed)
        delay, energy = known_costs(scenario, harvest_traces(scenario, [seed])[0])
        rng = np.random.default_rng([seed, 1])
        for first, draws in draws_after(scenario, deviations[:-1], 128, rng):
            after = slice(first + 1, first + 1 + len(draws.delay))
            # The first option sends most, the last one computes all on the device.
            pairs = [(draws.deviation, deviations[after])]
            for option in (0, -1):
                pairs.append((draws.delay[..., option], delay[after, :, option]))
                pairs.append((draws.energy[..., option], energy[after, :, option]))
            rank = [(drawn < real[:, None]).mean(axis=1) for drawn, real in pairs]
            # Given a deep shadow, not only on average.
            ranks.append(np.stack(rank)[:, deviations[first : after.stop - 1] < -0.5])
    for each in np.concatenate(ranks, axis=1):
        assert each.size > 1_000
        assert kstest(each, "uniform").pvalue > 1e-3


def penalties_of(scenario: Scenario, martingale: Martingale, seed: int, draws: int) -> Array:
    trace = harvest_traces(scenario, [seed])[0]
    episode, deviations = KnownEpisode.of(scenario, trace), deviations_of(scenario, seed)
    assert trace.cloud is not None
    rng = np.random.default_rng([seed, 1])
    return martingale.penalties(episode, trace.cloud.astype(int), deviations, rng, draws)


def test_deviations_are_those_of_the_rates() -> None:
    scenario = by_sky_alone(rounds=9)
    radio = cellular(scenario.device_radio, "a law of shadowing")
    radio = dataclasses.replace(radio, shadowing_std_db=8.0)
    scenario = scenario.replace(radio=radio)
    trace = harvest_traces(scenario, [3])[0]
    gain = 10.0 ** (0.8 * deviations_of(scenario, 3))
    snr, _ = channel.mean_snr(scenario.fleet, radio)
    uplink, *_ = trace.real()
    np.testing.assert_allclose(uplink, channel.rates(snr, gain, None, radio), rtol=1e-9)


def test_the_command_bounds_policies_as_they_are_scored(tmp_path: Path) -> None:
    options = [
        "--set",
        "horizon=8",
        "--set",
        "num_devices=2",
        "--set",
        "batteries.rounds_per_day=8",
    ]
    run(
        tmp_path,
        "causal",
        "--seeds",
        "3",
        "--policy",
        "told-the-law",
        "--policy",
        "myopic",
        *options,
    )
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert len(rows) == 2 * 3 * 2
    changes = {"horizon": 8, "num_devices": 2, "batteries.rounds_per_day": 8}
    scenario = with_settings("harvest", changes)
    scores = evaluate(Myopic, "ASLHarvest-v0", range(3), scenario=scenario)
    own = rows[rows["policy"] == "myopic"].groupby("evaluation_seed")[["delay_s", "hindsight_s"]]
    expected = [(score.mean_delay_s, score.bound_s) for score in scores]
    np.testing.assert_allclose(own.sum().to_numpy(), expected, rtol=1e-9)
    # A policy's own charges are open to the bound, too, but for rounding up.
    assert (rows["delay_s"] + rows["penalty_s"] >= rows["relaxed_s"]).all()
    summary = pd.read_csv(tmp_path / "summary.csv").set_index("policy")
    for name, line in summary.iterrows():
        of_policy = rows[rows["policy"] == name].drop(columns=["policy", "label"])
        means = of_policy.groupby("evaluation_seed").sum().mean()
        causal = means["relaxed_s"] - means["penalty_s"]
        assert line["causal_gap"] == pytest.approx(means["delay_s"] / causal - 1.0, rel=1e-9)
        assert line["causal_gap_low"] <= line["causal_gap"] <= line["causal_gap_high"]
    assert "told the law" in (tmp_path / "causal.md").read_text(encoding="utf-8")


def test_names_what_is_not_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "scenario.batteries" in failure(capsys, "causal", "--scenario", "default")
    assert "a law of shadowing" in failure(capsys, "causal", "--set", "radio=40mbit")
    scenario, free = by_sky_alone(2), np.zeros((3, 3, 5))
    known = KnownEpisode.of(scenario, harvest_traces(scenario, [0])[0])
    with pytest.raises(FieldError, match=r"levels = 6 .* multiple of 4"):
        relaxed_bound(known, free, levels=6)
    with pytest.raises(FieldError, match=r"penalties = \(3, 3\)"):
        relaxed_bound(known, free[..., 0], levels=6)
    with pytest.raises(FieldError, match=r"draws = 3 .* power of two"):
        penalties_of(scenario, Martingale(scenario, samples=1, charges=4), 0, draws=3)


@pytest.mark.parametrize(
    ("fineness", "told"),
    [
        (("--draws", "3"), "draws = 3 is not allowed: expected a power of two"),
        (("--levels", "1000"), "levels = 1000 is not allowed: expected a multiple of 512"),
    ],
)
def test_a_fineness_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fineness: tuple[str, str], told: str
) -> None:
    small = ("--set", "horizon=8", "--set", "num_devices=2", "--seeds", "1")
    options = ("--policy", "myopic", *small, *fineness, "--out", str(tmp_path))
    assert told in failure(capsys, "causal", *options)
