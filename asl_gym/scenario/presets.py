"""Named scenarios, the default one among them.

The default is this project's own choice (the paper's parameter values are not known to us):
ten devices with a wide spread of speed and distance, a small edge server, and a budget at which
the choice of split points is neither trivial nor one-sided. ``tests/test_presets.py`` holds the
criteria that it must meet.
"""

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

from asl_gym.model.batteries import Batteries
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.demands import MISMATCHED, STALE, Budget, Knowledge
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Fading, Radio
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError

__all__ = ["preset", "preset_names"]

HARVEST_DAYS = 3
"""Days of an episode on batteries."""


def _default() -> Scenario:
    clocks_ghz = (0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.4, 1.6, 2.0, 2.5)
    num_devices = len(clocks_ghz)
    return Scenario(
        fleet=Fleet(
            clock_hz=tuple(1e9 * clock for clock in clocks_ghz),
            flops_per_cycle=(2.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0),
            capacitance=(
                *(8e-27, 5e-27, 3.5e-27, 2.5e-27, 1.5e-27),
                *(1e-27, 8e-28, 6e-28, 4e-28, 2.5e-28),
            ),
            transmit_power_w=(0.1,) * num_devices,
            distance_m=(150, 330, 240, 110, 380, 200, 290, 90, 400, 170),
            min_clock_fraction=0.5,
        ),
        server=Server(clock_min_hz=0.2e9, clock_max_hz=4e9, flops_per_cycle=4.0, capacitance=4e-28),
        radio=Radio(
            bandwidth_hz=20e6,
            base_station_power_w=1.0,
            noise_density_dbm_per_hz=-174.0,
            noise_figure_db=9.0,
            path_loss_at_1km_db=128.1,
            path_loss_exponent_db=37.6,
            shadowing_std_db=8.0,
            shadowing_correlation=0.95,
            fading="block",
            rate_floor_bps=0.1e6,
            max_spectral_efficiency=8.0,
        ),
        workload=Workload(NetworkProfile.shipped("deep_lenet"), samples_per_round=320),
        budget=Budget(fraction=0.2),
    )


def _with_radio(scenario: Scenario, **changes: Any) -> Scenario:
    return scenario.replace(radio=dataclasses.replace(scenario.radio, **changes))


def _with_fading(fading: Fading) -> Callable[[], Scenario]:
    def build() -> Scenario:
        return _with_radio(preset("default"), fading=fading)

    return build


def _with_knowledge(knowledge: Knowledge) -> Callable[[], Scenario]:
    return lambda: preset("default").replace(knowledge=knowledge)


def _per_device_budgets() -> Scenario:
    """Each device has to keep a budget of its own, so that the luck of its channel counts.

    Shadowing changes faster than in the default scenario and the budget is wider: else one
    unlucky device in ten makes the budgets infeasible on many a trace.
    """
    scenario = preset("default")
    scenario = _with_radio(scenario, shadowing_correlation=0.3)
    return scenario.replace(budget=Budget(scope="per_device", fraction=0.8))


def _lenet5() -> Scenario:
    """LeNet-5, whose computing is so little that sending dominates what can be spent."""
    workload = Workload(NetworkProfile.shipped("lenet5"), samples_per_round=320)
    return preset("default").replace(workload=workload, budget=Budget(fraction=0.5))


def _parallel() -> Scenario:
    """All devices at once, on a wider channel and with rates that are means over the fading.

    A round waits for its slowest device: with one Rayleigh draw a round it would be the one in the
    deepest fade, whatever anybody decides, and so it would with shadowing that hardly changes.
    """
    scenario = preset("default")
    server = dataclasses.replace(scenario.server, clock_max_hz=3e9, capacitance=1e-27)
    budget = Budget(fraction=0.4)
    scenario = _with_radio(scenario, bandwidth_hz=60e6, fading="ergodic", shadowing_correlation=0.7)
    return scenario.replace(schedule="parallel", server=server, budget=budget)


def _harvest() -> Scenario:
    """Devices on batteries that the sun charges: three days, from dawn to dawn."""
    batteries = Batteries()
    horizon = HARVEST_DAYS * batteries.rounds_per_day
    return preset("default").replace(budget=None, batteries=batteries, horizon=horizon)


_PRESETS: dict[str, Callable[[], Scenario]] = {
    "default": _default,
    "ergodic": _with_fading("ergodic"),
    "no-fading": _with_fading("none"),
    "per-device-budgets": _per_device_budgets,
    "lenet5": _lenet5,
    "parallel": _parallel,
    "stale-csi": _with_knowledge(STALE),
    "mismatch": _with_knowledge(MISMATCHED),
    "harvest": _harvest,
}


def preset_names() -> tuple[str, ...]:
    """Names that :func:`preset` knows."""
    return tuple(_PRESETS)


@cache
def preset(name: str) -> Scenario:
    """Returns a named scenario.

    Raises:
        FieldError: If there is no such name.
    """
    if name not in _PRESETS:
        raise FieldError("scenario", name, "one of " + ", ".join(map(repr, _PRESETS)))
    return _PRESETS[name]()
