"""The shared agent's decision in an environment of any fleet."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.shared.memory import Memory
from asl_gym.arrays import Float32
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.codec import Codec
from asl_gym.envs.observations import ObservationViewName
from asl_gym.policies.base import scenario_of

__all__ = ["FleetAgent", "SharedAgent", "SharedDecider", "WidthDecider"]


class Decider(Protocol):
    """What decides from features."""

    def decide(self, features: Float32) -> NDArray[Any]:
        """Actions, shape (B, N), for the features of B environments."""
        ...


class WidthDecider(Decider, Protocol):
    """What says beside that which features it was made for."""

    @property
    def width(self) -> int:
        """Features of a row."""
        ...


class SharedDecider(WidthDecider, Protocol):
    """What an agent needs of the shared network."""

    @property
    def action_view(self) -> ActionViewName:
        """The view of the action that it decides in."""
        ...

    @property
    def num_splits(self) -> int:
        """Number of admissible split points L, where it decides those."""
        ...


class FeatureMemory(Protocol):
    """What makes features of observations, and keeps what they need."""

    @property
    def codec(self) -> Codec:
        """The codec of the scenario's ``devices`` observation."""
        ...

    def empty(self, batch: int) -> Any:
        """The memory of so many episodes that have not begun."""
        ...

    def see(
        self, observation: Float32, state: Any, starts: NDArray[np.bool_]
    ) -> tuple[Float32, Any]:
        """Features, and the memory with the observation; forgotten where an episode starts."""
        ...

    def decided(self, observation: Float32, splits: NDArray[np.int64], state: Any) -> Any:
        """The memory with the split points that were decided."""
        ...


class FleetAgent:
    """Plays what a network decides; its memory of the episode is the state of ``predict``.

    Args:
        network: What decides.
        memory: Makes features of the scenario's observations.
        action_view: The view of the action that the network decides in.

    Attributes:
        action_view: That view.
        observation_view: The view of the observation that it sees.
        memory: Makes features of the scenario's observations.
    """

    observation_view: ClassVar[ObservationViewName] = "devices"

    def __init__(
        self, network: Decider, memory: FeatureMemory, action_view: ActionViewName = "split"
    ) -> None:
        self._network, self.memory, self.action_view = network, memory, action_view

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[Any], Any]:
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


class SharedAgent(FleetAgent):
    """Plays the shared network.

    Args:
        network: The trained policy.
        decays: Its memories, see :class:`agents.shared.memory.Memory`.
        env: The environment (single or vector) or the scenario that it is to act in.

    Raises:
        ValueError: If the network was made for other features or another number of split points.
    """

    def __init__(self, network: SharedDecider, decays: tuple[float, ...], env: Any) -> None:
        scenario = scenario_of(env)
        memory = Memory(scenario, decays)
        super().__init__(network, memory, network.action_view)
        width, counts = memory.width, scenario.split_points.counts
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
