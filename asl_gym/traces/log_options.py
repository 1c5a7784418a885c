"""How logs are read and played."""

from dataclasses import dataclass
from typing import Any

from asl_gym.traces.columns import Columns
from asl_gym.traces.gnettrack import RATE_SOURCES
from asl_gym.traces.units import UPLINK_SHARE
from asl_gym.validation.checks import POSITIVE, FieldError, number, one_of

__all__ = ["LogOptions"]


@dataclass(frozen=True)
class LogOptions:
    """How logs are read and played, see :class:`asl_gym.traces.measured.MeasuredTraces`.

    Raises:
        FieldError: If a field is not allowed, or rates are chosen beside columns.
    """

    seconds_per_round: float | None = None
    rates: str | None = None
    columns: Columns | None = None
    stitch: bool = False

    def __post_init__(self) -> None:
        if self.seconds_per_round is not None:
            number("seconds_per_round", self.seconds_per_round, POSITIVE)
        if self.rates is not None:
            one_of("rates", self.rates, tuple(RATE_SOURCES))
        if not isinstance(self.columns, Columns | None):
            raise FieldError("columns", self.columns, "Columns or None")
        if not isinstance(self.stitch, bool):
            raise FieldError("stitch", self.stitch, "True or False")
        if self.columns is not None and self.rates is not None:
            allowed = "None beside columns, which are of measured rates"
            raise FieldError("rates", self.rates, allowed)

    @property
    def given(self) -> dict[str, Any]:
        """The fields that are not at their defaults."""
        return {name: value for name, value in vars(self).items() if value not in (None, False)}

    @property
    def measured_directions(self) -> tuple[str, ...]:
        """Directions whose rates are played as measured in every row."""
        if self.columns is None:
            return ("downlink",) if self.rates == "throughput" else ()
        named = {"uplink": self.columns.uplink, "downlink": self.columns.downlink}
        return tuple(direction for direction, column in named.items() if column is not None)

    @property
    def round_length(self) -> str:
        """What a round is, in words."""
        seconds = self.seconds_per_round
        return "a row" if seconds is None else f"{seconds:g} s"

    @property
    def rates_in_words(self) -> str:
        """Where the rates come from."""
        directions = self.measured_directions
        if not directions:
            return "rates are the capacity of the SNR"
        words = f"rates are the measured throughput of the {' and the '.join(directions)}"
        shared = f", the uplink's being {UPLINK_SHARE:g} of the downlink's"
        return words + shared * (len(directions) < 2)
