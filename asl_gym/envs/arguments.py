"""What both environments make of their arguments: scenario, simulation, reset options."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from asl_gym.envs.observations import observation_codec
from asl_gym.envs.rewards import Reward
from asl_gym.envs.simulation import Simulation
from asl_gym.model.components import PERFECT, Budget
from asl_gym.scenario.presets import load_scenario
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.synthetic import SyntheticTraces, TraceSource
from asl_gym.validation import FieldError, one_of

__all__ = ["build_scenario", "checked_options", "make_simulation"]


def build_scenario(
    scenario: Scenario | str | Path,
    num_devices: int | None,
    horizon: int | None,
    budget: Budget | float | None,
    csi_delay_rounds: int | None = None,
    parameter_error: float | None = None,
) -> Scenario:
    """Applies the environment's keyword arguments to a scenario.

    Args:
        scenario: A scenario, a preset's name, or a JSON file.
        num_devices: Fleet size, see :meth:`Scenario.with_num_devices`; ``None`` keeps it.
        horizon: Rounds of an episode; ``None`` keeps it.
        budget: A :class:`Budget`, or the system's energy per round [J]; ``None`` keeps it.
        csi_delay_rounds: See :class:`asl_gym.knowledge.Knowledge`; ``None`` keeps it.
        parameter_error: Likewise.

    Raises:
        FieldError: If a value is not allowed, or contradicts what the scenario itself says of the
            controller's knowledge.
    """
    built = load_scenario(scenario)
    if num_devices is not None:
        built = built.with_num_devices(num_devices)
    if horizon is not None:
        built = built.replace(horizon=horizon)
    if budget is not None:
        given = budget if isinstance(budget, Budget) else Budget(joules=budget)
        built = built.replace(budget=given)
    asked = {"csi_delay_rounds": csi_delay_rounds, "parameter_error": parameter_error}
    return _with_knowledge(built, {name: one for name, one in asked.items() if one is not None})


def _with_knowledge(scenario: Scenario, asked: dict[str, Any]) -> Scenario:
    """Applies what an environment id or a caller says of the controller's knowledge."""
    own = scenario.knowledge
    for name, value in asked.items():
        if getattr(own, name) not in (getattr(PERFECT, name), value):
            allowed = f"{getattr(own, name)!r}, which the scenario says, or to leave it out"
            raise FieldError(name, value, allowed)
    return scenario.replace(knowledge=replace(own, **asked)) if asked else scenario


def checked_options(options: dict[str, Any] | None) -> dict[str, Any]:
    """Returns reset's options after refusing unknown ones.

    Raises:
        ValueError: If there is an option other than ``trace``.
    """
    options = options or {}
    for name in options:
        if name != "trace":
            raise ValueError(f"reset option {name!r} is not known: expected 'trace'")
    return options


def make_simulation(
    scenario: Scenario, num_rows: int, reward: str, traces: TraceSource | None, observation: str
) -> Simulation:
    """Builds the simulation behind an environment, synthetic traces by default."""
    one_of("reward", reward, get_args(Reward))
    codec = observation_codec(observation, scenario)
    if traces is None:
        traces = SyntheticTraces(scenario.fleet, scenario.device_radio)
    else:
        check_source(traces, scenario)
    return Simulation(scenario, num_rows, reward, traces, codec)  # type: ignore[arg-type]


def check_source(traces: TraceSource, scenario: Scenario) -> None:
    """Checks that a source of traces goes with a scenario.

    Raises:
        FieldError: If it is no source, or was made for another fleet or radio.
    """
    if not callable(getattr(traces, "draw", None)):
        raise FieldError("traces", traces, "a TraceSource, which has draw()")
    for part in ("fleet", "radio"):
        if getattr(traces, part, None) not in (None, getattr(scenario, part)):
            raise FieldError("traces", traces, f"a source made for this scenario's {part}")
    if scenario.budget.refers_to == "reference trace":
        warnings.warn(
            f"the energy budget of {scenario.energy_budget:g} J refers to synthetic channels, not "
            "to traces=; scenario.with_budget_on(traces) makes one that refers to them",
            stacklevel=4,
        )
