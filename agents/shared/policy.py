"""The shared agent's decision in an environment of any fleet."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.shared.memory import Memory
from asl_gym.arrays import Float32
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.observations import DevicesCodec, ObservationViewName
from asl_gym.policies.base import scenario_of

__all__ = ["FleetAgent", "SharedAgent", "SharedDecider", "WidthDecider"]


class Decider(Protocol):
    """What decides from features."""

    def decide(self, features: Float32) -> NDArray[np.int64]:
        """Split indices, shape (B, N), for the features of B environments."""
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
    def num_splits(self) -> int:
        """Number of admissible split points L."""
        ...


class FeatureMemory(Protocol):
    """What makes features of observations, and keeps what they need."""

    codec: DevicesCodec

    def empty(self, batch: int) -> Any:
        """The memory of so many episodes that have not begun."""
        ...

    def see(
        self, observation: Float32, state: Any, starts: NDArray[np.bool_]
    ) -> tuple[Float32, Any]:
        """Features, and the memory with the observation; forgotten where an episode starts."""
        ...

    def decided(self, observation: Float32, splits: NDArray[np.int64], state: Any) -> Any:
        """The memory with what was decided."""
        ...


class FleetAgent:
    """Plays a network's first choice; its memory of the episode is the state of ``predict``.

    Args:
        network: What decides.
        memory: Makes features of the scenario's observations.

    Attributes:
        action_view: The view of the action that it acts in.
        observation_view: The view of the observation that it sees.
    """

    action_view: ClassVar[ActionViewName] = "split"
    observation_view: ClassVar[ObservationViewName] = "devices"

    def __init__(self, network: Decider, memory: FeatureMemory) -> None:
        self._network, self.memory = network, memory

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int64], Any]:
        """Decides for one observation or a batch, always in the same way.

        Args:
            observation: Shape (N + 1, F) or (B, N + 1, F).
            state: The memory that the last call returned; ``None`` starts anew.
            episode_start: Which environments start an episode, shape (B,) or a bool.
            deterministic: Ignored.

        Returns:
            Indices into the admissible split points, shape (N,) or (B, N), and the memory.
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
        splits = self._network.decide(features)
        state = self.memory.decided(batch, splits, state)
        return (splits[0] if single else splits), state


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
        super().__init__(network, memory)
        width, counts = memory.width, scenario.split_points.counts
        if width != network.width or (counts != network.num_splits).any():
            given = " or ".join(map(str, np.unique(counts)))
            raise ValueError(
                f"the scenario gives {width} features a device and {given} split points: "
                f"expected {network.width} and {network.num_splits}, which the network was made for"
            )
