"""Learning what a joule is worth by temporal differences.

It plays whole episodes and keeps what they showed: rates, clocks, harvests and skies, which no
decision changes. From the costs of options and the battery's equation, which it knows, follows what
every charge at every round of an episode would have come to under the network's own prices; the
slopes of that are the targets of the prices (:mod:`asl_gym.solvers.charge_intervals`), and their
mean over episodes is what the squared error leads to. The laws of channel and weather it is not
told: what is to be expected is learned from what was shown.
"""

from typing import Any, ClassVar, NamedTuple, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, Schedule
from stable_baselines3.common.utils import update_learning_rate

from agents.buffered import BufferedAlgorithm
from agents.fleets import FleetsVecEnv
from agents.price_network.episodes import EpisodeBuffer, episode_targets
from agents.price_network.features import Averages, Features, ShownLuck
from agents.price_network.network import PricePolicy
from agents.price_network.policy import PriceAgent, shown_luck
from agents.rollouts import BaseArguments
from asl_gym.envs.observations import observation_codec
from asl_gym.validation.checks import NOT_NEGATIVE, SHARE, number, whole_number

__all__ = ["PriceNetwork"]


class _Fleet(NamedTuple):
    """One fleet: its agent, and what the rounds of its episodes have shown so far."""

    agent: PriceAgent
    codec: Any
    rounds: list[ShownLuck]


class PriceNetwork(BufferedAlgorithm):
    """Learns one network that prices a joule, for all devices of all fleets on batteries.

    A rollout is an episode of every environment: it learns from whole ones.

    The buffer of episodes is saved by :meth:`save_replay_buffer`.

    Args:
        policy: ``"PricePolicy"``.
        env: A :class:`agents.fleets.FleetsVecEnv` of ``ASLHarvest-v0`` with
            ``action_view="split"``.
        learning_rate: Learning rate of Adam, a number or a schedule.
        decays: Memories of the running averages of rates, see
            :class:`agents.price_network.features.Features`.
        batch_size: Device-rounds of a gradient step.
        sweeps: Times after each rollout that targets are made of some episodes and learned from.
        sweep_episodes: Episodes of a sweep.
        buffer_episodes: Episodes that are kept.
        trace_decay: λ of the temporal differences, within 0…1.
        **base: stable-baselines3's; ``policy_kwargs`` are those of
            :class:`agents.price_network.network.PricePolicy` but ``width``.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"PricePolicy": PricePolicy}
    policy: PricePolicy
    _buffer: EpisodeBuffer

    def __init__(
        self,
        policy: str | type[PricePolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = 2e-3,
        decays: tuple[float, ...] = (0.6, 0.85, 0.95),
        batch_size: int = 1024,
        sweeps: int = 60,
        sweep_episodes: int = 8,
        buffer_episodes: int = 512,
        trace_decay: float = 0.95,
        **base: Unpack[BaseArguments],
    ) -> None:
        self.decays = tuple(number("decays", decay, NOT_NEGATIVE) for decay in decays)
        self.sweeps = whole_number("sweeps", sweeps, 1)
        self.sweep_episodes = whole_number("sweep_episodes", sweep_episodes, 1)
        self.buffer_episodes = whole_number("buffer_episodes", buffer_episodes, 1)
        self.trace_decay = number("trace_decay", trace_decay, SHARE)
        # A rollout is an episode, whose length the environment tells.
        super().__init__(policy, env, learning_rate, 1, batch_size, **base)

    def _setup_model(self) -> None:
        if self.env is not None:
            features = Features(self._of_fleets.parts[0].envs.scenario, self.decays)
            self.policy_kwargs["width"] = features.width
        super()._setup_model()
        self._adopt_fleets()

    @property
    def _of_fleets(self) -> FleetsVecEnv:
        if not isinstance(self.env, FleetsVecEnv):
            raise ValueError(f"env = {self.env!r}: expected an agents.fleets.FleetsVecEnv")
        return self.env

    def _adopt_fleets(self) -> None:
        """An agent for each fleet of the environment, and an empty buffer."""
        self._fleets: list[_Fleet] = []
        self._states: list[Averages | None] = []
        if self.env is None:
            return
        for part in self._of_fleets.parts:
            scenario = part.envs.scenario
            self.n_steps = scenario.horizon
            codec = observation_codec("flat", scenario)
            self._fleets.append(_Fleet(self.policy_for(scenario), codec, []))
        self._states = [None] * len(self._fleets)
        self._buffer = EpisodeBuffer(self.buffer_episodes)

    def set_env(self, env: GymEnv, force_reset: bool = True) -> None:
        """See :meth:`BaseAlgorithm.set_env`; episodes begin anew."""
        super().set_env(env, force_reset)
        self._adopt_fleets()

    def policy_for(self, env: Any) -> PriceAgent:
        """The agent in an environment or scenario of any fleet.

        Raises:
            ValueError: If the network was made for another number of features.
        """
        return PriceAgent(self.policy, self.decays, env)

    def _act(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        assert self._last_episode_starts is not None
        shown = self._of_fleets.split(observations)
        starts = self._of_fleets.split(self._last_episode_starts)
        splits = []
        for i, fleet in enumerate(self._fleets):
            seen = fleet.codec.decode(shown[i])
            fleet.rounds.append(shown_luck(seen))
            chosen, _, self._states[i] = fleet.agent.remember_and_decide(
                seen, self._states[i], starts[i]
            )
            splits.append(chosen)
        return np.concatenate(splits)

    def _improve(self) -> None:
        """Keeps the rollout's episodes, then learns from some of all that are kept."""
        for index, fleet in enumerate(self._fleets):
            rounds = (np.stack(part) for part in zip(*fleet.rounds, strict=True))
            self._buffer.add(index, ShownLuck(*rounds))
            fleet.rounds.clear()
        assert self.env is not None
        share = self.n_steps * self.env.num_envs / max(self._total_timesteps, 1)
        losses = []
        for sweep in range(self.sweeps):
            # A rollout is a large part of the training, so that the rate falls within it.
            left = self._current_progress_remaining + share * (1.0 - sweep / self.sweeps)
            update_learning_rate(self.policy.optimizer, self.lr_schedule(min(left, 1.0)))
            losses += self._sweep()
        self._n_updates += len(losses)
        self._record_training(loss=np.mean(losses))

    def _sweep(self) -> list[float]:
        """Learns once from a few episodes; the losses of its gradient steps."""
        seen, wanted = [], []
        for index, luck in self._buffer.sample(self.sweep_episodes, self._rng):
            features = self._fleets[index].agent.features
            told = features.of_episodes(luck)
            targets = episode_targets(features, luck, self.policy.prices(told), self.trace_decay)
            seen.append(told.reshape(-1, told.shape[-1]))
            wanted.append(targets.reshape(-1, targets.shape[-1]))
        inputs, outputs = (torch.as_tensor(np.concatenate(each)) for each in (seen, wanted))
        order = torch.as_tensor(self._rng.permutation(len(inputs)))
        starts = range(0, len(order), self.batch_size)
        batches = [order[start : start + self.batch_size] for start in starts]
        return [self._step(inputs[batch], outputs[batch]) for batch in batches]

    def _step(self, told: torch.Tensor, targets: torch.Tensor) -> float:
        loss: torch.Tensor = (self.policy.network(told) - targets).square().mean()
        self.policy.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.policy.optimizer.step()
        self.policy.follow()
        return loss.item()

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_fleets", "_states"]
