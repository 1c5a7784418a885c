"""What the controller knows of the world, and how a trace is made to differ from what it is told.

Two imperfections, both off by default. *Stale channel knowledge*: the rates that are shown are
those of an earlier round, the new ones decide the costs. *Parameter mismatch*: the devices'
FLOPs per cycle and capacitances differ from the fleet's nominal ones by a factor each, drawn once
an episode.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from asl_gym.arrays import Array
from asl_gym.trace import Trace
from asl_gym.validation import number, whole_number

__all__ = ["PERFECT", "Knowledge", "draw_factors"]


@dataclass(frozen=True)
class Knowledge:
    """How well the controller knows channels and devices.

    Attributes:
        csi_delay_rounds: Rounds by which the shown rates lag behind those that decide the costs.
        parameter_error: Greatest factor ≥ 1 by which a device's real FLOPs per cycle and
            capacitance differ from the fleet's, each way; 1 means that they are known. Above 1,
            observations carry each device's realised delay and energy of the last round.
    """

    csi_delay_rounds: int = 0
    parameter_error: float = 1.0

    def __post_init__(self) -> None:
        rounds = whole_number("knowledge.csi_delay_rounds", self.csi_delay_rounds, 0)
        factor = number("knowledge.parameter_error", self.parameter_error, 1)
        object.__setattr__(self, "csi_delay_rounds", rounds)
        object.__setattr__(self, "parameter_error", factor)

    @property
    def shows_costs(self) -> bool:
        """Whether observations carry the realised costs of the last round."""
        return self.parameter_error > 1.0

    def imposed_on(self, drawn: Trace, generators: Sequence[np.random.Generator]) -> Trace:
        """Makes what is shown differ from what is real.

        Args:
            drawn: Traces of ``csi_delay_rounds`` rounds more than the episode has, shape
                (B, T + delay, N).
            generators: One random generator a row, from which the device factors are drawn.

        Returns:
            Traces of T rounds; without imperfections the same object.
        """
        arrays: dict[str, Any] = {}
        delay = self.csi_delay_rounds
        if delay:
            for name in ("uplink_bps", "downlink_bps", "clock_hz"):
                arrays[name] = getattr(drawn, name)[..., delay:, :]
            for name in ("shown_uplink_bps", "shown_downlink_bps"):
                arrays[name] = getattr(drawn, name)[..., :-delay, :]
        if self.shows_costs:
            rows, _, devices = drawn.clock_hz.shape
            factors = [draw_factors(self, rng, (1, devices)) for rng in generators]
            shape = (rows, drawn.num_rounds - delay, devices)
            for name, values in zip(Trace.FACTORS, np.stack(factors, axis=1), strict=True):
                arrays[name] = np.broadcast_to(values, shape)
        return drawn.changed(**arrays) if arrays else drawn


PERFECT = Knowledge()
"""Of everything, the default."""


def draw_factors(knowledge: Knowledge, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draws factors on FLOPs per cycle and on capacitance, log-uniform within the error.

    Args:
        knowledge: Gives the greatest factor.
        rng: The generator to draw from.
        shape: Shape of the factors of each kind.

    Returns:
        Shape (2, *shape): FLOPs per cycle, then capacitance.
    """
    position = rng.uniform(-1.0, 1.0, (2, *shape))
    return np.asarray(knowledge.parameter_error**position)
