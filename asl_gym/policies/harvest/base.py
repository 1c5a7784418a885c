"""The base of policies for devices on batteries."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import ScenarioPolicy, harvest_of
from asl_gym.policies.harvest.known import batteries_of, option_costs
from asl_gym.policies.harvest.shown import BatteryRound

__all__ = ["HarvestPolicy", "HarvestRule"]


class HarvestPolicy(ScenarioPolicy):
    """A policy for devices on batteries, whose server runs at its full clock.

    Args:
        env: The environment or scenario.

    Attributes:
        batteries: The scenario's batteries.
        capacity: What they hold at most [J], shape (N,).
        harvest: Measured harvests, where the environment that it was built from plays such.

    Raises:
        FieldError: If the scenario's devices have no batteries.
    """

    action_view: ClassVar[ActionViewName] = "split"

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.batteries, self.harvest = batteries_of(self.scenario), harvest_of(env)
        self.capacity = self.batteries.capacities(self.scenario.fastest_energies)

    def shown(self, seen: Observation) -> BatteryRound:
        """What is shown, as rules and programmes need it.

        Args:
            seen: The observation in physical units; leading axes are environments.
        """
        assert seen.battery is not None
        assert seen.harvest is not None
        delay, energy = option_costs(
            self.scenario, seen.uplink_bps, seen.downlink_bps, seen.clock_hz
        )
        played = (1.0 - seen.rounds_left) * self.scenario.horizon
        return BatteryRound(
            delay=delay,
            energy=energy,
            charge=seen.battery,
            harvest=seen.harvest,
            cloud=seen.cloud,
            round_index=np.rint(played).astype(np.int64),
        )

    def full_clock(self, splits: Splits) -> Array:
        """The server's full clock for each device [Hz], shape (..., N)."""
        return np.full(splits.shape, self.scenario.server.clock_max_hz)


class HarvestRule(HarvestPolicy):
    """A policy of which only the rule for split points is its own."""

    @abstractmethod
    def cuts(self, shown: BatteryRound) -> Splits:
        """Indices into the admissible split points, shape (..., N)."""

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        splits = self.cuts(self.shown(seen))
        return splits, self.full_clock(splits)
