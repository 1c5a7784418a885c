"""The policy protocol, and the base of policies that reason in physical units."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.actions import ActionViewName, action_view
from asl_gym.envs.codec import Observation
from asl_gym.envs.observations import observation_codec
from asl_gym.model.options import Options
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.traces.measured_harvest import MeasuredHarvest

__all__ = ["Policy", "ScenarioPolicy", "harvest_of", "scenario_of", "shown_problem"]


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


def harvest_of(env: Any) -> MeasuredHarvest | None:
    """The measured harvests of an environment; ``None`` of others, and of scenarios."""
    found = getattr(getattr(env, "unwrapped", env), "harvest", None)
    return found if isinstance(found, MeasuredHarvest) else None


def shown_problem(
    scenario: Scenario,
    seen: Observation,
    V: float,
    weights: Array,
    factors: tuple[Array | None, Array | None] = (None, None),
) -> RoundProblem:
    """The round's problem by what is shown of it.

    Args:
        scenario: Gives the costs and the schedule.
        seen: The observation in physical units.
        V: Weight on delay.
        weights: Weight on each budget's energy, shape (..., K) or (..., 1).
        factors: See :meth:`Observation.unit_costs`.
    """
    model = scenario.cost_model
    options = model.all_options(seen.unit_costs(model, factors))
    return RoundProblem.of(scenario, options, V, weights)


class ScenarioPolicy(ABC):
    """A policy that decides in physical units from the observation and the scenario alone.

    A scheme of one's own is a class with a :meth:`decide`; :meth:`options` are its tables of what
    every cut costs, :meth:`problem` the round's problem, which the solvers solve.

    Args:
        env: The environment (single or vector) or the scenario that it is to act in.

    Attributes:
        action_view: The view of the action that it acts in.
        scenario: The scenario.
    """

    action_view: ClassVar[ActionViewName] = "dict"

    def __init__(self, env: Any) -> None:
        self.scenario = scenario_of(env)
        self._codec = observation_codec("flat", self.scenario)
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

    def options(self, seen: Observation) -> Options:
        """What every admissible split point costs each device by what is shown.

        Args:
            seen: The observation in physical units, arrays of shape (..., N).

        Returns:
            Fixed delay, energies and server work, shape (..., N, L) each, or (L,) for server work
            that is the same for all. A device with fewer split points than another repeats its
            last one, so that every index is a choice that it has.
        """
        model = self.scenario.cost_model
        return model.all_options(seen.unit_costs(model))

    def problem(
        self, seen: Observation, V: float | None = None, weights: Array | None = None
    ) -> RoundProblem:
        """The round's problem min V·D + Σ_k q_k E_k by what is shown, see :class:`RoundProblem`.

        Args:
            seen: The observation in physical units, arrays of shape (..., N).
            V: Weight on delay; the scenario's by default [J²/s].
            weights: Weight q_k on each budget's energy, shape (..., K), or (..., 1) for all alike;
                by default OPEN's, Q_k (Ē/Ē_k) [J].
        """
        on_delay = self.scenario.V if V is None else V
        on_energies = self.scenario.weights(seen.queue) if weights is None else weights
        return shown_problem(self.scenario, seen, on_delay, on_energies)

    @abstractmethod
    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """Decides from an observation in physical units.

        Args:
            seen: The observation; leading axes are environments.

        Returns:
            Indices into the admissible split points and server frequencies [Hz], (..., N) each.
        """
