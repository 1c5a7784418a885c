"""Episodes of devices on batteries that are known from end to end, for tuning and for learning."""

from collections.abc import Sequence

import numpy as np

from asl_gym.arrays import Array
from asl_gym.policies.harvest.base import batteries_of
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace
from asl_gym.traces.weather import with_weather

__all__ = ["harvest_traces", "known_costs"]


def harvest_traces(scenario: Scenario, seeds: Sequence[int]) -> Trace:
    """The traces, with the weather, of the environment's episodes of so many seeds, (S, T, N)."""
    keys = episode_keys([np.random.default_rng(seed) for seed in seeds])
    drawn = SyntheticTraces(scenario.fleet, scenario.device_radio).of_keys(keys, scenario.horizon)
    return with_weather(batteries_of(scenario), scenario.fastest_energies, drawn, keys)


def known_costs(scenario: Scenario, trace: Trace) -> tuple[Array, Array]:
    """What every option costs in each round of traces.

    Returns:
        Delay a + w/f at the server's full clock [s] and energy of the device [J], shape
        (..., T, N, L) each.
    """
    model = scenario.cost_model
    options = model.all_options(model.unit_costs(*trace.real(), *trace.factors()))
    delay = options.fixed_delay + options.server_work / scenario.server.clock_max_hz
    return delay, options.device_energy
