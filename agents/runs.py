"""A run's folder and the files in it that are read without a model: ``run.json``, ``curve.csv``."""

import csv
import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.configuration import Configuration

__all__ = [
    "CURVE_COLUMNS",
    "append_curve",
    "current_commit",
    "describe_run",
    "read_curve",
    "read_description",
    "run_folder",
    "update_description",
]

CURVE_COLUMNS = ("steps", "priced_gap", "energy_ratio", "mean_delay_s")


def run_folder(root: Path, configuration: Configuration, seed: int) -> Path:
    """The folder of a run."""
    return root / configuration.env_id / configuration.algorithm / f"seed-{seed}"


def current_commit() -> str:
    """The checkout's commit, marked ``-dirty`` where files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def append_curve(path: Path, row: dict[str, Any]) -> None:
    """Adds a row to the learning curve, dropping rows that an interrupted run had left ahead."""
    rows = [kept for kept in read_curve(path) if int(kept["steps"]) < row["steps"]]
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CURVE_COLUMNS)
        writer.writeheader()
        writer.writerows([*rows, row])
    os.replace(part, path)


def read_curve(path: Path) -> list[dict[str, str]]:
    """The rows of a learning curve, none where there is no file yet."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def describe_run(configuration: Configuration, seed: int, folder: Path, fresh: bool) -> None:
    """Writes ``run.json``, or compares it with what an interrupted run was started with.

    Raises:
        ValueError: If the run was started with another configuration.
    """
    configured = json.loads(json.dumps(asdict(configuration), default=repr))
    if fresh:
        _write_description(
            folder, {"configuration": configured, "seed": seed, "commit": current_commit()}
        )
        return
    started = read_description(folder)["configuration"]
    for name, value in configured.items():
        if started[name] != value:
            raise ValueError(
                f"{name} = {value!r}, but the run in {folder} was started with {started[name]!r}: "
                "go on with that, or train into another folder"
            )


def read_description(folder: Path) -> dict[str, Any]:
    """The contents of a run's ``run.json``."""
    contents: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return contents


def update_description(folder: Path, **entries: Any) -> None:
    """Sets entries of ``run.json`` and leaves the others as they are."""
    _write_description(folder, {**read_description(folder), **entries})


def _write_description(folder: Path, description: dict[str, Any]) -> None:
    part = folder / "run.part"
    part.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    os.replace(part, folder / "run.json")
