"""The per-round problem min V·D + Σ weighted energies, solved exactly for the sequential schedule.

Two layers. For given splits every device's share V·w/f + q_s κ_s w f² has its minimum at
f* = (V/(2 κ_s q_s))^⅓, whatever its work; then each device takes the split point with the least
share of the objective. Ties go to less energy, then to the lower index. All functions broadcast
over leading axes.
"""

from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Splits
from asl_gym.model.components import Server
from asl_gym.model.costs import Options, sum_over_devices
from asl_gym.model.options import Operation
from asl_gym.solvers.decision import SMALLEST_WEIGHT, Decision, RoundTerms

__all__ = [
    "OptionShares",
    "allocate",
    "cheapest_options",
    "optimal_frequency",
    "option_shares",
    "price",
    "solve",
]


def optimal_frequency(V: float | Array, server_weight: Array, server: Server) -> Array:
    """Upper layer: f* = clip((V/(2 κ_s q_s))^⅓, f_min, f_max); q_s = 0 means f_max.

    Args:
        V: Weight on delay, broadcasting with ``server_weight``.
        server_weight: Weight q_s on the server's energy, shape (...).
        server: Gives κ_s and the frequency bounds.

    Returns:
        Server frequency [Hz], shape (...).
    """
    # Up to the weight at which f* reaches f_max no division is needed, and none by zero is done.
    full_clock_weight = V / (2.0 * server.capacitance * server.clock_max_hz**3)
    floor = np.maximum(full_clock_weight, SMALLEST_WEIGHT)
    inner = np.cbrt(V / (2.0 * server.capacitance * np.maximum(server_weight, floor)))
    bounded = np.minimum(np.maximum(inner, server.clock_min_hz), server.clock_max_hz)
    return np.where(server_weight > floor, bounded, server.clock_max_hz)


class OptionShares(NamedTuple):
    """What each option adds to the objective at the best frequency.

    Attributes:
        share: Each option's part of the objective, shape (..., N, L).
        server_energy: Energy of the server side that it costs [J], shape (..., N, L).
        frequency: The frequency [Hz], shape (...).
    """

    share: Array
    server_energy: Array
    frequency: Array


class Operations(NamedTuple):
    """What arrays are added and multiplied by.

    Attributes:
        add: Adds.
        multiply: Multiplies.
    """

    add: Operation = np.add
    multiply: Operation = np.multiply


NUMPY = Operations()


def shares_at(frequency: Array, terms: RoundTerms, using: Operations = NUMPY) -> OptionShares:
    """V·(a + w/f) + q_n e + q_s (e_fixed + κ_s w f²) of every option.

    Args:
        frequency: The frequency f [Hz], broadcasting with the options.
        terms: The round, V and the weights broadcasting with the options.
        using: Adds and multiplies, in memory of the caller's choice.
    """
    options, server, V, q_device, q_server = terms[:5]
    computing = server.computing_energy(frequency, options.server_work)
    server_energy = using.add(options.fixed_server_energy, computing)
    delay = using.add(options.fixed_delay, options.server_work / frequency)
    share = using.add(using.multiply(V, delay), using.multiply(q_device, options.device_energy))
    share = using.add(share, using.multiply(q_server, server_energy))
    return OptionShares(share, server_energy, frequency)


def option_shares(terms: RoundTerms) -> OptionShares:
    """What every option adds at the best frequency f*."""
    options, server, V, device_weight, server_weight = terms[:5]
    frequency = optimal_frequency(V, server_weight, server)
    delay_weight = np.asarray(V, dtype=float)[..., None, None]
    weights = device_weight[..., None], server_weight[..., None, None]
    spread = RoundTerms(options, server, delay_weight, *weights)
    share, server_energy, _ = shares_at(frequency[..., None, None], spread)
    return OptionShares(share, server_energy, frequency)


def solve(terms: RoundTerms) -> Decision:
    """Minimises V·Σ_n D_n + Σ_n q_n E_n + q_s E_s exactly, the frequency shared by all devices."""
    shares = option_shares(terms)
    best = shares.share.min(axis=-1, keepdims=True)
    spent = terms.options.device_energy + shares.server_energy
    split_index = cheapest_options(shares.share, spent)
    frequencies = np.broadcast_to(shares.frequency[..., None], split_index.shape)
    objective = best[..., 0].sum(axis=-1)
    return Decision(split_index, frequencies, objective, objective)


def cheapest_options(share: Array, spent: Array) -> Splits:
    """The options of the least objective; ties go to less energy, then to the lower index.

    Args:
        share: What each option adds to the objective, shape (..., L).
        spent: Energy that each takes [J], same shape.

    Returns:
        Indices of options, shape (...).
    """
    best = share.min(axis=-1, keepdims=True)
    return np.asarray(np.where(share == best, spent, np.inf).argmin(axis=-1))


def price(terms: RoundTerms, split_index: Splits) -> Array:
    """The least objective of given splits: the upper layer for each of K candidates.

    The best frequency is the same for all candidates, so that the price of each is the sum of its
    devices' shares.

    Args:
        terms: The round.
        split_index: Indices into the admissible split points, shape (..., K, N).

    Returns:
        V·Σ_n D_n + Σ_n q_n E_n + q_s E_s of each candidate, shape (..., K).
    """
    share = option_shares(terms).share
    return sum_over_devices(np.take_along_axis(share.swapaxes(-1, -2), split_index, axis=-2))


def allocate(chosen: Options, server: Server, V: float | Array, server_weight: Array) -> Array:
    """Upper layer: the server frequency [Hz] of all devices, whatever was chosen, (..., 1)."""
    return optimal_frequency(V, server_weight, server)[..., None]
