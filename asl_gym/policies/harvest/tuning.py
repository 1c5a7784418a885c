"""Tuning prices of energy on seeds of their own; ``python -m asl_gym.policies.harvest.tuning``.

The search is random: :data:`DRAWS` parameters within :data:`RANGES`, then, :data:`REFINEMENTS`
times, as many normal steps around the best so far, which get smaller. Every candidate is tried on
every device, so that one search finds the best for all and the best for each.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asl_gym.arrays import Array
from asl_gym.compiling import compiled
from asl_gym.model.batteries import lane_charge_after, lane_end_charge, lane_wait
from asl_gym.policies.harvest.deficit_price import DeficitPrice, lane_deficit_price
from asl_gym.policies.harvest.known import batteries_of, harvest_traces, known_costs
from asl_gym.policies.harvest.tuned import SHIPPED
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario

__all__ = ["RANGES", "TUNING_SEEDS", "total_delays", "tune", "tune_all"]

TUNING_SEEDS = range(5_000, 5_020)
"""Seeds of the episodes that prices are tuned on; no evaluation has them."""

DRAWS, REFINEMENTS, BEST = 300, 4, 8

_ALL = DeficitPrice((0.02, 2.0), (0.0, 5.0), (0.0, 3.0), (0.0, 1.0))

RANGES: dict[str, DeficitPrice] = {
    "constant": DeficitPrice(_ALL.scale, (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
    "deficit": _ALL._replace(swing=(0.0, 0.0), peak=(0.0, 0.0)),
    "drift-plus-penalty": _ALL,
}
"""Least and greatest parameters of each kind of price; scales are drawn by their logarithms."""


class Lanes(NamedTuple):
    """Episodes of one device.

    Attributes:
        delay: Delay of each option without waiting [s], shape (T, S, L).
        energy: Energy of each [J], shape (T, S, L).
        harvest: Harvests [J], shape (T, S).
        capacity: What the battery holds at most [J].
        start: What it holds at the start [J].
        trickle_power_w: Power of the backup charger ϖ [W].
        rounds_per_day: Rounds of a day.
    """

    delay: Array
    energy: Array
    harvest: Array
    capacity: float
    start: float
    trickle_power_w: float
    rounds_per_day: int


@compiled
def total_delays(lanes: Lanes, law: DeficitPrice) -> float:
    """Total delay of all episodes of a device under a price, end charges included [s]."""
    rounds, episodes, options = lanes.delay.shape
    trickle, total = lanes.trickle_power_w, 0.0
    charge = np.full(episodes, lanes.start)
    for t in range(rounds):
        part_of_day = (t % lanes.rounds_per_day + 0.5) / lanes.rounds_per_day
        for i in range(episodes):
            deficit = 1.0 - min(charge[i] / lanes.capacity, 1.0)
            price = lane_deficit_price(deficit, part_of_day, law) / trickle
            least, cost, after = np.inf, 0.0, 0.0
            for option in range(options):
                energy = lanes.energy[t, i, option]
                played = lanes.delay[t, i, option] + lane_wait(energy, charge[i], trickle)
                kept = lane_charge_after(charge[i], energy, lanes.harvest[t, i], lanes.capacity)
                if played - price * kept < least:
                    least, cost, after = played - price * kept, played, kept
            total += cost
            charge[i] = after
    for i in range(episodes):
        total += lane_end_charge(lanes.start, charge[i], trickle)
    return total


def tune(
    scenario: Scenario, kind: str, seeds: Sequence[int] = TUNING_SEEDS
) -> tuple[DeficitPrice, list[DeficitPrice]]:
    """The best price for all devices of a scenario, and for each.

    Args:
        scenario: A scenario with batteries.
        kind: One of :data:`RANGES`.
        seeds: Seeds of the episodes that candidates are tried on.
    """
    devices = _lanes(scenario, seeds)
    rng, (low, high) = np.random.default_rng(0), np.array(RANGES[kind]).T
    low[0], high[0] = np.log(low[0]), np.log(high[0])
    laws = rng.uniform(low, high, (DRAWS, 4))
    delays = _tried(laws, devices)
    for refinement in range(REFINEMENTS):
        common = np.argsort(delays.sum(axis=1))[:BEST]
        best = laws[np.concatenate([common, delays.argmin(axis=0)])]
        centres = best[rng.integers(len(best), size=DRAWS)]
        steps = rng.normal(size=centres.shape) * (high - low) * 0.1 / 2.0**refinement
        # The hour goes round; the others stop at the ends of their ranges.
        near = centres + steps
        near[:, 3] %= 1.0
        near = np.clip(near, low, high)
        laws, delays = np.concatenate([laws, near]), np.concatenate([delays, _tried(near, devices)])
    return _law(laws[delays.sum(axis=1).argmin()]), [_law(laws[i]) for i in delays.argmin(axis=0)]


def _law(parameters: Array) -> DeficitPrice:
    scale, *others = (float(each) for each in parameters)
    return DeficitPrice(float(np.exp(scale)), *others)


def _tried(laws: Array, devices: Sequence[Lanes]) -> Array:
    return np.array([[total_delays(lanes, _law(law)) for lanes in devices] for law in laws])


def _lanes(scenario: Scenario, seeds: Sequence[int]) -> list[Lanes]:
    """The episodes of each device."""
    batteries, mean = batteries_of(scenario), scenario.fastest_energies
    trace = harvest_traces(scenario, seeds)
    delay, energy = known_costs(scenario, trace)
    assert trace.harvest_j is not None
    figures = zip(batteries.capacities(mean), batteries.initial_charges(mean), strict=True)
    return [
        Lanes(
            _of_device(delay, n),
            _of_device(energy, n),
            _of_device(trace.harvest_j, n),
            float(capacity),
            float(start),
            float(batteries.trickle_power_w),
            batteries.rounds_per_day,
        )
        for n, (capacity, start) in enumerate(figures)
    ]


def _of_device(values: Array, device: int) -> Array:
    """Of an array (S, T, N, …) one device's part, shape (T, S, …)."""
    return np.ascontiguousarray(values[:, :, device].swapaxes(0, 1))


def tune_all(scenario: Scenario) -> dict[str, Any]:
    """All kinds of prices for a scenario, as :mod:`asl_gym.policies.harvest.tuned` ships them."""
    found: dict[str, Any] = {}
    for kind in RANGES:
        common, devices = tune(scenario, kind)
        found[kind] = {"common": [*common], "devices": [[*each] for each in devices]}
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Tunes the shipped prices anew, on the preset ``harvest``, and writes them."""
    parser = argparse.ArgumentParser(description="Tune and write the shipped prices of energy.")
    parser.add_argument("--to", type=Path, default=SHIPPED, help="where to write")
    given = parser.parse_args(arguments)
    text = json.dumps(tune_all(preset("harvest")), indent=1)
    given.to.write_text(text + "\n", encoding="utf-8")
    print(given.to)


if __name__ == "__main__":
    main()
