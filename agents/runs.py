"""A run's folder and the files in it that are read without a model: ``run.json``, ``curve.csv``."""

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.bookkeeping import current_commit, differences, replacing, write_json
from agents.configuration import Configuration

__all__ = [
    "CURVE_COLUMNS",
    "append_curve",
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


def append_curve(path: Path, row: dict[str, Any]) -> None:
    """Adds a row to the learning curve, dropping rows that an interrupted run had left ahead."""
    rows = [kept for kept in read_curve(path) if int(kept["steps"]) < row["steps"]]
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CURVE_COLUMNS)
        writer.writeheader()
        writer.writerows([*rows, row])


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
        made = {"configuration": configured, "seed": seed, "commit": current_commit() or "unknown"}
        write_json(folder / "run.json", made)
        return
    found = differences(read_description(folder)["configuration"], configured)
    if found:
        raise ValueError(
            f"the run in {folder} was started with another configuration: {'; '.join(found)}: go "
            "on with that, or train into another folder"
        )


def read_description(folder: Path) -> dict[str, Any]:
    """The contents of a run's ``run.json``."""
    contents: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return contents


def update_description(folder: Path, **entries: Any) -> None:
    """Sets entries of ``run.json`` and leaves the others as they are."""
    write_json(folder / "run.json", {**read_description(folder), **entries})
