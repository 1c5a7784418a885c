"""What a folder of results amounts to: the ranking and the changes, from its rows alone."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmarks.errors import BenchmarkError
from benchmarks.playing.run_folder import RunFolder
from benchmarks.reporting.changes import changes
from benchmarks.reporting.statistics import BEST_FIXED, best_fixed_split, summarise

__all__ = ["Results", "load_results"]


@dataclass(frozen=True)
class Results:
    """What a run's rows amount to.

    Attributes:
        folder: The folder that they are in.
        manifest: What was played.
        policies: Label, kind and more of each policy that has rows, derived ones included.
        episodes: The rows, derived ones included.
        summary: One line a policy, ranked.
        changes: Delay and energy against existing schemes; empty on batteries.
    """

    folder: RunFolder
    manifest: dict[str, Any]
    policies: dict[str, dict[str, Any]]
    episodes: pd.DataFrame
    summary: pd.DataFrame
    changes: pd.DataFrame

    @property
    def followed(self) -> pd.DataFrame:
        """The lines of the summary whose policies have played the first seed, round by round.

        Those of a run that was interrupted may have played others alone.
        """
        first = self.manifest["configuration"]["seeds"][0]
        played = self.episodes.loc[self.episodes["evaluation_seed"] == first, "policy"]
        return self.summary[self.summary["policy"].isin(set(played))]


def load_results(folder: RunFolder) -> Results:
    """Reads a folder and computes what a report tells.

    Raises:
        BenchmarkError: If the folder holds no results.
    """
    manifest, episodes = folder.manifest, folder.episodes()
    if episodes.empty:
        raise BenchmarkError(f"out = {str(folder.path)!r} holds no rows yet")
    played = set(episodes["policy"])
    policies = {name: each for name, each in manifest["policies"].items() if name in played}
    derived = []
    on_batteries = folder.scenario.batteries is not None
    for clock, (name, label, kind) in BEST_FIXED.items():
        if on_batteries and clock != "max":
            continue
        splits = folder.scenario.split_points.common
        derived.append(best_fixed_split(episodes, policies, clock, splits))
        policies[name] = {"label": label, "kind": kind, "split": None}
    everything = pd.concat([episodes, *(rows for rows in derived if len(rows))])
    summary = summarise(everything, policies)
    if on_batteries:
        # What the server and the radio spend has no price there, so that no pair is compared.
        nothing = pd.DataFrame()
        return Results(folder, manifest, policies, everything, summary, nothing)
    return Results(folder, manifest, policies, everything, summary, changes(everything, summary))
