"""What the page tells of an environment id: rows, statistics and learning curves, from files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from agents.catalogue import AGENTS, label_of
from agents.runs import gap_of as gap_in_curve
from benchmarks.learned.comparisons import Comparison, comparison_for
from benchmarks.learned.evaluation import read_validation
from benchmarks.learned.page import Page, PageEnvironment
from benchmarks.learned.runs import Run, runs_of
from benchmarks.learned.statistics import compare, median_seed
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting.statistics import BEST_FIXED, best_fixed_split

__all__ = ["LearnedResults", "complete_rows", "load_environment"]


@dataclass(frozen=True)
class LearnedResults:
    """What one environment id's rows amount to.

    Attributes:
        env_id: The environment's id.
        comparison: What its agents are compared by.
        manifest: What was played.
        runs: The runs that have all their rows.
        algorithms: Algorithms of the page that have rows, in the page's order.
        table: What :func:`benchmarks.learned.statistics.compare` gives, with ``label``, ``kind``,
            ``signal``, ``steps`` and ``training_seconds`` (medians over training seeds).
        seed_gaps: Mean gap on the common traces; a row per ``agent``, ``training_seed``.
        shipped: The median training seed of each agent that was trained on it.
        curves: Learning curves of agents that were trained on the id, a row per ``agent``,
            ``training_seed``, ``steps``.
        energy_budget: The energy budget of the whole system [J a round]; none on batteries.
        validation: Gaps on the learning curves' traces of what agents are compared with.
        left_out: Policies whose episodes are not all there.
    """

    env_id: str
    comparison: Comparison
    manifest: dict[str, Any]
    runs: tuple[Run, ...]
    algorithms: tuple[str, ...]
    table: pd.DataFrame
    seed_gaps: pd.DataFrame
    shipped: dict[str, int]
    curves: pd.DataFrame
    energy_budget: float | None
    validation: dict[str, float]
    left_out: tuple[str, ...]


def load_environment(
    page: Page, environment: PageEnvironment, runs: Path, out: Path
) -> LearnedResults | None:
    """Reads what there is of an environment id.

    Args:
        page: The page, of which agents and training seeds are shown.
        environment: The environment id and its algorithms.
        runs: Folder of all runs, which tell steps, training times and learning curves.
        out: Folder with a folder of results for each environment id.

    Returns:
        The results; ``None`` where nothing was played, or what agents are compared with not
        to the end.
    """
    folder = RunFolder(out / environment.env_id)
    if not folder.has_manifest:
        return None
    policies = folder.manifest["policies"]
    own = _played_runs(page, environment, policies, runs)
    episodes, left_out = complete_rows(folder, {run.name for run in own})
    comparison = comparison_for(folder.scenario)
    kinds = {name: each["kind"] for name, each in policies.items()}
    if not set(comparison.shown(kinds)) <= set(episodes["policy"]):
        return None
    episodes = _with_best_fixed(folder, episodes)
    shown = [name for name in environment.algorithms if name in set(episodes["agent"])]
    trained = [run for run in own if run.name in set(episodes["policy"])]
    # The curve of an agent that is carried here is of other validation traces.
    trained_here = [run for run in trained if run.algorithm not in environment.carried]
    schemes = episodes[_not_single_splits(episodes, policies)]
    table = compare(schemes, comparison.references(kinds))
    agents = episodes[episodes["agent"].isin(shown)].dropna(subset=comparison.gap)
    return LearnedResults(
        env_id=environment.env_id,
        comparison=comparison,
        manifest=folder.manifest,
        runs=tuple(trained),
        algorithms=tuple(shown),
        table=_described(table, policies, trained),
        seed_gaps=agents.groupby(["agent", "training_seed"])[comparison.gap].mean().reset_index(),
        shipped={
            name: median_seed(agents[agents["agent"] == name])
            for name in shown
            if name not in environment.carried
        },
        curves=_curves(trained_here, comparison.gap),
        energy_budget=_energy_budget(episodes),
        validation=read_validation(folder),
        left_out=left_out,
    )


def _played_runs(
    page: Page, environment: PageEnvironment, policies: dict[str, dict[str, Any]], runs: Path
) -> list[Run]:
    """The runs of the page that have been played on an environment id."""
    played = {each.get("agent") for each in policies.values()}
    algorithms = tuple(name for name in environment.algorithms if name in played)
    part = replace(page, environments=(replace(environment, algorithms=algorithms),))
    return [run for run in runs_of(part, runs) if run.name in policies]


def complete_rows(folder: RunFolder, agents: set[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows of the baselines and of some agents, with a column ``agent``.

    Args:
        folder: The folder of results.
        agents: Names of the agents' policies to keep.

    Returns:
        The rows of policies that played all evaluation seeds; the names of the others.
    """
    episodes, policies = folder.episodes(), folder.manifest["policies"]
    kept = [name for name, each in policies.items() if each["kind"] != "agent" or name in agents]
    wanted = len(folder.manifest["configuration"]["seeds"])
    played = episodes["policy"].value_counts()
    complete = [name for name in kept if played.get(name, 0) == wanted]
    episodes = episodes[episodes["policy"].isin(complete)]
    owner = {name: policies[name].get("agent") or name for name in complete}
    left_out = tuple(name for name in kept if name not in complete)
    return episodes.assign(agent=episodes["policy"].map(owner)), left_out


def _with_best_fixed(folder: RunFolder, episodes: pd.DataFrame) -> pd.DataFrame:
    """Adds the rows of the best fixed split in hindsight at the full clock."""
    policies = folder.manifest["policies"]
    splits = folder.scenario.split_points.common
    rows = best_fixed_split(episodes, policies, "max", splits)
    if rows["evaluation_seed"].nunique() < episodes["evaluation_seed"].nunique():
        return episodes
    derived = rows.drop(columns="split").assign(agent=BEST_FIXED["max"][0])
    return pd.concat([episodes, derived], ignore_index=True)


def _energy_budget(episodes: pd.DataFrame) -> float | None:
    return float(episodes["energy_budget_j"].iloc[0]) if "energy_budget_j" in episodes else None


def _not_single_splits(
    episodes: pd.DataFrame, policies: dict[str, dict[str, Any]]
) -> "pd.Series[bool]":
    single = [name for name, each in policies.items() if each["split"] is not None]
    return ~episodes["policy"].isin(single)


def _described(
    table: pd.DataFrame, policies: dict[str, dict[str, Any]], trained: Sequence[Run]
) -> pd.DataFrame:
    """The table with labels and kinds, and what the runs say of their training."""
    name, label, kind = BEST_FIXED["max"]
    labels = {each: entry["label"] for each, entry in policies.items()} | {name: label}
    kinds = {each: entry["kind"] for each, entry in policies.items()} | {name: kind}
    algorithms = {run.algorithm for run in trained}
    told = {
        algorithm: [run.description for run in trained if run.algorithm == algorithm]
        for algorithm in algorithms
    }
    lines = []
    for agent in table["agent"]:
        learned = agent in algorithms
        described = told.get(agent, [])
        lines.append(
            {
                "label": label_of(agent) if learned else labels[agent],
                "kind": "agent" if learned else kinds[agent],
                "signal": AGENTS[agent].signal if agent in AGENTS else None,
                "steps": _median([each["steps"] for each in described]),
                "training_seconds": _median([each["training_seconds"] for each in described]),
            }
        )
    return pd.concat([table, pd.DataFrame(lines)], axis=1)


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def _curves(trained: Sequence[Run], gap: str) -> pd.DataFrame:
    rows = [
        {
            "agent": run.algorithm,
            "training_seed": run.seed,
            "steps": int(row["steps"]),
            gap: gap_in_curve(row),
        }
        for run in trained
        for row in run.curve
    ]
    return pd.DataFrame(rows, columns=["agent", "training_seed", "steps", gap])
