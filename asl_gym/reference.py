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

from asl_gym import channel, lyapunov
from asl_gym.costs import Options, RoundCosts
from asl_gym.solver import Decision
from asl_gym.trace import SyntheticTraces, Trace
from asl_gym.validation import FieldError

if TYPE_CHECKING:
    from asl_gym.scenario import Scenario

__all__ = [
    "extreme_energies",
    "mean_costs",
    "reference_delay",
    "reference_trace",
    "resolve_budget",
]

Array = NDArray[np.float64]

REFERENCE_SEED = 0
REFERENCE_DEVICE_ROUNDS = 40_000
REFERENCE_MIN_ROUNDS = 50
REFERENCE_MAX_ROUNDS = 4_000


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


def solve_trace(
    scenario: "Scenario", trace: Trace, V: float, weights: Array
) -> tuple[Decision, RoundCosts]:
    """Solves every round of a trace, as it really is, for fixed weights.

    Args:
        scenario: The scenario.
        trace: One trace, shape (T, N).
        V: Weight on delay.
        weights: Weight on each budget's energy, shape (K,) or (1,) for all energy alike.

    Returns:
        The decisions and their costs, leading axis T.
    """
    model = scenario.cost_model
    unit = model.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
    spread = np.broadcast_to(weights, (trace.num_rounds, len(weights)))
    on_energies = lyapunov.energy_weights(spread, scenario.num_devices)
    options = model.all_options(unit)
    decision = scenario.rules.solve(options, scenario.server, V, *on_energies)
    chosen = model.chosen_options(decision.split_index, unit)
    return decision, model.round_costs(chosen, decision.server_frequency_hz)


def _in_blocks(trace: Trace, device_rounds: int = 200_000) -> list[Trace]:
    rounds = max(1, device_rounds // trace.num_devices)
    arrays = [getattr(trace, name) for name in Trace.ARRAYS]
    starts = range(0, trace.num_rounds, rounds)
    return [Trace(*(array[start : start + rounds] for array in arrays)) for start in starts]


def mean_costs(
    scenario: "Scenario", trace: Trace, V: float, weights: Array
) -> tuple[float, Array]:
    """Mean round delay [s] and mean energy of each budget [J], shape (K,), see solve_trace."""
    delay, energies = 0.0, np.zeros(scenario.num_budgets)
    for block in _in_blocks(trace):
        _, costs = solve_trace(scenario, block, V, weights)
        delay += float(scenario.rules.round_delay(costs.device_delay).sum())
        energies += lyapunov.budget_energies(costs, scenario.num_budgets).sum(axis=0)
    return delay / trace.num_rounds, energies / trace.num_rounds


def extreme_energies(scenario: "Scenario", trace: Trace) -> tuple[Array, Array]:
    """Mean energies of the minimum-energy and of the minimum-delay policy [J], each (K,)."""
    least = mean_costs(scenario, trace, 0.0, np.ones(1))[1]
    fastest = mean_costs(scenario, trace, 1.0, np.zeros(1))[1]
    return least, fastest


def resolve_budget(scenario: "Scenario", trace: Trace | None = None) -> Array:
    """The budgets in joules per round, shape (K,).

    Args:
        scenario: The scenario with its budget.
        trace: What a fraction refers to; the scenario's reference trace by default.

    Raises:
        FieldError: If a budget in joules is at or below the least that any policy can spend on
            the trace; the message names that minimum.
    """
    trace = reference_trace(scenario) if trace is None else trace
    budget = scenario.budget
    if budget.fraction is not None:
        least, fastest = extreme_energies(scenario, trace)
        return np.asarray(least + budget.fraction * (fastest - least))
    budgets = np.array(budget.joules, dtype=float)
    least_factor, minimum = _least_budget_factor(scenario, trace, budgets)
    if least_factor >= 1.0:
        allowed = f"more than the minimum energy, which is {np.array2string(minimum)} J a round"
        raise FieldError("budget.joules", budget.joules, allowed)
    return budgets


def _least_budget_factor(
    scenario: "Scenario", trace: Trace, budgets: Array
) -> tuple[float, Array]:
    """Least factor by which the budgets could all be scaled and still be met, and the result."""
    if scenario.num_budgets == 1:
        minimum = mean_costs(scenario, trace, 0.0, np.ones(1))[1]
        return float(minimum[0] / budgets[0]), minimum
    few = _in_blocks(trace, device_rounds=100 * trace.num_devices)[0]
    model = scenario.cost_model
    unit = model.unit_costs(few.uplink_bps, few.downlink_bps, few.clock_hz)
    options = model.all_options(unit)
    factor = _least_factor_program(options, scenario, budgets)
    return factor, factor * budgets


def _least_factor_program(options: Options, scenario: "Scenario", budgets: Array) -> float:
    """min s: mixtures of split points at f_min meet s·Ē_k on average (a linear program)."""
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
