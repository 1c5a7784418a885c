"""The existing split-learning schemes and the simple policies that OPEN is compared with."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.codec import Observation
from asl_gym.model import lyapunov
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.policies.open import WeightedPolicy
from asl_gym.solvers.round_problem import best_frequencies
from asl_gym.solvers.sequential import optimal_frequency
from asl_gym.validation.checks import one_of

__all__ = ["FixedSplit", "GreedyDelay", "GreedyEnergy", "RandomPolicy"]

POLICY_STREAM = 1
"""Keeps a policy's draws apart from the trace's, which the same seed decides."""


class FixedSplit(ScenarioPolicy):
    """The same split points in every round, as in vanilla split learning.

    Args:
        env: The environment or scenario.
        split: The admissible split point ℓ of every device, or one for each.
        server_frequency: ``"max"`` uses the full server clock (where devices share it, divided so
            that the round ends soonest), ``"open"`` is OPEN's choice (the solver's upper layer with
            the scenario's V and the queue).

    Raises:
        FieldError: If the split point is not admissible.
    """

    def __init__(
        self,
        env: Any,
        split: int | Sequence[int],
        server_frequency: Literal["max", "open"] = "max",
    ) -> None:
        super().__init__(env)
        self._index = self.scenario.split_points.index_of(split)
        one_of("server_frequency", server_frequency, ("max", "open"))
        self.split, self.server_frequency = split, server_frequency

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        shape = seen.clock_hz.shape
        split_index = np.broadcast_to(self._index, shape)
        frequency = self._frequencies(split_index, seen)
        return split_index, np.broadcast_to(frequency, shape)

    def _frequencies(self, split_index: Splits, seen: Observation) -> Array:
        scenario, model = self.scenario, self.scenario.cost_model
        weight = np.zeros(seen.rounds_left.shape)
        if self.server_frequency == "open":
            weight = lyapunov.server_weight(scenario.weights(seen.queue))
        if not scenario.shares_server:
            # The best frequency is the same whatever is chosen.
            return optimal_frequency(scenario.V, weight, scenario.device_server)[..., None]
        chosen = model.chosen_options(split_index, seen.unit_costs(model))
        return best_frequencies(scenario, chosen, scenario.V, weight)


class GreedyDelay(WeightedPolicy):
    """Minimum delay in every round, whatever the energy."""

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        decision = self.solve(seen, 1.0, np.zeros((*seen.rounds_left.shape, 1)))
        return decision.split_index, decision.server_frequency_hz


class GreedyEnergy(WeightedPolicy):
    """Minimum energy of the whole system in every round, whatever the delay."""

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        decision = self.solve(seen, 0.0, np.ones((*seen.rounds_left.shape, 1)))
        return decision.split_index, decision.server_frequency_hz


class RandomPolicy(ScenarioPolicy):
    """Split points uniform over the admissible ones, frequencies log-uniform over their range.

    Args:
        env: The environment or scenario.
        seed: Seed of its random generator.
    """

    action_view: ClassVar[ActionViewName] = "box"

    def __init__(self, env: Any, seed: int = 0) -> None:
        super().__init__(env)
        self.begin_episode(seed)

    def begin_episode(self, seed: int) -> None:
        """Restarts the random generator."""
        self._generator = np.random.default_rng([seed, POLICY_STREAM])

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        shape, server = seen.clock_hz.shape, self.scenario.device_server
        splits = self._generator.integers(self.scenario.split_points.counts, size=shape)
        return splits, server.clock_at(self._generator.random(shape))
