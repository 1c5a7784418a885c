"""What options cost devices on batteries, and episodes that are known from end to end."""

from collections.abc import Sequence

import numpy as np

from asl_gym.arrays import Array
from asl_gym.model.batteries import Batteries
from asl_gym.model.options import UnitCosts
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.luck import episode_keys
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.traces.trace import Trace
from asl_gym.traces.weather import with_weather
from asl_gym.validation.checks import FieldError

__all__ = ["batteries_of", "harvest_traces", "known_costs", "option_costs"]


def batteries_of(scenario: Scenario) -> Batteries:
    """The batteries of a scenario.

    Raises:
        FieldError: If its devices have none.
    """
    if scenario.batteries is None:
        allowed = "batteries, as in the preset 'harvest', which this policy is made for"
        raise FieldError("scenario.batteries", None, allowed)
    return scenario.batteries


def harvest_traces(scenario: Scenario, seeds: Sequence[int]) -> Trace:
    """The traces, with the weather, of the environment's episodes of so many seeds, (S, T, N)."""
    keys = episode_keys([np.random.default_rng(seed) for seed in seeds])
    drawn = SyntheticTraces(scenario.fleet, scenario.device_radio).of_keys(keys, scenario.horizon)
    return with_weather(batteries_of(scenario), scenario.fastest_energies, drawn, keys)


def known_costs(scenario: Scenario, trace: Trace) -> tuple[Array, Array]:
    """What every option costs in each round of traces, see :func:`option_costs`."""
    model = scenario.cost_model
    return _costs(scenario, model.unit_costs(*trace.real(), *trace.factors()))


def option_costs(
    scenario: Scenario, uplink_bps: Array, downlink_bps: Array, clock_hz: Array
) -> tuple[Array, Array]:
    """What every option costs under rates [bit/s] and clocks [Hz], arrays of shape (..., N).

    Returns:
        Delay a + w/f at the server's full clock [s] and energy of the device [J], shape
        (..., N, L) each.
    """
    return _costs(scenario, scenario.cost_model.unit_costs(uplink_bps, downlink_bps, clock_hz))


def _costs(scenario: Scenario, unit: UnitCosts) -> tuple[Array, Array]:
    options = scenario.cost_model.all_options(unit)
    delay = options.fixed_delay + options.server_work / scenario.server.clock_max_hz
    return np.asarray(delay), options.device_energy
