"""Scenarios with some fields changed, by nested plain data or by dotted paths.

A change names a field as it stands in a scenario's JSON. Beyond a field's own form, these are
understood: a shipped network's name for ``workload.profile``, devices in words for ``fleet``
(``"4xraspberry-pi-4,phone"``), a kind for ``server``, a link's rate for ``radio``
(``"40mbit"``), and one number for a figure that has an entry a device.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from asl_gym.model.components import Fleet
from asl_gym.model.profiles import NetworkProfile
from asl_gym.scenario.devices import parse_devices, server_kind
from asl_gym.scenario.links import parse_link
from asl_gym.scenario.real import fleet_of, server_of
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError

__all__ = ["nested", "overlaid", "parse_setting", "parse_settings"]

PER_DEVICE = {f"fleet.{name}" for name in (*Fleet.PER_DEVICE, *Fleet.OPTIONAL)}
PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
WORD = re.compile(r"[^\s\"'\[\]{}=#]+")
EXPECTED = "PATH=VALUE, such as radio.bandwidth_hz=10e6, v=2 or num_devices=50"

RIVALS = {"joules": "fraction", "fraction": "joules"}
"""Fields of a budget of which one is given: naming one takes the other away."""


def parse_setting(text: str) -> tuple[str, Any]:
    """Returns the path and the value of ``PATH=VALUE``.

    The value is one of TOML's (``10e6``, ``[1, 2, 3]``, ``true``, ``"a text"``), or a word without
    quotes.

    Raises:
        FieldError: If the text has another form.
    """
    path, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not PATH.fullmatch(path) or not value:
        raise FieldError("set", text, EXPECTED)
    try:
        found = tomllib.loads(f"value = {value}")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        if not WORD.fullmatch(value):
            allowed = f"a value of TOML or a word after {path}= ({error})"
            raise FieldError("set", text, allowed) from None
        return path, _word(value)
    if len(found) > 1:
        raise FieldError("set", text, EXPECTED)
    return path, found["value"]


def _word(text: str) -> float | str:
    """A text without quotes, or a number that TOML writes otherwise, such as .5."""
    try:
        return float(text)
    except ValueError:
        return text


def parse_settings(texts: Iterable[str]) -> dict[str, Any]:
    """Returns the values of several ``PATH=VALUE`` by their paths.

    Raises:
        FieldError: As :func:`parse_setting`, or if a path comes twice.
    """
    settings: dict[str, Any] = {}
    for text in texts:
        path, value = parse_setting(text)
        if path in settings:
            raise FieldError("set", text, f"each path once; {path} is {settings[path]!r} already")
        settings[path] = value
    return settings


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns changes by dotted paths as nested ones.

    Raises:
        FieldError: If a path is none, or lies within another that is given as a whole.
    """
    changes: dict[str, Any] = {}
    for path, value in settings.items():
        if not isinstance(path, str) or not PATH.fullmatch(path):
            raise FieldError("set", path, EXPECTED)
        *parts, name = path.split(".")
        place = changes
        for part in parts:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise FieldError("set", path, f"{part} either as a whole or field by field")
        if name in place:
            raise FieldError("set", path, "a field either as a whole or field by field")
        place[name] = _copied(value)
    return changes


def overlaid(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """Returns a scenario with some fields changed.

    Another network takes the admissible split points back to all of its own, and another budget
    refers to the reference trace, unless the changes say more.

    Args:
        scenario: The scenario.
        changes: Nested plain data of the fields to change; what is left out stays as it is.

    Raises:
        FieldError: If a field is unknown or a value is not allowed.
    """
    said = {name: _in_words(name, value) for name, value in changes.items()}
    data = scenario.to_dict()
    return Scenario.from_dict(_merged("", data, _with_consequences(said), scenario.num_devices))


def _copied(value: Any) -> Any:
    return (
        {key: _copied(each) for key, each in value.items()} if isinstance(value, Mapping) else value
    )


def _in_words(name: str, value: Any) -> Any:
    """A part's plain data where it is named in words; else what was given."""
    if name == "workload" and isinstance(value, Mapping) and isinstance(value.get("profile"), str):
        return {**value, "profile": NetworkProfile.shipped(value["profile"]).to_dict()}
    if not isinstance(value, str):
        return value
    if name == "fleet":
        return asdict(fleet_of(parse_devices(value)))
    if name == "server":
        return asdict(server_of(server_kind(value)))
    return asdict(parse_link(value)) if name == "radio" else value


def _with_consequences(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, and what they take away."""
    wider = dict(changes)
    workload, budget = wider.get("workload"), wider.get("budget")
    if isinstance(workload, Mapping) and "profile" in workload:
        wider["workload"] = {"splits": None, **workload}
    if isinstance(budget, Mapping):
        gone = {RIVALS[name]: None for name in RIVALS if name in budget}
        refers = {"refers_to": "reference trace"} if gone else {}
        wider["budget"] = {**refers, **gone, **budget}
    return wider


def _merged(place: str, old: Any, new: Any, num_devices: int) -> Any:
    """The old plain data with the new put over it, field by field."""
    if place in PER_DEVICE and isinstance(new, int | float) and not isinstance(new, bool):
        return (new,) * num_devices
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)) or _is_whole(place, old, new):
        return new
    dot = "." if place else ""
    changed = {
        name: _merged(f"{place}{dot}{name}", old.get(name), value, num_devices)
        for name, value in new.items()
    }
    return {**old, **changed}


def _is_whole(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether new data stand for themselves: a network's, a link's instead of a radio's."""
    if place == "radio":
        return any(name in new and name not in old for name in ("uplink_bps", "bandwidth_hz"))
    return place == "workload.profile"
