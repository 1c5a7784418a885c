"""OPEN, the reference policy: drift plus penalty, solved exactly every round.

The online algorithm of Li, Wu, Wu and Wang (arXiv 2403.05158) as this project models it: the
energy budget becomes a virtual queue, and each round minimises V·D + Q·E in two layers, resource
allocation for given splits and a search over splits.
"""

from typing import Any

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import ScenarioPolicy, shown_problem
from asl_gym.policies.remembering import RememberingPolicy
from asl_gym.policies.shown_rounds import Factors, ShownRounds
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.decision import Decision
from asl_gym.solvers.round_problem import solve_rounds

__all__ = ["OPEN", "RememberingOPEN", "WeightedPolicy", "price_splits"]


def price_splits(scenario: Scenario, seen: Observation, split_index: Splits) -> Array:
    """The least V·D + Σ_k Q_k (Ē/Ē_k) E_k of each candidate under what is shown.

    Args:
        scenario: Gives the costs, V, the budgets and the schedule.
        seen: The observation in physical units, arrays of shape (..., N).
        split_index: K candidates for each observation, indices into the admissible split points,
            shape (..., K, N).

    Returns:
        Objectives [J²], shape (..., K).

    Raises:
        ValueError: If the candidates' shape does not fit the observation's.
    """
    expected = seen.clock_hz.shape
    if (*split_index.shape[:-2], *split_index.shape[-1:]) != expected or split_index.ndim < 2:
        raise ValueError(
            f"split_index has shape {split_index.shape}: expected (..., K, N) for observations of "
            f"shape (..., N) = {expected}"
        )
    problem = shown_problem(scenario, seen, scenario.V, scenario.weights(seen.queue))
    return problem.price(split_index)


class WeightedPolicy(ScenarioPolicy):
    """A policy that minimises V·D plus weighted energies in every round.

    Args:
        env: The environment or scenario.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        in_turn = not self.scenario.shares_server
        self._rounds = ShownRounds(self.scenario) if in_turn else None

    def solve(
        self, seen: Observation, V: float, weights: Array, factors: Factors = (None, None)
    ) -> Decision:
        """Solves the round that is shown; arguments as for :func:`shown_problem`."""
        if self._rounds is not None:
            return self._rounds.solve(seen, V, weights, factors)
        unit = seen.unit_costs(self.scenario.cost_model, factors)
        return solve_rounds(self.scenario, unit, V, weights)


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

    def decide(self, seen: Observation) -> tuple[Splits, Array]:
        """See :meth:`ScenarioPolicy.decide`."""
        decision = self.solve(seen, self.V, self.scenario.weights(seen.queue))
        return decision.split_index, decision.server_frequency_hz


class RememberingOPEN(OPEN, RememberingPolicy):
    """OPEN with a memory of what it saw."""
