"""``run.json``: what makes the rows of a folder, and whether a run goes on with them.

A row follows from the configuration (scenario, seeds, the contents of trace files), the policy
(with the contents of the files that define it), and the code that played it. All three are kept,
and rows that others made are set apart when a run goes on, so that no table mixes old and new.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from agents.bookkeeping import differences, source_sha256
from asl_gym.provenance import provenance
from benchmarks.errors import BenchmarkError
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.suite import Entry, Suite

__all__ = [
    "ConfigurationEntry",
    "Manifest",
    "PolicyEntry",
    "changed",
    "check_configuration",
    "check_rows",
    "checked",
    "code_of",
    "made_by",
    "manifest_of",
    "merged",
    "superseding",
]

PLAYING = ("asl_gym", "benchmarks.playing")
LEARNING = ("agents",)
"""Packages whose code decides the rows of every policy, and of trained agents as well."""

WAY_OUT = "choose another --out"


@with_config(ConfigDict(extra="allow", strict=True))
class ConfigurationEntry(TypedDict):
    """The configuration, as :meth:`Configuration.as_dict` writes it."""

    env_id: str
    scenario_name: str
    seeds: list[int]
    trace_files: list[list[str]]
    scenario: dict[str, Any]


@with_config(ConfigDict(extra="allow", strict=True))
class PolicyEntry(TypedDict):
    """A policy, as :meth:`Entry.as_dict` writes it, and the code that plays it."""

    label: str
    kind: str
    split: int | None
    clock: str | None
    device_only: bool
    training_seed: int | None
    agent: str | None
    files: dict[str, str]
    code: dict[str, str]


class WrittenBy(TypedDict):
    """A command that wrote to the folder."""

    command: str
    commit: str | None
    versions: dict[str, str]


class Manifest(TypedDict):
    """All that ``run.json`` holds.

    Attributes:
        configuration: What is played.
        notes: What readers of the results must know.
        policies: The policies, by name.
        left_out: Why agents were left out, by name.
        remembers: Policies that decided otherwise when they played an evaluation seed again.
        frontier: The code that computed the frontier's curve.
        written_by: The commands that wrote to the folder.
    """

    configuration: ConfigurationEntry
    notes: list[str]
    policies: dict[str, PolicyEntry]
    left_out: dict[str, str]
    remembers: dict[str, int]
    frontier: dict[str, str]
    written_by: list[WrittenBy]


Plain = dict[str, Any]
_SCHEMA: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def checked(path: Path, content: Any) -> Plain:
    """The content of a ``run.json`` after checking that it is one.

    Raises:
        BenchmarkError: If it is not; the message names the file and the place.
    """
    try:
        found: Plain = {**_SCHEMA.validate_python(content)}
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise BenchmarkError(
            f"{path} is no run.json that a run of this version wrote ({place}: {first['msg']}): "
            f"{WAY_OUT}"
        ) from error
    for name in found["remembers"]:
        if name not in found["policies"]:
            raise BenchmarkError(f"{path} has no policy {name!r}, which remembers: {WAY_OUT}")
    return found


def made_by(configuration: Configuration, entry: Entry) -> dict[str, Any]:
    """All that makes the rows of a policy, as plain data: ``configuration`` and ``policy``."""
    policy = {**entry.as_dict(), "code": code_of(entry)}
    return {"configuration": configuration.as_dict(), "policy": policy}


def manifest_of(configuration: Configuration, suite: Suite) -> Plain:
    """The manifest of a new run, as it comes back from JSON."""
    made = {
        "configuration": configuration.as_dict(),
        "notes": list(configuration.notes),
        "policies": {each.name: made_by(configuration, each)["policy"] for each in suite.entries},
        "left_out": dict(suite.left_out),
        "remembers": {},
        "frontier": _code(PLAYING),
        "written_by": [provenance()],
    }
    plain: Plain = json.loads(json.dumps(made))
    return plain


def code_of(entry: Entry) -> dict[str, str]:
    """Digests of the code that decides the rows of a policy, by package."""
    return _code(PLAYING + (LEARNING if entry.kind == "agent" else ()))


def _code(packages: tuple[str, ...]) -> dict[str, str]:
    return {package: source_sha256(package) for package in packages}


def changed(old: Plain, new: Plain, with_rows: set[str]) -> dict[str, list[str]]:
    """What has changed of each policy since its rows were written, of those that have rows.

    Policies that a run does not play are compared by their code alone.
    """
    found = {}
    for name in sorted(with_rows & old["policies"].keys()):
        before, now = old["policies"][name], new["policies"].get(name)
        if now is None:
            code = {package: source_sha256(package) for package in before["code"]}
            lines = differences(before["code"], code, "code")
        else:
            lines = differences(before, now)
        if lines:
            found[name] = lines
    return found


def check_configuration(path: Path, old: Plain, new: Plain) -> None:
    """Checks that a folder holds results of the same configuration.

    Raises:
        BenchmarkError: If it does not.
    """
    if found := differences(old["configuration"], new["configuration"]):
        raise BenchmarkError(
            f"out = {str(path)!r} holds results of another configuration: {'; '.join(found)}. "
            f"Now {WAY_OUT}."
        )


def merged(old: Plain, new: Plain) -> Plain:
    """The manifest of a run that goes on, perhaps with more policies."""
    policies = {**old["policies"], **new["policies"]}
    left_out = {**old["left_out"], **new["left_out"]}
    now = new["written_by"]
    return {
        **new,
        "remembers": old["remembers"],
        "policies": policies,
        "left_out": {name: why for name, why in left_out.items() if name not in policies},
        "written_by": [*(each for each in old["written_by"] if each not in now), *now],
    }


def superseding(stale: Mapping[str, list[str]], apart: Path) -> list[str]:
    """Says what has changed, policies of the same change together, and where their rows are."""
    together: dict[str, list[str]] = {}
    for name, lines in stale.items():
        together.setdefault("; ".join(lines), []).append(name)
    told = [f"{', '.join(names)}: {what}" for what, names in together.items()]
    return [
        *told,
        f"What made these rows has changed: they are set apart in {apart}, and played again where "
        "this run asks for them.",
    ]


def check_rows(path: Path, rows: pd.DataFrame, manifest: Plain) -> None:
    """Checks that rows are those of a run: its environment, scenario, policies and seeds.

    Raises:
        BenchmarkError: If one is not; the message names the file and the line.
    """
    configuration, policies = manifest["configuration"], manifest["policies"]
    seeds = {name: entry["training_seed"] for name, entry in policies.items()}
    trained = rows["policy"].map(seeds).astype("Int64").fillna(-1)
    expected = {
        "env_id": rows["env_id"] == configuration["env_id"],
        "scenario": rows["scenario"] == configuration["scenario_name"],
        "policy": rows["policy"].isin(policies),
        "training_seed": trained == rows["training_seed"].fillna(-1),
        "evaluation_seed": rows["evaluation_seed"].isin(configuration["seeds"]),
        "rounds": rows["rounds"] == configuration["scenario"].get("horizon"),
    }
    for name, right in expected.items():
        if not right.all():
            place = int(np.flatnonzero(~right)[0])
            value = str(rows[name].iloc[place])
            raise BenchmarkError(
                f"{path}, line {place + 2}: {name} {value!r} is not of the run that run.json tells "
                f"of: remove the line, or {WAY_OUT}"
            )
