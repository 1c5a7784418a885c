"""What the project's own algorithms share: rollouts, callbacks and logs in SB3's manner."""

import sys
import time
from abc import abstractmethod
from typing import Any, Self, TypedDict, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, MaybeCallback, Schedule

from asl_gym.validation.checks import whole_number

__all__ = ["BaseArguments", "RolloutAlgorithm"]


class BaseArguments(TypedDict, total=False):
    """Arguments that stable-baselines3 gives every algorithm, see :class:`BaseAlgorithm`."""

    policy_kwargs: dict[str, Any] | None
    tensorboard_log: str | None
    verbose: int
    seed: int | None
    device: torch.device | str
    _init_setup_model: bool


class RolloutAlgorithm(BaseAlgorithm):
    """Plays rollouts of ``n_steps`` rounds and learns after each.

    Args:
        policy: The policy's class or name.
        env: The environment.
        learning_rate: Learning rate of Adam, a number or a schedule.
        n_steps: Rounds of a rollout in each environment.
        batch_size: Samples of a gradient step.
        **base: See :class:`BaseArguments`.
    """

    _rng: np.random.Generator

    def __init__(
        self,
        policy: str | type[BasePolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule,
        n_steps: int,
        batch_size: int,
        **base: Unpack[BaseArguments],
    ) -> None:
        sets_up = base.pop("_init_setup_model", True)
        super().__init__(policy, env, learning_rate, support_multi_env=True, **base)  # type: ignore[misc]
        self.n_steps = whole_number("n_steps", n_steps, 1)
        self.batch_size = whole_number("batch_size", batch_size, 1)
        if sets_up:
            self._setup_model()

    def _setup_model(self) -> None:
        self._setup_lr_schedule()
        self.set_random_seed(self.seed)
        self._setup_generator()
        self.policy = self.policy_class(
            self.observation_space, self.action_space, self.lr_schedule, **self.policy_kwargs
        ).to(self.device)

    def _setup_generator(self) -> None:
        """The generator of all draws that are not torch's; it follows from seed and steps done."""
        entropy = None if self.seed is None else [self.seed, self.num_timesteps]
        self._rng = np.random.default_rng(entropy)

    @abstractmethod
    def _act(self, observations: NDArray[np.float32]) -> NDArray[Any]:
        """Decides a round for all environments, and keeps what learning needs of it."""

    @abstractmethod
    def _improve(self) -> None:
        """Learns from the rounds that were kept."""

    def learn(
        self,
        total_timesteps: int,
        callback: MaybeCallback = None,
        log_interval: int = 1,
        tb_log_name: str = "rollouts",
        reset_num_timesteps: bool = True,
        progress_bar: bool = False,
    ) -> Self:
        """Trains; see :meth:`BaseAlgorithm.learn`, with rollouts as the log's interval."""
        total_timesteps, callback = self._setup_learn(
            total_timesteps, callback, reset_num_timesteps, tb_log_name, progress_bar
        )
        callback.on_training_start(locals(), globals())
        rollouts = 0
        while self.num_timesteps < total_timesteps and self._collect(callback):
            self._update_current_progress_remaining(self.num_timesteps, total_timesteps)
            self._improve()
            rollouts += 1
            if log_interval is not None and rollouts % log_interval == 0:
                self.dump_logs()
        callback.on_training_end()
        return self

    def _collect(self, callback: BaseCallback) -> bool:
        """Plays a rollout; ``False`` if the callback wants the training to end."""
        assert self.env is not None
        callback.on_rollout_start()
        rewards = []
        for _ in range(self.n_steps):
            assert isinstance(self._last_obs, np.ndarray)
            step = self.env.step(self._act(self._last_obs))
            self._last_obs, reward, self._last_episode_starts, infos = step  # type: ignore[assignment]
            self.num_timesteps += self.env.num_envs
            rewards.append(reward)
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            self._update_info_buffer(infos, self._last_episode_starts)
        self.logger.record("rollout/reward", float(np.mean(rewards)))
        callback.on_rollout_end()
        return True

    def dump_logs(self) -> None:
        """Writes what was recorded."""
        elapsed = max((time.time_ns() - self.start_time) / 1e9, sys.float_info.epsilon)
        fps = int((self.num_timesteps - self._num_timesteps_at_start) / elapsed)
        self.logger.record("time/fps", fps)
        self.logger.record("time/time_elapsed", int(elapsed), exclude="tensorboard")
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(step=self.num_timesteps)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_rng", "_last_obs", "_last_episode_starts"]

    def _get_torch_save_params(self) -> tuple[list[str], list[str]]:
        return ["policy", "policy.optimizer"], []

    def _record_training(self, **means: Any) -> None:
        for name, value in means.items():
            self.logger.record(f"train/{name}", float(value))
        self.logger.record("train/n_updates", self._n_updates, exclude="tensorboard")
