"""The policy protocol, and the base of policies that reason in physical units."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.actions import ActionViewName, action_view
from asl_gym.envs.codec import Observation
from asl_gym.envs.observations import ObservationCodec
from asl_gym.scenario.scenario import Scenario

__all__ = ["Policy", "ScenarioPolicy", "scenario_of"]


@runtime_checkable
class Policy(Protocol):
    """What the evaluation asks of a policy: stable-baselines3's ``predict``.

    Optional attributes: ``action_view``, the view of the action that it acts in (``"split"`` if it
    has neither that nor an ``action_space``); ``begin_episode(seed)``, called before every
    episode, for policies that draw at random.
    """

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Returns an action (a batch of them for batched observations) and the next state."""
        ...


def scenario_of(env: Any) -> Scenario:
    """The scenario behind an environment, vector environment or scenario.

    Raises:
        TypeError: If there is none.
    """
    if isinstance(env, Scenario):
        return env
    scenario = getattr(getattr(env, "unwrapped", env), "scenario", None)
    if not isinstance(scenario, Scenario):
        raise TypeError(f"{env!r} has no scenario: expected an ASL environment or a Scenario")
    return scenario


class ScenarioPolicy(ABC):
    """A policy that decides in physical units from the observation and the scenario alone.

    Args:
        env: The environment (single or vector) or the scenario that it is to act in.

    Attributes:
        action_view: The view of the action that it acts in.
        scenario: The scenario.
    """

    action_view: ClassVar[ActionViewName] = "dict"

    def __init__(self, env: Any) -> None:
        self.scenario = scenario_of(env)
        self._codec = ObservationCodec(self.scenario)
        self._view = action_view(self.action_view, self.scenario)

    def predict(
        self,
        observation: NDArray[np.floating],
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Decides for one observation or a batch.

        Args:
            observation: Shape (size,) or (B, size).
            state: Returned as it is; these policies have none.
            episode_start: Ignored.
            deterministic: Ignored.

        Returns:
            The action, in the form of ``action_view``, and ``state``.
        """
        seen = self._codec.decode(np.asarray(observation))
        return self._view.encode(*self.decide(seen)), state

    @abstractmethod
    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """Decides from an observation in physical units.

        Args:
            seen: The observation; leading axes are environments.

        Returns:
            Indices into the admissible split points and server frequencies [Hz], (..., N) each.
        """
