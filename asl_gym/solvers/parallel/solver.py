"""The parallel schedule's per-round problem, solved to a certified gap.

    min V·max_n (a_n + w_n/f_n) + Σ_n [q_n e_n + q_s (fixed energy_n + κ_s w_n f_n²)]
    over the splits and the server frequencies, Σ_n f_n ≤ f_max, f_n ≥ f_min where w_n > 0.

The upper layer, for given splits, is convex (:mod:`asl_gym.solvers.parallel.allocation`); the
search over splits is a branch and bound (:mod:`asl_gym.solvers.parallel.branch`). All functions
broadcast over leading axes, and each round's result depends on that round alone.
"""

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Server
from asl_gym.model.costs import Options, sum_over_devices
from asl_gym.solvers.decision import Decision, RoundTerms
from asl_gym.solvers.parallel.allocation import Clock
from asl_gym.solvers.parallel.incumbents import NOTHING_KNOWN
from asl_gym.solvers.parallel.rows import Rounds, Solutions, allocate_rows, solve_rows

__all__ = ["MAX_NODES", "TOLERANCE", "allocate", "price", "solve"]

TOLERANCE = 1e-6
"""Relative gap between objective and lower bound at which the search for a round ends."""

MAX_NODES = 10_000
"""Nodes after which it ends at the latest, with the gap that is left then."""


def solve(
    terms: RoundTerms,
    tolerance: float = TOLERANCE,
    max_nodes: int = MAX_NODES,
    start: Splits | None = None,
) -> Decision:
    """Minimises V·max_n D_n + Σ_n q_n E_n + q_s E_s to a tolerance, with a proven lower bound.

    Where energy has no weight at all the decision is, among the fastest, one of least energy (to
    the same tolerance); where delay has none, every device is given f_min. Devices without server
    work are reported with f_min, which counts for nothing.

    Args:
        terms: The rounds; the server's f_max is the clock that the devices share, f_min is for one.
        tolerance: Relative gap at which the search ends.
        max_nodes: Nodes of the search after which it ends at the latest.
        start: Splits to start from, shape (..., N); good ones save more than half of the time.

    Returns:
        The decision.
    """
    full = terms.options.fixed_delay.shape
    leading, (devices, _) = full[:-2], full[-2:]
    rounds = Rounds(
        Options(*(_rows(values, full, 2) for values in terms.options)),
        _rows(terms.V, leading, 0),
        _rows(terms.device_weight, (*leading, devices), 1),
        _rows(terms.server_weight, leading, 0),
        terms.server.capacitance,
        _clock(terms.server),
    )
    count = len(rounds.V)
    splits = np.full((count, devices), NOTHING_KNOWN)
    if start is not None:
        splits[:] = start.reshape(count, devices)
    found = Solutions(
        splits,
        np.empty((count, devices)),
        np.empty(count),
        np.empty(count),
    )
    solve_rows(rounds, tolerance, max_nodes, found)
    return Decision(
        found.splits.reshape(*leading, devices),
        found.frequency.reshape(*leading, devices),
        found.objective.reshape(leading),
        found.lower_bound.reshape(leading),
    )


def allocate(chosen: Options, server: Server, V: float | Array, server_weight: Array) -> Array:
    """Upper layer: the best server frequencies for given splits, exact.

    Args:
        chosen: Costs of the chosen split points, arrays of shape (..., N); leading axes may hold
            candidates to be priced in one call.
        server: See :func:`solve`.
        V: Weight on delay, broadcasting with (...).
        server_weight: Weight q_s on the server side's energy, broadcasting with (...).

    Returns:
        Server frequencies [Hz], shape (..., N); f_min for devices without server work.
    """
    full = np.broadcast_shapes(chosen.fixed_delay.shape, chosen.server_work.shape)
    a, w = _rows(chosen.fixed_delay, full, 1), _rows(chosen.server_work, full, 1)
    price = _rows(server.capacitance * np.asarray(server_weight, dtype=float), full[:-1], 0)
    delay_weight = _rows(V, full[:-1], 0)
    frequency = np.empty(a.shape)
    allocate_rows(a, w, delay_weight, price, _clock(server), frequency)
    return frequency.reshape(full)


def price(terms: RoundTerms, split_index: Splits) -> Array:
    """The least objective of given splits: the upper layer for each of K candidates.

    Args:
        terms: The rounds, see :func:`solve`.
        split_index: Indices into the admissible split points, shape (..., K, N).

    Returns:
        V·max_n D_n + Σ_n q_n E_n + q_s E_s of each candidate, shape (..., K).
    """
    options, server, V, device_weight, server_weight = terms[:5]
    picked = [_of_splits(values, options.fixed_delay.shape, split_index) for values in options]
    chosen = Options(*picked)
    delay_weight = np.asarray(V, dtype=float)[..., None]
    weight = np.asarray(server_weight)[..., None]
    f = allocate(chosen, server, delay_weight, weight)
    computing = server.computing_energy(f, chosen.server_work)
    on_server = weight * sum_over_devices(chosen.fixed_server_energy + computing)
    on_devices = sum_over_devices(device_weight[..., None, :] * chosen.device_energy)
    delay = (chosen.fixed_delay + chosen.server_work / f).max(axis=-1)
    return np.asarray(delay_weight * delay + on_devices + on_server)


def _clock(server: Server) -> Clock:
    return Clock(server.clock_min_hz, server.clock_max_hz)


def _of_splits(values: Array, shape: tuple[int, ...], split_index: Splits) -> Array:
    """Picks from (..., N, L) what candidates (..., K, N) chose."""
    spread = np.broadcast_to(values, shape).swapaxes(-1, -2)
    return np.take_along_axis(spread, split_index, axis=-2)


def _rows(values: float | Array, shape: tuple[int, ...], kept: int) -> Array:
    """Broadcasts to a shape and joins all its axes but the last ``kept`` ones to one.

    Always a copy: arrays that may not be written to are of another type to numba, and each mixture
    of types would be compiled anew.
    """
    spread = np.array(np.broadcast_to(np.asarray(values, dtype=float), shape), order="C")
    return spread.reshape(-1, *shape[len(shape) - kept :])
