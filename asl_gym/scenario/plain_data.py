"""A scenario's parts from plain data, as they stand in JSON."""

from collections.abc import Mapping
from typing import Any

from asl_gym.model.batteries import Batteries
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.demands import Budget, Knowledge
from asl_gym.model.kinds import PerKind
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Link, Radio
from asl_gym.model.timings import SideTimings, Timings
from asl_gym.validation.checks import FieldError, named_within, sequence
from asl_gym.validation.fields import checked_fields

__all__ = ["part_from"]

PARTS: dict[str, Any] = {
    "fleet": Fleet,
    "server": Server,
    "budget": Budget,
    "knowledge": Knowledge,
    "batteries": Batteries,
}
"""Parts whose fields are plain values."""

EITHER = ("budget", "batteries")
"""Parts of which a scenario has one and lacks the other."""


def part_from(name: str, data: Any) -> Any:
    """Builds a part of a scenario.

    Args:
        name: The field of the scenario.
        data: Its fields as plain data; anything else is returned for the scenario to check.

    Raises:
        FieldError: If a field is missing, unknown or not allowed.
    """
    if name in EITHER and data is None:
        return None
    if name in PARTS:
        return PARTS[name](**checked_fields(PARTS[name], name, data))
    if name == "timings":
        return _timings(data)
    if name == "radio":
        return _channel(data)
    if name == "workload":
        return _workload(data)
    if name == "per_kind":
        return tuple(_per_kind(f"per_kind[{i}]", one) for i, one in _entries(name, data))
    return data


def _timings(data: Any) -> Timings | SideTimings:
    """Those of one side where the data name it, else of both."""
    kind: Any = SideTimings if isinstance(data, Mapping) and "side" in data else Timings
    built: Timings | SideTimings = kind(**checked_fields(kind, "timings", data))
    return built


def _channel(data: Any) -> Radio | Link:
    """A link where the data state rates, else a radio."""
    kind: Any = Link if isinstance(data, Mapping) and "uplink_bps" in data else Radio
    built: Radio | Link = kind(**checked_fields(kind, "radio", data))
    return built


def _workload(data: Any) -> Workload:
    part = checked_fields(Workload, "workload", data)
    with named_within("workload"):
        part["profile"] = NetworkProfile.from_dict(part["profile"])
    return Workload(**part)


def _per_kind(place: str, data: Any) -> PerKind:
    part = checked_fields(PerKind, place, data)
    for name in ("workload", "timings"):
        if part.get(name) is not None:
            with named_within(place):
                part[name] = part_from(name, part[name])
    with named_within(place):
        return PerKind(**part)


def _entries(name: str, data: Any) -> list[tuple[int, Any]]:
    if not isinstance(data, list | tuple):
        raise FieldError(name, data, "a list of objects, one a kind")
    return list(enumerate(sequence(name, data, "objects")))
