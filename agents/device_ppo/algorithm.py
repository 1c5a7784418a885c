"""Proximal policy optimisation by device, as a stable-baselines3 algorithm.

Each device is charged for its own decision, by ``info["device_reward"]``, so that a round of N
devices is N samples without one another's noise. The critic says, besides the return to expect of
a device, how far off it may be: advantages are measured in that, so that a device of small stakes
learns as surely as one of large ones. Nothing is learned from but realised rewards. PPO's clipped
objective is that of Schulman et al., 2017 (arXiv 1707.06347).

Where a round's decision tells much later, and little beside what chance does until then, as with
what a device takes from its battery, the noise of decisions is kept for several rounds: what a
device does then differs for long enough from what the network would do on its own to be seen in its
rewards. Noise that is kept is that of A. Raffin et al., 2021 (arXiv 2005.05719), here per device
and without state.
"""

from typing import Any, ClassVar, Unpack

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, Schedule
from torch.nn.utils import clip_grad_norm_

from agents.device_ppo.network import DevicePolicy
from agents.device_ppo.rollout import Decided, Played, Samples, samples_of
from agents.rollouts import BaseArguments
from agents.shared.on_fleets import FleetsAlgorithm
from asl_gym.arrays import Array
from asl_gym.validation.checks import NOT_NEGATIVE, POSITIVE, SHARE, Bounds, number, whole_number

__all__ = ["DevicePPO"]

MAX_GRADIENT_NORM = 1.0
CRITIC_WEIGHT = 0.5
FARTHEST = 10.0
"""Distance from its mean, in expected distances, up to which a return moves the critic more."""


class DevicePPO(FleetsAlgorithm):
    """Learns one network for all devices of all fleets from each device's rewards.

    Args:
        policy: ``"DevicePolicy"``.
        env: A :class:`agents.fleets.FleetsVecEnv` with ``observation="devices"`` and
            ``action_view="split"`` or ``"price"``.
        learning_rate: Learning rate of Adam, a number or a schedule.
        decays: Memories of the running averages of rates, see :class:`agents.shared.memory.Memory`.
        n_steps: Rounds of a rollout in each environment.
        batch_size: Rounds of a gradient step, each with all devices.
        n_epochs: Passes over each rollout.
        gamma: Discount; 0 where the reward says all, as ``linear_drift`` does.
        gae_lambda: λ of the generalised advantages.
        clip_range: PPO's bound on the ratio of probabilities.
        entropy: Weight of the entropy at the start and at the end of the training.
        balance: Power of the expected distance that advantages are divided by, within 0…1.
        reward_scale: What a device's rewards are multiplied by, so that returns are of the size
            that networks say with ease; ``None`` for the number of devices N, as a device's share
            of most rewards is an N-th of them or so.
        advantage_limits: Where advantages are cut off: in expected distances first, then in
            standard deviations of a batch. What costs much and comes seldom has to lie within.
        persistence: Rounds for which a device's noise is kept in the mean, at least 1; it is drawn
            anew with probability 1/persistence, and where an episode starts.
        deviation: Standard deviation of prices on the view's scale of −1…1, at the start and at the
            end of the training; split points have none.
        **base: See :class:`agents.shared.on_fleets.FleetsAlgorithm`.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"DevicePolicy": DevicePolicy}
    policy: DevicePolicy

    def __init__(
        self,
        policy: str | type[DevicePolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = 1e-3,
        decays: tuple[float, ...] = (),
        n_steps: int = 8,
        batch_size: int = 256,
        n_epochs: int = 4,
        gamma: float = 0.0,
        gae_lambda: float = 0.95,
        clip_range: float = 0.2,
        entropy: tuple[float, float] = (0.3, 0.1),
        balance: float = 1.0,
        reward_scale: float | None = None,
        advantage_limits: tuple[float, float] = (20.0, 5.0),
        persistence: float = 1.0,
        deviation: tuple[float, float] = (0.5, 0.1),
        **base: Unpack[BaseArguments],
    ) -> None:
        self.n_epochs = whole_number("n_epochs", n_epochs, 1)
        self.gamma = number("gamma", gamma, SHARE)
        self.gae_lambda = number("gae_lambda", gae_lambda, SHARE)
        self.clip_range = number("clip_range", clip_range, POSITIVE)
        self.entropy = tuple(number("entropy", each, NOT_NEGATIVE) for each in entropy)
        self.balance = number("balance", balance, SHARE)
        self.reward_scale = (
            None if reward_scale is None else number("reward_scale", reward_scale, POSITIVE)
        )
        self.advantage_limits = tuple(
            number("advantage_limits", each, POSITIVE) for each in advantage_limits
        )
        self.persistence = number("persistence", persistence, Bounds(1))
        self.deviation = tuple(number("deviation", each, POSITIVE) for each in deviation)
        super().__init__(policy, env, learning_rate, n_steps, batch_size, decays, **base)

    def _setup_model(self) -> None:
        super()._setup_model()
        self._rounds: list[Played] = []
        self._decided: Decided
        self._noise: Array | None = None

    def _act(self, observations: NDArray[np.float32]) -> NDArray[Any]:
        features = self._see(observations)
        with torch.no_grad():
            said, value, _ = self.policy.evaluate(torch.as_tensor(features))
            if not self._rounds:
                self._deviation_now = self._by_progress(self.deviation)
            actions, deviation = self.policy.actions, self._deviation_now
            action = actions.draw(said.numpy(), self._kept_noise(said.shape), deviation)
            chosen = actions.log_probability(said, torch.as_tensor(action), deviation)
        self._decided = Decided(features, action, chosen.numpy(), value.numpy())
        if isinstance(self.action_space, spaces.Box):
            return action.clip(self.action_space.low, self.action_space.high)
        self._remember(observations, action)
        return action

    def _by_progress(self, ends: tuple[float, ...]) -> float:
        """What falls evenly from the start of the training to its end."""
        start, end = ends
        return end + (start - end) * self._current_progress_remaining

    def _kept_noise(self, shape: tuple[int, ...]) -> Array:
        """The noise of this round's decisions, of which some is that of the last round's."""
        drawn = self.policy.actions.noise(shape, self._rng)
        if self._noise is not None and self.persistence > 1.0:
            assert self._last_episode_starts is not None
            ends = self._rng.random(shape[:-1]) < 1.0 / self.persistence
            anew = ends | np.asarray(self._last_episode_starts)[:, None]
            drawn = np.where(anew[..., None], drawn, self._noise)
        self._noise = drawn
        return drawn

    def _update_info_buffer(
        self, infos: list[dict[str, Any]], dones: NDArray[np.bool_] | None = None
    ) -> None:
        super()._update_info_buffer(infos, dones)
        assert dones is not None
        reward = self._of_fleets.played("device_reward")
        scale = reward.shape[1] if self.reward_scale is None else self.reward_scale
        self._rounds.append(Played(self._decided, reward * scale, dones))

    def _improve(self) -> None:
        """Passes over the rollout."""
        rounds, self._rounds = self._rounds, []
        standardised = self.policy.standardised
        if standardised is not None and not standardised.fitted:
            # What was decided upon other inputs is not learned from.
            seen = np.concatenate([played.decided.features for played in rounds])
            standardised.fit(torch.as_tensor(seen))
            return
        following = np.zeros_like(rounds[-1].decided.value)
        if self.gamma > 0.0:
            following = self._expected_next(following)
        samples = samples_of(rounds, following, self.gamma, self.gae_lambda)
        self._update_learning_rate(self.policy.optimizer)
        weight = self._by_progress(self.entropy)
        told = []
        for _ in range(self.n_epochs):
            order = torch.as_tensor(self._rng.permutation(len(samples.features)))
            for first in range(0, len(order), self.batch_size):
                batch = order[first : first + self.batch_size]
                told.append(self._step(Samples(*(each[batch] for each in samples)), weight))
        self._n_updates += len(told)
        objective, critic, entropy = np.mean(told, axis=0)
        self._record_training(objective=objective, critic=critic, entropy=entropy)

    def _expected_next(self, nothing: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the critic expects after the rollout, with memories as they are."""
        assert isinstance(self._last_obs, np.ndarray)
        kept = list(self._fleets)
        features = torch.as_tensor(self._see(self._last_obs))
        self._fleets = kept
        with torch.no_grad():
            expected: NDArray[np.float32] = self.policy.evaluate(features)[1].numpy()
        assert self._last_episode_starts is not None
        return np.where(self._last_episode_starts[:, None], nothing, expected)

    def _step(self, batch: Samples, entropy_weight: float) -> tuple[float, float, float]:
        """A gradient step; objective, the critic's loss and entropy."""
        said, mean, spread = self.policy.evaluate(batch.features)
        actions, deviation = self.policy.actions, self._deviation_now
        error = batch.returns - mean
        distance = error.detach().abs()
        advantage = self._advantage(error.detach(), spread.detach())
        chosen = actions.log_probability(said, batch.action, deviation)
        ratio = (chosen - batch.log_probability).exp()
        clipped = ratio.clamp(1.0 - self.clip_range, 1.0 + self.clip_range)
        objective = torch.min(ratio * advantage, clipped * advantage).mean()
        far = (error / spread.detach()).square().clamp(max=FARTHEST**2)
        critic = 0.5 * (far + (distance - spread).abs() / spread.detach()).mean()
        entropy = actions.entropy(said, deviation)
        loss = CRITIC_WEIGHT * critic - objective - entropy_weight * entropy
        self.policy.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self.policy.optimizer.param_groups[0]["params"], MAX_GRADIENT_NORM)
        self.policy.optimizer.step()
        self.policy.follow()
        return objective.item(), critic.item(), entropy.item()

    def _advantage(self, error: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
        """Advantages by how far returns are from what the critic expects, and how far it says."""
        first, last = self.advantage_limits
        advantage = (error / spread**self.balance).clamp(-first, first)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        return advantage.clamp(-last, last)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_rounds", "_decided", "_noise", "_deviation_now"]
