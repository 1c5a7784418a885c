"""The evaluation: common traces, scores, policies of every kind."""

import math
import pickle
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.utils import seeding
from gymnasium.wrappers import NormalizeObservation
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import VecNormalize

import asl_gym
from agents.playing import with_statistics
from agents.vec_env import make_vec_env
from asl_gym import OPEN, Evaluator, FixedSplit, GreedyDelay, GreedyEnergy, RandomPolicy, evaluate
from asl_gym.scoring.fitting import build_policy, view_of
from asl_gym.validation.checks import FieldError

SEEDS = range(3)
HORIZON = 40


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(horizon=HORIZON)


class AlwaysTheMiddle:
    """A user's policy without any of the optional attributes."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        assert deterministic
        assert np.shape(episode_start) == (1,)
        count = 0 if episode_start[0] else state
        return np.full(10, 6), count + 1


def policies() -> Iterator[Any]:
    yield from (OPEN, GreedyDelay, GreedyEnergy, RandomPolicy, AlwaysTheMiddle())
    for split in (1, 3, 12):
        for frequency in ("max", "open"):
            yield lambda env, s=split, f=frequency: FixedSplit(env, s, f)


def test_no_policy_lies_below_the_frontier(evaluator: Evaluator) -> None:
    for policy in policies():
        for score, _ in evaluator.evaluate(policy, SEEDS):
            assert math.isnan(score.frontier_gap) or score.frontier_gap >= -1e-9
            assert score.priced_gap >= -1e-9


def test_scores_follow_from_the_rounds(evaluator: Evaluator) -> None:
    for score, series in evaluator.evaluate(OPEN, SEEDS):
        point = evaluator.frontier(score.evaluation_seed).at_budget()
        budget = evaluator.scenario.energy_budget
        assert score.mean_delay_s == pytest.approx(series.delay.mean(), rel=1e-12)
        assert score.mean_energy_j == pytest.approx(series.energy.mean(), rel=1e-12)
        assert score.energy_ratio == pytest.approx(score.mean_energy_j / budget, rel=1e-12)
        priced = score.mean_delay_s + point.multipliers[0] * (score.mean_energy_j - budget)
        assert score.priced_gap == pytest.approx(priced / point.delay - 1, rel=1e-9)
        assert score.final_queue_j == series.queue[-1]
        assert score.rounds == HORIZON == len(series.split)


def test_decisions_take_no_longer_than_all_that_is_done(evaluator: Evaluator) -> None:
    began = time.perf_counter()
    _, series = next(evaluator.evaluate(OPEN, [0]))
    assert (series.decision_time >= 0).all()
    assert series.decision_time.sum() <= time.perf_counter() - began


def test_compiling_in_the_first_round_is_no_decision_time(evaluator: Evaluator) -> None:
    score, series = next(evaluator.evaluate(OPEN, [0]))
    times = np.full(HORIZON, 3e-4)
    times[0] = 12.0
    compiled = evaluator.score(replace(series, decision_time=times), "OPEN", 0)
    assert compiled.decision_time_us == pytest.approx(300, rel=1e-12)
    assert replace(compiled, decision_time_us=score.decision_time_us) == score


def test_greedy_for_delay_has_no_frontier_gap_and_greedy_for_energy_no_frontier() -> None:
    fast = evaluate(GreedyDelay, seeds=SEEDS, horizon=HORIZON)
    frugal = evaluate(GreedyEnergy, seeds=SEEDS, horizon=HORIZON)
    assert all(abs(score.frontier_gap) < 1e-9 and score.energy_ratio > 2 for score in fast)
    assert all(score.frontier_status == "at minimum energy" for score in frugal)
    assert all(math.isnan(score.frontier_gap) for score in frugal)


def test_same_seed_same_score_whatever_was_played_before(evaluator: Evaluator) -> None:
    def figures(policy: Any, seeds: Any) -> list[tuple[float, ...]]:
        scores = [score for score, _ in evaluator.evaluate(policy, seeds)]
        return [(s.mean_delay_s, s.mean_energy_j, s.priced_gap, s.final_queue_j) for s in scores]

    for policy in (OPEN, RandomPolicy):
        assert figures(policy, [2, 0])[1] == figures(policy, [0])[0]


def test_common_traces(evaluator: Evaluator) -> None:
    first, second = (
        next(series.delay for _, series in evaluator.evaluate(p, [7]))
        for p in (lambda env: FixedSplit(env, 12), lambda env: FixedSplit(env, 12, "open"))
    )
    np.testing.assert_array_equal(first, second)


def test_greater_v_spends_more_and_waits_less(evaluator: Evaluator) -> None:
    def means(v: float) -> tuple[float, float]:
        scores = [s for s, _ in evaluator.evaluate(lambda env: OPEN(env, v=v), SEEDS)]
        return (
            float(np.mean([s.mean_delay_s for s in scores])),
            float(np.mean([s.mean_energy_j for s in scores])),
        )

    results = [means(v) for v in (1.0, 5.0, 20.0)]
    for (slow, frugal), (fast, spending) in pairwise(results):
        assert fast < slow
        assert spending > frugal


def test_models_of_stable_baselines3_are_policies() -> None:
    env = asl_gym.ASLEnv(action_view="split", horizon=HORIZON)
    model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, device="cpu")
    assert view_of(model, env.scenario) == "split"
    (score,) = evaluate(model, seeds=[0], horizon=HORIZON, name="untrained")
    assert score.policy == "untrained"


def test_a_model_of_another_fleet_is_refused() -> None:
    env = asl_gym.ASLEnv(action_view="split", horizon=HORIZON)
    model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, device="cpu")
    with pytest.raises(ValueError, match="no view of 3 devices"):
        evaluate(model, seeds=[0], num_devices=3)


def test_a_policy_built_for_another_scenario_is_refused() -> None:
    policy = OPEN(asl_gym.ASLEnv(budget=300.0))
    with pytest.raises(ValueError, match="another scenario"):
        evaluate(policy, seeds=[0])
    assert evaluate(policy, seeds=[0], budget=300.0)


def test_a_policy_is_built_from_the_environment_it_acts_in() -> None:
    spaces = []

    class Recorder(OPEN):
        def __init__(self, env: Any) -> None:
            spaces.append(env.action_space)
            super().__init__(env)

    evaluate(Recorder, seeds=[0], horizon=2)
    assert set(spaces[0]) == {"split", "server_frequency"}


def test_chance_does_not_play_with_the_draws_of_the_trace() -> None:
    policy = RandomPolicy(asl_gym.ASLEnv())
    policy.begin_episode(3)
    trace_state = seeding.np_random(3)[0].bit_generator.state
    assert policy._generator.bit_generator.state != trace_state


def test_what_is_no_policy_is_refused() -> None:
    with pytest.raises(TypeError, match="predict"):
        evaluate("OPEN", seeds=[0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="predict"):
        build_policy(lambda env: object(), asl_gym.ASLEnv())  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="action_view"):
        Evaluator(action_view="box")


def test_per_device_budgets_are_scored_against_their_own_frontier() -> None:
    scores = evaluate(OPEN, seeds=range(2), scenario="per-device-budgets", horizon=HORIZON)
    for score in scores:
        assert score.energy_ratio >= score.mean_energy_j / score.energy_budget_j
        assert math.isnan(score.frontier_gap) or score.frontier_gap >= -1e-9


def test_seeds_are_whole_numbers_of_any_library_and_at_least_one() -> None:
    one, other = (evaluate(OPEN, seeds=seeds, horizon=3) for seeds in (range(2), np.arange(2)))
    assert [a.priced_gap for a in one] == [b.priced_gap for b in other]
    assert all(type(score.evaluation_seed) is int for score in other)
    with pytest.raises(ValueError, match="at least one evaluation seed"):
        evaluate(OPEN, seeds=[], horizon=3)
    with pytest.raises(ValueError, match=r"seeds\[0\] = 0.5 is not allowed"):
        evaluate(OPEN, seeds=[0.5], horizon=3)  # type: ignore[list-item]


def trained_under_vec_normalize(**settings: Any) -> Any:
    envs = VecNormalize(make_vec_env("ASL-v0", 2, action_view="split", horizon=HORIZON), **settings)
    model = PPO("MlpPolicy", envs, n_steps=32, batch_size=32, device="cpu", seed=0)
    return model.learn(128)


def splits_of(model: Any) -> Any:
    return next(Evaluator(horizon=HORIZON).evaluate(model, [0]))[1].split


def test_a_model_sees_observations_as_its_vec_normalize_made_them(tmp_path: Path) -> None:
    model = trained_under_vec_normalize()
    statistics = model.get_vec_normalize_env()
    env: Any = asl_gym.ASLEnv(action_view="split", horizon=HORIZON)
    observation, _ = env.reset(seed=0)
    expected = []
    for _ in range(HORIZON):
        action, _ = model.predict(statistics.normalize_obs(observation), deterministic=True)
        observation, *_, info = env.step(action)
        expected.append(info["split"])
    np.testing.assert_array_equal(splits_of(model), expected)

    model.save(tmp_path / "model.zip")
    statistics.save(tmp_path / "statistics.pkl")
    loaded = PPO.load(tmp_path / "model.zip")
    with pytest.raises(ValueError, match="trained under VecNormalize, whose statistics"):
        evaluate(loaded, seeds=[0], horizon=HORIZON)
    given = with_statistics(loaded, tmp_path / "statistics.pkl")
    np.testing.assert_array_equal(splits_of(given), expected)


def test_an_off_policy_model_without_its_statistics_is_refused(tmp_path: Path) -> None:
    arguments: Any = {"learning_starts": 8, "buffer_size": 100, "device": "cpu", "seed": 0}
    own: Any = {"horizon": HORIZON, "action_view": "box"}
    envs = [make_vec_env("ASL-v0", 1, **own) for _ in range(2)]
    models = [SAC("MlpPolicy", each, **arguments) for each in (VecNormalize(envs[0]), envs[1])]
    for name, model in zip(("normalised", "raw"), models, strict=True):
        model.learn(16).save(tmp_path / f"{name}.zip")
    with pytest.raises(ValueError, match="trained under VecNormalize, whose statistics"):
        splits_of(SAC.load(tmp_path / "normalised.zip"))
    np.testing.assert_array_equal(splits_of(models[1]), splits_of(SAC.load(tmp_path / "raw.zip")))


def test_normalised_rewards_alone_change_nothing(tmp_path: Path) -> None:
    model = trained_under_vec_normalize(norm_obs=False)
    model.save(tmp_path / "model.zip")
    with pytest.warns(UserWarning, match="trained under VecNormalize, whose statistics"):
        splits = splits_of(PPO.load(tmp_path / "model.zip"))
    np.testing.assert_array_equal(splits_of(model), splits)
    model.get_vec_normalize_env().save(str(tmp_path / "statistics.pkl"))
    given = with_statistics(PPO.load(tmp_path / "model.zip"), tmp_path / "statistics.pkl")
    np.testing.assert_array_equal(splits_of(given), splits)


def test_gymnasiums_normalisation_is_applied_or_refused(tmp_path: Path) -> None:
    wrapped = NormalizeObservation(asl_gym.ASLEnv(action_view="split", horizon=HORIZON))
    model = PPO("MlpPolicy", wrapped, n_steps=32, batch_size=32, device="cpu", seed=0).learn(64)
    counts = wrapped.obs_rms.count
    env: Any = asl_gym.ASLEnv(action_view="split", horizon=HORIZON)
    wrapped.update_running_mean = False
    raw, _ = env.reset(seed=0)
    action, _ = model.predict(wrapped.observation(raw), deterministic=True)
    np.testing.assert_array_equal(splits_of(model)[0], env.step(action)[4]["split"])
    assert wrapped.obs_rms.count == counts
    model.save(tmp_path / "model.zip")
    with pytest.raises(ValueError, match="trained behind NormalizeObservation"):
        evaluate(PPO.load(tmp_path / "model.zip"), seeds=[0], horizon=HORIZON)


def test_statistics_of_something_else_are_refused(tmp_path: Path) -> None:
    env = asl_gym.ASLEnv(action_view="split", horizon=HORIZON)
    model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, device="cpu")
    (tmp_path / "other.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match=r"a file that VecNormalize\.save wrote"):
        with_statistics(model, tmp_path / "other.pkl")
    small = make_vec_env("ASL-v0", 1, action_view="split", num_devices=2)
    VecNormalize(small).save(str(tmp_path / "small.pkl"))
    with pytest.raises(ValueError, match=r"statistics of observations of shape \(32,\)"):
        with_statistics(model, tmp_path / "small.pkl")


class Drifting(AlwaysTheMiddle):
    """Decides by what it has decided before, over all episodes."""

    def __init__(self) -> None:
        self.decisions = 0

    def predict(self, *arguments: Any, **named: Any) -> tuple[Any, Any]:
        self.decisions += 1
        return np.full(10, self.decisions % 12), None


def test_policies_that_remember_earlier_episodes_are_found(evaluator: Evaluator) -> None:
    assert evaluator.remembers(Drifting(), 0)
    assert evaluator.remembers(lambda env: Drifting(), 0)
    for policy in (OPEN, RandomPolicy, AlwaysTheMiddle()):
        assert not evaluator.remembers(policy, 0)


@pytest.mark.parametrize("seeds", [3, np.array(3), "12", {1: 2}, None, 1j])
def test_seeds_that_are_no_sequence(evaluator: Evaluator, seeds: Any) -> None:
    with pytest.raises(FieldError, match=r"^seeds = .* a sequence of evaluation seeds"):
        list(evaluator.evaluate(OPEN, seeds))


def test_twenty_seeds_are_played_unless_told_otherwise() -> None:
    scores = evaluate(GreedyDelay, horizon=1)
    assert [score.evaluation_seed for score in scores] == list(range(20))
