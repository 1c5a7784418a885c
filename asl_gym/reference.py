"""What a scenario is measured against: reference delay, reference trace and resolved budget.

The reference trace is :data:`REFERENCE_SEED`'s draw from the scenario's own channel and clocks,
with shadowing independent over rounds: the two policies that bound the budget look at one round
at a time, so only each round's distribution matters, and independent rounds tell it soonest.
"""

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

from asl_gym import channel
from asl_gym.costs import Options
from asl_gym.trace import SyntheticTraces, Trace
from asl_gym.trace_solver import TraceSolver
from asl_gym.validation import FieldError

if TYPE_CHECKING:
    from asl_gym.scenario import Scenario

__all__ = [
    "extreme_energies",
    "reference_delay",
    "reference_trace",
    "resolve_budget",
]

Array = NDArray[np.float64]

REFERENCE_SEED = 0
REFERENCE_DEVICE_ROUNDS = 40_000
REFERENCE_MIN_ROUNDS = 50
REFERENCE_MAX_ROUNDS = 4_000
FEASIBILITY_ROUNDS = 100
"""Rounds of the reference trace in the linear program that checks several budgets at once."""


def reference_delay(scenario: "Scenario") -> float:
    """D_ref: the minimum-delay round at median rates and full clocks [s]."""
    uplink, downlink = channel.median_rates(scenario.fleet, scenario.radio)
    model = scenario.cost_model
    options = model.all_options(
        model.unit_costs(uplink, downlink, np.asarray(scenario.fleet.clock_hz))
    )
    weights = np.zeros(scenario.num_devices), np.zeros(())
    decision = scenario.rules.solve(options, scenario.server, 1.0, *weights)
    return float(decision.objective)


def reference_trace(scenario: "Scenario") -> Trace:
    """The trace that budgets given as fractions refer to.

    Its number of rounds is 40,000 / N, within 50…4,000, so that large fleets stay affordable.
    """
    rounds = REFERENCE_DEVICE_ROUNDS // scenario.num_devices
    rounds = min(max(rounds, REFERENCE_MIN_ROUNDS), REFERENCE_MAX_ROUNDS)
    radio = dataclasses.replace(scenario.radio, shadowing_correlation=0.0)
    generator = np.random.default_rng(REFERENCE_SEED)
    return SyntheticTraces(scenario.fleet, radio).draw([generator], rounds)[0]


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
        return np.asarray(least + budget.fraction * (fastest - least))
    budgets = np.array(budget.joules, dtype=float)
    least_factor, minimum = _least_budget_factor(scenario, trace, budgets)
    if least_factor >= 1.0:
        allowed = f"more than the minimum energy, which is {np.array2string(minimum)} J a round"
        raise FieldError("budget.joules", budget.joules, allowed)
    return budgets


def _least_budget_factor(scenario: "Scenario", trace: Trace, budgets: Array) -> tuple[float, Array]:
    """Least factor by which the budgets could all be scaled and still be met, and the result."""
    if scenario.num_budgets == 1:
        minimum = TraceSolver(scenario, trace).mean_costs(0.0, np.ones(1)).energies
        return float(minimum[0] / budgets[0]), minimum
    rounds, model = slice(FEASIBILITY_ROUNDS), scenario.cost_model
    arrays = trace.uplink_bps, trace.downlink_bps, trace.clock_hz
    unit = model.unit_costs(*(values[rounds] for values in arrays))
    options = model.all_options(unit)
    factor = _least_factor_program(options, scenario, budgets)
    return factor, factor * budgets


def _least_factor_program(options: Options, scenario: "Scenario", budgets: Array) -> float:
    """Min s: mixtures of split points at f_min meet s·Ē_k on average (a linear program)."""
    server = scenario.server
    computing = server.capacitance * server.clock_min_hz**2 * options.server_work
    rounds, devices, splits = options.device_energy.shape
    groups = rounds * devices
    each = np.arange(groups * splits)
    device_of = each // splits % devices
    device_rows = csr_array((options.device_energy.ravel() / rounds, (device_of, each)))
    server_row = csr_array((options.downlink_energy + computing).reshape(1, -1) / rounds)
    energies = vstack([device_rows, server_row])
    upper = hstack([energies, csr_array(-budgets[:, None])])
    one_split = csr_array((np.ones(each.size), (each // splits, each)), (groups, each.size + 1))
    cost = np.zeros(each.size + 1)
    cost[-1] = 1.0
    solution = linprog(cost, upper, np.zeros(devices + 1), one_split, np.ones(groups))
    if not solution.success:
        raise RuntimeError(f"the feasibility check of the budget failed: {solution.message}")
    return float(solution.fun)
