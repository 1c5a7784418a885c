"""One round after another: the cases of the parallel schedule's problem, each solved exactly."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Indices
from asl_gym.compiling import announced, compiled, inlined
from asl_gym.model.costs import Options
from asl_gym.solvers.decision import SMALLEST_WEIGHT
from asl_gym.solvers.parallel.allocation import (
    Clock,
    cheapest_frequency,
    earliest_deadline,
    equal_share_deadline,
    optimal_deadline,
    share_clock,
)
from asl_gym.solvers.parallel.branch import search
from asl_gym.solvers.parallel.problem import ROUNDING, Problem, undominated

__all__ = ["Rounds", "Solutions", "allocate_rows", "solve_rows"]

MAX_STEPS = 200

SPARE_CLOCK = 1e-9
"""Share of the server's clock below which the fastest decision leaves no choice."""

SMALL_SHARE = 0.01
"""Share of the objective below which energy is minimised again at the deadline found."""


class Rounds(NamedTuple):
    """R rounds.

    Attributes:
        options: Costs of all options, arrays of shape (R, N, L).
        V: Weights on delay, shape (R,).
        device_weight: q_n, shape (R, N).
        server_weight: q_s, shape (R,).
        capacitance: κ_s [W/Hz³].
        clock: The server's.
    """

    options: Options
    V: Array
    device_weight: Array
    server_weight: Array
    capacitance: float
    clock: Clock


class Solutions(NamedTuple):
    """Decisions to be filled in.

    Attributes:
        splits: Shape (R, N).
        frequency: Server frequencies [Hz], shape (R, N).
        objective: Shape (R,).
        lower_bound: Proven lower bounds, shape (R,).
    """

    splits: Indices
    frequency: Array
    objective: Array
    lower_bound: Array


@compiled
def lightest_splits(
    a: Array,
    w: Array,
    tie: Array,
    mask: NDArray[np.uint8],
    deadline: float,
    before: bool,
    clock: Clock,
    splits: Indices,
) -> float:
    """Fills in the splits of least load that keep a deadline; ties go to the lesser ``tie``.

    Args:
        a: Fixed delays [s], shape (N, L).
        w: Server work [cycles], shape (N, L).
        tie: Tie-breakers, shape (N, L).
        mask: Options to consider, shape (N, L).
        deadline: The deadline [s].
        before: Whether only options that could keep an earlier deadline count.
        clock: The server's.
        splits: Filled, shape (N,), for devices that have such an option.

    Returns:
        The load of the server's clock [Hz], infinity if a device has no option.
    """
    total = 0.0
    for n in range(a.shape[0]):
        lightest, best_tie = np.inf, np.inf
        for o in range(a.shape[1]):
            soonest = a[n, o] + w[n, o] / clock.greatest
            if mask[n, o] == 0 or soonest > deadline or (before and soonest == deadline):
                continue
            load = cheapest_frequency(a[n, o], w[n, o], deadline, clock)
            if load < lightest or (load == lightest and tie[n, o] < best_tie):
                lightest, best_tie, splits[n] = load, tie[n, o], o
        total += lightest
    return total


@compiled
def fastest_deadline(
    a: Array,
    w: Array,
    tie: Array,
    mask: NDArray[np.uint8],
    clock: Clock,
    splits: Indices,
) -> tuple[float, float]:
    """The earliest deadline that any splits can keep; fills in splits of least load at it.

    Returns:
        The deadline [s] and how much of the server's clock these splits leave [Hz].
    """
    # Splits that an equal share of the clock would do, then ever better ones: what is lightest just
    # before a deadline may keep an earlier one, until nothing fits before it.
    deadline = equal_share_deadline(a, w, mask, clock, splits)
    for _ in range(MAX_STEPS):
        load = lightest_splits(a, w, tie, mask, deadline, True, clock, splits)
        if load > clock.greatest:
            break
        earlier = earliest_deadline(pick(a, splits), pick(w, splits), clock)
        if earlier >= deadline:
            break
        deadline = earlier
    load = lightest_splits(a, w, tie, mask, deadline, False, clock, splits)
    return deadline, clock.greatest - load


@compiled
def least_cost_splits(
    c: Array, w: Array, tie: Array, price: float, least: float, splits: Indices
) -> float:
    """Splits of least cost when delay has no weight, all at f_min; returns the cost."""
    total = 0.0
    for n in range(c.shape[0]):
        best, best_tie = np.inf, np.inf
        for o in range(c.shape[1]):
            cost = c[n, o] + price * w[n, o] * least * least
            if cost < best or (cost == best and tie[n, o] < best_tie):
                best, best_tie, splits[n] = cost, tie[n, o], o
        total += best
    return total


@compiled
def pick(table: Array, splits: Indices) -> Array:
    """The entry of each device's split, shape (N,)."""
    picked = np.empty(splits.size)
    for n in range(splits.size):
        picked[n] = table[n, splits[n]]
    return picked


@announced(
    "the solver of devices that train at once is being compiled, once on this machine; it takes "
    "about half a minute"
)
@compiled
def solve_rows(rounds: Rounds, tolerance: float, max_nodes: int, found: Solutions) -> None:
    """Solves R rounds; see :func:`asl_gym.solvers.parallel.solver.solve`.

    Args:
        rounds: The rounds.
        tolerance: Relative gap at which a search ends.
        max_nodes: Nodes after which it ends at the latest.
        found: Filled with the decisions.
    """
    capacitance, clock = rounds.capacitance, rounds.clock
    a, on_device, on_server, w = rounds.options
    splits, frequency = found.splits, found.frequency
    objective, lower_bound = found.objective, found.lower_bound
    devices, options = w.shape[1:]
    energy, cost = np.empty((devices, options)), np.empty((devices, options))
    for r in range(a.shape[0]):
        weight, V = rounds.server_weight[r], rounds.V[r]
        price = weight * capacitance
        for n in range(devices):
            for o in range(options):
                energy[n, o] = on_device[r, n, o] + on_server[r, n, o]
                cost[n, o] = rounds.server_weight[r] * on_server[r, n, o]
                cost[n, o] += rounds.device_weight[r, n] * on_device[r, n, o]
            weight = max(weight, rounds.device_weight[r, n])
        if V <= 0.0:
            objective[r] = least_cost_splits(cost, w[r], energy, price, clock.least, splits[r])
            lower_bound[r] = objective[r]
            give_all(clock.least, frequency[r])
            continue
        mask = undominated(a[r], cost, w[r], energy)
        if weight > SMALLEST_WEIGHT:
            problem = Problem(a[r], cost, w[r], V, price, clock, -1.0)
            objective[r], lower_bound[r], deadline = search(
                problem, mask, tolerance, max_nodes, splits[r]
            )
            if objective[r] - V * deadline < SMALL_SHARE * objective[r]:
                kept = Problem(a[r], cost, w[r], 0.0, price, clock, deadline)
                spent = search(kept, mask, tolerance, max_nodes, splits[r])[0]
                objective[r] = min(objective[r], V * deadline + spent)
        else:
            # Without a weight on energy the fastest decision of least energy.
            mask = undominated(a[r], energy, w[r], energy)
            deadline, spare = fastest_deadline(a[r], w[r], energy, mask, clock, splits[r])
            objective[r] = V * deadline
            lower_bound[r] = objective[r] * (1.0 - ROUNDING)
            if spare > SPARE_CLOCK * clock.greatest:
                price = capacitance
                kept = Problem(a[r], energy, w[r], 0.0, price, clock, deadline)
                search(kept, mask, tolerance, max_nodes, splits[r])
        chosen = pick(a[r], splits[r]), pick(w[r], splits[r])
        share_clock(chosen[0], chosen[1], deadline, clock, frequency[r])


@inlined
def give_all(value: float, frequency: Array) -> None:
    """Gives every device the same frequency [Hz]."""
    for n in range(frequency.size):
        frequency[n] = value


@compiled
def allocate_rows(
    a: Array, w: Array, V: Array, price: Array, clock: Clock, frequency: Array
) -> None:
    """Fills in the best server frequencies [Hz] of R rounds with given splits.

    Args:
        a: Fixed delays [s], shape (R, N).
        w: Server work [cycles], shape (R, N).
        V: Weights on delay, shape (R,); 0 gives every device f_min.
        price: q_s κ_s, shape (R,).
        clock: The server's.
        frequency: Filled, shape (R, N).
    """
    for r in range(a.shape[0]):
        if V[r] <= 0.0:
            give_all(clock.least, frequency[r])
            continue
        deadline = optimal_deadline(a[r], w[r], V[r], price[r], clock)
        share_clock(a[r], w[r], deadline, clock, frequency[r])
