"""The hybrid agent as a stable-baselines3 algorithm: proposals, exact prices, imitation.

In the manner of LyDROO (Bi, Huang, Wang, Zhang, IEEE TWC 2021): each round the network proposes
candidate splits, the solver's upper layer prices every one of them exactly, the cheapest is played,
and the network learns to propose it first. The solver's own choice of splits is never used.
"""

import sys
import time
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, MaybeCallback, Schedule
from stable_baselines3.common.vec_env import VecEnv
from torch.nn.functional import cross_entropy

from agents.hybrid.network import ProposalPolicy
from agents.hybrid.policy import HybridPolicy
from asl_gym import Scenario
from asl_gym.validation import whole_number

__all__ = ["Hybrid"]


class Hybrid(BaseAlgorithm):
    """Learns to propose splits that the solver's upper layer finds cheap.

    It trains on each rollout as PPO does, without a replay buffer, so that a checkpoint is complete
    but for the environments' state. The mutations of training follow from the seed and the number
    of steps done before.

    Args:
        policy: ``"MlpPolicy"``.
        env: The environment, with ``action_view="split"``.
        learning_rate: Learning rate of Adam, a number or a schedule.
        num_candidates: Candidates K that a decision prices; in training as many mutations again.
        n_steps: Rounds of a rollout in each environment.
        batch_size: Decisions of a gradient step.
        n_epochs: Passes over each rollout.
        policy_kwargs: Arguments of :class:`agents.hybrid.network.ProposalPolicy`.
        tensorboard_log: Folder of TensorBoard logs.
        verbose: 0 or 1.
        seed: Seed of weights, mutations and environments.
        device: Torch device.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"MlpPolicy": ProposalPolicy}
    policy: ProposalPolicy

    def __init__(
        self,
        policy: str | type[ProposalPolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = 1e-3,
        num_candidates: int = 32,
        n_steps: int = 16,
        batch_size: int = 1024,
        n_epochs: int = 4,
        policy_kwargs: dict[str, Any] | None = None,
        tensorboard_log: str | None = None,
        verbose: int = 0,
        seed: int | None = None,
        device: torch.device | str = "auto",
        _init_setup_model: bool = True,
    ) -> None:
        super().__init__(
            policy,
            env,
            learning_rate,
            policy_kwargs={"net_arch": [128, 128]} if policy_kwargs is None else policy_kwargs,
            tensorboard_log=tensorboard_log,
            verbose=verbose,
            seed=seed,
            device=device,
            support_multi_env=True,
        )
        self.num_candidates = whole_number("num_candidates", num_candidates, 1)
        self.n_steps = whole_number("n_steps", n_steps, 1)
        self.batch_size = whole_number("batch_size", batch_size, 1)
        self.n_epochs = whole_number("n_epochs", n_epochs, 1)
        self._own_policy: HybridPolicy | None = None
        self._saved_scenario: Scenario | None = None
        if _init_setup_model:
            self._setup_model()

    def _setup_model(self) -> None:
        self._setup_lr_schedule()
        self.set_random_seed(self.seed)
        entropy = None if self.seed is None else [self.seed, self.num_timesteps]
        self._rng = np.random.default_rng(entropy)
        self.policy = self.policy_class(
            self.observation_space, self.action_space, self.lr_schedule, **self.policy_kwargs
        ).to(self.device)  # type: ignore[assignment]
        if self.env is not None:
            self._adopt_scenario(self.env)

    def _adopt_scenario(self, env: VecEnv) -> None:
        """Prices in an environment's scenario from now on."""
        scenario: Scenario = env.get_attr("scenario")[0]
        self._own_policy = self.policy_for(scenario)
        # A copy, without what the scenario has computed, keeps the saved file small.
        self._saved_scenario = scenario.replace()

    @property
    def scenario(self) -> Scenario:
        """The scenario that :meth:`predict` prices in, the training environment's.

        Raises:
            ValueError: If the model never had an environment.
        """
        return self._own().scenario

    def _own(self) -> HybridPolicy:
        if self._own_policy is None:
            if self._saved_scenario is None:
                raise ValueError("the model has no scenario to price in: give it an environment")
            self._own_policy = self.policy_for(self._saved_scenario.replace())
        return self._own_policy

    def set_env(self, env: GymEnv, force_reset: bool = True) -> None:
        """See :meth:`BaseAlgorithm.set_env`; candidates are then priced in its scenario."""
        super().set_env(env, force_reset)
        assert self.env is not None
        self._adopt_scenario(self.env)

    def policy_for(self, env: Any) -> HybridPolicy:
        """The policy in an environment or scenario, in which it prices its candidates.

        Raises:
            ValueError: If the network does not fit the scenario.
        """
        return HybridPolicy(self.policy, self.num_candidates, env)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Decides in the training environment's scenario, see :meth:`HybridPolicy.predict`."""
        return self._own().predict(observation, state, episode_start, deterministic)

    def learn(
        self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int = 1,
        tb_log_name: str = "hybrid",
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Trains; see :meth:`BaseAlgorithm.learn`, with rollouts as the log's interval."""
        total_timesteps, callback = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar
        )
        callback.on_training_start(locals(), globals())
        rollouts = 0
        while self.num_timesteps < total_timesteps:
            rollout = self._collect(callback)
            if rollout is None:
                break
            self._update_current_progress_remaining(self.num_timesteps, total_timesteps)
            self._imitate(*rollout)
            rollouts += 1
            if log_interval is not None and rollouts % log_interval == 0:
                self.dump_logs()
        callback.on_training_end()
        return self

    def _collect(self, callback: BaseCallback) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Plays a rollout.

        Returns:
            Observations and the splits played, with rounds and environments in one axis; ``None``
            if the callback wants the training to end.
        """
        assert self.env is not None
        callback.on_rollout_start()
        observations, played, rewards = [], [], []
        for _ in range(self.n_steps):
            assert isinstance(self._last_obs, np.ndarray)
            actions = self._own().explore(self._last_obs, self._rng)
            observations.append(self._last_obs)
            played.append(actions)
            self._last_obs, reward, dones, infos = self.env.step(actions)  # type: ignore[assignment]
            self.num_timesteps += self.env.num_envs
            rewards.append(reward)
            callback.update_locals(locals())
            if not callback.on_step():
                return None
            self._update_info_buffer(infos, dones)
        self.logger.record("rollout/reward", float(np.mean(rewards)))
        callback.on_rollout_end()
        return (
            torch.as_tensor(np.concatenate(observations), device=self.device),
            torch.as_tensor(np.concatenate(played), device=self.device),
        )

    def _imitate(self, observations: torch.Tensor, played: torch.Tensor) -> None:
        """Makes the splits that were played more probable."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        losses = []
        for _ in range(self.n_epochs):
            order = torch.as_tensor(self._rng.permutation(len(observations)), device=self.device)
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                logits = self.policy(observations[batch])
                loss = cross_entropy(logits.flatten(0, 1), played[batch].flatten())
                self.policy.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.policy.optimizer.step()
                losses.append(loss.item())
        self._n_updates += len(losses)
        self.policy.set_training_mode(False)
        agreement = (self.policy(observations).argmax(dim=-1) == played).double().mean()
        self.logger.record("train/loss", float(np.mean(losses)))
        self.logger.record("train/agreement", float(agreement))
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")

    def dump_logs(self) -> None:
        """Writes what was recorded."""
        elapsed = max((time.time_ns() - self.start_time) / 1e9, sys.float_info.epsilon)
        fps = int((self.num_timesteps - self._num_timesteps_at_start) / elapsed)
        self.logger.record("time/fps", fps)
        self.logger.record("time/time_elapsed", int(elapsed), exclude="tensorboard")
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(step=self.num_timesteps)

    def _excluded_save_params(self) -> list[str]:
        return [
            *super()._excluded_save_params(),
            *("_rng", "_own_policy", "_last_obs", "_last_episode_starts"),
        ]

    def _get_torch_save_params(self) -> tuple[list[str], list[str]]:
        return ["policy", "policy.optimizer"], []
