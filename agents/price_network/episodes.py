"""Episodes that the price network has seen, and the targets that they give its prices."""

from typing import NamedTuple

import numpy as np

from agents.price_network.features import Features, ShownLuck
from asl_gym.arrays import Array, Float32
from asl_gym.policies.harvest.known import batteries_of, option_costs
from asl_gym.solvers.charge_intervals import fill_targets
from asl_gym.solvers.charge_levels import Battery

__all__ = ["EpisodeBuffer", "episode_targets"]


def episode_targets(
    features: Features, luck: ShownLuck, prices: Array, trace_decay: float
) -> Float32:
    """The targets of prices, see :mod:`asl_gym.solvers.charge_intervals`.

    Args:
        features: Gives the scenario.
        luck: Of whole episodes, shape (T, B, N).
        prices: By which they are played, shape (T, B, N, M).
        trace_decay: λ of the temporal differences.

    Returns:
        Shape (T, B, N, M).
    """
    scenario = features.scenario
    batteries, mean = batteries_of(scenario), scenario.fastest_energies
    costs = option_costs(scenario, luck.uplink_bps, luck.downlink_bps, luck.clock_hz)
    capacities, starts = batteries.capacities(mean), batteries.initial_charges(mean)
    targets, (_, batch, devices, _) = np.empty(prices.shape, dtype=np.float32), prices.shape
    for b, n in np.ndindex(batch, devices):
        battery = Battery(float(capacities[n]), batteries.trickle_power_w, float(starts[n]))
        arrays = (*costs, luck.harvest, prices)
        delay, energy, harvest, price = (np.ascontiguousarray(each[:, b, n]) for each in arrays)
        found = np.empty_like(price)
        fill_targets(delay, energy, harvest, price, battery, trace_decay, found)
        targets[:, b, n] = found
    return targets


class _Seen(NamedTuple):
    """Episodes of one fleet: its index, and what rounds showed, shape (T, B, N) each."""

    fleet: int
    luck: ShownLuck


class EpisodeBuffer:
    """Keeps what the episodes of each fleet showed. No decision changes that.

    Args:
        episodes: Episodes that are kept, the latest of all fleets.
    """

    def __init__(self, episodes: int) -> None:
        self.episodes = episodes
        self._seen: list[_Seen] = []

    @property
    def size(self) -> int:
        """Episodes that are kept."""
        return self.episodes

    def add(self, fleet: int, luck: ShownLuck) -> None:
        """Adds episodes of a fleet, of shape (T, B, N), and forgets the oldest beyond the size."""
        for b in range(luck.clock_hz.shape[1]):
            self._seen.append(_Seen(fleet, ShownLuck(*(each[:, b : b + 1] for each in luck))))
        del self._seen[: -self.episodes]

    def sample(self, count: int, rng: np.random.Generator) -> list[tuple[int, ShownLuck]]:
        """Draws different episodes; those of one fleet come together, in a fleet's number order."""
        drawn = rng.choice(len(self._seen), min(count, len(self._seen)), replace=False)
        chosen = [self._seen[i] for i in drawn]
        together = []
        for fleet in sorted({each.fleet for each in chosen}):
            own = [each.luck for each in chosen if each.fleet == fleet]
            parts = (np.concatenate(part, axis=1) for part in zip(*own, strict=True))
            together.append((fleet, ShownLuck(*parts)))
        return together
