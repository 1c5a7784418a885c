"""Agents learn and keep to their configuration."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import asl_gym
from agents.configuration import Configuration, load_configuration
from agents.training import train
from agents.vec_env import NativeVecEnv, make_vec_env
from asl_gym import evaluate
from tests.agents.agent_samples import quick_configuration, trivial_scenario, weights


@pytest.fixture
def quick() -> Configuration:
    return quick_configuration("ppo")


def test_a_run_that_has_ended_is_left_as_it_is(quick: Configuration, tmp_path: Path) -> None:
    before = weights(train(quick, 0, tmp_path, progress_bar=False))
    after = weights(train(quick, 0, tmp_path, progress_bar=False))
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_an_interrupted_run_does_not_go_on_with_another_configuration(
    quick: Configuration, tmp_path: Path
) -> None:
    train(quick, 0, tmp_path, total_steps=128, progress_bar=False)
    other = dataclasses.replace(quick, model={**quick.model, "n_epochs": 7})
    with pytest.raises(ValueError, match="n_epochs"):
        train(other, 0, tmp_path, progress_bar=False)


def test_ppo_learns_a_trivial_scenario(tmp_path: Path) -> None:
    """One device, two splits: within 1% of the optimum after a few seconds."""
    scenario = trivial_scenario()
    configuration = dataclasses.replace(
        load_configuration("ppo", "ASL-v0"),
        num_envs=32,
        total_steps=30_000,
        validate_every=30_000,
        environment={"action_view": "split", "reward": "linear_drift", "scenario": scenario},
        model={**load_configuration("ppo", "ASL-v0").model, "batch_size": 128},
        network={"net_arch": [32], "activation": "ReLU"},
    )
    model = PPO.load(train(configuration, 0, tmp_path, progress_bar=False), device="cpu")
    learned = evaluate(model, seeds=range(5), scenario=scenario)
    optimum = evaluate(asl_gym.OPEN, seeds=range(5), scenario=scenario)
    untrained = PPO("MlpPolicy", make_vec_env("ASL-v0", 1, **configuration.environment))
    chance = evaluate(untrained, seeds=range(5), scenario=scenario)

    def priced(scores: list[asl_gym.EpisodeScore]) -> float:
        return float(np.mean([score.priced_gap for score in scores]))

    assert priced(learned) <= priced(optimum) + 0.01
    assert priced(chance) > priced(optimum) + 0.02


def test_adapter_equals_environments_one_by_one() -> None:
    native = make_vec_env("ASL-v0", 3, action_view="split", horizon=5)
    single = DummyVecEnv([lambda: asl_gym.ASLEnv(action_view="split", horizon=5)] * 3)
    for envs in (native, single):
        envs.seed(4)
    np.testing.assert_array_equal(native.reset(), single.reset())
    generator = np.random.default_rng(0)
    for _ in range(12):
        actions = generator.integers(12, size=(3, 10))
        results = [envs.step(actions) for envs in (native, single)]
        for a, b in zip(results[0][:3], results[1][:3], strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(results[0][3], results[1][3], strict=True):
            assert a.get("TimeLimit.truncated", False) == b["TimeLimit.truncated"]
            assert a["energy"] == b["energy"]
            if "terminal_observation" in b:
                np.testing.assert_array_equal(a["terminal_observation"], b["terminal_observation"])


def test_adapter_wants_same_step_autoreset() -> None:
    envs = asl_gym.ASLVectorEnv(2, autoreset_mode=AutoresetMode.NEXT_STEP)
    with pytest.raises(ValueError, match="SAME_STEP"):
        NativeVecEnv(envs)


def test_unknown_algorithm_and_id_are_named() -> None:
    with pytest.raises(ValueError, match="'sarsa'"):
        load_configuration("sarsa", "ASL-v0")
    with pytest.raises(ValueError, match="'CartPole-v1'"):
        load_configuration("ppo", "CartPole-v1")


def test_a_trace_given_by_options_is_played_once() -> None:
    """As stable-baselines3 hands options over: one for all environments, or one each."""
    envs: Any = make_vec_env("ASL-v0", 2, horizon=5, action_view="split")
    envs.seed(0)
    envs.reset()
    drawn = envs.envs.simulation.trace
    assert drawn is not None
    given = drawn.copy()
    for options in ({"trace": given[1]}, [{"trace": given[1]}, {"trace": given[0]}]):
        envs.set_options(options)
        envs.reset()
        played = envs.envs.simulation.trace
        second = given[1] if isinstance(options, dict) else given[0]
        np.testing.assert_array_equal(played.uplink_bps, [given[1].uplink_bps, second.uplink_bps])
    envs.reset()
    assert not np.array_equal(envs.envs.simulation.trace.uplink_bps, played.uplink_bps)
    envs.set_options([{"trace": given[0]}, {}])
    with pytest.raises(ValueError, match="expected \\['trace'\\] as in others"):
        envs.reset()
    envs.set_options({"tarce": given[0]})
    with pytest.raises(ValueError, match="'tarce' is not known"):
        envs.reset()


def test_queues_are_told_and_pictures_are_drawn_or_refused() -> None:
    envs: Any = make_vec_env("ASL-v0", 2, horizon=5, action_view="split", render_mode="rgb_array")
    monitored = VecMonitor(envs, info_keywords=("queue",))
    monitored.reset()
    assert [info["queue"] for info in envs.reset_infos] == [0.0, 0.0]
    for _ in range(5):
        *_, infos = monitored.step(np.full((2, 10), 5))
    assert infos[0]["episode"]["queue"] == infos[0]["queue"] > 0
    assert [image.shape for image in envs.get_images()] == [(600, 960, 3)] * 2
    with pytest.raises(ValueError, match="render_mode = None: expected 'rgb_array'"):
        make_vec_env("ASL-v0", 2).get_images()
