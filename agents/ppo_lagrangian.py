"""PPO-Lagrangian: proximal policy optimisation under an energy budget with a learned multiplier.

The policy maximises the Lagrangian reward r − λ·(E/Ē − 1), with r the environment's
``reward="delay"``, −D/D_ref, E the round's energy and Ē the budget; λ is thus dimensionless (a
price of λ·D_ref/Ē seconds a joule). The multiplier ascends the dual on each rollout's mean energy.
The method is that of A. Ray, J. Achiam, D. Amodei, "Benchmarking Safe Exploration in Deep
Reinforcement Learning", 2019, with the step of the multiplier in the logarithm, which keeps it
positive whatever the step's size:

    ln λ ← ln λ + η·(Ẽ/Ē − 1),    Ẽ ← Ẽ + β·(mean energy of the rollout − Ẽ)

η falls to 0 with the progress of the training, so that the multiplier comes to rest.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import obs_as_tensor
from stable_baselines3.common.vec_env import VecEnv

__all__ = ["PPOLagrangian"]


class PPOLagrangian(PPO):
    """PPO whose reward is charged for energy at a multiplier that it learns.

    Args:
        *args: PPO's.
        initial_multiplier: λ at the start, above 0.
        multiplier_step: η of the dual ascent at the start of the training, above 0.
        cost_smoothing: β of the moving average of the energy, within (0, 1].
        **kwargs: PPO's.

    Attributes:
        multiplier: λ, saved with the model.
        smoothed_cost_ratio: Ẽ/Ē, saved with the model; ``None`` before the first rollout.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        *args: Any,
        initial_multiplier: float = 1.0,
        multiplier_step: float = 0.1,
        cost_smoothing: float = 1.0,
        **kwargs: Any,
    ) -> None:
        if not initial_multiplier > 0:
            raise ValueError(f"initial_multiplier = {initial_multiplier!r}: expected above 0")
        if not multiplier_step > 0:
            raise ValueError(f"multiplier_step = {multiplier_step!r}: expected above 0")
        if not 0 < cost_smoothing <= 1:
            raise ValueError(f"cost_smoothing = {cost_smoothing!r}: expected within (0, 1]")
        self.multiplier = float(initial_multiplier)
        self.multiplier_step = multiplier_step
        self.cost_smoothing = cost_smoothing
        self.smoothed_cost_ratio: float | None = None
        self._costs: list[list[float]] = []
        super().__init__(*args, **kwargs)

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
    ) -> bool:
        """Collects a rollout, charges its rewards for energy and moves the multiplier.

        Args:
            env: Environments with an ``energy_budget`` and ``info["cost"]``, both in joules.
            callback: The training's callback.
            rollout_buffer: Where the rollout goes.
            n_rollout_steps: Rounds to play in each environment.

        Returns:
            Whether the training goes on.
        """
        self._costs = []
        goes_on = super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)
        if goes_on:
            # Not the costs themselves but their ratio to the budget, which has no unit.
            ratios = np.array(self._costs) / float(env.get_attr("energy_budget")[0])
            self._penalise(rollout_buffer, ratios)
            self.update_multiplier(float(ratios.mean()))
        self._costs = []
        return goes_on

    def _update_info_buffer(
        self, infos: list[dict[str, Any]], dones: NDArray[np.bool_] | None = None
    ) -> None:
        # stable-baselines3 calls this once a step with every environment's info.
        super()._update_info_buffer(infos, dones)
        self._costs.append([info["cost"] for info in infos])

    def _penalise(self, rollout_buffer: RolloutBuffer, cost_ratios: NDArray[np.float64]) -> None:
        """Takes λ·(E/Ē − 1) off the rewards, shape (steps, environments), and computes anew."""
        rollout_buffer.rewards -= (self.multiplier * (cost_ratios - 1.0)).astype(np.float32)
        assert self._last_obs is not None
        with torch.no_grad():
            last_values = self.policy.predict_values(obs_as_tensor(self._last_obs, self.device))
        ended = np.asarray(self._last_episode_starts)
        rollout_buffer.compute_returns_and_advantage(last_values=last_values, dones=ended)

    def update_multiplier(self, cost_ratio: float) -> None:
        """One step of dual ascent.

        Args:
            cost_ratio: Mean energy of a rollout over the budget.
        """
        before = cost_ratio if self.smoothed_cost_ratio is None else self.smoothed_cost_ratio
        self.smoothed_cost_ratio = before + self.cost_smoothing * (cost_ratio - before)
        step = self.multiplier_step * self._current_progress_remaining
        self.multiplier *= float(np.exp(step * (self.smoothed_cost_ratio - 1.0)))
        self.logger.record("lagrangian/multiplier", self.multiplier)
        self.logger.record("lagrangian/energy_ratio", cost_ratio)
        self.logger.record("lagrangian/smoothed_energy_ratio", self.smoothed_cost_ratio)
