"""The penalty of foresight: how far a round's luck is from what was to be expected of it.

It is made of what the mark that is told the law (:mod:`asl_gym.policies.harvest.told_law`) holds a
battery to be worth once a round's luck ω = (sky c, shadowing x, rates and clock) is shown:

    U_s(B, ω) = min_ℓ [d_ℓ + (e_ℓ − B)⁺/ϖ + W_{s+1}(c, x, min(C, (B − e_ℓ)⁺ + H))]

at the charges of its programme, linear in between, where W is its programme, linear between the
middles of its levels of shadowing. What was to be expected, given the true sky and shadowing of the
round before, is the mean over both skies by their probabilities and over draws of all else, which
are taken by the law anew for every device and round. So it is right on average, as the proof asks
(:mod:`benchmarks.studies.causal.relaxation`), and independent of what any policy can know. Policies
may even see the true shadowing: if they see less, they are among those that the bound is for.
"""

from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import norm

from asl_gym.arrays import Array, Float32, Indices
from asl_gym.policies.harvest.known import batteries_of
from asl_gym.policies.harvest.shadowing import ShadowingChain
from asl_gym.policies.harvest.told_law import programme
from asl_gym.scenario.scenario import Scenario
from asl_gym.scoring.hindsight import KnownEpisode
from asl_gym.solvers.charge_levels import Battery, lower_by_option
from asl_gym.validation.checks import FieldError, whole_number
from benchmarks.studies.causal.fineness import CHARGES, DRAWS, SAMPLES
from benchmarks.studies.causal.luck import draws_after
from benchmarks.studies.causal.relaxation import kernel

__all__ = ["Martingale"]


class Martingale:
    """The penalties of one scenario's episodes.

    Args:
        scenario: A scenario with batteries and a radio.
        samples: Rates and clocks that the programme draws in each level of shadowing.
        charges: Steps between charges of the programme and the penalty.

    Raises:
        FieldError: If devices have no batteries, or a link in place of a radio.
    """

    def __init__(self, scenario: Scenario, samples: int = SAMPLES, charges: int = CHARGES) -> None:
        self._scenario, batteries = scenario, batteries_of(scenario)
        self._middles = _middles(ShadowingChain(scenario))
        by_round = programme(scenario, samples, charges)
        self._ahead: Float32 = np.ascontiguousarray(np.moveaxis(by_round, 1, 0))
        self._stays = batteries.cloud_persistence
        hours = np.arange(scenario.horizon) % batteries.rounds_per_day
        factors = batteries.harvest_factors()[:, hours]
        self._harvest = scenario.fastest_energies[:, None, None] * factors

    def penalties(
        self,
        episode: KnownEpisode,
        sky: Indices,
        deviations: Array,
        rng: np.random.Generator,
        draws: int = DRAWS,
    ) -> Array:
        """Penalties P_s(B) of an episode [s], shape (T + 1, N, charges + 1).

        Those before the first round and at the end are 0.

        Args:
            episode: The episode.
            sky: The sky over each device, shape (T, N).
            deviations: True shadowing in standard deviations, shape (T, N).
            rng: Draws what could have followed; independent of the episode.
            draws: Draws of it, a power of two.

        Raises:
            FieldError: If ``draws`` is no power of two.
        """
        if whole_number("draws", draws, 1) & (draws - 1):
            raise FieldError("draws", draws, "a power of two")
        rounds, devices = sky.shape
        penalties = np.zeros((devices, rounds + 1, self._ahead.shape[-1]))
        realised = episode.delay, episode.energy, deviations, sky
        for first, drawn in draws_after(self._scenario, deviations[:-1], draws, rng):
            for n in range(devices):
                law = self._ahead[n], self._middles, self._harvest[n], self._stays
                known: Any = tuple(np.ascontiguousarray(each[:, n]) for each in realised)
                taken: Any = tuple(np.ascontiguousarray(each[:, :, n]) for each in drawn)
                _fill(first + 1, known, taken, law, episode.battery(n), penalties[n])
        return np.moveaxis(penalties, 0, 1)


def _middles(chain: ShadowingChain) -> Array:
    """The mean deviation of each level of shadowing, shape (K,)."""
    return np.asarray(-np.diff(norm.pdf(ndtri(chain.ends))) / chain.probabilities)


@kernel
def _fill(
    first: int,
    known: tuple[Array, Array, Array, Indices],
    drawn: tuple[Array, Array, Array],
    law: tuple[Array, Array, Array, float],
    battery: Battery,
    penalties: Array,
) -> None:
    """Writes the penalties of some rounds of one device.

    Args:
        first: The first of the rounds.
        known: Delay [s] and energy [J] of the options of all rounds, shape (T, L) each, shadowing
            in deviations and sky, shape (T,).
        drawn: As in :class:`Draws`, for each of the rounds.
        law: W, shape (T + 1, 2, K, n + 1), the middles of its levels, harvests under each sky [J],
            shape (2, T), and the probability that the sky stays.
        battery: The battery.
        penalties: To fill [s], shape (T + 1, n + 1).
    """
    (delay, energy, deviations, sky), (ahead, middles, harvest, stays) = known, law
    now, after = np.empty(penalties.shape[1]), np.empty(penalties.shape[1])
    rounds, draws = drawn[0].shape
    for r in range(rounds):
        s = first + r
        for c in range(2):
            weight = (stays if c == sky[s - 1] else 1.0 - stays) / draws
            for m in range(draws if weight > 0.0 else 0):
                _interpolate(drawn[0][r, m], middles, ahead[s + 1, c], after)
                _value(drawn[1][r, m], drawn[2][r, m], harvest[c, s], after, battery, now)
                penalties[s] += weight * now
        _interpolate(deviations[s], middles, ahead[s + 1, sky[s]], after)
        _value(delay[s], energy[s], harvest[sky[s], s], after, battery, now)
        penalties[s] -= now


@kernel
def _interpolate(deviation: float, middles: Array, ahead: Array, after: Array) -> None:
    """Writes W under a shadowing [s], shape (n + 1,), from that of the levels, (K, n + 1)."""
    last = len(middles) - 1
    k = min(max(int(np.searchsorted(middles, deviation)) - 1, 0), last - 1)
    share = (deviation - middles[k]) / (middles[k + 1] - middles[k])
    share = min(max(share, 0.0), 1.0)
    lower, upper = ahead[k], ahead[k + 1]
    for i in range(len(after)):
        after[i] = (1.0 - share) * lower[i] + share * upper[i]


@kernel
def _value(
    delay: Array, energy: Array, harvest: float, after: Array, battery: Battery, now: Array
) -> None:
    """Writes U of a round with known options [s], shape (n + 1,)."""
    now[:] = np.inf
    for option in range(len(delay)):
        if not _is_dominated(option, delay, energy):
            lower_by_option(now, delay[option], energy[option], harvest, after, battery)


@kernel
def _is_dominated(option: int, delay: Array, energy: Array) -> bool:
    """Whether another option takes no more of either, and less of one or stands before it."""
    for other in range(len(delay)):
        more = delay[option] - delay[other], energy[option] - energy[other]
        if min(more) >= 0.0 and (max(more) > 0.0 or other < option):
            return True
    return False
