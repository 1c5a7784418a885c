"""From what a caller names to a scenario: a preset or a file, and changes by keyword or by path."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from asl_gym.model.components import Schedule
from asl_gym.model.demands import PERFECT, Budget
from asl_gym.model.limits import MAX_ROUNDS
from asl_gym.scenario.overlays import nested, overlaid
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import NEWEST_SCHEMA, Scenario
from asl_gym.validation.checks import FieldError, whole_number
from asl_gym.validation.fields import checked_fields
from asl_gym.validation.json_files import fields_of_file, read_json, without_schema

__all__ = ["ScenarioArguments", "build_scenario", "load_scenario", "with_settings"]

BESIDE_FIELDS = ("num_devices", "budget_fraction")
"""What changes of a scenario may name beside its fields."""

BASE = "preset"
"""Key of a scenario's file that holds changes of a preset alone."""

NO_MATTER = Budget(fraction=0.5)
"""Of a scenario that is about to get another."""


class ScenarioArguments(TypedDict, total=False):
    """What changes a scenario; what is left out or ``None`` is the scenario's own.

    Attributes:
        num_devices: Fleet size, see :meth:`Scenario.with_num_devices`.
        horizon: Rounds of an episode.
        budget: A :class:`Budget`, or the system's energy per round [J].
        v: The delay-energy knob of drift plus penalty.
        csi_delay_rounds: See :class:`asl_gym.Knowledge`.
        parameter_error: Likewise.
        schedule: What the scenario's schedule has to be; it doesn't change it.
        on_batteries: Whether its devices have to run on batteries; likewise.
        cloud_shown: See :class:`asl_gym.Batteries`.
    """

    num_devices: int | None
    horizon: int | None
    budget: Budget | float | None
    v: float | None
    csi_delay_rounds: int | None
    parameter_error: float | None
    schedule: Schedule | None
    on_batteries: bool | None
    cloud_shown: bool | None


def build_scenario(
    scenario: Scenario | str | Path, **arguments: Unpack[ScenarioArguments]
) -> Scenario:
    """Applies an environment's keyword arguments to a scenario.

    Args:
        scenario: A scenario, a preset's name, or a JSON file.
        **arguments: See :class:`ScenarioArguments`.

    Raises:
        FieldError: If a value is not allowed, or contradicts what the scenario itself says of the
            controller's knowledge.
    """
    built = load_scenario(scenario)
    if (schedule := arguments.get("schedule")) not in (None, built.schedule):
        allowed = f"{schedule!r}, which the environment id stands for"
        raise FieldError("scenario.schedule", built.schedule, allowed)
    built = _with_batteries(built, arguments)
    if (horizon := arguments.get("horizon")) is not None:
        # A shorter horizon first, since only a smaller fleet fits into a longer one.
        horizon = whole_number("horizon", horizon, 1, MAX_ROUNDS)
        built = built.replace(horizon=min(horizon, built.horizon))
    changes: dict[str, Any] = {} if horizon is None else {"horizon": horizon}
    if (budget := arguments.get("budget")) is not None:
        changes["budget"] = _budget(budget)
        if arguments.get("num_devices") is not None:
            # The scenario's own, which may be of its devices, stands no longer.
            built = built.replace(budget=NO_MATTER)
    if (num_devices := arguments.get("num_devices")) is not None:
        built = built.with_num_devices(num_devices)
    if (v := arguments.get("v")) is not None:
        changes["v"] = v
    built = built.replace(**changes) if changes else built
    asked = {name: arguments.get(name) for name in ("csi_delay_rounds", "parameter_error")}
    return _with_knowledge(built, {name: one for name, one in asked.items() if one is not None})


def _with_batteries(scenario: Scenario, arguments: ScenarioArguments) -> Scenario:
    """Checks and applies what an environment id or a caller says of batteries."""
    batteries = scenario.batteries
    if arguments.get("on_batteries") and batteries is None:
        allowed = "a scenario with batteries, which the environment id stands for"
        raise FieldError("scenario.batteries", None, allowed)
    if batteries is not None and arguments.get("budget") is not None:
        allowed = "to leave it out where devices run on batteries"
        raise FieldError("budget", arguments["budget"], allowed)
    if (shown := arguments.get("cloud_shown")) is None:
        return scenario
    if batteries is None:
        raise FieldError("cloud_shown", shown, "to leave it out where devices have no batteries")
    return scenario.replace(batteries=replace(batteries, cloud_shown=shown))


def _budget(given: Budget | Mapping[str, Any] | float) -> Budget:
    if isinstance(given, Budget):
        return given
    # A mapping where it comes from the JSON of an environment's specification.
    parts = given if isinstance(given, Mapping) else {"joules": given}
    return Budget(**checked_fields(Budget, "budget", parts))


def load_scenario(scenario: Scenario | Mapping[str, Any] | str | Path) -> Scenario:
    """Returns a scenario given as itself or its data, by its preset's name, or as a JSON file.

    Data and files hold a whole scenario, or ``preset`` and what differs from it, for example
    ``{"preset": "default", "num_devices": 20, "radio": {"bandwidth_hz": 10e6}}``, see
    :func:`with_settings`.

    Raises:
        FieldError: If a string is neither a preset nor an existing ``.json`` file, or the file is
            not one of a scenario.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return _from_data(scenario)
    if isinstance(scenario, str | Path) and str(scenario).endswith(".json"):
        data = read_json(scenario, "scenario")
        with fields_of_file(scenario):
            return _from_data(data)
    if not isinstance(scenario, str):
        raise FieldError("scenario", scenario, "a Scenario, a preset's name or a JSON file")
    return preset(scenario)


def with_settings(
    scenario: Scenario | Mapping[str, Any] | str | Path, settings: Mapping[str, Any]
) -> Scenario:
    """Returns a scenario with some fields changed by their dotted paths.

    Args:
        scenario: As for :func:`load_scenario`.
        settings: Values by path, for example ``{"radio.bandwidth_hz": 10e6, "v": 2}``: fields as
            they stand in a scenario's JSON, ``num_devices`` and ``budget_fraction``, and names in
            words, see :mod:`asl_gym.scenario.overlays`.

    Raises:
        FieldError: If a path is unknown or a value is not allowed.
    """
    return _changed(load_scenario(scenario), nested(settings))


def _from_data(data: Any) -> Scenario:
    if not isinstance(data, Mapping) or BASE not in data:
        return Scenario.from_dict(data)
    changes = dict(without_schema("scenario", data, NEWEST_SCHEMA))
    return _changed(preset(changes.pop(BASE)), changes)


def _changed(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    """A scenario with changes in nested plain data; the fleet's size and the horizon come first."""
    known = (*(each.name for each in fields(Scenario)), *BESIDE_FIELDS)
    for name in changes:
        if name not in known:
            raise FieldError("scenario", name, "one of the fields " + ", ".join(known))
    if "budget_fraction" in changes:
        if "budget" in changes:
            allowed = "budget or budget_fraction, not both"
            raise FieldError("budget_fraction", changes["budget_fraction"], allowed)
        changes["budget"] = {"fraction": changes.pop("budget_fraction")}
    built = _resized(scenario, changes) if "num_devices" in changes else scenario
    return overlaid(built, changes) if changes else built


def _resized(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    """The scenario with the number of devices, and the horizon, that changes ask for."""
    num_devices, horizon = changes.pop("num_devices"), changes.pop("horizon", None)
    if isinstance(changes.get("fleet", {}), str):
        raise FieldError("num_devices", num_devices, "num_devices or a fleet in words, not both")
    if "budget" in changes and scenario.batteries is None:
        scope = scenario.energy_limit.scope
        scenario = scenario.replace(budget=Budget(scope, fraction=NO_MATTER.fraction))
    return build_scenario(scenario, num_devices=num_devices, horizon=horizon)


def _with_knowledge(scenario: Scenario, asked: dict[str, Any]) -> Scenario:
    """Applies what an environment id or a caller says of the controller's knowledge."""
    own = scenario.knowledge
    wanted = replace(own, **asked)
    for name, value in asked.items():
        if getattr(own, name) not in (getattr(PERFECT, name), getattr(wanted, name)):
            allowed = f"{getattr(own, name)!r}, which the scenario says, or to leave it out"
            raise FieldError(name, value, allowed)
    return scenario.replace(knowledge=wanted) if asked else scenario
