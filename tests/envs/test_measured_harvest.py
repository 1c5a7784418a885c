"""Devices on batteries whose harvests were measured."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from asl_gym import ASLVectorEnv, Evaluator, evaluate, preset
from asl_gym.arrays import Array
from asl_gym.pettingzoo import parallel_env
from asl_gym.policies.harvest.catalogue import HARVEST_POLICIES
from asl_gym.policies.harvest.prices import DriftPlusPenalty, Myopic
from asl_gym.policies.harvest.ration import RationToSunrise
from asl_gym.policies.harvest.told_law import ToldTheLaw
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.hindsight import KnownEpisode, hindsight_bound
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.harvest_samples import sun, sun_file, sunny_scenario

DAYS = np.random.default_rng(0).integers(0, 100, (7, 4)).astype(float)
SCENARIO = sunny_scenario()


@pytest.fixture
def harvest(tmp_path: Path) -> MeasuredHarvest:
    return sun(sun_file(tmp_path / "sun.csv", DAYS.tolist(), each=3))


def made(harvest: MeasuredHarvest | None, scenario: Scenario = SCENARIO, **arguments: Any) -> Any:
    return gym.make("ASLHarvest-v0", scenario=scenario, harvest=harvest, **arguments).unwrapped


def shown(env: Any, seed: int) -> Array:
    """What is harvested in each round of an episode [J], shape (T, N)."""
    env.reset(seed=seed)
    env.action_space.seed(0)
    rounds = [env.step(env.action_space.sample())[4] for _ in range(env.scenario.horizon)]
    return np.array([info["harvest"] for info in rounds])


def test_each_device_plays_days_of_the_file_from_a_start_of_its_own(
    harvest: MeasuredHarvest,
) -> None:
    env, starts = made(harvest), np.zeros(6)
    assert env.harvest is harvest
    energies = SCENARIO.fastest_energies
    # By hand: two days that follow one another, of the file's mean of 2 Ê.
    played = 2.0 * DAYS / DAYS.mean()
    windows = np.array([played[day : day + 2].ravel() for day in range(6)])
    for seed in range(60):
        found = shown(env, seed) / energies
        fits = np.isclose(found.T[:, None], windows).all(axis=-1)
        assert (fits.sum(axis=1) == 1).all()
        starts += fits.sum(axis=0)
        np.testing.assert_array_equal(env.trace.harvest_j, found * energies)
        assert env.trace.cloud is None
    # 30 of each are expected, with a standard deviation of 5.
    assert (abs(starts - 30) < 20).all()


def test_a_seed_decides_it_alone_and_together(harvest: MeasuredHarvest) -> None:
    env = made(harvest)
    envs = ASLVectorEnv(5, SCENARIO, harvest=harvest)
    assert envs.harvest is harvest
    together = shown(envs, 3)
    for row in range(5):
        np.testing.assert_array_equal(together[:, row], shown(env, 3 + row))
    np.testing.assert_array_equal(
        together.swapaxes(0, 1), np.asarray(envs.simulation.trace.harvest_j)
    )


def test_many_rounds_are_prepared_in_pieces(tmp_path: Path) -> None:
    days = np.random.default_rng(1).uniform(0, 1, (30, 24))
    scenario = sunny_scenario(rounds_per_day=24, horizon=100)
    envs = ASLVectorEnv(100, scenario, harvest=sun(sun_file(tmp_path / "sun.csv", days.tolist())))
    together = shown(envs, 0)
    np.testing.assert_array_equal(
        together.swapaxes(0, 1), np.asarray(envs.simulation.trace.harvest_j)
    )


def test_harvests_change_no_other_stream(harvest: MeasuredHarvest) -> None:
    env, other = made(harvest), made(None)
    env.reset(seed=3)
    other.reset(seed=3)
    for name in ("uplink_bps", "downlink_bps", "clock_hz"):
        np.testing.assert_array_equal(getattr(env.trace, name), getattr(other.trace, name))


def test_given_traces_and_agents_a_device(harvest: MeasuredHarvest) -> None:
    env = made(harvest)
    env.reset(seed=1)
    trace = env.trace
    env.reset(seed=2, options={"trace": trace})
    np.testing.assert_array_equal(env.trace.harvest_j, trace.harvest_j)
    devices = parallel_env("ASLHarvest-v0", scenario=SCENARIO, harvest=harvest)
    assert devices.harvest is harvest
    devices.reset(seed=1)
    info = devices.step(dict.fromkeys(devices.agents, 0))[4]
    assert [info[name]["harvest"] for name in devices.possible_agents] == trace.harvest_j[
        0
    ].tolist()


def test_what_is_refused(harvest: MeasuredHarvest, tmp_path: Path) -> None:
    with pytest.raises(FieldError, match=r"harvest = .*: expected to leave it out where devices"):
        gym.make("ASL-v0", harvest=harvest)
    with pytest.raises(FieldError, match=r"cloud_shown = True .*: expected False with meas"):
        gym.make("ASLHarvest-v0", harvest=harvest)
    with pytest.raises(FieldError, match=r"harvest = 'sun.csv' is not allowed: expected a Measur"):
        gym.make("ASLHarvest-v0", harvest="sun.csv", cloud_shown=False)
    short = sun(sun_file(tmp_path / "short.csv", DAYS[:1].tolist()))
    for make in (made, lambda source: ASLVectorEnv(2, SCENARIO, harvest=source)):
        with pytest.raises(TextFileError, match=r"expected at least 2 for 8 rounds of 21600 s"):
            make(short)


def test_no_policy_is_below_the_hindsight_bound(harvest: MeasuredHarvest) -> None:
    for entry in HARVEST_POLICIES:
        if entry.told_more or entry.of_preset:
            continue
        scores = evaluate(
            entry.policy, "ASLHarvest-v0", range(3), scenario=SCENARIO, harvest=harvest
        )
        for score in scores:
            assert 0.0 <= score.gap < np.inf
    env = made(harvest)
    env.reset(seed=0)
    found = hindsight_bound(KnownEpisode.of(SCENARIO, env.trace))
    assert found.bound <= found.delay
    assert found.slack < 0.01
    total = sum(env.step(splits)[4]["delay"] for splits in found.split_index)
    assert total == pytest.approx(found.delay)


def test_policies_that_are_told_the_law_are_refused(harvest: MeasuredHarvest) -> None:
    for env in (made(harvest), ASLVectorEnv(2, SCENARIO, harvest=harvest)):
        with pytest.raises(FieldError, match=r"harvest = .* ToldTheLaw is told the law of synth"):
            ToldTheLaw(env)
    with pytest.raises(FieldError, match="ToldTheLaw"):
        evaluate(ToldTheLaw, "ASLHarvest-v0", [0], scenario=SCENARIO, harvest=harvest)


def test_policies_of_another_harvest_are_refused(harvest: MeasuredHarvest, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"scenario": SCENARIO, "harvest": harvest}
    other = sun(sun_file(tmp_path / "other.csv", DAYS[::-1].tolist()))
    for built in (RationToSunrise(SCENARIO), Myopic(made(other))):
        with pytest.raises(ValueError, match=r"was built for harvest = .*: hand over its class"):
            evaluate(built, "ASLHarvest-v0", [0], **asked)
    same_built = Myopic(made(sun(harvest.path)))
    of_same, own = (evaluate(each, "ASLHarvest-v0", [0], **asked) for each in (same_built, Myopic))
    assert of_same[0].mean_delay_s == own[0].mean_delay_s
    with pytest.raises(ValueError, match="was built for harvest"):
        evaluate(Myopic(made(harvest)), "ASLHarvest-v0", [0], scenario=SCENARIO)


def test_rations_reckon_with_the_days_of_the_file(harvest: MeasuredHarvest) -> None:
    measured, law = RationToSunrise(made(harvest)), RationToSunrise(SCENARIO)
    mean = 2.0 * DAYS.mean(axis=0) / DAYS.mean()
    rest = np.cumsum(mean[::-1])[::-1]
    np.testing.assert_allclose(
        measured._expected, rest[:, None] * SCENARIO.fastest_energies, rtol=1e-12
    )
    assert not np.allclose(measured._expected, law._expected)


def test_the_preset_plays_a_file_of_a_quarter_of_an_hour(tmp_path: Path) -> None:
    rng, sunshine = np.random.default_rng(2), preset("harvest").batteries
    assert sunshine is not None
    days = rng.uniform(0.2, 1.0, (5, 96)) * sunshine.sunshine()
    source = sun(sun_file(tmp_path / "sun.csv", days.tolist()))
    evaluator = Evaluator("ASLHarvest-v0", harvest=source, cloud_shown=False)
    ((score, series),) = evaluator.evaluate(DriftPlusPenalty, [0])
    assert score.gap >= 0.0
    assert series.harvest is not None
    # Nights are as dark as in the file.
    night = np.arange(288) % 96 >= 48
    assert (series.harvest[night] == 0.0).all()
    assert (series.harvest[~night] > 0.0).all()
