"""What both environments make of their arguments: scenario, simulation, view, reset options."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from asl_gym.envs.action_view import ActionView
from asl_gym.envs.actions import DEFAULT_VIEW, ActionViewName, action_view
from asl_gym.envs.batteries.simulation import BatterySimulation
from asl_gym.envs.observations import ObservationViewName, observation_codec
from asl_gym.envs.rewards import DEFAULT_ON_BATTERIES, DEFAULT_REWARD, Reward, rewards_for
from asl_gym.envs.simulation import Simulation
from asl_gym.scenario.building import ScenarioArguments, build_scenario
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured_harvest import MeasuredHarvest
from asl_gym.traces.synthetic import SyntheticTraces, TraceSource
from asl_gym.validation.checks import FieldError, one_of

__all__ = ["RENDER_MODES", "EnvArguments", "Parts", "build_parts", "checked_options"]

RENDER_MODES = ("ansi", "rgb_array")


class EnvArguments(ScenarioArguments, total=False):
    """Keyword arguments of the environments.

    Attributes:
        action_view: See :mod:`asl_gym.envs.actions`; ``"split"`` if left out.
        observation: See :mod:`asl_gym.envs.observations`; ``"flat"`` if left out.
        reward: See :mod:`asl_gym.envs.rewards`; ``"linear_drift"`` if left out, or
            ``"excess_delay"`` on batteries.
        traces: Where traces come from; the scenario's own channel model if left out.
        harvest: Measured harvests of devices on batteries; by the weather's law if left out.
        render_mode: One of :data:`RENDER_MODES`, or ``None``.
    """

    action_view: ActionViewName
    observation: ObservationViewName
    reward: Reward
    traces: TraceSource | None
    harvest: MeasuredHarvest | None
    render_mode: str | None


class Parts(NamedTuple):
    """What an environment is made of."""

    scenario: Scenario
    simulation: Simulation
    view: ActionView
    render_mode: str | None


def build_parts(num_rows: int, scenario: Scenario | str | Path, arguments: EnvArguments) -> Parts:
    """Builds the parts of an environment of so many rows.

    Raises:
        TypeError: If there is an argument that environments do not have.
        FieldError: If a value is not allowed.
        TextFileError: If a file of harvests has too few days.
    """
    known = EnvArguments.__optional_keys__
    for name in arguments:
        if name not in known:
            raise TypeError(f"argument {name!r} is not known: expected some of {sorted(known)}")
    own = ScenarioArguments.__optional_keys__
    of_scenario: Any = {name: value for name, value in arguments.items() if name in own}
    built = build_scenario(scenario, **of_scenario)
    on_batteries = built.batteries is not None
    default: Reward = DEFAULT_ON_BATTERIES if on_batteries else DEFAULT_REWARD
    reward = arguments.get("reward", default)
    one_of("reward", reward, rewards_for(on_batteries))
    codec = observation_codec(arguments.get("observation", "flat"), built)
    traces = arguments.get("traces")
    if traces is None:
        traces = SyntheticTraces(built.fleet, built.device_radio)
    else:
        _check_source(traces, built)
    view = action_view(arguments.get("action_view", DEFAULT_VIEW), built)
    render_mode = arguments.get("render_mode")
    if render_mode is not None:
        one_of("render_mode", render_mode, RENDER_MODES)
    harvest = arguments.get("harvest")
    _check_harvest(harvest, built)
    shared = built, num_rows, reward, traces, codec, render_mode is not None
    simulation = BatterySimulation(*shared, harvest) if on_batteries else Simulation(*shared)
    return Parts(built, simulation, view, render_mode)


def checked_options(options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Returns reset's options after refusing unknown ones.

    Raises:
        ValueError: If there is an option other than ``trace``.
    """
    options = {} if options is None else options
    if not isinstance(options, Mapping):
        raise ValueError(f"reset options = {options!r}: expected {{'trace': Trace}} or None")
    for name in options:
        if name != "trace":
            raise ValueError(f"reset option {name!r} is not known: expected 'trace'")
    return options


def _check_source(traces: TraceSource, scenario: Scenario) -> None:
    """Checks that a source of traces goes with a scenario.

    Raises:
        FieldError: If it is no source, or was made for another fleet or radio.
    """
    if not callable(getattr(traces, "draw", None)):
        raise FieldError("traces", traces, "a TraceSource, which has draw()")
    for part in ("fleet", "radio"):
        if getattr(traces, part, None) not in (None, getattr(scenario, part)):
            raise FieldError("traces", traces, f"a source made for this scenario's {part}")
    if scenario.budget is not None and scenario.budget.refers_to == "reference trace":
        warnings.warn(
            f"the energy budget of {scenario.energy_budget:g} J refers to synthetic channels, not "
            "to traces=; scenario.with_budget_on(traces) makes one that refers to them",
            stacklevel=4,
        )


def _check_harvest(harvest: Any, scenario: Scenario) -> None:
    """Checks that measured harvests go with a scenario.

    Raises:
        FieldError: If they are none, devices have no batteries, or skies are to be shown.
    """
    if harvest is None:
        return
    if not isinstance(harvest, MeasuredHarvest):
        allowed = "a MeasuredHarvest, which MeasuredHarvest.from_csv() reads"
        raise FieldError("harvest", harvest, allowed)
    if scenario.batteries is None:
        raise FieldError("harvest", harvest, "to leave it out where devices have no batteries")
    if scenario.batteries.cloud_shown:
        allowed = (
            "False with measured harvests, which tell nothing of the sky (cloud_shown=False, or "
            "--set batteries.cloud_shown=false)"
        )
        raise FieldError("batteries.cloud_shown", True, allowed)
