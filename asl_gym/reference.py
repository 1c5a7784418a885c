"""What a scenario is measured against: reference delay, reference trace and resolved budget.

The reference trace is :data:`REFERENCE_SEED`'s draw from the scenario's own channel and clocks,
with shadowing (and what the controller does not know of the devices) independent over rounds: the
two policies that bound the budget look at one round at a time, so only each round's distribution
matters, and independent rounds tell it soonest.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from asl_gym import channel
from asl_gym.arrays import Array
from asl_gym.knowledge import draw_factors
from asl_gym.trace import Trace
from asl_gym.trace_solver import TraceSolver
from asl_gym.trace_sources import SyntheticTraces
from asl_gym.validation import FieldError

if TYPE_CHECKING:
    from asl_gym.scenario import Scenario

__all__ = [
    "extreme_energies",
    "reference_delay",
    "reference_trace",
    "resolve_budget",
]

REFERENCE_SEED = 0
REFERENCE_DEVICE_ROUNDS = 40_000
REFERENCE_MIN_ROUNDS = 50
REFERENCE_MAX_ROUNDS = 4_000
FACTOR_TOLERANCE = 1e-6
"""Relative precision of the least budgets that an error names."""

SMALL_SHARE = 1e-9
MAX_CUTS = 2_000


def reference_delay(scenario: "Scenario") -> float:
    """D_ref: the minimum-delay round at median rates and full clocks [s]."""
    uplink, downlink = channel.median_rates(scenario.fleet, scenario.device_radio)
    model = scenario.cost_model
    options = model.all_options(
        model.unit_costs(uplink, downlink, np.asarray(scenario.fleet.clock_hz))
    )
    weights = np.zeros(scenario.num_devices), np.zeros(())
    decision = scenario.rules.solve(options, scenario.device_server, 1.0, *weights)
    return float(decision.objective)


def reference_trace(scenario: "Scenario") -> Trace:
    """The trace that budgets given as fractions refer to.

    Its number of rounds is 40,000 / N, within 50…4,000, so that large fleets stay affordable.
    """
    rounds = REFERENCE_DEVICE_ROUNDS // scenario.num_devices
    rounds = min(max(rounds, REFERENCE_MIN_ROUNDS), REFERENCE_MAX_ROUNDS)
    radio = dataclasses.replace(scenario.device_radio, shadowing_correlation=0.0)
    generator = np.random.default_rng(REFERENCE_SEED)
    trace = SyntheticTraces(scenario.fleet, radio).draw([generator], rounds)[0]
    if not scenario.knowledge.shows_costs:
        return trace
    factors = draw_factors(scenario.knowledge, generator, trace.clock_hz.shape)
    return trace.changed(**dict(zip(Trace.FACTORS, factors, strict=True)))


def extreme_energies(scenario: "Scenario", trace: Trace) -> tuple[Array, Array]:
    """Mean energies of the minimum-energy and of the minimum-delay policy [J], each (K,)."""
    solver = TraceSolver(scenario, trace)
    least = solver.mean_costs(0.0, np.ones(1)).energies
    return least, solver.mean_costs(1.0, np.zeros(1)).energies


def resolve_budget(scenario: "Scenario", trace: Trace | None = None) -> Array:
    """The budgets in joules per round, shape (K,).

    Args:
        scenario: The scenario with its budget.
        trace: What a fraction refers to; the scenario's reference trace by default.

    Raises:
        FieldError: If a budget in joules is at or below the least that any policy can spend on
            the trace; the message names that minimum.
    """
    budget = scenario.budget
    if budget.refers_to == "measured traces":
        return np.array(budget.joules, dtype=float)
    trace = reference_trace(scenario) if trace is None else trace
    if budget.fraction is not None:
        least, fastest = extreme_energies(scenario, trace)
        budgets = least + budget.fraction * (fastest - least)
        if not (budgets > 0).all():
            allowed = f"a scope in which every budget is above 0 J, not {np.array2string(budgets)}"
            raise FieldError("budget.scope", budget.scope, allowed)
        return np.asarray(budgets)
    budgets = np.array(budget.joules, dtype=float)
    least_factor, minimum = _least_budget_factor(scenario, trace, budgets)
    if least_factor >= 1.0:
        allowed = f"more than the minimum energy, which is {np.array2string(minimum)} J a round"
        raise FieldError("budget.joules", budget.joules, allowed)
    return budgets


def _least_budget_factor(scenario: "Scenario", trace: Trace, budgets: Array) -> tuple[float, Array]:
    """Least factor by which all budgets could be scaled and still be met, and the result.

    For one budget it is the minimum energy over the budget. For several it is
    max over λ ≥ 0, Σλ = 1, of mean_t min_x Σ_k λ_k E_k(x)/Ē_k (linear programming duality over
    mixtures of decisions), found by cutting planes.
    """
    solver = TraceSolver(scenario, trace)
    share = np.full(len(budgets), 1.0 / len(budgets))
    cuts: list[Array] = []
    lower, upper = 0.0, np.inf
    # Once the upper bound is below 1 the budgets are feasible, however far below.
    while upper >= 1.0 and lower < (1.0 - FACTOR_TOLERANCE) * upper and len(cuts) < MAX_CUTS:
        spent = solver.mean_costs(0.0, share / budgets).energies / budgets
        cuts.append(spent)
        lower = max(lower, float(share @ spent))
        upper, share = _greatest_mixture(np.array(cuts))
        # A weight of 0 on the server would leave its frequency, and so the cut, undetermined.
        share = (1.0 - SMALL_SHARE) * share + SMALL_SHARE / len(budgets)
    return upper, upper * budgets


def _greatest_mixture(cuts: Array) -> tuple[float, Array]:
    """Max over shares λ of min over cuts i of λ·cut_i, and its λ (a linear program)."""
    count = cuts.shape[1]
    rows = np.hstack([-cuts, np.ones((len(cuts), 1))])
    total = np.append(np.ones(count), 0.0)[None]
    cost = np.append(np.zeros(count), -1.0)
    bounds = [(0.0, 1.0)] * count + [(None, None)]
    solution = linprog(cost, rows, np.zeros(len(cuts)), total, [1.0], bounds)
    if not solution.success:
        raise RuntimeError(f"the feasibility check of the budget failed: {solution.message}")
    return -float(solution.fun), solution.x[:-1]
