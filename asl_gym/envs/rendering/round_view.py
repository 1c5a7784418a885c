"""What a renderer is told of a round, and how figures and names are written in all of them."""

import math
from dataclasses import dataclass

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model.profiles import INPUT

__all__ = ["PlayedRound", "RoundView", "bar_starts", "decimals", "rounded"]

MAX_NAME = 10
"""Characters of a layer's name that are shown."""


@dataclass(frozen=True, eq=False)
class PlayedRound:
    """A round that was played. A device's delay is the sum of its parts.

    Attributes:
        split: Split points ℓ, shape (N,).
        downlink_delay: Time of receiving [s], shape (N,).
        device_delay: Time of the device's computing [s], shape (N,).
        uplink_delay: Time of sending [s], shape (N,).
        server_delay: Time of the server's computing [s], shape (N,).
        device_energy: Energy of each device [J], shape (N,).
        server_energy: Energy of the server side [J].
        server_frequency_hz: Server frequency each device was given [Hz], shape (N,).
        uplink_bps: Uplink rates [bit/s], shape (N,).
        downlink_bps: Downlink rates [bit/s], shape (N,).
        delay: Delay of the round [s].
        energy: Energy of the whole system in the round [J].
        mean_delay: Mean delay of the episode's rounds so far [s].
        mean_energy: Mean energy of the episode's rounds so far [J].
        wait: How long each device waited for its battery, and in the last round for the end charge
            [s], shape (N,); ``None`` without batteries.
        harvest: What each battery harvested [J], likewise.
    """

    split: Splits
    downlink_delay: Array
    device_delay: Array
    uplink_delay: Array
    server_delay: Array
    device_energy: Array
    server_energy: float
    server_frequency_hz: Array
    uplink_bps: Array
    downlink_bps: Array
    delay: float
    energy: float
    mean_delay: float
    mean_energy: float
    wait: Array | None = None
    harvest: Array | None = None

    @property
    def parts(self) -> Array:
        """Receiving, device computing, sending and server computing [s], shape (4, N).

        On batteries waiting is a fifth.
        """
        parts = [self.downlink_delay, self.device_delay, self.uplink_delay, self.server_delay]
        if self.wait is not None:
            parts.append(self.wait)
        # A part that was found as a difference may lie a rounding error below zero.
        return np.maximum(np.stack(parts), 0.0)


@dataclass(frozen=True, eq=False)
class RoundView:
    """All that the renderers need, as plain values.

    Attributes:
        round_index: Rounds played so far.
        horizon: Rounds of an episode.
        layer_names: Names of the layers of each device's network; N tuples.
        queue: Virtual queues now [J], shape (K,).
        energy_budgets: Budgets per round [J], shape (K,): K = 1 for the whole system, or N + 1,
            devices then server.
        schedule: The scenario's schedule.
        num_devices: Number of devices N.
        played: The last round; ``None`` before the first.
        battery: What batteries hold now [J], shape (N,); ``None`` without them. With them there are
            neither queues nor budgets.
        capacity: What they can hold [J], likewise.
    """

    round_index: int
    horizon: int
    layer_names: tuple[tuple[str, ...], ...]
    queue: Array
    energy_budgets: Array
    schedule: str
    num_devices: int
    played: PlayedRound | None = None
    battery: Array | None = None
    capacity: Array | None = None

    @property
    def charge(self) -> Array | None:
        """What batteries hold now as a share of their capacity, shape (N,); ``None`` without."""
        if self.battery is None or self.capacity is None:
            return None
        return np.asarray(self.battery / self.capacity)

    @property
    def num_layers(self) -> int:
        """Number of layers L of the deepest network."""
        return max(map(len, self.layer_names))

    @property
    def energy_budget(self) -> float:
        """Energy budget of the whole system per round [J]."""
        return float(self.energy_budgets.sum())

    @property
    def relative_queue(self) -> Array:
        """Queues as multiples of their budgets, shape (K,)."""
        return np.asarray(self.queue / self.energy_budgets)

    @property
    def one_network(self) -> bool:
        """Whether all devices train the same layers."""
        return len(set(self.layer_names)) == 1

    def layer_name(self, device: int, split: int) -> str:
        """The layer that a device's split point comes after, cut to ten characters."""
        name = self.layer_names[device][split - 1] if split else INPUT
        return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "~"


def bar_starts(schedule: str, device_delay: Array) -> Array:
    """When each device's bar starts within the round [s], shape (N,).

    Args:
        schedule: ``"sequential"``: one device after another; any other: all at once.
        device_delay: Delays of the devices [s], shape (N,).
    """
    if schedule == "sequential":
        return np.concatenate([[0.0], np.cumsum(device_delay)[:-1]])
    return np.zeros_like(device_delay)


def decimals(largest: float, significant: int) -> int:
    """Decimals that show ``largest`` to so many significant figures, at most 5."""
    if largest <= 0:
        return 0
    return min(max(significant - 1 - math.floor(math.log10(largest)), 0), 5)


def rounded(value: float) -> str:
    """Writes a value >= 0 to three significant figures or the unit, with at most 5 decimals."""
    return f"{value:.{decimals(value, 3)}f}"
