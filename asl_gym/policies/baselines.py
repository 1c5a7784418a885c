"""The existing split-learning schemes and the simple policies that OPEN is compared with."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.policies.cuts import CutPolicy, ServerFrequency
from asl_gym.policies.knobs import SPLIT_KNOB, Knob
from asl_gym.policies.open import WeightedPolicy

__all__ = ["FixedSplit", "GreedyDelay", "GreedyEnergy", "RandomPolicy"]

POLICY_STREAM = 1
"""Keeps a policy's draws apart from the trace's, which the same seed decides."""


class FixedSplit(CutPolicy):
    """The same split points in every round, as in vanilla split learning and SplitFed.

    Where devices train at once this is SplitFed V1 (Thapa et al., AAAI 2022, arXiv 2004.12088,
    grade A), whose server side trains with all devices in parallel.

    Args:
        env: The environment or scenario.
        split: The admissible split point ℓ of every device, or one for each.
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.

    Raises:
        FieldError: If the split point is not admissible.
    """

    KNOB: ClassVar[Knob] = SPLIT_KNOB

    def __init__(
        self,
        env: Any,
        split: int | Sequence[int],
        server_frequency: ServerFrequency = "max",
    ) -> None:
        super().__init__(env, server_frequency)
        self._index = self.scenario.split_points.index_of(split)
        self.split = split

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        return np.broadcast_to(self._index, seen.clock_hz.shape)


class GreedyDelay(WeightedPolicy):
    """Minimum delay in every round, whatever the energy.

    Where devices train in turn this is argmin_ℓ a + w/f at full clock for each of them: the rule of
    Neurosurgeon's first mode (Kang et al., ASPLOS 2017, grade B), of DADS-DSL on a chain of layers
    (Hu et al., INFOCOM 2019, grade A) and of arXiv 2507.01041 (grade C), of which it stands for
    all. Where they train at once it also divides the server's clock, which none of these does.
    """

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
