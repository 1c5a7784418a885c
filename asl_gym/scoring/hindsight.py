"""The hindsight bound of devices on batteries: no policy is faster on the same trace and weather.

Devices that train in turn at the server's full clock have nothing in common, so that the bound is
one a device. V_t(B) is the least that rounds t…T−1 and the end can come to for a device whose
battery holds B before round t, all luck known: V_T(B) = (B(0) − B)⁺/ϖ, or 0 without end charge, and

    V_t(B) = min_ℓ [d_ℓ + (e_ℓ − B)⁺/ϖ + V_{t+1}(min(C, (B − e_ℓ)⁺ + H))]

*Lemma.* For B ≤ B″: 0 ≤ V_t(B) − V_t(B″) ≤ (B″ − B)/ϖ. It holds for V_T. Let it hold for V_{t+1},
and play from B and from B″ the same option. With x = B − e and x″ = B″ − e the waits differ by
[(−x)⁺ − (−x″)⁺]/ϖ ≥ 0 and the charges after by no more than x″⁺ − x⁺ ≥ 0, since min(C, ·) brings
numbers no further apart; so the whole differs by at least 0, and by at most
[(−x)⁺ − (−x″)⁺ + x″⁺ − x⁺]/ϖ = (x″ − x)/ϖ. What holds for each option holds for the least of them.

*Bound.* Let L_T = V_T at levels B_0 < … < B_n, and for a charge B′ within B_j…B_{j+1}

    L_t(B_i) = min_ℓ [d_ℓ + (e_ℓ − B_i)⁺/ϖ + max(L_{t+1}(B_{j+1}), L_{t+1}(B_j) − (B′ − B_j)/ϖ)]

If L_{t+1} ≤ V_{t+1} at the levels, both terms are at most V_{t+1}(B′): the first since
V_{t+1}(B_{j+1}) ≤ V_{t+1}(B′), the second by the lemma's other side. So L_t ≤ V_t at the levels,
and L_0 ≤ V_0 at B(0) by the same two terms. ∎ What rounding may add is taken off in the end: a
round adds a few errors of ε(V + C/ϖ), for by the lemma no value is farther than C/ϖ from V.

The values are not convex, and linear interpolation is no bound: with options (d, e) = (1, 5) and
(3, 1), a round left and 1/ϖ = 1 s/J, V(0) = 4 and V(3) = 3, but V(1) = 3 and not 3⅔. As a policy it
is good, though: played on the real batteries, the programme of interpolated values shows how far
the bound can be from the optimum at most.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from asl_gym.arrays import Array, Indices, Splits
from asl_gym.compiling import compiled
from asl_gym.model.batteries import end_charge, lane_charge_after, lane_wait
from asl_gym.policies.harvest.known import batteries_of, known_costs
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.charge_levels import (
    Battery,
    fill_end,
    lower_by_bound,
    lower_by_option,
    value_at,
    value_below,
)
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError, whole_number

__all__ = ["LEVELS", "HindsightBound", "KnownEpisode", "hindsight_bound"]

LEVELS = 4_000
"""Levels n of a battery. Between bound and played policy lie 0.02% with as many at the default
scenario, 0.04% with half of them."""


ROUNDING = 8.0 * float(np.finfo(float).eps)
"""What rounding may add to a bound in a round, in units of the bound and C/ϖ."""


class KnownEpisode(NamedTuple):
    """All that an episode of devices on batteries depends on but the decisions.

    Attributes:
        delay: Delay without waiting of each option [s], shape (T, N, L).
        energy: Energy of the device [J], shape (T, N, L).
        harvest: Harvest credited in each round [J], shape (T, N).
        capacity: What batteries hold at most [J], shape (N,), > 0.
        initial_charge: What they hold at the start [J], shape (N,), within 0…capacity.
        trickle_power_w: Power of the backup charger ϖ [W].
        charges_end: Whether the end charge counts.
    """

    delay: Array
    energy: Array
    harvest: Array
    capacity: Array
    initial_charge: Array
    trickle_power_w: float
    charges_end: bool = True

    @classmethod
    def of(cls, scenario: Scenario, trace: Trace) -> "KnownEpisode":
        """The episode of a trace.

        Args:
            scenario: A scenario with batteries.
            trace: One trace with its harvests, shape (T, N).

        Raises:
            FieldError: If the scenario has no batteries, or the trace no harvests.
        """
        batteries, mean = batteries_of(scenario), scenario.fastest_energies
        if trace.harvest_j is None:
            raise FieldError("trace.harvest_j", None, "harvests, since devices run on batteries")
        delay, energy = known_costs(scenario, trace)
        return cls(
            delay,
            energy,
            trace.harvest_j,
            batteries.capacities(mean),
            batteries.initial_charges(mean),
            batteries.trickle_power_w,
        )

    def battery(self, device: int) -> Battery:
        """One device's battery, for compiled loops."""
        return Battery(
            float(self.capacity[device]),
            float(self.trickle_power_w),
            float(self.initial_charge[device]),
        )

    def check(self) -> None:
        """Raises a :class:`FieldError` where shapes or values are not as described."""
        rounds, devices, _ = self.delay.shape
        shapes = {
            "energy": self.delay.shape,
            "harvest": (rounds, devices),
            "capacity": (devices,),
            "initial_charge": (devices,),
        }
        for name, shape in shapes.items():
            if np.shape(getattr(self, name)) != shape:
                raise FieldError(name, np.shape(getattr(self, name)), f"an array of shape {shape}")
        for name in ("delay", "energy", "harvest"):
            values = getattr(self, name)
            if not (np.isfinite(values) & (values >= 0.0)).all():
                raise FieldError(name, values.min(), "finite numbers >= 0")
        if not (np.isfinite(self.capacity) & (self.capacity > 0.0)).all():
            raise FieldError("capacity", self.capacity, "finite numbers > 0")
        if not ((self.initial_charge >= 0.0) & (self.initial_charge <= self.capacity)).all():
            raise FieldError("initial_charge", self.initial_charge, "numbers within 0…capacity")
        if not 0.0 < self.trickle_power_w < np.inf:
            raise FieldError("trickle_power_w", self.trickle_power_w, "a finite number > 0")


@dataclass(frozen=True)
class HindsightBound:
    """A bound on an episode, and a policy that comes near to it knowing all.

    Attributes:
        device_bound: Lower bound on each device's total delay, end charge included [s], shape (N,).
        device_delay: What the played policy comes to [s], shape (N,).
        split_index: Its decisions, shape (T, N).
        charge: What batteries hold under it before each round and at the end [J], shape (T + 1, N).
    """

    device_bound: Array
    device_delay: Array
    split_index: Splits
    charge: Array

    @property
    def bound(self) -> float:
        """Lower bound on the episode's total delay, end charges included [s]."""
        return float(self.device_bound.sum())

    @property
    def delay(self) -> float:
        """What the played policy comes to [s]; the optimum lies between."""
        return float(self.device_delay.sum())

    @property
    def slack(self) -> float:
        """How far the bound may be below the optimum at most, relative to it; 0 where both are."""
        return self.delay / self.bound - 1.0 if self.delay > self.bound else 0.0


def hindsight_bound(episode: KnownEpisode, levels: int = LEVELS) -> HindsightBound:
    """The bound on an episode; the proof is in the module's description.

    Args:
        episode: The episode.
        levels: Levels n of each battery; time grows with them, and the slack falls.

    Raises:
        FieldError: If shapes or values are not allowed.
    """
    episode.check()
    levels = whole_number("levels", levels, 1)
    rounds, devices, _ = episode.delay.shape
    values = np.empty((rounds + 1, levels + 1))
    split_index = np.empty((devices, rounds), dtype=np.int64)
    charge = np.empty((devices, rounds + 1))
    found = np.empty((2, devices))
    for n in range(devices):
        battery = episode.battery(n)
        device = [np.ascontiguousarray(each[:, n]) for each in episode[:3]]
        delay, energy, harvest = (each.astype(float, copy=False) for each in device)
        found[0, n] = _solve(delay, energy, harvest, battery, episode.charges_end, values)
        found[1, n] = _play(delay, energy, harvest, battery, values, split_index[n], charge[n])
        if episode.charges_end:
            found[1, n] += end_charge(battery.start, charge[n, -1], battery.trickle_power_w)
    slips = ROUNDING * (rounds + 1) * (found[0] + episode.capacity / episode.trickle_power_w)
    bound = np.maximum(found[0] - slips, 0.0)
    return HindsightBound(bound, found[1], split_index.T.copy(), charge.T.copy())


@compiled
def _solve(
    delay: Array,
    energy: Array,
    harvest: Array,
    battery: Battery,
    charges_end: bool,
    values: Array,
) -> float:
    """The bound of one device; writes interpolated values of all rounds, shape (T + 1, n + 1)."""
    rounds, options = delay.shape
    fill_end(values[rounds], battery, charges_end)
    ahead = values[rounds].copy()
    bound = np.empty_like(ahead)
    for t in range(rounds - 1, -1, -1):
        bound[:] = np.inf
        values[t] = np.inf
        for option in range(options):
            cost = delay[t, option], energy[t, option], harvest[t]
            lower_by_option(values[t], cost[0], cost[1], cost[2], values[t + 1], battery)
            lower_by_bound(bound, cost[0], cost[1], cost[2], ahead, battery)
        ahead, bound = bound, ahead
    return value_below(battery.start, ahead, battery)


@compiled
def _play(
    delay: Array,
    energy: Array,
    harvest: Array,
    battery: Battery,
    values: Array,
    split_index: Indices,
    charge: Array,
) -> float:
    """Plays the programme of interpolated values; the sum of delays without the end charge."""
    rounds, options = delay.shape
    charge[0], total = battery.start, 0.0
    for t in range(rounds):
        least = np.inf
        for option in range(options):
            spent = energy[t, option]
            played = delay[t, option] + lane_wait(spent, charge[t], battery.trickle_power_w)
            after = lane_charge_after(charge[t], spent, harvest[t], battery.capacity)
            reached = played + value_at(after, values[t + 1], battery.capacity)
            if reached < least:
                least, split_index[t], charge[t + 1], cost = reached, option, after, played
        total += cost
    return total
