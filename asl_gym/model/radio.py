"""What carries the bits: a cellular radio, or a link of a stated rate.

Both say what the base station (or access point) draws while it sends, the rate that stands for an
outage, and what a device has of them where several share them.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

from asl_gym.model import limits
from asl_gym.validation.checks import Bounds, FieldError
from asl_gym.validation.fields import Declared, choice, instance, quantity

__all__ = ["Channel", "Fading", "Link", "Radio", "cellular"]

CORRELATION = Bounds(0, 1, open_high=True)

Fading = Literal["block", "ergodic", "none"]


@dataclass(frozen=True)
class Radio(Declared):
    """The wireless channel and how its energy is counted.

    Attributes:
        bandwidth_hz: Channel bandwidth B [Hz].
        base_station_power_w: Downlink transmit power [W].
        noise_density_dbm_per_hz: Thermal noise density [dBm/Hz].
        noise_figure_db: Receiver noise figure [dB].
        path_loss_at_1km_db: Path loss at 1 km [dB].
        path_loss_exponent_db: Path loss per decade of distance [dB].
        shadowing_std_db: Standard deviation of log-normal shadowing [dB].
        shadowing_correlation: Correlation of shadowing from one round to the next, in [0, 1).
        fading: ``"block"`` (one Rayleigh draw a round and direction), ``"ergodic"`` (the mean rate
            over Rayleigh fading) or ``"none"``.
        rate_floor_bps: Rate that stands for outage [bit/s].
        max_spectral_efficiency: Rate cap of the highest modulation [bit/s/Hz].
        count_downlink_energy: Whether the base station's transmit energy counts.
    """

    bandwidth_hz: float = quantity(limits.BANDWIDTH)
    base_station_power_w: float = quantity(limits.POWER)
    noise_density_dbm_per_hz: float = quantity(limits.NOISE_DENSITY)
    noise_figure_db: float = quantity(limits.DECIBEL)
    path_loss_at_1km_db: float = quantity(limits.PATH_LOSS)
    path_loss_exponent_db: float = quantity(limits.PATH_LOSS_EXPONENT)
    shadowing_std_db: float = quantity(limits.SHADOWING)
    shadowing_correlation: float = quantity(CORRELATION)
    fading: Fading = choice(Fading)
    rate_floor_bps: float = quantity(limits.RATE)
    max_spectral_efficiency: float = quantity(limits.SPECTRAL_EFFICIENCY)
    count_downlink_energy: bool = instance(bool, default=True)

    PREFIX = "radio."

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rate_floor_bps >= self.rate_cap_bps:
            allowed = f"a number below the rate cap of {self.rate_cap_bps:g} bit/s"
            raise FieldError("radio.rate_floor_bps", self.rate_floor_bps, allowed)

    @property
    def rate_cap_bps(self) -> float:
        """Greatest rate [bit/s]."""
        return self.bandwidth_hz * self.max_spectral_efficiency

    def shared(self, num_devices: int) -> Self:
        """What one of so many devices has of it at once: its share of the bandwidth."""
        return self.derived(
            bandwidth_hz=self.bandwidth_hz / num_devices,
            rate_floor_bps=self.rate_floor_bps / num_devices,
        )

    def independent_over_rounds(self) -> Self:
        """The same, each round's rates by themselves."""
        return self.derived(shadowing_correlation=0.0)


@dataclass(frozen=True)
class Link(Declared):
    """A link of a stated rate, the same for all devices: Wi-Fi, a cable, a measured uplink.

    Each round's rate of a device and direction is drawn uniformly from (1 ± ``variation``) times
    the stated one, independently over rounds.

    Attributes:
        uplink_bps: Mean uplink rate [bit/s].
        downlink_bps: Mean downlink rate [bit/s].
        variation: Greatest deviation of a round's rate, as a share of the mean, in [0, 1).
        base_station_power_w: Power that the access point draws to send [W]; 0 where it isn't
            counted.
        rate_floor_bps: Rate that stands for outage in measured traces [bit/s]; by default none
            to speak of.
    """

    uplink_bps: float = quantity(limits.RATE)
    downlink_bps: float = quantity(limits.RATE)
    variation: float = quantity(Bounds(0, 0.999), default=0.0)
    base_station_power_w: float = quantity(Bounds(0, limits.POWER.high, unit="W"), default=0.0)
    rate_floor_bps: float = quantity(limits.RATE, default=1e-3)

    PREFIX = "radio."

    def __post_init__(self) -> None:
        super().__post_init__()
        least = (1.0 - self.variation) * min(self.uplink_bps, self.downlink_bps)
        if self.rate_floor_bps > least:
            allowed = f"a number up to the least rate of {least:g} bit/s"
            raise FieldError("radio.rate_floor_bps", self.rate_floor_bps, allowed)

    @property
    def count_downlink_energy(self) -> bool:
        """Whether the access point's energy counts."""
        return self.base_station_power_w > 0

    @property
    def rate_cap_bps(self) -> float:
        """Greatest rate that a measured trace may have [bit/s]; a link has none."""
        return float("inf")

    @property
    def slowdown(self) -> float:
        """The mean of 1/rate over rounds, as a multiple of that of the mean rate, artanh(v)/v."""
        return math.atanh(self.variation) / self.variation if self.variation else 1.0

    def shared(self, num_devices: int) -> Self:
        """What one of so many devices has of it at once: its share of the rates."""
        return self.derived(
            uplink_bps=self.uplink_bps / num_devices,
            downlink_bps=self.downlink_bps / num_devices,
            rate_floor_bps=self.rate_floor_bps / num_devices,
        )

    def independent_over_rounds(self) -> Self:
        """The same: each round's rates are by themselves."""
        return self


Channel = Radio | Link
"""What a system may have for a channel."""


def cellular(channel: Channel, needed_for: str) -> Radio:
    """Returns a channel after checking that it is a radio.

    Args:
        channel: The channel.
        needed_for: What needs one, for the error.

    Raises:
        FieldError: If it is a link.
    """
    if not isinstance(channel, Radio):
        raise FieldError("radio", channel, f"a Radio, for {needed_for}")
    return channel
