"""How a trace is made to differ from what the controller is told of it.

Two imperfections, both off by default. *Stale channel knowledge*: the rates that are shown are
those of an earlier round, the new ones decide the costs. *Parameter mismatch*: the devices'
FLOPs per cycle and capacitances differ from the fleet's nominal ones by a factor each, drawn once
an episode.
"""

import math
from typing import Any

import numpy as np

from asl_gym.arrays import Array, Keys
from asl_gym.model.demands import Knowledge
from asl_gym.traces.luck_filling import fill_factors, lanes_of
from asl_gym.traces.synthetic import time_major
from asl_gym.traces.trace import Trace

__all__ = ["draw_factors", "impose"]


def impose(knowledge: Knowledge, drawn: Trace, keys: Keys) -> Trace:
    """Makes what is shown differ from what is real.

    Args:
        knowledge: How well the controller knows channels and devices.
        drawn: Traces of ``csi_delay_rounds`` rounds more than the episode has, shape
            (B, T + delay, N).
        keys: The episodes' keys, shape (B,), of which the device factors are a function.

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
        factors = draw_factors(knowledge, keys, (rows, 1, devices))
        shape = (rows, drawn.num_rounds - delay, devices)
        for name, values in zip(Trace.FACTORS, factors, strict=True):
            arrays[name] = np.broadcast_to(values, shape)
    return drawn.changed(**arrays) if arrays else drawn


def draw_factors(
    knowledge: Knowledge, keys: Keys, shape: tuple[int, int, int]
) -> tuple[Array, Array]:
    """Draws factors on FLOPs per cycle and on capacitance, log-uniform within the error.

    Args:
        knowledge: Gives the greatest factor.
        keys: One key a row.
        shape: Shape (B, T, N) of the factors of each kind, T = 1 for those of an episode.

    Returns:
        Factors on FLOPs per cycle, then on capacitance.
    """
    flops, capacitance = time_major(shape), time_major(shape)
    filled = flops.swapaxes(0, 1), capacitance.swapaxes(0, 1)
    lanes = lanes_of(keys, shape[2], 1)
    fill_factors(lanes, 0, math.log(knowledge.parameter_error), *filled)
    return flops, capacitance
