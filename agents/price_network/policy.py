"""The price network's decision in an environment of any fleet on batteries."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from agents.price_network.features import Averages, Features, ShownLuck
from asl_gym.arrays import Array, Float32, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.harvest.base import HarvestPolicy
from asl_gym.policies.remembering import RememberingPolicy
from asl_gym.solvers.charge_intervals import values_after, values_of_prices
from asl_gym.solvers.sequential import cheapest_options

__all__ = ["PriceAgent", "Pricer", "shown_luck"]


class Pricer(Protocol):
    """What an agent needs of its network."""

    @property
    def width(self) -> int:
        """Features of a device."""
        ...

    def prices(self, features: Float32) -> Array:
        """Prices in units of 1/ϖ, shape (..., M), for features of shape (..., width)."""
        ...


def shown_luck(seen: Observation) -> ShownLuck:
    """What an observation shows that no decision changes."""
    assert seen.harvest is not None
    cloud = np.full(seen.harvest.shape, 0.5) if seen.cloud is None else seen.cloud
    return ShownLuck(seen.uplink_bps, seen.downlink_bps, seen.clock_hz, seen.harvest, cloud)


class PriceAgent(HarvestPolicy, RememberingPolicy):
    """Plays the option of the least delay, wait and value of the charge that it leaves.

    Args:
        network: The trained network.
        decays: Its memories, see :class:`agents.price_network.features.Features`.
        env: The environment (single or vector) or the scenario that it is to act in.

    Raises:
        FieldError: If the scenario's devices have no batteries.
        ValueError: If the network was made for another number of features.
    """

    def __init__(self, network: Pricer, decays: tuple[float, ...], env: Any) -> None:
        super().__init__(env)
        self._network, self.features = network, Features(self.scenario, decays)
        if self.features.width != network.width:
            raise ValueError(
                f"the scenario gives {self.features.width} features a device: expected "
                f"{network.width}, which the network was made for"
            )
        self._unit = self.capacity / self.batteries.trickle_power_w

    def remember_and_decide(
        self, seen: Observation, memory: Averages | None, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Averages]:
        """See :meth:`RememberingPolicy.remember_and_decide`."""
        luck, shown = shown_luck(seen), self.shown(seen)
        memory = self.features.empty(len(starts)) if memory is None else memory
        memory = self.features.remember(luck, memory, starts)
        prices = self._network.prices(self.features.of_round(luck, memory, shown.round_index))
        share = shown.charges_after(self.capacity) / self.capacity[:, None]
        ahead = values_after(values_of_prices(prices), share) * self._unit[:, None]
        splits = cheapest_options(shown.total_delay(self.batteries) + ahead, shown.energy)
        return splits, self.full_clock(splits), memory
