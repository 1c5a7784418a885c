"""OPEN, the reference policy: drift plus penalty, solved exactly every round.

The online algorithm of Li, Wu, Wu and Wang (arXiv 2403.05158) as this project models it: the
energy budget becomes a virtual queue, and each round minimises V·D + Q·E in two layers, resource
allocation for given splits and a search over splits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asl_gym import lyapunov
from asl_gym.arrays import Array
from asl_gym.observations import Observation
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.solver import Decision

__all__ = ["OPEN", "WeightedPolicy"]


class WeightedPolicy(ScenarioPolicy):
    """A policy that minimises V·D plus weighted energies in every round."""

    def solve(
        self,
        seen: Observation,
        V: float,
        weights: Array,
        factors: tuple[Array | None, Array | None] = (None, None),
    ) -> Decision:
        """Solves the round that is shown.

        Args:
            seen: The observation in physical units.
            V: Weight on delay.
            weights: Weight on each budget's energy, shape (..., K) or (..., 1).
            factors: What the devices' FLOPs per cycle and capacitances are believed to be, as
                multiples of the fleet's, shape (..., N) each.

        Returns:
            The exact optimum.
        """
        scenario = self.scenario
        model = scenario.cost_model
        unit = model.unit_costs(seen.uplink_bps, seen.downlink_bps, seen.clock_hz, *factors)
        on_energies = lyapunov.energy_weights(weights, scenario.num_devices)
        options = model.all_options(unit)
        return scenario.rules.solve(options, scenario.device_server, V, *on_energies)


class OPEN(WeightedPolicy):
    """The reference policy, which minimises V·D + Σ_k Q_k (Ē/Ē_k) E_k from the observation alone.

    Args:
        env: The environment or scenario.
        v: The dimensionless knob, V = v·Ē²/D_ref; the scenario's by default. Greater v puts
            delay first and lets the queue, and with it the energy over budget, grow.

    Attributes:
        V: Drift-plus-penalty weight [J²/s].
    """

    def __init__(self, env: Any, v: float | None = None) -> None:
        super().__init__(env)
        self.v = self.scenario.v if v is None else v
        self.V = self.scenario.penalty_weight(self.v)

    def decide(self, seen: Observation) -> tuple[NDArray[np.int64], Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        weights = seen.queue * self.scenario.budget_weights
        decision = self.solve(seen, self.V, weights)
        return decision.split_index, decision.server_frequency_hz
