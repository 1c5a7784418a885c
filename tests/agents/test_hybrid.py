"""The hybrid agent: proposals from the network alone, priced; training, saving, resuming."""

import dataclasses
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

import asl_gym
from agents.configuration import Configuration, load_configuration
from agents.hybrid.algorithm import Hybrid
from agents.hybrid.policy import HybridPolicy
from agents.runs import read_curve, run_folder
from agents.training import train
from agents.vec_env import make_vec_env
from asl_gym import ASLEnv, Budget, Scenario, evaluate
from asl_gym.policies.open import price_splits
from asl_gym.policies.shown_rounds import ShownRounds
from asl_gym.solvers import sequential
from tests.agents.agent_samples import trivial_scenario


@pytest.fixture
def quick() -> Configuration:
    """The shipped configuration with a small batch, net and horizon."""
    configuration = load_configuration("hybrid", "ASL-v0")
    return dataclasses.replace(
        configuration,
        num_envs=8,
        total_steps=512,
        validate_every=128,
        environment={**configuration.environment, "horizon": 20},
        model={**configuration.model, "n_steps": 8, "batch_size": 32, "num_candidates": 8},
        network={"net_arch": [16], "activation": "ReLU"},
    )


@pytest.fixture
def fresh() -> Hybrid:
    """An untrained model for the default scenario."""
    return Hybrid("MlpPolicy", make_vec_env("ASL-v0", 4, action_view="split"), seed=0, device="cpu")


def played_observations(model: Hybrid, rounds: int) -> np.ndarray:
    """Observations of an episode that the model plays, shape (rounds, size)."""
    env = ASLEnv(action_view="split")
    observation, _ = env.reset(seed=5)
    seen = []
    for _ in range(rounds):
        seen.append(observation)
        observation, *_ = env.step(model.predict(observation)[0])
    return np.array(seen)


# Decisions


def test_the_solvers_own_splits_are_never_asked_for(
    fresh: Hybrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> Any:
        raise AssertionError("the solver was asked for its splits")

    env = ASLEnv(action_view="split")
    observation, _ = env.reset(seed=0)
    monkeypatch.setattr(sequential, "solve", refuse)
    monkeypatch.setattr(ShownRounds, "solve", refuse)
    with pytest.raises(AssertionError, match="was asked"):
        asl_gym.OPEN(env).predict(observation)
    policy = fresh.policy_for(env)
    candidates = policy.propose(fresh.policy.logits(observation))
    action, _ = policy.predict(observation)
    assert (candidates == action).all(axis=-1).any()
    fresh.learn(8)


def test_the_cheapest_candidate_is_played(fresh: Hybrid) -> None:
    env = ASLEnv(action_view="split")
    policy = fresh.policy_for(env)
    for observation in played_observations(fresh, 20):
        candidates = policy.propose(fresh.policy.logits(observation))
        seen = env.codec.decode(observation)
        prices = [price_splits(env.scenario, seen, one[None])[0] for one in candidates]
        action = candidates[int(np.argmin(prices))]
        np.testing.assert_array_equal(policy.predict(observation)[0], action)


# The network and the policy


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_arrays_and_torch_give_the_same_logits(activation: type[nn.Module]) -> None:
    arguments = {"net_arch": [16, 16], "activation_fn": activation}
    env = make_vec_env("ASL-v0", 4, action_view="split")
    model = Hybrid("MlpPolicy", env, policy_kwargs=arguments, seed=1, device="cpu")
    observations = played_observations(model, 10)
    with torch.no_grad():
        expected = model.policy(torch.as_tensor(observations)).numpy()
    np.testing.assert_allclose(model.policy.logits(observations), expected, rtol=1e-4, atol=1e-5)
    alone = [model.policy.logits(observation) for observation in observations]
    np.testing.assert_allclose(alone, expected, rtol=1e-4, atol=1e-5)


def test_batched_observations_equal_the_loop(fresh: Hybrid) -> None:
    observations = played_observations(fresh, 20)
    alone = [fresh.predict(observation)[0] for observation in observations]
    np.testing.assert_array_equal(fresh.predict(observations)[0], alone)
    network_alone, _ = fresh.policy.predict(observations, deterministic=True)
    np.testing.assert_array_equal(network_alone, fresh.policy.logits(observations).argmax(-1))


def test_a_scenario_that_does_not_fit_is_named(fresh: Hybrid) -> None:
    with pytest.raises(ValueError, match=r"5 devices, 12 split points.*10 devices, 12 split"):
        fresh.policy_for(ASLEnv(num_devices=5))
    scenario = asl_gym.preset("default")
    fewer = dataclasses.replace(scenario.workload, splits=(1, 2, 3))
    with pytest.raises(ValueError, match=r"10 devices, 3 split points"):
        fresh.policy_for(scenario.replace(workload=fewer))
    with pytest.raises(ValueError, match="observations of shape"):
        fresh.policy_for(scenario.replace(budget=Budget(scope="per_device", fraction=0.5)))


def test_a_policy_prices_in_the_scenario_it_is_bound_to(fresh: Hybrid) -> None:
    hasty = asl_gym.preset("default").replace(v=500.0)
    assert fresh.policy_for(hasty).scenario == hasty
    assert fresh.scenario == asl_gym.preset("default")
    observations = played_observations(fresh, 40)
    bound = fresh.policy_for(hasty).predict(observations)[0]
    assert (bound != fresh.predict(observations)[0]).any()


@pytest.mark.parametrize("view", ["box", "multi_discrete"])
def test_other_views_are_refused(view: str) -> None:
    with pytest.raises(ValueError, match="action_view='split'"):
        Hybrid("MlpPolicy", make_vec_env("ASL-v0", 2, action_view=view), device="cpu")


def test_other_activations_are_refused() -> None:
    arguments = {"net_arch": [8], "activation_fn": nn.GELU}
    env = make_vec_env("ASL-v0", 2, action_view="split")
    with pytest.raises(ValueError, match="GELU"):
        Hybrid("MlpPolicy", env, policy_kwargs=arguments, device="cpu")


# Training


def state(model: Hybrid) -> dict[str, Any]:
    return {
        "policy": model.policy.state_dict(),
        "moments": model.policy.optimizer.state_dict()["state"],
    }


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return set(a) == set(b) and all(same(a[key], b[key]) for key in a)
    return bool(torch.equal(a, b))


def test_two_runs_with_one_seed_give_the_same_weights(quick: Configuration, tmp_path: Path) -> None:
    first, second, other = (
        Hybrid.load(train(quick, seed, tmp_path / name, progress_bar=False), device="cpu")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert same(state(first), state(second))
    assert not same(state(first), state(other))


def test_saved_and_loaded_it_decides_the_same(fresh: Hybrid, tmp_path: Path) -> None:
    fresh.learn(256)
    fresh.save(tmp_path / "model.zip")
    loaded = Hybrid.load(tmp_path / "model.zip", device="cpu")
    observations = played_observations(fresh, 30)
    np.testing.assert_array_equal(loaded.predict(observations)[0], fresh.predict(observations)[0])
    assert same(state(loaded), state(fresh))
    assert loaded.scenario == fresh.scenario
    assert loaded.num_timesteps == fresh.num_timesteps
    assert isinstance(loaded.policy_for(loaded.scenario), HybridPolicy)


def test_an_interrupted_run_goes_on_to_the_same_number_of_steps(
    quick: Configuration, tmp_path: Path
) -> None:
    train(quick, 0, tmp_path, total_steps=256, progress_bar=False)
    folder = run_folder(tmp_path, quick, 0)
    steps = [int(row["steps"]) for row in read_curve(folder / "curve.csv")]
    half = Hybrid.load(folder / "checkpoint.zip", device="cpu")
    model = Hybrid.load(train(quick, 0, tmp_path, progress_bar=False), device="cpu")
    assert model.num_timesteps == quick.total_steps
    assert model._n_updates == 2 * half._n_updates
    assert not same(state(model)["policy"], state(half)["policy"])
    resumed = [int(row["steps"]) for row in read_curve(folder / "curve.csv")]
    assert resumed[: len(steps)] == steps
    assert resumed == sorted(set(resumed))
    assert resumed[-1] == quick.total_steps


def test_a_callback_can_end_the_training(fresh: Hybrid) -> None:
    fresh.learn(1_000, callback=lambda *_: fresh.num_timesteps < 20)
    assert fresh.num_timesteps == 20


def test_without_a_scenario_there_is_no_price(fresh: Hybrid) -> None:
    bare = Hybrid("MlpPolicy", None, device="cpu", _init_setup_model=False)
    with pytest.raises(ValueError, match="no scenario"):
        bare.predict(np.zeros(32))


def priced(policy: Any, scenario: Scenario) -> float:
    scores = evaluate(policy, seeds=range(5), scenario=scenario)
    return float(np.mean([score.priced_gap for score in scores]))


def test_the_network_learns_a_trivial_scenario(tmp_path: Path) -> None:
    """Even its first choice, unpriced, comes within 1% of the optimum."""
    scenario = trivial_scenario()
    shipped = load_configuration("hybrid", "ASL-v0")
    configuration = dataclasses.replace(
        shipped,
        num_envs=32,
        total_steps=30_000,
        validate_every=30_000,
        environment={**shipped.environment, "scenario": scenario},
        model={**shipped.model, "batch_size": 128, "num_candidates": 1},
        network={"net_arch": [32], "activation": "ReLU"},
    )
    model = Hybrid.load(train(configuration, 0, tmp_path, progress_bar=False), device="cpu")
    untrained = Hybrid(
        "MlpPolicy",
        make_vec_env("ASL-v0", 1, **configuration.environment),
        num_candidates=1,
        seed=0,
        device="cpu",
    )
    optimum = priced(asl_gym.OPEN, scenario)
    assert priced(model, scenario) <= optimum + 0.01
    assert priced(untrained, scenario) > optimum + 0.02


def test_prices_make_up_for_an_untrained_network() -> None:
    """With all candidates of one device and two splits priced, the decision is the optimum."""
    scenario = trivial_scenario()
    env = make_vec_env("ASL-v0", 1, action_view="split", scenario=scenario)
    untrained = Hybrid("MlpPolicy", env, seed=0, device="cpu")
    assert priced(untrained, scenario) == pytest.approx(priced(asl_gym.OPEN, scenario), abs=1e-4)


def test_gymnasiums_own_environments_train_as_well() -> None:
    """Plain ``gym.make``, wrapped by stable-baselines3."""
    model = Hybrid("MlpPolicy", gym.make("ASL-v0", action_view="split"), n_steps=4, device="cpu")
    model.learn(8)
    assert model.num_timesteps == 8
