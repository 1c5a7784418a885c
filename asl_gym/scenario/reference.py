"""What a system is measured against: reference delay, reference trace and resolved budget.

The reference trace is :data:`REFERENCE_SEED`'s draw from the system's own channel and clocks,
with shadowing (and what the controller does not know of the devices) independent over rounds: the
two policies that bound the budget look at one round at a time, so only each round's distribution
matters, and independent rounds tell it soonest.
"""

from functools import lru_cache

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.demands import PERFECT, Budget, Knowledge
from asl_gym.model.system import System
from asl_gym.solvers.round_problem import solve_rounds
from asl_gym.solvers.trace_solver import TraceSolver
from asl_gym.traces import channel
from asl_gym.traces.imperfect import draw_factors
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError

__all__ = [
    "extreme_energies",
    "fastest_energies",
    "reference_budgets",
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

NUM_KEPT = 128
"""Systems whose reference delay and budgets are kept."""

SMALL_SHARE = 1e-9
MAX_CUTS = 2_000


@lru_cache(NUM_KEPT)
def reference_delay(system: System) -> float:
    """D_ref: the minimum-delay round at median rates and full clocks [s]."""
    rates = channel.median_rates(system.fleet, system.device_radio)
    model = system.cost_model
    unit = model.unit_costs(*rates, np.asarray(system.fleet.clock_hz))
    return float(solve_rounds(system, unit, 1.0, np.zeros(1)).objective)


def reference_trace(system: System, knowledge: Knowledge) -> Trace:
    """The trace that budgets given as fractions refer to.

    Its number of rounds is 40,000 / N, within 50…4,000, so that large fleets stay affordable.
    """
    rounds = REFERENCE_DEVICE_ROUNDS // system.num_devices
    rounds = min(max(rounds, REFERENCE_MIN_ROUNDS), REFERENCE_MAX_ROUNDS)
    radio = system.device_radio.independent_over_rounds()
    keys = episode_keys([np.random.default_rng(REFERENCE_SEED)])
    traces = SyntheticTraces(system.fleet, radio).of_keys(keys, rounds)
    if knowledge.shows_costs:
        factors = draw_factors(knowledge, keys, traces.clock_hz.shape)
        traces = traces.changed(**dict(zip(Trace.FACTORS, factors, strict=True)))
    return traces[0]


@lru_cache(NUM_KEPT)
def fastest_energies(system: System) -> Array:
    """Ê, the mean energy of each device's fastest split on the reference trace [J], shape (N,).

    The server runs at its full clock, and nobody waits for a battery. The array is read-only.

    Raises:
        FieldError: If a device's fastest split takes no energy, in which nothing can be measured.
    """
    trace, model = reference_trace(system, PERFECT), system.cost_model
    together = max(1, REFERENCE_DEVICE_ROUNDS // system.num_devices)
    energies = np.zeros(system.num_devices)
    for start in range(0, trace.num_rounds, together):
        real = trace.real(slice(start, start + together))
        options = model.all_options(model.unit_costs(*real))
        delay = options.fixed_delay + options.server_work / system.server.clock_max_hz
        fastest = delay.argmin(axis=-1)[..., None]
        energies += np.take_along_axis(options.device_energy, fastest, axis=-1).sum(axis=(0, -1))
    energies /= trace.num_rounds
    if not (energies > 0).all():
        device = int(energies.argmin())
        allowed = "devices whose fastest split takes energy, in which batteries are measured"
        raise FieldError("batteries", f"device {device} with {energies[device]:g} J", allowed)
    energies.flags.writeable = False
    return energies


@lru_cache(NUM_KEPT)
def reference_budgets(system: System, budget: Budget, knowledge: Knowledge) -> Array:
    """The budgets on the reference trace [J], shape (K,), read-only; see :func:`resolve_budget`.

    They are kept, since environments of one system are often made again and again.
    """
    budgets = resolve_budget(system, budget, reference_trace(system, knowledge))
    budgets.flags.writeable = False
    return budgets


def extreme_energies(system: System, trace: Trace, num_budgets: int = 1) -> tuple[Array, Array]:
    """Mean energies of the minimum-energy and of the minimum-delay policy [J], each (K,)."""
    solver = TraceSolver(system, trace, num_budgets)
    least = solver.mean_costs(0.0, np.ones(1)).energies
    return least, solver.mean_costs(1.0, np.zeros(1)).energies


def resolve_budget(system: System, budget: Budget, trace: Trace) -> Array:
    """The budgets in joules per round, shape (K,).

    Args:
        system: The system.
        budget: Its budget.
        trace: What a fraction refers to.

    Raises:
        FieldError: If a budget in joules is at or below the least that any policy can spend on
            the trace; the message names that minimum.
    """
    num_budgets = budget.number(system.num_devices)
    if budget.fraction is not None:
        least, fastest = extreme_energies(system, trace, num_budgets)
        budgets = least + budget.fraction * (fastest - least)
        if not (budgets > 0).all():
            allowed = f"a scope in which every budget is above 0 J, not {_told(budgets)}"
            raise FieldError("budget.scope", budget.scope, allowed)
        return np.asarray(budgets)
    budgets = np.array(budget.joules, dtype=float)
    solver = TraceSolver(system, trace, num_budgets)
    least_factor, minimum = _least_budget_factor(solver, budgets)
    if least_factor >= 1.0:
        allowed = (
            f"more than the minimum energy, which is {_told(minimum)} J a round; or a fraction "
            "between that and what the fastest policy spends"
        )
        raise FieldError("budget.joules", budget.joules, allowed)
    return budgets


def _least_budget_factor(solver: TraceSolver, budgets: Array) -> tuple[float, Array]:
    """Least factor by which all budgets could be scaled and still be met, and the result.

    For one budget it is the minimum energy over the budget. For several it is
    max over λ ≥ 0, Σλ = 1, of mean_t min_x Σ_k λ_k E_k(x)/Ē_k (linear programming duality over
    mixtures of decisions), found by cutting planes.
    """
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
    """Max over shares λ of min over cuts i of λ·cut_i, and its λ (a linear program).

    Raises:
        FieldError: If the cuts' sizes are too far apart for the program to be solved.
    """
    count = cuts.shape[1]
    if count == 1:
        return float(cuts.min()), np.ones(1)
    # Here because it takes long to load and few scenarios have several budgets in joules.
    from scipy.optimize import linprog

    # The solver takes no coefficients beyond 1e15, which budgets far too small lead to.
    scale = float(cuts.max()) or 1.0
    rows = np.hstack([-cuts / scale, np.ones((len(cuts), 1))])
    total = np.append(np.ones(count), 0.0)[None]
    cost = np.append(np.zeros(count), -1.0)
    bounds = [(0.0, 1.0)] * count + [(None, None)]
    solution = linprog(cost, rows, np.zeros(len(cuts)), total, [1.0], bounds)
    if not solution.success:
        allowed = f"budgets of which it can be told whether they can be kept ({solution.message})"
        raise FieldError("budget.joules", f"energies over budgets up to {scale:g}", allowed)
    return -float(solution.fun) * scale, solution.x[:-1]


def _told(joules: Array) -> str:
    return np.array2string(joules, precision=6, separator=", ", max_line_width=10**9)
