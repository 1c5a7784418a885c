"""OPEN over a finite horizon: a V that follows its length, or a queue that starts full.

A queue that starts empty has to rise to Q* = V·λ* (:mod:`asl_gym.scenario.multiplier`) before OPEN
keeps its budget, and what it rises by is what OPEN spends too much: the queue's recursion gives
Σ_t E(t) ≤ T·Ē + Q(T) − Q(0), with equality unless it runs empty. There are two ways out. V may be
chosen so that Q* is a stated share of all that the episode may spend, which
:class:`HorizonOPEN` does; or the queue may start at Q*, as :class:`WarmStartOPEN`'s does.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.model.limits import KNOB
from asl_gym.policies.base import scenario_of
from asl_gym.policies.open import OPEN, RememberingOPEN
from asl_gym.policies.realised import PlayedRound, check_costs_are_known, realised_costs
from asl_gym.scenario.multiplier import budget_multiplier, tuned_initial_queue
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import NOT_NEGATIVE, Bounds, number

__all__ = ["HorizonOPEN", "WarmStartOPEN", "knob_of_horizon"]

OVERSPEND = Bounds(0, 1, open_low=True)


def knob_of_horizon(scenario: Scenario, overspend: float) -> float:
    """The knob v at which OPEN is expected to spend a stated share over its budget.

    With V = v·Ē²/D_ref the queue settles at Q* = v·μ·Ē, μ = λ*·Ē/D_ref. An episode that starts at
    Q(0) and ends there spends Q* − Q(0) over T·Ē, which is the share ε of it at

        v = (ε·T + Q(0)/Ē) / μ

    so that v grows in proportion to the horizon. A queue that has not settled at the end has spent
    less. v is kept within what a scenario may have, 1e-9…1e9; where the budget doesn't bind, μ = 0
    and v is the greatest.

    Args:
        scenario: A scenario with a single budget.
        overspend: The share ε of the budget in (0, 1].

    Raises:
        FieldError: If there are several budgets or ε lies outside.
    """
    share = number("overspend", overspend, OVERSPEND)
    start = scenario.initial_queue_j / scenario.energy_budget
    settles = budget_multiplier(scenario) * scenario.energy_budget / scenario.reference_delay
    budgets = share * scenario.horizon + start
    return min(max(budgets / settles, KNOB.low), KNOB.high) if settles > 0 else KNOB.high


class HorizonOPEN(OPEN):
    """OPEN with the V at which it is expected to overspend by a stated share of its budget.

    Short horizons pay for it: below v = 1 the queue swings further in a round than its own mean and
    OPEN is no longer near the frontier; then :class:`WarmStartOPEN` is the better way.

    Args:
        env: The environment or scenario, with a single budget.
        overspend: The share ε, see :func:`knob_of_horizon`.

    Raises:
        FieldError: As :func:`knob_of_horizon`.
    """

    def __init__(self, env: Any, overspend: float = 0.01) -> None:
        super().__init__(env, knob_of_horizon(scenario_of(env), overspend))
        self.overspend = overspend


class WarmStartOPEN(RememberingOPEN):
    """OPEN with a virtual queue of its own that starts where it settles.

    The environment's queue starts at the scenario's ``initial_queue_j`` and empties again and again
    under a policy that keeps its budget, so that the own queue cannot be read from it. It is kept
    from the energies of the rounds played, Q(t+1) = max(Q(t) + E(t) − Ē, 0), which follow from what
    is shown (:mod:`asl_gym.policies.realised`). Setting the scenario's ``initial_queue_j`` to
    :func:`tuned_initial_queue` gives plain OPEN the same decisions, and every other policy that
    looks at the queue another one, too.

    Args:
        env: The environment or scenario.
        initial_queue_j: Q(0) of every budget [J]; :func:`tuned_initial_queue` by default, for which
            there has to be a single budget.
        v: As for :class:`asl_gym.OPEN`.

    Raises:
        FieldError: If the last round's energies cannot be told, because rates lag behind by more
            than a round, or as :func:`tuned_initial_queue`.
    """

    def __init__(
        self, env: Any, initial_queue_j: float | None = None, v: float | None = None
    ) -> None:
        super().__init__(env, v)
        check_costs_are_known(self.scenario)
        if initial_queue_j is None:
            initial_queue_j = tuned_initial_queue(self.scenario, v)
        self.initial_queue_j = number("initial_queue_j", initial_queue_j, NOT_NEGATIVE)

    def remember_and_decide(
        self, seen: Observation, memory: Any, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Any]:
        """Counts the last round's energies into the own queue, then decides by it as OPEN does."""
        queue = np.full(seen.queue.shape, self.initial_queue_j)
        if memory is not None:
            queue = np.where(starts[:, None], queue, self._after(memory, seen))
        splits, frequencies = self.decide(seen._replace(queue=queue))
        return splits, frequencies, (queue, PlayedRound(seen, splits, np.array(frequencies)))

    def _after(self, memory: tuple[Array, PlayedRound], now: Observation) -> Array:
        queue, played = memory
        spent = realised_costs(self.scenario, played, now).of_budgets(self.scenario.num_budgets)
        return np.maximum(queue + spent - self.scenario.energy_budgets, 0.0)
