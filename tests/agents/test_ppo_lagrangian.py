"""PPO-Lagrangian: the reward it learns from, its multiplier, and what is kept of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger

from agents.ppo_lagrangian import PPOLagrangian
from agents.runs import run_folder
from agents.training import train
from agents.vec_env import NativeVecEnv, make_vec_env
from asl_gym import preset
from asl_gym.scenario.reference import extreme_energies
from tests.agents.agent_samples import quick_configuration
from tests.strategies import reference_of


class Costs(BaseCallback):
    """Keeps rewards and costs of every step, shapes (steps, environments)."""

    def __init__(self) -> None:
        super().__init__()
        self.rewards: list[np.ndarray] = []
        self.costs: list[list[float]] = []

    def _on_step(self) -> bool:
        self.rewards.append(self.locals["rewards"].copy())
        self.costs.append([info["cost"] for info in self.locals["infos"]])
        return True


def small_model(budget: float | None = None, **arguments: Any) -> PPOLagrangian:
    env = make_vec_env(
        "ASL-v0", 4, action_view="multi_discrete", reward="delay", horizon=20, budget=budget
    )
    given = {"n_steps": 16, "batch_size": 32, "n_epochs": 1, "gamma": 0.0, "seed": 0, **arguments}
    return PPOLagrangian("MlpPolicy", env, device="cpu", **given)


def multiplier_after(budget: float) -> float:
    model = small_model(budget, initial_multiplier=0.5)
    model.learn(256)
    return model.multiplier


def test_the_multiplier_rises_above_the_budget_and_falls_below_it() -> None:
    scenario = preset("default")
    least, fastest = extreme_energies(scenario, reference_of(scenario), scenario.num_budgets)
    assert multiplier_after(float(least[0]) * 1.01) > 0.5
    assert multiplier_after(float(fastest[0]) * 3.0) < 0.5


def test_a_step_of_dual_ascent_is_the_formula() -> None:
    model = small_model(initial_multiplier=2.0, multiplier_step=0.3, cost_smoothing=0.5)
    model.set_logger(Logger(None, []))
    model._current_progress_remaining = 0.5
    model.update_multiplier(1.4)
    assert model.multiplier == pytest.approx(2.0 * np.exp(0.15 * 0.4))
    model.update_multiplier(0.6)
    assert model.smoothed_cost_ratio == pytest.approx(1.0)
    assert model.multiplier == pytest.approx(2.0 * np.exp(0.15 * 0.4))


def test_advantages_are_those_of_the_penalised_reward() -> None:
    """With γ = 0 a return is the round's reward −D/D_ref − λ(E/Ē − 1), and λ the one before."""
    model = small_model(initial_multiplier=0.7)
    played = Costs()
    assert model.env is not None
    _, callback = model._setup_learn(64, played)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, 16)
    budget = model.env.get_attr("energy_budget")[0]
    charged = np.array(played.rewards) - 0.7 * (np.array(played.costs) / budget - 1.0)
    buffer = model.rollout_buffer
    np.testing.assert_allclose(buffer.returns, charged, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(buffer.advantages, charged - buffer.values, rtol=1e-4, atol=1e-5)
    assert model.multiplier != 0.7


def test_discounted_returns_go_on_after_the_rollout() -> None:
    model = small_model(initial_multiplier=0.7, gamma=0.5, gae_lambda=1.0)
    played = Costs()
    assert model.env is not None
    _, callback = model._setup_learn(64, played)
    model.collect_rollouts(model.env, callback, model.rollout_buffer, 16)
    budget = model.env.get_attr("energy_budget")[0]
    assert model._last_obs is not None
    last, _ = model.policy.obs_to_tensor(model._last_obs)
    following = model.policy.predict_values(last).detach().numpy()[:, 0]
    for reward, cost in zip(reversed(played.rewards), reversed(played.costs), strict=True):
        following = reward - 0.7 * (np.array(cost) / budget - 1.0) + 0.5 * following
    np.testing.assert_allclose(model.rollout_buffer.returns[0], following, rtol=1e-4)


def half_env() -> NativeVecEnv:
    configuration = quick_configuration("ppo_lagrangian")
    return make_vec_env("ASL-v0", configuration.num_envs, **configuration.environment)


def test_the_multiplier_is_saved_and_goes_on(tmp_path: Path) -> None:
    configuration = quick_configuration("ppo_lagrangian")
    train(configuration, 0, tmp_path, total_steps=128, progress_bar=False)
    checkpoint = run_folder(tmp_path, configuration, 0) / "checkpoint.zip"
    half = PPOLagrangian.load(checkpoint, device="cpu")
    assert half.multiplier != configuration.model["initial_multiplier"]
    again = PPOLagrangian.load(checkpoint, env=half_env(), device="cpu")
    assert (again.multiplier, again.smoothed_cost_ratio) == (
        half.multiplier,
        half.smoothed_cost_ratio,
    )
    again.learn(192, reset_num_timesteps=False)
    assert again.multiplier != half.multiplier


def test_arguments_out_of_range_are_named() -> None:
    for name, value in (
        ("initial_multiplier", 0.0),
        ("multiplier_step", -1.0),
        ("cost_smoothing", 1.5),
    ):
        with pytest.raises(ValueError, match=f"{name} = {value}"):
            small_model(**{name: value})
