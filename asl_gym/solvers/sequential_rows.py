"""The sequential schedule's two layers number by number, for compiled loops.

The same formulas as :mod:`asl_gym.solvers.sequential` has for whole arrays.
"""

from typing import NamedTuple

from asl_gym.arrays import Array
from asl_gym.compiling import inlined
from asl_gym.solvers.decision import SMALLEST_WEIGHT
from asl_gym.traces.elementary import cbrt

__all__ = ["Weights", "best_frequency", "cheapest", "option_share"]


class Weights(NamedTuple):
    """What a device's part of the objective is weighted by.

    Attributes:
        delay: V.
        device: Weight q_n on the device's energy.
        server: Weight q_s on the server side's energy.
    """

    delay: float
    device: float
    server: float


@inlined
def best_frequency(
    V: float, server_weight: float, capacitance: float, least_clock: float, full_clock: float
) -> float:
    """Upper layer: f* = clip((V/(2 κ_s q_s))^⅓, f_min, f_max) [Hz]; q_s = 0 means f_max."""
    of_full_clock = V / (2.0 * capacitance * full_clock * full_clock * full_clock)
    # Without a branch, so that a loop over rows becomes vector code.
    least = max(of_full_clock, SMALLEST_WEIGHT)
    inner = cbrt(V / (2.0 * capacitance * max(server_weight, least)))
    return min(max(inner, least_clock), full_clock) if server_weight > least else full_clock


@inlined
def option_share(
    fixed: tuple[float, float, float],
    work: float,
    frequency: float,
    capacitance: float,
    weights: Weights,
) -> tuple[float, float]:
    """What an option adds to the objective, V·(a + w/f) + q_n e + q_s (e_fixed + κ_s w f²).

    Args:
        fixed: As :func:`asl_gym.model.option_costs.fixed_costs` gives it.
        work: Server work w [cycles].
        frequency: The frequency f [Hz].
        capacitance: κ_s.
        weights: The weights.

    Returns:
        The option's share and the energy that it spends [J].
    """
    delay, device, server = fixed
    server += capacitance * (frequency * frequency) * work
    share = weights.delay * (delay + work / frequency) + weights.device * device
    return share + weights.server * server, device + server


@inlined
def cheapest(share: Array, spent: Array) -> int:
    """Index of the least share; ties go to less energy, then to the lower index."""
    best = 0
    for o in range(1, share.size):
        if share[o] < share[best] or (share[o] == share[best] and spent[o] < spent[best]):
            best = o
    return best
