"""In the manner of ESFL: cuts and the division of the server's clock, each given the other."""

from typing import Any, ClassVar

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.components import Schedule
from asl_gym.policies.base import ScenarioPolicy, scenario_of
from asl_gym.policies.cuts import nominal_clock
from asl_gym.policies.knobs import Knob, check_schedule
from asl_gym.solvers.round_problem import best_frequencies

__all__ = ["ESFLStyle"]

MAX_ROUNDS = 100
"""Alternations after which it ends at the latest; it ends by itself unless cuts tie."""


class ESFLStyle(ScenarioPolicy):
    """Alternates ℓ_n = argmin a + w/f_n and f_n = w_n/(T − a_n), Σ f_n = f_max, to a fixed point.

    In the manner of ESFL: Zhu, Deng, Chen, Zhang, Fang and Wong, "ESFL: Efficient Split Federated
    Learning over Resource-Constrained Heterogeneous Wireless Devices", IEEE Internet of Things
    Journal 2024, arXiv 2402.15903, grades B and C. Neither step lets the round grow longer, so that
    a fixed point is where no device alone gains by another cut; it need not be the fastest round,
    which :class:`asl_gym.GreedyDelay` finds.

    Reconstructed: it starts from equal shares f_max/N; ties go to the lower index. A device that
    trains all by itself holds no clock (f_min), and stays with it, as the rule has it.

    Args:
        env: The environment or scenario, with devices at once.

    Raises:
        FieldError: If devices train in turn.
    """

    KNOB: ClassVar[Knob | None] = None
    SCHEDULES: ClassVar[tuple[Schedule, ...]] = ("parallel",)

    def __init__(self, env: Any) -> None:
        check_schedule(scenario_of(env), self.SCHEDULES, "this scheme")
        super().__init__(env)

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        scenario, model = self.scenario, self.scenario.cost_model
        unit = seen.unit_costs(model)
        options = model.all_options(unit)
        no_weight = np.zeros(seen.rounds_left.shape)
        frequency = np.full(seen.clock_hz.shape, nominal_clock(scenario))
        splits: Splits | None = None
        for _ in range(MAX_ROUNDS):
            delay = options.fixed_delay + options.server_work / frequency[..., None]
            before, splits = splits, delay.argmin(axis=-1)
            if before is not None and (before == splits).all():
                break
            chosen = model.chosen_options(splits, unit)
            frequency = best_frequencies(scenario, chosen, 1.0, no_weight)
        assert splits is not None
        return splits, frequency
