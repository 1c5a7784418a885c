"""A lower bound on what causal policies on batteries can reach: hindsight that pays for foresight.

D. B. Brown, J. E. Smith and P. Sun, "Information Relaxations and Duality in Stochastic Dynamic
Programs", Operations Research 58(4), 2010. Devices have nothing in common, so that the bound is one
a device. Its luck is ω_0 … ω_{T−1}: sky, shadowing, fading and clock of each round, shown before
the round's decision. A policy is causal if the option of round t depends on ω_0 … ω_t alone, and on
what is independent of the device's luck, such as other devices'.

*Levels.* Let charges be rounded up to the next of the levels i·C/n at the start and after every
round. With the same options each charge is then no less than it was, and so no wait and no end
charge is longer: whatever the luck, the total is no greater. What is causal stays so, since levels
are known whenever charges are. So the least expected total of causal policies with levels is at
most that without.

*Penalty.* For rounds s = 1 … T−1 take any functions U_s(B, ω_s) of the charge before the round and
of its luck, and estimates Û_s(B) of unknown error that are right on average: for every B

    E[Û_s(B) | ω_0 … ω_{s−1}] = E[U_s(B, ω_s) | ω_0 … ω_{s−1}]

The penalty is P_s(B) = Û_s(B) − U_s(B, ω_s). The charge B_s of a causal policy is a function of
ω_0 … ω_{s−1} and of what is independent of luck and estimates, so that E[P_s(B_s)] = 0: the sums
of P_s(B_s) are a martingale. Therefore

    E[total] = E[total + Σ P_s(B_s)] ≥ E[min over options of all rounds of (total + Σ P_s(B_s))]

*Bound.* With levels the minimum is exact, by backward recursion over levels i,

    J_t(i) = min_ℓ [d_ℓ + (e_ℓ − B_i)⁺/ϖ + J_{t+1}(i′) + P_{t+1}(B_{i′})],

i′ being the level at or above min(C, (B_i − e_ℓ)⁺ + H), J_T the end charge and P_T = 0. So the mean
of J_0 over luck and estimates is at most the expected total of any causal policy. ∎

Nothing has to be monotone or continuous between levels; what rounding up gives away falls with
their number n. The proof holds for every U. Without penalty it is a hindsight bound; with U the
values of the best policy and Û exact, total + Σ P_s(B_s) is for any options no less than what the
best policy is expected to come to after ω_0, so that the bound is tight
(:mod:`benchmarks.studies.causal.martingale` comes near).

Rounding of numbers: a charge within SLIP levels above a level may be taken down to it. With the
same options a joule less makes the total no more than 1/ϖ greater (the lemma of
:mod:`asl_gym.scoring.hindsight` with one option a round), so that what SLIP levels a round could
cost is taken off, and a few errors of ε times the greatest value met and C/ϖ.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.batteries import lane_wait
from asl_gym.scoring.hindsight import ROUNDING, KnownEpisode
from asl_gym.solvers.charge_levels import Battery, fill_end
from asl_gym.validation.checks import FieldError, whole_number
from benchmarks.studies.causal.fineness import LEVELS

__all__ = ["kernel", "penalties_along", "relaxed_bound"]

SLIP = 1e-9
"""Distance in levels within which a charge counts as a level; numbers of levels round to less."""

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compiles a loop of this study.

    It is not kept on disk, where changes of those of asl_gym that are compiled into it would not
    be noticed.
    """
    jit: Any = numba.njit(nogil=True, error_model="numpy")
    return jit(function)  # type: ignore[no-any-return]


def relaxed_bound(episode: KnownEpisode, penalties: Array, levels: int = LEVELS) -> Array:
    """What each device's total comes to at least if foresight is penalised [s], shape (N,).

    The mean over episodes is a bound on causal policies, see the module's description.

    Args:
        episode: All that is known.
        penalties: Penalty P_s(B) [s] before rounds s = 0…T at m + 1 charges from 0 to the capacity,
            linear in between, shape (T + 1, N, m + 1). That before the first round is that of a
            charge which no policy can change.
        levels: Levels n of each battery, a multiple of m.

    Raises:
        FieldError: If shapes or values are not allowed.
    """
    episode.check()
    rounds, devices, _ = episode.delay.shape
    if penalties.ndim != 3 or penalties.shape[:2] != (rounds + 1, devices):
        allowed = f"an array of shape ({rounds + 1}, {devices}, m + 1)"
        raise FieldError("penalties", penalties.shape, allowed)
    if whole_number("levels", levels, 1) % (penalties.shape[2] - 1):
        raise FieldError("levels", levels, f"a multiple of {penalties.shape[2] - 1}")
    found = np.empty(devices)
    for n in range(devices):
        battery = episode.battery(n)
        device = [np.ascontiguousarray(each[:, n], float) for each in (*episode[:3], penalties)]
        delay, energy, harvest, paid = device
        value, greatest = _solve(delay, energy, harvest, battery, episode.charges_end, paid, levels)
        whole = battery.capacity / battery.trickle_power_w
        slip = 2.0 * SLIP * whole / levels + ROUNDING * (greatest + whole)
        found[n] = value - (rounds + 1) * slip
    return found


def penalties_along(charge: Array, penalties: Array, capacity: Array) -> Array:
    """What a policy's own charges are penalised in all, of mean zero if it is causal [s], (N,).

    Args:
        charge: What batteries hold before each round and at the end [J], shape (T + 1, N).
        penalties: As for :func:`relaxed_bound`.
        capacity: What batteries can hold [J], shape (N,).
    """
    steps = penalties.shape[2] - 1
    position = charge / capacity * steps
    place = np.minimum(position.astype(np.int64), steps - 1)
    lower, upper = (
        np.take_along_axis(penalties, (place + above)[..., None], axis=2)[..., 0]
        for above in (0, 1)
    )
    share = position - place
    return np.asarray(((1.0 - share) * lower + share * upper).sum(axis=0))


@kernel
def _solve(
    delay: Array,
    energy: Array,
    harvest: Array,
    battery: Battery,
    charges_end: bool,
    penalties: Array,
    levels: int,
) -> tuple[float, float]:
    """J_0 at the start and the greatest size of a number met on the way, of one device."""
    rounds, options = delay.shape
    ahead, best = np.empty(levels + 1), np.empty(levels + 1)
    fill_end(ahead, battery, charges_end)
    greatest = 0.0
    for t in range(rounds - 1, -1, -1):
        _add_between(penalties[t + 1], ahead)
        greatest = max(greatest, np.abs(ahead).max(), np.abs(penalties[t + 1]).max())
        best[:] = np.inf
        for option in range(options):
            _lower(best, delay[t, option], energy[t, option], harvest[t], ahead, battery)
        ahead, best = best, ahead
    _add_between(penalties[0], ahead)
    start = _level_above(battery.start * levels / battery.capacity, levels)
    return float(ahead[start]), float(greatest)


@kernel
def _add_between(penalty: Array, values: Array) -> None:
    """Adds a penalty at m + 1 charges, and linear in between, to values at n + 1 levels."""
    parts, levels = len(penalty) - 1, len(values) - 1
    each = levels // parts
    for part in range(parts):
        rise = (penalty[part + 1] - penalty[part]) / each
        between = values[part * each : (part + 1) * each]
        for i in range(each):
            between[i] += penalty[part] + i * rise
    values[levels] += penalty[parts]


@kernel
def _level_above(position: float, levels: int) -> int:
    """The level at or above a charge that is given in levels."""
    return min(math.ceil(position - SLIP), levels)


@kernel
def _lower(
    best: Array, delay: float, energy: float, harvest: float, ahead: Array, battery: Battery
) -> None:
    """Lowers values at the levels to what an option comes to with charges that are rounded up.

    Levels fall into parts as in :mod:`asl_gym.solvers.charge_levels`; arguments are the same.
    """
    levels = len(best) - 1
    step = battery.capacity / levels
    empty = min(math.ceil(energy / step), levels + 1)
    emptied = delay + ahead[_level_above(harvest / step, levels)]
    for i in range(empty):
        reached = emptied + lane_wait(energy, i * step, battery.trickle_power_w)
        best[i] = reached if reached < best[i] else best[i]
    shift = math.ceil((harvest - energy) / step - SLIP)
    full = min(max(levels - shift, empty), levels + 1)
    if full > empty:
        after, lowered = ahead[empty + shift :], best[empty:full]
        for i in range(full - empty):
            reached = delay + after[i]
            lowered[i] = reached if reached < lowered[i] else lowered[i]
    filled = delay + ahead[levels]
    for i in range(full, levels + 1):
        best[i] = filled if filled < best[i] else best[i]
