"""One cut for each device that never changes, the best at mean channels or in hindsight."""

from typing import Any, ClassVar, Literal

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.components import Schedule
from asl_gym.model.costs import UnitCosts
from asl_gym.model.demands import PERFECT
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.policies.knobs import BOTH, Knob
from asl_gym.policies.schemes.common_cut import NUM_SAMPLES
from asl_gym.scenario.reference import reference_trace
from asl_gym.solvers.round_problem import RoundProblem, best_frequencies, solve_rounds
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import NOT_NEGATIVE, number, one_of

__all__ = ["StaticCut"]

MAX_SWEEPS = 20


class StaticCut(ScenarioPolicy):
    """A cut for each device that is the same in all rounds, for the least D + λ·E.

    A baseline of this project's own: what choosing once can reach. At *mean channels* the cuts are
    those of one round with every rate and clock at its mean over the reference trace, which takes
    fading channels for better than they are, as 1/r is convex. On a *trace* they are best over its
    rounds: exactly where devices train in turn, since costs are linear in 1/r and κF²; where they
    train at once, so that no single device's other cut would be better. That is hindsight if it is
    the trace that is played. The clocks follow from λ and the round's channels, the full server
    clock at λ = 0.

    Args:
        env: The environment or scenario.
        price: λ in units of D_ref/Ē.
        channels: ``"mean"``; ``"reference"``, the first rounds of the scenario's reference trace,
            which are independent; or a trace, as it really is.

    Attributes:
        split_index: The cuts, indices into the admissible split points, shape (N,).
    """

    KNOB: ClassVar[Knob] = Knob(
        "price", (0.0, 0.1, 0.2, 0.4, 0.7, 1.0, 2.0, 5.0), "price of energy in units of D_ref/Ē"
    )
    SCHEDULES: ClassVar[tuple[Schedule, ...]] = BOTH

    def __init__(
        self,
        env: Any,
        price: float = 0.0,
        channels: Literal["mean", "reference"] | Trace = "mean",
    ) -> None:
        super().__init__(env)
        scenario = self.scenario
        self.price = number("price", price, NOT_NEGATIVE)
        self._weight = np.array(self.price * scenario.reference_delay / scenario.energy_budget)
        self.split_index = self._chosen(channels)

    def _chosen(self, channels: str | Trace) -> Splits:
        model = self.scenario.cost_model
        if isinstance(channels, Trace):
            return self._best_in(model.unit_costs(*channels.real(), *channels.factors()))
        one_of("channels", channels, ("mean", "reference"))
        trace = reference_trace(self.scenario.system, PERFECT)
        if channels == "reference":
            return self._best_in(model.unit_costs(*trace.real(slice(NUM_SAMPLES))))
        return self._solved(model.unit_costs(*(each.mean(axis=0) for each in trace.real())))

    def _solved(self, unit: UnitCosts) -> Splits:
        """The best cuts of one round, whose unit costs have shape (N,)."""
        return solve_rounds(self.scenario, unit, 1.0, self._weight[None]).split_index

    def _best_in(self, unit: UnitCosts) -> Splits:
        """The best cuts for rounds whose unit costs have shape (R, N)."""
        means = (None if each is None else each.mean(axis=0) for each in unit)
        splits = self._solved(UnitCosts(*means))  # type: ignore[arg-type]
        return self._improved(unit, splits) if self.scenario.shares_server else splits

    def _improved(self, unit: UnitCosts, splits: Splits) -> Splits:
        """Changes one device's cut at a time, as long as that makes the trace's mean less."""
        scenario, counts = self.scenario, self.scenario.split_points.counts
        options = scenario.cost_model.all_options(unit)
        weights = np.broadcast_to(self._weight, (*unit.device_delay.shape[:-1], 1))
        problem = RoundProblem.of(scenario, options, 1.0, weights)
        least = np.inf
        for _ in range(MAX_SWEEPS):
            before = least
            for device in range(scenario.num_devices):
                candidates = np.tile(splits, (counts[device], 1))
                candidates[:, device] = np.arange(counts[device])
                spread = np.broadcast_to(candidates, (len(weights), *candidates.shape))
                means = problem.price(spread).mean(axis=0)
                if means.min() < least:
                    least, splits = float(means.min()), candidates[int(means.argmin())]
            if least == before:
                break
        return splits

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        model, shape = self.scenario.cost_model, seen.clock_hz.shape
        splits = np.broadcast_to(self.split_index, shape)
        chosen = model.chosen_options(splits, seen.unit_costs(model))
        weight = np.broadcast_to(self._weight, seen.rounds_left.shape)
        frequency = best_frequencies(self.scenario, chosen, 1.0, weight)
        return splits, np.broadcast_to(frequency, shape)
