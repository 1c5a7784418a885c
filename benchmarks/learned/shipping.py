"""Shipping the weights of each agent's median training seed."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from agents.pretrained.shipping import ship
from benchmarks.learned.page import Page
from benchmarks.learned.results import load_environment
from benchmarks.learned.runs import Run

__all__ = ["making_of", "ship_medians"]


def ship_medians(page: Page, part: Page, runs: Path, out: Path, console: Console) -> None:
    """Ships the median seed by its gap of every agent and environment id of a page.

    Args:
        page: The page, which tells where else an agent's weights are used.
        part: The part of it that is shipped.
        runs: Folder of all runs.
        out: Folder of the page's results.
        console: Where it is told what is shipped.
    """
    for environment in part.environments:
        results = load_environment(part, environment, runs, out)
        if results is None:
            continue
        column = results.comparison.gap
        gaps = results.seed_gaps.set_index(["agent", "training_seed"])[column]
        for run in results.runs:
            name = run.algorithm
            if run.seed == results.shipped.get(name):
                gap = {column: float(gaps.loc[(name, run.seed)])}
                also = [each.env_id for each in page.environments if name in each.carried]
                path = ship(run.model_path, run.configuration, making_of(run, gap), also)
                console.print(f"Shipped: {path.name}, {run.label}", highlight=False)


def making_of(run: Run, gap: Mapping[str, float]) -> dict[str, object]:
    """How an agent was made, and its gap by the column's name, for the manifest."""
    described = run.description
    command = ["python", "-m", "agents", "train", run.algorithm]
    return {
        "seed": run.seed,
        "command": shlex.join(
            [*command, "--env", run.configuration.env_id, "--seed", str(run.seed)]
        ),
        "commit": described["commit"],
        "training_seconds": round(float(described["training_seconds"]), 1),
        **gap,
    }
