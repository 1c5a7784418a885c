"""One cut for all devices, chosen for many channels at once."""

from typing import Any

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.costs import UnitCosts
from asl_gym.model.demands import PERFECT
from asl_gym.policies.cuts import CutPolicy, ServerFrequency
from asl_gym.scenario.reference import reference_trace
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import best_frequencies
from asl_gym.validation.checks import FieldError, whole_number

__all__ = ["NUM_SAMPLES", "CommonCut", "common_cut_delays"]

NUM_SAMPLES = 500
"""Rounds of the reference trace that stand for all channels."""


def common_cut_delays(scenario: Scenario, unit: UnitCosts) -> Array:
    """Mean delay of each split point that all devices have [s], at full server clock.

    Args:
        scenario: The scenario.
        unit: What a bit and a unit of work cost in each sampled round, arrays of shape (R, N).

    Raises:
        FieldError: If there is none.
    """
    points, model = scenario.split_points, scenario.cost_model
    if not points.common:
        raise FieldError("workload.splits", points.common, "a split point that all devices have")
    shape = unit.device_delay.shape
    delays = []
    for split in points.common:
        chosen = model.chosen_options(np.broadcast_to(points.index_of(split), shape), unit)
        frequency = best_frequencies(scenario, chosen, 1.0, np.zeros(shape[:-1]))
        delay = model.round_costs(chosen, frequency).device_delay
        delays.append(float(scenario.round_delay(delay).mean()))
    return np.array(delays)


class CommonCut(CutPolicy):
    """One ℓ for all devices and rounds: argmin of the mean delay over sampled channels.

    In the manner of the slow time scale of CPSL: Wu, Li, Qu, Zhou, Shen, Zhuang, Li and Shi, "Split
    Learning over Wireless Networks: Parallel Design and Resource Management", IEEE JSAC 2023, arXiv
    2204.08119, grade C. Its clusters and spectrum are not rebuilt. Reconstructed: the samples are
    the first rounds of the scenario's reference trace, which are independent; the cut is chosen
    once, since the law of channels doesn't change; delays at full server clock; ties go to the
    earlier cut.

    Args:
        env: The environment or scenario.
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.
        samples: Number of sampled channels, up to the reference trace's rounds.

    Attributes:
        split: The cut.

    Raises:
        FieldError: If devices have no split point in common.
    """

    def __init__(
        self,
        env: Any,
        server_frequency: ServerFrequency = "max",
        samples: int = NUM_SAMPLES,
    ) -> None:
        super().__init__(env, server_frequency)
        rounds = slice(whole_number("samples", samples, 1))
        trace = reference_trace(self.scenario.system, PERFECT)
        unit = self.scenario.cost_model.unit_costs(*trace.real(rounds))
        points = self.scenario.split_points
        self.split = points.common[int(common_cut_delays(self.scenario, unit).argmin())]
        self._index = points.index_of(self.split)

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        return np.broadcast_to(self._index, seen.clock_hz.shape)
