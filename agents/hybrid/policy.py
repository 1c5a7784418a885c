"""The hybrid agent's decision: the network proposes, the solver's upper layer prices."""

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.hybrid.candidates import change_patterns, mutations, propose
from asl_gym.arrays import Splits
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.codec import Observation
from asl_gym.envs.observations import ObservationCodec
from asl_gym.policies.base import scenario_of
from asl_gym.policies.open import price_splits
from asl_gym.scenario.scenario import Scenario

__all__ = ["HybridPolicy", "Proposer"]


class Proposer(Protocol):
    """What a decision needs of the proposing network."""

    @property
    def num_devices(self) -> int:
        """Number of devices N."""
        ...

    @property
    def num_splits(self) -> int:
        """Number of admissible split points L."""
        ...

    @property
    def size(self) -> int:
        """Entries of an observation."""
        ...

    def logits(self, observation: NDArray[np.floating]) -> NDArray[np.float32]:
        """Logits of shape (..., N, L) for observations of shape (..., size)."""
        ...


class HybridPolicy:
    """Plays the cheapest of the network's candidates, priced in its scenario.

    Args:
        network: The proposing network.
        num_candidates: Candidates K a decision.
        env: The environment (single or vector) or the scenario that it is to act in.

    Attributes:
        action_view: The view of the action that it acts in.
        scenario: The scenario.

    Raises:
        ValueError: If the network was made for other numbers of devices, split points or queues.
    """

    action_view: ClassVar[ActionViewName] = "split"

    def __init__(self, network: Proposer, num_candidates: int, env: Any) -> None:
        self.scenario = scenario_of(env)
        self._network, self._codec = network, ObservationCodec(self.scenario)
        _check_fit(network, self.scenario, self._codec)
        self._patterns = change_patterns(network.num_devices, num_candidates)

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Splits, Any]:
        """Decides for one observation or a batch, always in the same way.

        Args:
            observation: Shape (size,) or (B, size).
            state: Returned as it is; there is none.
            episode_start: Ignored.
            deterministic: Ignored.

        Returns:
            Indices into the admissible split points, shape (N,) or (B, N), and ``state``.
        """
        seen = self._codec.decode(observation)
        return self.cheapest(seen, self.propose(self._network.logits(observation))), state

    def propose(self, logits: NDArray[np.floating]) -> Splits:
        """Candidates of shape (..., K, N) for logits of shape (..., N, L)."""
        return propose(logits, self._patterns)

    def explore(self, observation: NDArray[np.floating], rng: np.random.Generator) -> Splits:
        """Decides in training, where as many candidates again are mutations.

        Args:
            observation: Shape (B, size).
            rng: Random generator of the mutations.

        Returns:
            Indices into the admissible split points, shape (B, N).
        """
        proposed = self.propose(self._network.logits(observation))
        mutated = mutations(proposed, self._network.num_splits, rng)
        candidates = np.concatenate([proposed, mutated], axis=-2)
        return self.cheapest(self._codec.decode(observation), candidates)

    def cheapest(self, seen: Observation, candidates: Splits) -> Splits:
        """The candidate of the least price, shape (..., N), among candidates (..., K, N)."""
        best = price_splits(self.scenario, seen, candidates).argmin(axis=-1)
        return np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :]


def _check_fit(network: Proposer, scenario: Scenario, codec: ObservationCodec) -> None:
    size = (network.size,)
    made_for = f"{network.num_devices} devices, {network.num_splits} split points"
    counts = np.unique(scenario.split_points.counts)
    given = f"{scenario.num_devices} devices, {' or '.join(map(str, counts))} split points"
    if made_for != given or size != codec.space.shape:
        raise ValueError(
            f"the scenario has {given} and observations of shape {codec.space.shape}, but the "
            f"network was made for {made_for} and {size}: expected a scenario that fits it"
        )
