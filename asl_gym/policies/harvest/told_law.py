"""The mark: a policy that is told the laws of weather and channel, and knows no more of the future.

For each device a programme over rounds, sky, level of shadowing and charge, backward in time:

    V_t(c, k, B) = mean over rates and clocks in k of min_ℓ [d + wait + W_{t+1}(c, k, B′)]
    W_t(c, k, B) = Σ P(c → c′) P(k → k′) V_t(c′, k′, B)

with W_T the end charge and c, k those of the round before. In play the sky is shown and the level
is believed in by what rates have been shown (:mod:`asl_gym.policies.harvest.shadowing`); each
option is charged the believed mean of W. So it is the causal optimum but for few levels, finite
samples, linear interpolation between charges, and that it reckons as if levels were shown from the
next round on.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from asl_gym.arrays import Array, Float32, Splits
from asl_gym.compiling import announced, compiled
from asl_gym.envs.codec import Observation
from asl_gym.model.batteries import CLEAR, CLOUDY
from asl_gym.policies.harvest.base import HarvestPolicy
from asl_gym.policies.harvest.known import batteries_of, option_costs
from asl_gym.policies.harvest.shadowing import ShadowingChain, stratified
from asl_gym.policies.harvest.shown import BatteryRound
from asl_gym.policies.remembering import RememberingPolicy
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.charge_levels import Battery, fill_end, lower_by_option
from asl_gym.solvers.sequential import cheapest_options
from asl_gym.validation.checks import FieldError

__all__ = ["Belief", "ToldTheLaw", "programme"]

SAMPLES, CHARGES = 32, 256
"""Rates and clocks drawn in each level of shadowing, and steps between charges."""

SEED = 0
"""Of these draws."""

KEPT = 2
"""Programmes that are kept, since policies of a scenario are often built again."""


class Belief(NamedTuple):
    """What is believed of the present round by what has been shown, for B environments.

    Attributes:
        level: Probability of each level of shadowing, shape (B, N, K).
        clear: Probability of a clear sky, shape (B, N).
    """

    level: Array
    clear: Array


@compiled
def _decide(
    delay: Array, energy: Array, harvest: float, after: Array, battery: Battery, now: Array
) -> None:
    """Writes V of a round at all charges, the mean over drawn options.

    Args:
        delay: Delay of drawn options without waiting [s], shape (M, L).
        energy: Their energies [J], likewise.
        harvest: What is harvested [J].
        after: W after the round, shape (n + 1,).
        battery: The battery.
        now: To fill, shape (n + 1,).
    """
    samples, options = delay.shape
    best = np.empty_like(now)
    now[:] = 0.0
    for sample in range(samples):
        best[:] = np.inf
        for option in range(options):
            taken = delay[sample, option], energy[sample, option]
            lower_by_option(best, taken[0], taken[1], harvest, after, battery)
        now += best / samples


@compiled
def _expect(moves: tuple[Array, Array], now: Array, after: Array) -> None:
    """Writes W before a round, shape (2, K, n + 1), the mean of V over what may be shown then.

    Args:
        moves: Probabilities of the next sky, (2, 2), and level, (K, K), given the present ones.
        now: V, shape (2, K, n + 1).
        after: To fill, likewise.
    """
    skies, levels, _ = now.shape
    for sky, level in np.ndindex(skies, levels):
        after[sky, level] = 0.0
        for next_sky, next_level in np.ndindex(skies, levels):
            chance = moves[0][sky, next_sky] * moves[1][level, next_level]
            after[sky, level] += chance * now[next_sky, next_level]


@announced("Compiling the programme that is told the law: some 10 s, once.")
@compiled
def _fill(
    delay: Array,
    energy: Array,
    harvest: Array,
    moves: tuple[Array, Array],
    battery: Battery,
    ahead: Float32,
) -> None:
    """Writes W of one device.

    Args:
        delay: Delay of drawn options without waiting [s], shape (K, M, L).
        energy: Their energies [J], likewise.
        harvest: Harvest under each sky [J], shape (2, T).
        moves: As for :func:`_expect`.
        battery: The battery.
        ahead: To fill with W less W at a full battery [s], shape (T + 1, 2, K, n + 1).
    """
    rounds, skies, levels, charges = ahead.shape
    after, now = np.empty((skies, levels, charges)), np.empty((skies, levels, charges))
    for sky, level in np.ndindex(skies, levels):
        fill_end(after[sky, level], battery, True)
    for t in range(rounds - 1, -1, -1):
        for sky, level in np.ndindex(skies, levels):
            ahead[t, sky, level] = after[sky, level] - after[sky, level, -1]
        if t > 0:
            for sky, level in np.ndindex(skies, levels):
                options = delay[level], energy[level]
                gained = harvest[sky, t - 1]
                _decide(options[0], options[1], gained, after[sky, level], battery, now[sky, level])
            _expect(moves, now, after)


@lru_cache(KEPT)
def programme(scenario: Scenario, samples: int = SAMPLES, charges: int = CHARGES) -> Float32:
    """W of every device less W at a full battery [s], shape (T + 1, N, 2, K, n + 1).

    Args:
        scenario: A scenario with batteries.
        samples: Rates and clocks drawn in each level.
        charges: Steps n between charges.
    """
    batteries, chain = batteries_of(scenario), ShadowingChain(scenario)
    horizon, devices = scenario.horizon, scenario.num_devices
    delay, energy = _drawn_options(scenario, chain, samples)
    mean = scenario.fastest_energies
    factors = batteries.harvest_factors()
    days = -(-horizon // batteries.rounds_per_day)
    harvest = np.tile(factors, days)[:, :horizon]
    stays = batteries.cloud_persistence
    moves = np.array([[stays, 1.0 - stays], [1.0 - stays, stays]]), chain.transitions
    ahead = np.empty((horizon + 1, devices, 2, chain.levels, charges + 1), dtype=np.float32)
    capacities, starts = batteries.capacities(mean), batteries.initial_charges(mean)
    for n in range(devices):
        battery = Battery(float(capacities[n]), batteries.trickle_power_w, float(starts[n]))
        _fill(delay[n], energy[n], mean[n] * harvest, moves, battery, ahead[:, n])
    return ahead


def _drawn_options(scenario: Scenario, chain: ShadowingChain, samples: int) -> tuple[Array, Array]:
    """Delays [s] and energies [J] of options under drawn rates and clocks, (N, K, M, L) each."""
    rng, fleet = np.random.default_rng(SEED), scenario.fleet
    delays, energies = [], []
    for level in range(chain.levels):
        rates = chain.draw_rates(level, samples, rng)
        share = stratified((samples, fleet.num_devices), rng)
        least = fleet.min_clock_fraction
        clocks = np.asarray(fleet.clock_hz) * (least + (1.0 - least) * share)
        delay, energy = option_costs(scenario, *rates, clocks)
        delays.append(delay)
        energies.append(energy)
    stacked = (np.stack(each).transpose(2, 0, 1, 3) for each in (delays, energies))
    delay, energy = (np.ascontiguousarray(each) for each in stacked)
    return delay, energy


class ToldTheLaw(HarvestPolicy, RememberingPolicy):
    """Plays the programme of the scenario's own laws, see the module's description.

    It takes some seconds to build. Its memory is its belief.

    Args:
        env: The environment or scenario.
        samples: Rates and clocks drawn in each level of shadowing.
        charges: Steps between charges of the programme.

    Raises:
        FieldError: If devices have no batteries, or a link in place of a radio, or harvests were
            measured, of which there is no law.
    """

    def __init__(self, env: Any, samples: int = SAMPLES, charges: int = CHARGES) -> None:
        super().__init__(env)
        if self.harvest is not None:
            allowed = "none, for ToldTheLaw is told the law of synthetic weather"
            raise FieldError("harvest", self.harvest, allowed)
        self._chain = ShadowingChain(self.scenario)
        self._ahead = programme(self.scenario, samples, charges)
        self._sunny = self.scenario.fastest_energies * self.batteries.harvest_factors()[..., None]

    def remember_and_decide(
        self, seen: Observation, memory: Belief | None, starts: NDArray[np.bool_]
    ) -> tuple[Splits, Array, Belief]:
        """Believes what is shown, then decides."""
        shown = self.shown(seen)
        belief = self.believed(shown, seen.uplink_bps, seen.downlink_bps, memory, starts)
        splits = self.believing_cuts(shown, belief)
        return splits, self.full_clock(splits), belief

    def believed(
        self,
        shown: BatteryRound,
        uplink_bps: Array,
        downlink_bps: Array,
        memory: Belief | None,
        starts: NDArray[np.bool_],
    ) -> Belief:
        """What is believed once a round is shown.

        Args:
            shown: The round, leading axis B.
            uplink_bps: Shown uplink rates [bit/s], shape (B, N).
            downlink_bps: Shown downlink rates [bit/s], shape (B, N).
            memory: What was believed in the round before.
            starts: Which environments start an episode, shape (B,).
        """
        levels = self._chain.probabilities
        prior = np.broadcast_to(levels, (*shown.charge.shape, levels.size))
        clear = np.full(shown.charge.shape, 0.5)
        if memory is not None:
            stays = self.batteries.cloud_persistence
            moved = memory.level @ self._chain.transitions
            prior = np.where(starts[:, None, None], prior, moved)
            moved = stays * memory.clear + (1.0 - stays) * (1.0 - memory.clear)
            clear = np.where(starts[:, None], clear, moved)
        weights = prior * self._chain.likelihood(uplink_bps, downlink_bps)
        total = weights.sum(axis=-1, keepdims=True)
        # A rate that the law rules out says nothing.
        level = np.where(total > 0.0, weights / np.where(total > 0.0, total, 1.0), prior)
        return Belief(level, self._sky(shown, clear))

    def _sky(self, shown: BatteryRound, clear: Array) -> Array:
        """The sky where it is shown; else by the harvest, if the sun makes a difference."""
        if shown.cloud is not None:
            return shown.cloud
        hour = np.asarray(shown.round_index) % self.batteries.rounds_per_day
        cloudy, sunny = self._sunny[CLOUDY, hour], self._sunny[CLEAR, hour]
        nearer = shown.harvest > 0.5 * (cloudy + sunny)
        return np.where(sunny > cloudy, nearer, clear)

    def believing_cuts(self, shown: BatteryRound, belief: Belief) -> Splits:
        """The decision under a belief, shape (B, N)."""
        steps = self._ahead.shape[-1] - 1
        after = shown.charges_after(self.capacity) / self.capacity[:, None] * steps
        place = np.minimum(after.astype(np.int64), steps - 1)
        values = [self._values(shown, belief, place + above) for above in (0, 1)]
        share = after - place
        ahead = (1.0 - share) * values[0] + share * values[1]
        return cheapest_options(shown.total_delay(self.batteries) + ahead, shown.energy)

    def _values(self, shown: BatteryRound, belief: Belief, place: Splits) -> Array:
        """The believed mean of W at charges that options lead to, shape (B, N, L)."""
        later = np.asarray(shown.round_index)[:, None, None] + 1
        device = np.arange(place.shape[1])[:, None]
        chances = np.stack([1.0 - belief.clear, belief.clear], axis=-1)
        total = np.zeros(place.shape)
        for sky in (CLOUDY, CLEAR):
            found = np.moveaxis(self._ahead, 3, -1)[later, device, sky, place]
            by_level = np.einsum("bnlk,bnk->bnl", found, belief.level)
            total += chances[:, :, None, sky] * by_level
        return total
