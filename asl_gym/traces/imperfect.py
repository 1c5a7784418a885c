"""How a trace is made to differ from what the controller is told of it.

Two imperfections, both off by default. *Stale channel knowledge*: the rates that are shown are
those of an earlier round, the new ones decide the costs. *Parameter mismatch*: the devices'
FLOPs per cycle and capacitances differ from the fleet's nominal ones by a factor each, drawn once
an episode.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.demands import Knowledge
from asl_gym.traces.trace import Trace

__all__ = ["draw_factors", "impose"]


def impose(knowledge: Knowledge, drawn: Trace, generators: Sequence[np.random.Generator]) -> Trace:
    """Makes what is shown differ from what is real.

    Args:
        knowledge: How well the controller knows channels and devices.
        drawn: Traces of ``csi_delay_rounds`` rounds more than the episode has, shape
            (B, T + delay, N).
        generators: One random generator a row, from which the device factors are drawn.

    Returns:
        Traces of T rounds; without imperfections the same object.
    """
    arrays: dict[str, Any] = {}
    delay = knowledge.csi_delay_rounds
    if delay:
        for name in ("uplink_bps", "downlink_bps", "clock_hz"):
            arrays[name] = getattr(drawn, name)[..., delay:, :]
        for name in ("shown_uplink_bps", "shown_downlink_bps"):
            arrays[name] = getattr(drawn, name)[..., :-delay, :]
    if knowledge.shows_costs:
        rows, _, devices = drawn.clock_hz.shape
        factors = [draw_factors(knowledge, rng, (1, devices)) for rng in generators]
        shape = (rows, drawn.num_rounds - delay, devices)
        for name, values in zip(Trace.FACTORS, np.stack(factors, axis=1), strict=True):
            arrays[name] = np.broadcast_to(values, shape)
    return drawn.changed(**arrays) if arrays else drawn


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
