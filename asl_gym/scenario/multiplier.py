"""The price of energy at a scenario's budget, and what follows from it for the virtual queue.

Minimising D + λ·E in every round of a trace spends a mean energy E(λ) that falls with λ. The λ* at
which it is the budget Ē is the multiplier of the hindsight frontier there. Drift plus penalty
minimises V·D + Q·E, hence D + (Q/V)·E: its queue settles where Q/V is λ*, at Q* = V·λ*, and a queue
that starts there neither overspends nor underspends over an episode, since its rounds' energies add
up to T·Ē + Q(T) − Q(0) unless the queue runs empty.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from asl_gym.scenario.reference import NUM_KEPT, reference_trace
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError

__all__ = ["budget_multiplier", "tuned_initial_queue"]

RANGE = 1e4
"""λ is searched within this factor of D_ref/Ē each way."""

TOLERANCE = 1e-3
"""Relative precision of λ."""


def budget_multiplier(scenario: Scenario, trace: Trace | None = None) -> float:
    """λ*, what a joule is worth at the budget [s/J].

    Args:
        scenario: A scenario with a single budget.
        trace: The trace whose multiplier it is; the scenario's reference trace by default.

    Returns:
        λ*; 0 where the fastest policy keeps the budget.

    Raises:
        FieldError: If there are several budgets, or no policy can keep the budget on the trace.
    """
    if scenario.num_budgets != 1:
        raise FieldError("budget.scope", scenario.energy_limit.scope, "'system', a single budget")
    return _kept_multiplier(scenario) if trace is None else _multiplier(scenario, trace)


@lru_cache(NUM_KEPT)
def _kept_multiplier(scenario: Scenario) -> float:
    return _multiplier(scenario, reference_trace(scenario.system, scenario.knowledge))


def _multiplier(scenario: Scenario, trace: Trace) -> float:
    # Here because it takes long to load and few policies need it.
    from scipy.optimize import brentq

    solver, budget = TraceSolver(scenario.system, trace), scenario.energy_budget
    scale = scenario.reference_delay / budget

    def excess(logarithm: float) -> float:
        weight = np.array([scale * math.exp(logarithm)])
        spent = float(solver.mean_costs(1.0, weight).energies[0])
        return math.log(spent / budget) if spent > 0 else -math.inf

    if float(solver.mean_costs(1.0, np.zeros(1)).energies[0]) <= budget:
        return 0.0
    far = math.log(RANGE)
    if excess(-far) <= 0:
        return scale / RANGE
    if excess(far) > 0:
        least = float(solver.mean_costs(0.0, np.ones(1)).energies[0])
        allowed = f"more than the least energy on the trace, which is {least:g} J a round"
        raise FieldError("energy_budget", budget, allowed)
    return scale * math.exp(brentq(excess, -far, far, xtol=TOLERANCE))


def tuned_initial_queue(env: Any, v: float | None = None, trace: Trace | None = None) -> float:
    """Q* = V·λ* [J], the queue at which OPEN starts as it goes on.

    Args:
        env: The scenario, or an environment of it, with a single budget.
        v: OPEN's knob; the scenario's by default.
        trace: See :func:`budget_multiplier`.

    Raises:
        FieldError: As :func:`budget_multiplier`.
    """
    scenario = env if isinstance(env, Scenario) else env.unwrapped.scenario
    V = scenario.V if v is None else scenario.penalty_weight(v)
    return V * budget_multiplier(scenario, trace)
