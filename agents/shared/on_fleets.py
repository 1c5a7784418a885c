"""What algorithms share that learn one network for all devices of several fleets."""

from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.type_aliases import GymEnv, Schedule

from agents.fleets import FleetsVecEnv
from agents.rollouts import BaseArguments, RolloutAlgorithm
from agents.shared.memory import Memory, MemoryState
from agents.shared.network import SharedPolicy
from agents.shared.policy import SharedAgent
from asl_gym.arrays import Float32
from asl_gym.validation.checks import NOT_NEGATIVE, number

__all__ = ["Fleet", "FleetsAlgorithm"]


class Fleet(NamedTuple):
    """One fleet's environments, their memory maker and their memory."""

    envs: Any
    memory: Memory
    state: MemoryState


class FleetsAlgorithm(RolloutAlgorithm):
    """Plays fleets with one network and what it remembers of each.

    Args:
        policy: The policy's class or name.
        env: A :class:`agents.fleets.FleetsVecEnv` with ``observation="devices"`` and
            ``action_view="split"``.
        learning_rate: Learning rate of Adam, a number or a schedule.
        n_steps: Rounds of a rollout in each environment.
        batch_size: Rounds of a gradient step, each with all devices.
        decays: Memories of the running averages of rates, see :class:`agents.shared.memory.Memory`.
        **base: stable-baselines3's; ``policy_kwargs`` are those of
            :class:`agents.shared.network.SharedPolicy` but ``width``, ``seed`` is that of weights,
            batches and environments.
    """

    policy: SharedPolicy

    def __init__(
        self,
        policy: str | type[SharedPolicy],
        env: GymEnv | str | None,
        learning_rate: float | Schedule,
        n_steps: int,
        batch_size: int,
        decays: tuple[float, ...],
        **base: Unpack[BaseArguments],
    ) -> None:
        self.decays = tuple(number("decays", decay, NOT_NEGATIVE) for decay in decays)
        super().__init__(policy, env, learning_rate, n_steps, batch_size, **base)

    def _setup_model(self) -> None:
        self._adopt_fleets()
        if self._fleets:
            self.policy_kwargs["width"] = self._fleets[0].memory.width
        super()._setup_model()

    def _adopt_fleets(self) -> None:
        """A memory for each fleet of the environment."""
        self._fleets: list[Fleet] = []
        if self.env is None:
            return
        for part in self._of_fleets.parts:
            memory = Memory(part.envs.scenario, self.decays)
            self._fleets.append(Fleet(part.envs, memory, memory.empty(part.num_envs)))

    @property
    def _of_fleets(self) -> FleetsVecEnv:
        if not isinstance(self.env, FleetsVecEnv):
            raise ValueError(f"env = {self.env!r}: expected an agents.fleets.FleetsVecEnv")
        return self.env

    def set_env(self, env: GymEnv, force_reset: bool = True) -> None:
        """See :meth:`BaseAlgorithm.set_env`; memories begin anew."""
        super().set_env(env, force_reset)
        self._adopt_fleets()

    def policy_for(self, env: Any) -> SharedAgent:
        """The agent in an environment or scenario of any fleet.

        Raises:
            ValueError: If the network was made for other features or split points.
        """
        return SharedAgent(self.policy, self.decays, env)

    def _see(self, observations: NDArray[np.float32]) -> Float32:
        """Takes in what all environments show; features of all, shape (B, N + 1, width)."""
        assert self._last_episode_starts is not None
        shown = self._of_fleets.split(observations)
        starts = self._of_fleets.split(self._last_episode_starts)
        features = []
        for i, fleet in enumerate(self._fleets):
            own, state = fleet.memory.see(shown[i], fleet.state, starts[i])
            self._fleets[i] = fleet._replace(state=state)
            features.append(own)
        return np.concatenate(features)

    def _remember(self, observations: NDArray[np.float32], splits: NDArray[np.int64]) -> None:
        """Keeps what was decided upon what was shown."""
        shown = self._of_fleets.split(observations)
        for i, chosen in enumerate(self._of_fleets.split(splits)):
            fleet = self._fleets[i]
            state = fleet.memory.decided(shown[i], chosen, fleet.state)
            self._fleets[i] = fleet._replace(state=state)

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), "_fleets"]
