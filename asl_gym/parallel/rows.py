"""One round after another: the cases of the parallel schedule's problem, each solved exactly."""

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Indices
from asl_gym.parallel.allocation import (
    cheapest_frequency,
    earliest_deadline,
    optimal_deadline,
    share_clock,
)
from asl_gym.parallel.branch import ROUNDING, search
from asl_gym.parallel.compiling import compiled
from asl_gym.parallel.problem import Problem
from asl_gym.parallel.pruning import undominated

__all__ = ["allocate_rows", "solve_rows"]

MAX_STEPS = 200

SPARE_CLOCK = 1e-9
"""Share of the server's clock below which the fastest decision leaves no choice."""

NO_WEIGHT = 1e-200
"""Weights on energy up to this count as 0."""

SMALL_SHARE = 0.01
"""Share of the objective below which energy is minimised again at the deadline found."""


@compiled
def lightest_splits(
    a: Array,
    w: Array,
    tie: Array,
    mask: NDArray[np.uint8],
    deadline: float,
    before: bool,
    least: float,
    greatest: float,
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
        least: f_min [Hz].
        greatest: f_max [Hz].
        splits: Filled, shape (N,), for devices that have such an option.

    Returns:
        The load of the server's clock [Hz], infinity if a device has no option.
    """
    total = 0.0
    for n in range(a.shape[0]):
        lightest, best_tie = np.inf, np.inf
        for o in range(a.shape[1]):
            soonest = a[n, o] + w[n, o] / greatest
            if mask[n, o] == 0 or soonest > deadline or (before and soonest == deadline):
                continue
            load = cheapest_frequency(a[n, o], w[n, o], deadline, least, greatest)
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
    least: float,
    greatest: float,
    splits: Indices,
) -> tuple[float, float]:
    """The earliest deadline that any splits can keep; fills in splits of least load at it.

    Returns:
        The deadline [s] and how much of the server's clock these splits leave [Hz].
    """
    devices = splits.size
    delays, works = np.empty(devices), np.empty(devices)
    # Splits that an equal share of the clock would do, then ever better ones: what is lightest just
    # before a deadline may keep an earlier one, until nothing fits before it.
    deadline = 0.0
    for n in range(devices):
        soonest = np.inf
        for o in range(a.shape[1]):
            if mask[n, o] != 0 and a[n, o] + w[n, o] * devices / greatest < soonest:
                soonest, splits[n] = a[n, o] + w[n, o] * devices / greatest, o
        deadline = max(deadline, soonest)
    for _ in range(MAX_STEPS):
        load = lightest_splits(a, w, tie, mask, deadline, True, least, greatest, splits)
        if load > greatest:
            break
        for n in range(devices):
            delays[n], works[n] = a[n, splits[n]], w[n, splits[n]]
        earlier = earliest_deadline(delays, works, least, greatest)
        if earlier >= deadline:
            break
        deadline = earlier
    load = lightest_splits(a, w, tie, mask, deadline, False, least, greatest, splits)
    return deadline, greatest - load


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
def fill_frequencies(
    a: Array,
    w: Array,
    splits: Indices,
    deadline: float,
    least: float,
    greatest: float,
    frequency: Array,
) -> None:
    """Fills in what each device needs to keep the deadline; f_min where it needs nothing."""
    delays, works = np.empty(splits.size), np.empty(splits.size)
    for n in range(splits.size):
        delays[n], works[n] = a[n, splits[n]], w[n, splits[n]]
    share_clock(delays, works, deadline, least, greatest, frequency)


@compiled
def solve_rows(
    a: Array,
    device_energy: Array,
    server_energy: Array,
    w: Array,
    V: Array,
    device_weight: Array,
    server_weight: Array,
    capacitance: float,
    least: float,
    greatest: float,
    tolerance: float,
    max_nodes: int,
    splits: Indices,
    frequency: Array,
    objective: Array,
    lower_bound: Array,
    nodes: Indices,
) -> None:
    """Solves R rounds; see :func:`asl_gym.parallel.solver.solve_parallel`.

    Args:
        a: Fixed delays [s], shape (R, N, L).
        device_energy: Energies of the devices [J], shape (R, N, L).
        server_energy: Energies of the downlink [J], shape (R, N, L).
        w: Server work [cycles], shape (R, N, L).
        V: Weights on delay, shape (R,).
        device_weight: q_n, shape (R, N).
        server_weight: q_s, shape (R,).
        capacitance: κ_s [W/Hz³].
        least: f_min [Hz].
        greatest: f_max [Hz].
        tolerance: Relative gap at which a search ends.
        max_nodes: Nodes after which it ends at the latest.
        splits: Filled with the decisions, shape (R, N).
        frequency: Filled with the server frequencies [Hz], shape (R, N).
        objective: Filled with the objectives, shape (R,).
        lower_bound: Filled with the proven lower bounds, shape (R,).
        nodes: Filled with the numbers of nodes, shape (R,).
    """
    for r in range(a.shape[0]):
        energy = device_energy[r] + server_energy[r]
        cost = server_weight[r] * server_energy[r]
        weight = server_weight[r]
        for n in range(cost.shape[0]):
            cost[n] += device_weight[r, n] * device_energy[r, n]
            weight = max(weight, device_weight[r, n])
        price = server_weight[r] * capacitance
        if V[r] <= 0.0:
            objective[r] = least_cost_splits(cost, w[r], energy, price, least, splits[r])
            lower_bound[r], frequency[r], nodes[r] = objective[r], least, 0
            continue
        mask = undominated(a[r], cost, w[r], energy)
        if weight > NO_WEIGHT:
            problem = Problem(a[r], cost, w[r], V[r], price, least, greatest, -1.0)
            objective[r], lower_bound[r], deadline, nodes[r] = search(
                problem, mask, tolerance, max_nodes, splits[r]
            )
            if objective[r] - V[r] * deadline < SMALL_SHARE * objective[r]:
                kept = Problem(a[r], cost, w[r], 0.0, price, least, greatest, deadline)
                spent, _, _, more = search(kept, mask, tolerance, max_nodes, splits[r])
                objective[r] = min(objective[r], V[r] * deadline + spent)
                nodes[r] += more
        else:
            # Without a weight on energy the fastest decision of least energy.
            mask = undominated(a[r], energy, w[r], energy)
            deadline, spare = fastest_deadline(a[r], w[r], energy, mask, least, greatest, splits[r])
            objective[r], nodes[r] = V[r] * deadline, 0
            lower_bound[r] = objective[r] * (1.0 - ROUNDING)
            if spare > SPARE_CLOCK * greatest:
                kept = Problem(a[r], energy, w[r], 0.0, capacitance, least, greatest, deadline)
                nodes[r] = search(kept, mask, tolerance, max_nodes, splits[r])[3]
        fill_frequencies(a[r], w[r], splits[r], deadline, least, greatest, frequency[r])


@compiled
def allocate_rows(
    a: Array, w: Array, V: Array, price: Array, least: float, greatest: float, frequency: Array
) -> None:
    """Fills in the best server frequencies [Hz] of R rounds with given splits.

    Args:
        a: Fixed delays [s], shape (R, N).
        w: Server work [cycles], shape (R, N).
        V: Weights on delay, shape (R,); 0 gives every device f_min.
        price: q_s κ_s, shape (R,).
        least: f_min [Hz].
        greatest: f_max [Hz].
        frequency: Filled, shape (R, N).
    """
    for r in range(a.shape[0]):
        if V[r] <= 0.0:
            frequency[r] = least
            continue
        deadline = optimal_deadline(a[r], w[r], V[r], price[r], least, greatest)
        share_clock(a[r], w[r], deadline, least, greatest, frequency[r])
