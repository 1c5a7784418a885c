"""Schedules: how devices share a round, and the exact solver that belongs to each.

``sequential`` is vanilla split learning: devices train in turn, each has the whole bandwidth and
the whole server while it does, and the round lasts as long as all of them together.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asl_gym.components import Server
from asl_gym.costs import Options, sum_over_devices
from asl_gym.solver import Decision, price_sequential, solve_sequential

__all__ = ["SCHEDULES", "Schedule"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Schedule:
    """A way of running the devices of a round.

    Attributes:
        name: The scenario's word for it.
        round_delay: From the devices' delays [s], shape (..., N), to the round's, shape (...).
        solve: The exact solver of the per-round problem.
        price: The solver's upper layer alone, the least objective of given splits (..., K, N).
    """

    name: str
    round_delay: Callable[[Array], Array]
    solve: Callable[[Options, Server, float | Array, Array, Array], Decision]
    price: Callable[[Options, Server, float | Array, Array, Array, NDArray[np.int64]], Array]


SCHEDULES = {
    schedule.name: schedule
    for schedule in (Schedule("sequential", sum_over_devices, solve_sequential, price_sequential),)
}
"""The schedules by name."""
