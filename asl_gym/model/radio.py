"""The wireless channel's constants."""

from dataclasses import dataclass
from typing import Literal

from asl_gym.model import limits
from asl_gym.validation.checks import Bounds, FieldError
from asl_gym.validation.fields import Declared, choice, instance, quantity

__all__ = ["Fading", "Radio"]

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
    shadowing_correlation: float = quantity(Bounds(0, 1, open_high=True))
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
