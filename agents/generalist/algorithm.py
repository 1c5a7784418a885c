"""Training the generalist on what every option of many scenarios would have cost.

The network minimises the expected regret of its softmax over all options, less the softmax's
entropy times a temperature that falls, so that no option is given up early. Regrets of all options
come from :mod:`agents.shared.signal`, so that no sampled action adds noise to a gradient.
"""

from typing import Any, ClassVar, NamedTuple, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, Schedule
from torch.nn.utils import clip_grad_norm_

from agents.buffered import BufferedAlgorithm
from agents.generalist.agent import GeneralistAgent
from agents.generalist.buffer import OptionBuffer, OptionSamples
from agents.generalist.memory import OptionMemory, OptionState, num_beliefs, width_of
from agents.generalist.network import GeneralistPolicy
from agents.generalist.vec_env import ScenariosVecEnv
from agents.rollouts import BaseArguments
from agents.shared.signal import weighted_regrets
from asl_gym.validation.checks import NOT_NEGATIVE, FieldError, number, whole_number

__all__ = ["Generalist"]

MAX_GRADIENT_NORM = 1.0

TEMPERATURES = (0.1, 0.005)
"""Weight of the softmax's entropy at the start, and when :data:`ANNEALED` of it is done."""

ANNEALED = 0.7

MOST_REGRET = 20.0
"""In units of a device's spread; what costs more is as bad."""


class _Part(NamedTuple):
    """A scenario's environments, what makes their features, and its memory."""

    envs: Any
    memory: OptionMemory
    state: OptionState


class Generalist(BufferedAlgorithm):
    """Learns one network for all options of all devices of all scenarios.

    The buffer of past rounds is not in what :meth:`save` saves, but in a file of its own, by
    :meth:`save_replay_buffer`, as with stable-baselines3's off-policy algorithms.

    Args:
        policy: ``"GeneralistPolicy"``.
        env: A :class:`agents.generalist.vec_env.ScenariosVecEnv`.
        learning_rate: Learning rate of Adam, a number or a schedule.
        decays: Memories of the running averages of rates.
        n_steps: Rounds of a rollout in each environment.
        gradient_steps: Gradient steps after each rollout.
        batch_size: Rounds of a gradient step, each with all environments of one scenario.
        buffer_rounds: Past rounds of each scenario that are kept.
        **base: stable-baselines3's; ``policy_kwargs`` are those of
            :class:`agents.generalist.network.GeneralistPolicy` but ``width`` and ``beliefs``,
            ``seed`` is that of weights, batches and environments.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"GeneralistPolicy": GeneralistPolicy}
    policy: GeneralistPolicy
    _buffer: OptionBuffer

    def __init__(
        self,
        policy: str | type[GeneralistPolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = 2e-3,
        decays: tuple[float, ...] = (0.6, 0.85, 0.95),
        n_steps: int = 8,
        gradient_steps: int = 32,
        batch_size: int = 6,
        buffer_rounds: int = 60,
        **base: Unpack[BaseArguments],
    ) -> None:
        self.decays = tuple(number("decays", decay, NOT_NEGATIVE) for decay in decays)
        self.gradient_steps = whole_number("gradient_steps", gradient_steps, 1)
        self.buffer_rounds = whole_number("buffer_rounds", buffer_rounds, 1)
        super().__init__(policy, env, learning_rate, n_steps, batch_size, **base)

    def _setup_model(self) -> None:
        self._adopt_scenarios()
        self.policy_kwargs["width"] = width_of(self.decays)
        self.policy_kwargs["beliefs"] = num_beliefs(self.decays)
        super()._setup_model()

    def _adopt_scenarios(self) -> None:
        """A memory for each scenario of the environment, and an empty buffer."""
        self._parts: list[_Part] = []
        if self.env is None:
            return
        for part in self._of_scenarios.parts:
            memory = OptionMemory(part.envs.scenario, self.decays)
            self._parts.append(_Part(part.envs, memory, memory.empty(part.num_envs)))
        self._buffer = OptionBuffer(self.buffer_rounds, len(self._parts))

    @property
    def _of_scenarios(self) -> ScenariosVecEnv:
        if not isinstance(self.env, ScenariosVecEnv):
            allowed = "an agents.generalist.vec_env.ScenariosVecEnv"
            raise FieldError("env", self.env, allowed)
        return self.env

    def set_env(self, env: GymEnv, force_reset: bool = True) -> None:
        """See :meth:`BaseAlgorithm.set_env`; memories begin anew."""
        super().set_env(env, force_reset)
        self._adopt_scenarios()

    def policy_for(self, env: Any) -> GeneralistAgent:
        """The agent in an environment or scenario, see :class:`GeneralistAgent`."""
        return GeneralistAgent(self.policy, self.decays, env)

    def _act(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        assert self._last_episode_starts is not None
        shown = self._of_scenarios.shown(observations)
        starts = self._of_scenarios.split(self._last_episode_starts)
        rounds, decided = [], []
        for i, part in enumerate(self._parts):
            features, state = part.memory.see(shown[i], part.state, starts[i])
            regret = weighted_regrets(part.envs.simulation, state.spread).regret
            rounds.append((features, np.minimum(regret, np.float32(MOST_REGRET))))
            splits = self.policy.decide(features)
            self._parts[i] = part._replace(state=part.memory.decided(shown[i], splits, state))
            decided.append(splits)
        self._buffer.add(rounds)
        return self._of_scenarios.joined(decided)

    def _improve(self) -> None:
        """Gradient steps on rounds drawn from the buffer."""
        done = 1.0 - self._current_progress_remaining
        start, end = TEMPERATURES
        temperature = start * (end / start) ** min(1.0, done / ANNEALED)
        self._update_learning_rate(self.policy.optimizer)
        losses = []
        for _ in range(self.gradient_steps):
            batch = (self._buffer.sample(self._rng) for _ in range(self.batch_size))
            each = torch.stack([self._expected_regret(one, temperature) for one in batch])
            loss = each.mean()
            self.policy.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(self.policy.network.parameters(), MAX_GRADIENT_NORM)
            self.policy.optimizer.step()
            self.policy.follow()
            losses.append(loss.item())
        self._n_updates += len(losses)
        self._record_training(loss=np.mean(losses), temperature=temperature)

    def _expected_regret(self, samples: OptionSamples, temperature: float) -> torch.Tensor:
        """Mean regret of the softmax, less its entropy times the temperature."""
        logarithms = self.policy.network(samples.features).log_softmax(dim=-1)
        expected: torch.Tensor = logarithms.exp() * (samples.regret + temperature * logarithms)
        return expected.sum(dim=-1).mean()

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_parts"]
