"""Training the shared network on what every split point would have cost.

Two losses follow each other. First the network imitates each device's best split point in
hindsight, which keeps every option of every device in play; where rates are known this is OPEN's
decision already. Then it minimises the expected regret of its softmax, which is what counts where
the costs are uncertain: the best split point in hindsight is not the best bet. Regrets of all
options come from :mod:`agents.shared.signal`, so that no sampled action adds noise to a gradient.
"""

from typing import ClassVar, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.policies import BasePolicy
from stable_baselines3.common.type_aliases import GymEnv, Schedule
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_

from agents.buffered import BufferedAlgorithm
from agents.rollouts import BaseArguments
from agents.shared.buffer import RegretBuffer
from agents.shared.network import SharedPolicy
from agents.shared.on_fleets import FleetsAlgorithm
from agents.shared.signal import regrets
from asl_gym.validation.checks import SHARE, number, whole_number

__all__ = ["Shared"]

MAX_GRADIENT_NORM = 1.0
IMITATION_WEIGHT = 0.3
"""Weight of the imitation loss beside the regret, whose sizes differ."""

TEMPERATURES = (0.1, 0.005)
"""Weight of the softmax's entropy when regret begins to count, and at the end."""


class Shared(BufferedAlgorithm, FleetsAlgorithm):
    """Learns one network for all devices of all fleets.

    The buffer of past rounds is not in what :meth:`save` saves, but in a file of its own, by
    :meth:`save_replay_buffer`, as with stable-baselines3's off-policy algorithms.

    Args:
        policy: ``"SharedPolicy"``.
        env: A :class:`agents.fleets.FleetsVecEnv` with ``observation="devices"`` and
            ``action_view="split"``.
        learning_rate: Learning rate of Adam, a number or a schedule.
        decays: Memories of the running averages of rates, see :class:`agents.shared.memory.Memory`.
        n_steps: Rounds of a rollout in each environment.
        gradient_steps: Gradient steps after each rollout.
        batch_size: Rounds of a gradient step, each with all devices.
        buffer_rounds: Past rounds of each environment that are kept.
        imitation: Share of the training that imitates alone.
        transition: Share of the training in which the regret takes over.
        **base: stable-baselines3's; ``policy_kwargs`` are those of
            :class:`agents.shared.network.SharedPolicy` but ``width``, ``seed`` is that of weights,
            batches and environments.
    """

    policy_aliases: ClassVar[dict[str, type[BasePolicy]]] = {"SharedPolicy": SharedPolicy}
    policy: SharedPolicy
    _buffer: RegretBuffer

    def __init__(
        self,
        policy: str | type[SharedPolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule = 3e-3,
        decays: tuple[float, ...] = (),
        n_steps: int = 8,
        gradient_steps: int = 32,
        batch_size: int = 256,
        buffer_rounds: int = 200,
        imitation: float = 0.3,
        transition: float = 0.2,
        **base: Unpack[BaseArguments],
    ) -> None:
        self.gradient_steps = whole_number("gradient_steps", gradient_steps, 1)
        self.buffer_rounds = whole_number("buffer_rounds", buffer_rounds, 1)
        self.imitation = number("imitation", imitation, SHARE)
        self.transition = number("transition", transition, SHARE._replace(open_low=True))
        super().__init__(policy, env, learning_rate, n_steps, batch_size, decays, **base)

    def _adopt_fleets(self) -> None:
        """A memory for each fleet of the environment, and an empty buffer."""
        super()._adopt_fleets()
        if self.env is not None:
            self._buffer = RegretBuffer(self.buffer_rounds, self.env.num_envs)

    def _act(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        features = self._see(observations)
        shown = self._of_fleets.split(observations)
        rounds = [
            regrets(fleet.envs.simulation, fleet.memory.codec, own)
            for fleet, own in zip(self._fleets, shown, strict=True)
        ]
        self._buffer.add(features, *map(np.concatenate, zip(*rounds, strict=True)))
        splits = self.policy.decide(features)
        self._remember(observations, splits)
        return splits

    def _improve(self) -> None:
        """Gradient steps on rounds drawn from the buffer."""
        done = 1.0 - self._current_progress_remaining
        regret_share = float(np.clip((done - self.imitation) / self.transition, 0.0, 1.0))
        self._update_learning_rate(self.policy.optimizer)
        losses = []
        for _ in range(self.gradient_steps):
            batch = self._buffer.sample(self.batch_size, self._rng)
            logits = self.policy.network(batch.features)
            imitation = cross_entropy(logits.flatten(0, 1), batch.best.flatten())
            regret = self._expected_regret(logits, batch.regret, done)
            loss = (1.0 - regret_share) * IMITATION_WEIGHT * imitation + regret_share * regret
            self.policy.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(self.policy.network.parameters(), MAX_GRADIENT_NORM)
            self.policy.optimizer.step()
            self.policy.follow()
            losses.append([loss.item(), imitation.item(), regret.item()])
        self._n_updates += len(losses)
        total, imitation, regret = np.mean(losses, axis=0)
        self._record_training(loss=total, imitation=imitation, regret=regret, share=regret_share)

    def _expected_regret(
        self, logits: torch.Tensor, regret: torch.Tensor, done: float
    ) -> torch.Tensor:
        """Mean regret of the softmax, less its entropy times a temperature that falls."""
        start, end = TEMPERATURES
        annealed = np.clip((done - self.imitation) / (0.8 - min(self.imitation, 0.7)), 0.0, 1.0)
        temperature = start * (end / start) ** float(annealed)
        logarithms = logits.log_softmax(dim=-1)
        expected: torch.Tensor = logarithms.exp() * (regret + temperature * logarithms)
        return expected.sum(dim=-1).mean()
