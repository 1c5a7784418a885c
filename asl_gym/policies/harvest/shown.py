"""What a policy is shown of a round on batteries."""

from typing import Any, NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.batteries import Batteries, charge_after, wait

__all__ = ["BatteryRound"]


class BatteryRound(NamedTuple):
    """A round as it is shown, before the decision; leading axes are environments.

    Attributes:
        delay: Delay of each option without waiting, a + w/f at the server's full clock [s], shape
            (..., N, L).
        energy: Energy that each takes from the device [J], shape (..., N, L).
        charge: What batteries hold [J], shape (..., N).
        harvest: What they harvest in this round [J], shape (..., N).
        cloud: The sky over each device, 1 where it is clear and 0 under clouds, shape (..., N);
            ``None`` where it is not shown.
        round_index: Rounds since the episode's start t, shape (...).
    """

    delay: Array
    energy: Array
    charge: Array
    harvest: Array
    cloud: Array | None
    round_index: Any

    def total_delay(self, batteries: Batteries) -> Array:
        """Delay of each option with the wait for what the battery lacks [s], (..., N, L)."""
        waits = wait(self.energy, self.charge[..., None], batteries.trickle_power_w)
        return np.asarray(self.delay + waits)

    def charges_after(self, capacity: Array) -> Array:
        """What batteries hold after each option [J], shape (..., N, L).

        Args:
            capacity: What they hold at most [J], shape (N,).
        """
        after = charge_after(
            self.charge[..., None], self.energy, self.harvest[..., None], capacity[..., None]
        )
        return np.asarray(after)

    def part_of_day(self, batteries: Batteries) -> Array:
        """Where the middle of the round lies between one dawn, 0, and the next, 1, shape (...)."""
        day = batteries.rounds_per_day
        return np.asarray((np.asarray(self.round_index) % day + 0.5) / day)
