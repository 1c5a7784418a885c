"""A study of the fading assumption: OPEN and what it is compared with under each of the three.

The default scenario draws one Rayleigh fading a round; ``ergodic`` takes the mean rate over it,
as if a round lasted many coherence times, and ``no-fading`` leaves it out. The study runs the
benchmark on each, with few policies and long episodes, and puts the results into one table.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from benchmarks.playing.configuration import Configuration
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.runner import run_suite
from benchmarks.playing.suite import Entry, build_suite
from benchmarks.reporting.formatting import at_most_three_digits
from benchmarks.reporting.notes import reading_notes
from benchmarks.reporting.results import load_results
from benchmarks.reporting.statistics import BEST_FIXED
from benchmarks.reporting.tables import markdown, print_table, ranking_table

__all__ = ["FADINGS", "run_fadings"]

FADINGS = {"block": "default", "ergodic": "ergodic", "none": "no-fading"}
"""The presets that differ in fading alone."""

SHOWN = ("open", "greedy-delay", BEST_FIXED["max"][0], BEST_FIXED["open"][0])
COLUMNS = ["Policy", "Delay [s]", "Energy [J]", "E/Ē", "Priced gap [%]", "Frontier gap [%]"]


def run_fadings(
    out: Path, rounds: int, num_seeds: int, console: Console, settings: Mapping[str, Any]
) -> None:
    """Plays what is missing and writes the table, ``fadings.md`` and ``fadings.csv``.

    Args:
        out: Folder with a folder of results for each fading.
        rounds: Rounds of an episode.
        num_seeds: Number of evaluation seeds.
        console: Where progress and table are shown.
        settings: Fields of the scenarios by path, see :func:`asl_gym.with_settings`.
    """
    for scenario in FADINGS.values():
        configuration = Configuration.build(
            "ASL-v0", scenario, rounds, num_seeds, settings=settings
        )
        suite = build_suite(configuration.evaluator, agents=False)
        played = [each.name for each in suite.entries if _takes_part(each)]
        run_suite(configuration, suite.keep(played), RunFolder(out / scenario), console)
    write_fadings_report(out, console)


def _takes_part(entry: Entry) -> bool:
    return entry.split is not None or entry.name in SHOWN


def write_fadings_report(out: Path, console: Console) -> None:
    """Writes the table of the study from its folders alone."""
    summaries = []
    for fading, scenario in FADINGS.items():
        results = load_results(RunFolder(out / scenario))
        budget = at_most_three_digits(results.episodes["energy_budget_j"].iloc[0])
        summary = results.summary[results.summary["policy"].isin(SHOWN)]
        summaries.append(summary.assign(fading=fading, budget=budget))
    everything = pd.concat(summaries)
    everything.to_csv(out / "fadings.csv", index=False)
    table = ranking_table(everything)[COLUMNS]
    table.insert(0, "Fading", everything["fading"].to_list())
    table.insert(1, "Ē [J]", everything["budget"].to_list())
    episodes, rounds = everything["episodes"].max(), results.episodes["rounds"].iloc[0]
    title = f"OPEN under three fadings, {episodes} evaluation seeds of {rounds:,} rounds"
    notes = [*reading_notes(results)]
    text = "\n\n".join([f"{title}:", markdown(table), *notes])
    (out / "fadings.md").write_text(text + "\n", encoding="utf-8")
    print_table(console, table, title)
    console.print(f"Written to {out}: fadings.md, fadings.csv")
