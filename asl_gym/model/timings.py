"""Measured times of a network's two halves, one pair a cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model import limits
from asl_gym.validation.checks import FieldError, numbers_tuple, sequence
from asl_gym.validation.fields import Declared, count, quantities

__all__ = ["Timings"]


@dataclass(frozen=True)
class Timings(Declared):
    """What computing a network's halves took on a device and a server, at full clocks.

    Attributes:
        cuts: Names of the cuts: the layers that they come after, and ``"input"`` for the one before
            everything.
        device_s: Both passes of the device's half at each cut, for one batch [s].
        server_s: The same of the server's half [s].
        samples: Samples of the batch.

    Raises:
        FieldError: (a ValueError) If a name is repeated, or a figure is missing or not allowed.
    """

    cuts: tuple[str, ...]
    device_s: tuple[float, ...] = quantities(limits.SECONDS)
    server_s: tuple[float, ...] = quantities(limits.SECONDS)
    samples: int = count(1, limits.MAX_SAMPLES)

    PREFIX = "timings."

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "cuts", _checked_cuts(self.cuts))
        for name in ("device_s", "server_s"):
            numbers_tuple(f"timings.{name}", getattr(self, name), len(self.cuts))

    def at(self, cuts: Sequence[str]) -> tuple[Array, Array]:
        """Seconds of a batch on the device and on the server at some cuts.

        Raises:
            FieldError: If one was not measured; the message names it.
        """
        places = {name: place for place, name in enumerate(self.cuts)}
        for name in cuts:
            if name not in places:
                allowed = f"a table with all admissible cuts, {name!r} among them"
                raise FieldError("timings.cuts", self.cuts, allowed)
        chosen = [places[name] for name in cuts]
        return np.asarray(self.device_s)[chosen], np.asarray(self.server_s)[chosen]


def _checked_cuts(given: Any) -> tuple[str, ...]:
    cuts = sequence("timings.cuts", given, "names of cuts")
    for place, name in enumerate(cuts):
        if not isinstance(name, str) or not name or not name.isprintable():
            allowed = "a non-empty string of printable characters"
            raise FieldError(f"timings.cuts[{place}]", name, allowed)
        if name in cuts[:place]:
            raise FieldError(f"timings.cuts[{place}]", name, "a name that is not there yet")
    return cuts
