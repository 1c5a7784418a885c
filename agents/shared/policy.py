"""The shared agent's decision in an environment of any fleet."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.shared.memory import Memory, MemoryState
from asl_gym.arrays import Float32
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.observations import ObservationViewName
from asl_gym.policies.base import scenario_of

__all__ = ["SharedAgent", "SharedDecider"]


class SharedDecider(Protocol):
    """What an agent needs of its network."""

    @property
    def width(self) -> int:
        """Features of a row."""
        ...

    @property
    def action_view(self) -> ActionViewName:
        """The view of the action that it decides in."""
        ...

    @property
    def num_splits(self) -> int:
        """Number of admissible split points L, where it decides those."""
        ...

    def decide(self, features: Float32) -> NDArray[Any]:
        """Actions of the view, shape (B, N), for features of shape (B, N + 1, width)."""
        ...


class SharedAgent:
    """Plays what the network decides; its memory of the episode is the state of ``predict``.

    Args:
        network: The trained policy.
        decays: Its memories, see :class:`agents.shared.memory.Memory`.
        env: The environment (single or vector) or the scenario that it is to act in.

    Attributes:
        action_view: The view of the action that it acts in, the network's.
        observation_view: The view of the observation that it sees.
        memory: Makes features of the scenario's observations.

    Raises:
        ValueError: If the network was made for other features or another number of split points.
    """

    observation_view: ClassVar[ObservationViewName] = "devices"

    def __init__(self, network: SharedDecider, decays: tuple[float, ...], env: Any) -> None:
        scenario = scenario_of(env)
        self.action_view = network.action_view
        self._network, self.memory = network, Memory(scenario, decays)
        width, counts = self.memory.width, scenario.split_points.counts
        if self.action_view != "split":
            if width != network.width:
                raise ValueError(
                    f"the scenario gives {width} features a device: expected {network.width}, "
                    "which the network was made for"
                )
        elif width != network.width or (counts != network.num_splits).any():
            given = " or ".join(map(str, np.unique(counts)))
            raise ValueError(
                f"the scenario gives {width} features a device and {given} split points: "
                f"expected {network.width} and {network.num_splits}, which the network was made for"
            )

    def predict(
        self,
        observation: NDArray[np.floating],
        state: MemoryState | None = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[Any], MemoryState]:
        """Decides for one observation or a batch, always in the same way.

        Args:
            observation: Shape (N + 1, F) or (B, N + 1, F).
            state: The memory that the last call returned; ``None`` starts anew.
            episode_start: Which environments start an episode, shape (B,) or a bool.
            deterministic: Ignored.

        Returns:
            Actions of the view, shape (N,) or (B, N), and the memory.
        """
        single = np.ndim(observation) == 2
        batch = np.asarray(observation, dtype=np.float32).reshape(
            -1, *self.memory.codec.space.shape
        )
        state = self.memory.empty(len(batch)) if state is None else state
        starts = np.broadcast_to(
            np.asarray(False if episode_start is None else episode_start, dtype=bool), len(batch)
        )
        features, state = self.memory.see(batch, state, starts)
        action = self._network.decide(features)
        if self.action_view == "split":
            state = self.memory.decided(batch, action, state)
        return (action[0] if single else action), state
