"""Rounds that are shown to policies, and options written out one by one."""

from typing import NamedTuple

import numpy as np

from asl_gym import Observation, Scenario
from asl_gym.arrays import Array
from tests.strategies import drawn_trace

__all__ = ["Table", "rounds_shown", "table_of"]


def rounds_shown(scenario: Scenario, seed: int, rounds: int = 2) -> Observation:
    """Rounds of a drawn trace with random queues, in physical units, as a batch."""
    trace, rng = drawn_trace(scenario, seed, rounds), np.random.default_rng(seed)
    scale = rng.exponential(3.0, (rounds, scenario.num_budgets))
    queue = scenario.energy_budgets * scale
    shape = rounds, scenario.num_devices
    realised = np.zeros(shape) if scenario.knowledge.shows_costs else None
    shown = trace.shown_uplink_bps, trace.shown_downlink_bps, trace.clock_hz
    return Observation(queue, np.ones(rounds), *shown, realised, realised)


class Table(NamedTuple):
    """The options of one device in one round, one entry a split point of its own."""

    delay: Array
    device_energy: Array
    server_energy: Array
    work: Array


def table_of(scenario: Scenario, seen: Observation, row: int, device: int) -> Table:
    """A device's options in a round of a batch, from the costs of chosen split points."""
    model = scenario.cost_model
    unit = seen.unit_costs(model).at(row)
    columns = []
    for index in range(scenario.split_points.counts[device]):
        chosen = np.zeros(scenario.num_devices, dtype=int)
        chosen[device] = index
        options = model.chosen_options(chosen, unit)
        columns.append([float(np.broadcast_to(each, chosen.shape)[device]) for each in options])
    return Table(*np.array(columns).T)
