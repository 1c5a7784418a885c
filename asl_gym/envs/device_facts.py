"""Static facts of devices as observations by device have them, absolute whatever the fleet."""

import numpy as np

from asl_gym.arrays import Array
from asl_gym.scenario.scenario import Scenario

__all__ = ["RATE_UNIT", "device_facts", "speed_per_hertz"]

RATE_UNIT, SPEED_UNIT, ENERGY_UNIT, POWER_UNIT = 1e7, 1e9, 1e-9, 0.1
"""Units of the logarithms: 10 Mbit/s, 1 GFLOP/s, 1 nJ/FLOP, 0.1 W."""


def speed_per_hertz(scenario: Scenario) -> Array:
    """What clocks are multiplied by to be speeds in their unit, shape (N,)."""
    clock = np.asarray(scenario.fleet.clock_hz)
    return np.asarray(scenario.cost_model.per_flop(clock)[0] / SPEED_UNIT)


def device_facts(scenario: Scenario, medians: tuple[Array, Array]) -> Array:
    """Decimal logarithms of full speed, energy per FLOP, transmit power and median rates.

    Args:
        scenario: The scenario.
        medians: The devices' median uplink and downlink rates [bit/s], shape (N,) each.

    Returns:
        Shape (N, 5).
    """
    fleet, clock = scenario.fleet, np.asarray(scenario.fleet.clock_hz)
    static = (
        clock * speed_per_hertz(scenario),
        scenario.cost_model.per_flop(clock)[1] / ENERGY_UNIT,
        np.asarray(fleet.sending_power_w or fleet.transmit_power_w) / POWER_UNIT,
        *(rates / RATE_UNIT for rates in medians),
    )
    return np.asarray(np.log10(static).T)
