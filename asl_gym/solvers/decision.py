"""What a round's decision is made by, and what it is: the terms that all solvers share."""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Schedule, Server
from asl_gym.model.costs import Options

__all__ = ["SMALLEST_WEIGHT", "Decision", "RoundTerms"]

SMALLEST_WEIGHT = 1e-200
"""Weights on energy up to this one count as 0; smaller ones would underflow in f*."""


class RoundTerms(NamedTuple):
    """The terms of min V·D + Σ_n q_n E_n + q_s E_s, of one round or many along leading axes.

    Attributes:
        options: Costs of all admissible split points, arrays of shape (..., N, L).
        server: The server as one device meets it: κ_s, its least and its full clock.
        V: Weight on delay, a number or shape (...).
        device_weight: Weights q_n on the devices' energies, shape (..., N).
        server_weight: Weight q_s on the server side's energy, shape (...).
        schedule: How devices share the round.
    """

    options: Options
    server: Server
    V: float | Array
    device_weight: Array
    server_weight: Array
    schedule: Schedule = "sequential"


class Decision(NamedTuple):
    """What a solver or policy decides for a round.

    Attributes:
        split_index: Indices into the admissible split points, shape (..., N).
        server_frequency_hz: Server frequency each device is given [Hz], shape (..., N).
        objective: The per-round objective, shape (...).
        lower_bound: A proven lower bound on its minimum, shape (...); where the solver is exact,
            the objective itself.
    """

    split_index: Splits
    server_frequency_hz: Array
    objective: Array
    lower_bound: Array

    @property
    def gap(self) -> Array:
        """Relative distance of the objective from the lower bound, shape (...)."""
        size = np.maximum(np.abs(self.objective), np.finfo(float).tiny)
        return np.asarray((self.objective - self.lower_bound) / size)
