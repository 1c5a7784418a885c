"""Later cuts at lower rates, by four thresholds."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.components import Schedule
from asl_gym.model.demands import PERFECT
from asl_gym.policies.base import scenario_of
from asl_gym.policies.cuts import CutPolicy, ServerFrequency
from asl_gym.policies.knobs import Knob, check_schedule
from asl_gym.scenario.reference import reference_trace
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import Bounds, FieldError, number, sequence

__all__ = ["RateThresholds"]

NUM_CUTS = 5

SKEW = Bounds(1e-3, 1e3)


class RateThresholds(CutPolicy):
    """Five cuts and four thresholds on a device's uplink rate: the lower the rate, the later.

    Qiang, Chang, Hu, Liu and Hämäläinen, "Adaptive and Parallel Split Federated Learning in
    Vehicular Edge Computing", arXiv 2406.15804, grade A for the rule; neither the thresholds'
    values nor the way to other networks is given there. Reconstructed: the thresholds are the
    quantiles (k/5)^γ, k = 1…4, of the uplink rates of all devices and rounds of a reference trace,
    so that each cut serves a fifth of them at γ = 1, more of them the late ones at γ < 1; the five
    cuts are the first, the last and three evenly between of the split points that all devices have.
    A rate at a threshold counts as above it.

    Args:
        env: The environment or scenario, with devices at once.
        skew: γ.
        cuts: Five rising split points; by default those above (fewer than five may repeat).
        trace: Whose quantiles the thresholds are; the scenario's reference trace by default.
        server_frequency: See :data:`asl_gym.policies.cuts.ServerFrequency`.

    Raises:
        FieldError: If devices train in turn, or a cut is not admissible.
    """

    KNOB: ClassVar[Knob] = Knob(
        "skew", (0.1, 0.25, 0.5, 1.0, 2.0, 4.0), "exponent of the thresholds' quantiles"
    )
    SCHEDULES: ClassVar[tuple[Schedule, ...]] = ("parallel",)

    def __init__(
        self,
        env: Any,
        skew: float = 1.0,
        cuts: Sequence[int] | None = None,
        trace: Trace | None = None,
        server_frequency: ServerFrequency = "max",
    ) -> None:
        check_schedule(scenario_of(env), self.SCHEDULES, "this scheme")
        super().__init__(env, server_frequency)
        self.skew = number("skew", skew, SKEW)
        self.split_points = self._five(cuts)
        if trace is None:
            trace = reference_trace(self.scenario.system, PERFECT)
        levels = (np.arange(1, NUM_CUTS) / NUM_CUTS) ** self.skew
        self.thresholds_bps: Array = np.quantile(trace.uplink_bps, levels)
        points = self.scenario.split_points
        self._by_class = np.stack([points.index_of(split) for split in self.split_points[::-1]])

    def _five(self, cuts: Sequence[int] | None) -> tuple[int, ...]:
        if cuts is None:
            common = self.scenario.split_points.common
            if not common:
                raise FieldError("cuts", None, "five cuts, since devices have none in common")
            places = np.rint(np.linspace(0, len(common) - 1, NUM_CUTS)).astype(int)
            return tuple(common[place] for place in places)
        given = sequence("cuts", cuts, "split points")
        if len(given) != NUM_CUTS or list(given) != sorted(given):
            raise FieldError("cuts", given, f"{NUM_CUTS} rising split points")
        return given

    def cuts(self, seen: Observation) -> Splits:
        """See :meth:`CutPolicy.cuts`."""
        above = np.searchsorted(self.thresholds_bps, seen.uplink_bps, side="right")
        return np.asarray(self._by_class[above, np.arange(self.scenario.num_devices)])
