"""Parts of the site that are written from the code: specifications and the list of public names.

Markdown that pages include goes to ``docs/_generated``, a page of the API for each room to
``docs/api``.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym

import asl_gym
from asl_gym.envs.actions import DEFAULT_VIEW, views_of
from asl_gym.envs.rewards import DEFAULT_ON_BATTERIES, DEFAULT_REWARD
from asl_gym.registration import ENVIRONMENTS

__all__ = ["leave_out", "shorten_environment", "write_generated"]

ROOMS = {
    "envs": "Environments",
    "policies": "Policies",
    "scoring": "Evaluation and frontier",
    "solvers": "Solvers",
    "scenario": "Scenarios",
    "model": "What a scenario is made of",
    "traces": "Traces",
}
"""Titles of the pages of names that ``asl_gym`` itself gives, by the room they come from."""

MODULES = {
    "asl_gym.networks": "Networks (needs torch)",
    "asl_gym.advice": "Advice",
    "asl_gym.training": "Real split training (needs torch)",
    "asl_gym.training.privacy": "Privacy of a cut (needs torch)",
    "asl_gym.pettingzoo": "An agent a device (needs PettingZoo)",
    "asl_gym.traces.synthetic": "Sources of traces",
    "agents.pretrained": "Shipped agents",
    "agents.playing": "Trained models as policies",
}
"""Titles of the pages of modules that users import by their own names."""

INTERFACE_OF = "asl_gym.envs.env.ASLEnv", "asl_gym.ASLEnv"


def write_generated(folder: Path, api: Path) -> None:
    """Writes everything, and leaves files alone that would not change.

    Args:
        folder: Where what pages include goes.
        api: Where pages of the API go.
    """
    _write(folder / "interface.md", _interface())
    for env_id in ENVIRONMENTS:
        _write(folder / f"{env_id}.md", _specification(env_id))
    entries = [*_room_pages(), *_module_pages()]
    for name, text in entries:
        _write(api / f"{name}.rst", text)
    _write(folder / "api-index.md", _toctree([f"/api/{name}" for name, _ in entries]))


def shorten_environment(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Leaves the environment's docstring, a page of its own, its first line."""
    if what == "class" and name in INTERFACE_OF:
        lines[:] = [lines[0], "", "The whole specification: :doc:`/environments/interface`.", ""]


def leave_out(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out the fields of named tuples, which the class's own docstring tells of."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def _interface() -> str:
    """The environment's docstring, whose Markdown has a few roles of reStructuredText."""
    text = inspect.getdoc(asl_gym.ASLEnv) or ""
    text = re.sub(r":(mod|class|func):`([^`]+)`", r"{py:\1}`\2`", text)
    return text.partition("\n")[2].strip() + "\n"


def _specification(env_id: str) -> str:
    """A table of an environment id's spaces and defaults, as ``gym.make`` gives them."""
    rows = "\n".join(f"| {what} | {value} |" for what, value in _facts(env_id))
    return f'| `gym.make("{env_id}")` | |\n|:--|:--|\n{rows}\n'


def _facts(env_id: str) -> Iterator[tuple[str, str]]:
    env: Any = gym.make(env_id)
    plain, scenario = env.unwrapped, env.unwrapped.scenario
    on_batteries = scenario.batteries is not None
    for view in views_of(scenario):
        default = " (default)" if view == DEFAULT_VIEW else ""
        space = gym.make(env_id, action_view=view).action_space
        yield f"Action, view `{view}`{default}", f"`{_spaced(space)}`"
    devices = gym.make(env_id, observation="devices").observation_space
    yield "Observation, `flat` (default)", f"`{_spaced(plain.observation_space)}`"
    yield "Observation, `devices`", f"`{_spaced(devices)}`"
    yield "Reward (default)", f"`{DEFAULT_ON_BATTERIES if on_batteries else DEFAULT_REWARD}`"
    yield "Schedule", f"`{scenario.schedule}`"
    yield "Devices N", f"{scenario.num_devices}"
    yield "Admissible split points M", f"{scenario.split_points.most}"
    yield "Network", f"`{scenario.workload.profile.name}`"
    yield "Rounds of an episode", f"{scenario.horizon}"
    if on_batteries:
        yield "Mean energy Ê of the fastest splits", _range(scenario.fastest_energies, "J")
    else:
        yield "Energy budget Ē of a round", f"{plain.energy_budget:.4g} J"
    yield (
        "Server's clock",
        (f"{scenario.server.clock_min_hz / 1e9:g}–{scenario.server.clock_max_hz / 1e9:g} GHz"),
    )
    yield "Registered with", f"`{ENVIRONMENTS[env_id] or 'no arguments'}`"


def _range(values: Any, unit: str) -> str:
    return f"{min(values):.3g}–{max(values):.3g} {unit}"


def _spaced(space: gym.Space[Any]) -> str:
    """A space on one line, with ten equal counts written once."""
    if isinstance(space, gym.spaces.MultiDiscrete):
        counts = space.nvec.tolist()
        same = counts.count(counts[0])
        rest = "".join(f" + [{each}]" for each in counts[same:])
        return f"MultiDiscrete([{counts[0]}]*{same}{rest})"
    if isinstance(space, gym.spaces.Dict):
        return "Dict(" + ", ".join(f"{key}: {_spaced(each)}" for key, each in space.items()) + ")"
    if isinstance(space, gym.spaces.Box):
        low, high = (f"{float(each.min()):.4g}" for each in (space.low, space.high))
        return f"Box({low}, {high}, {space.shape}, {space.dtype})"
    return str(space)


def _room_pages() -> Iterator[tuple[str, str]]:
    """A page for each room, with all names that ``asl_gym`` gives from it."""
    places = {name: module for module, names in asl_gym._PLACES.items() for name in names}
    places["register_envs"] = "asl_gym.envs"
    for name in asl_gym.__all__:
        if places[name].split(".")[1] not in ROOMS:
            raise ValueError(f"{name} is of {places[name]}: name its room in ROOMS")
    for room, title in ROOMS.items():
        names = [name for name in asl_gym.__all__ if places[name].split(".")[1] == room]
        yield room, _page(title, "asl_gym", names)


def _module_pages() -> Iterator[tuple[str, str]]:
    for module, title in MODULES.items():
        yield module, _page(title, module, importlib.import_module(module).__all__)


def _page(title: str, module: str, names: list[str]) -> str:
    found = importlib.import_module(module)
    parts = [title, "=" * len(title), "", f".. currentmodule:: {module}", ""]
    told = (inspect.getdoc(found) or "").partition("\n")[0]
    if module != "asl_gym":
        parts += [f"``{module}``: {told}", ""]
    for name in names:
        parts += [f".. {_directive(getattr(found, name))}:: {module}.{name}", ""]
    return "\n".join(parts)


def _directive(found: Any) -> str:
    if inspect.isclass(found):
        return "autoclass"
    return "autofunction" if inspect.isroutine(found) else "autodata"


def _toctree(entries: list[str]) -> str:
    return "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(entries) + "\n```\n"
