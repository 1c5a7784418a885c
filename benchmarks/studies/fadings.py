"""A study of the fading assumption: OPEN and what it is compared with under each of the three.

The default scenario draws one Rayleigh fading a round; ``ergodic`` takes the mean rate over it,
as if a round lasted many coherence times, and ``no-fading`` leaves it out. The study runs the
benchmark on each, with few policies and long episodes, and puts the results into one table.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from rich.console import Console

from benchmarks.jobs.engine import Engine
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.runner import run_suite
from benchmarks.playing.suite import Entry, build_suite
from benchmarks.reporting.formatting import at_most_three_digits
from benchmarks.reporting.notes import reading_notes
from benchmarks.reporting.results import load_results
from benchmarks.reporting.statistics import BEST_FIXED
from benchmarks.reporting.tables import markdown, print_table, ranking_table

__all__ = ["FADINGS", "Asked", "run_fadings"]

FADINGS = {"block": "default", "ergodic": "ergodic", "none": "no-fading"}
"""The presets that differ in fading alone."""

SHOWN = ("open", "greedy-delay", BEST_FIXED["max"][0], BEST_FIXED["open"][0])
COLUMNS = ["Policy", "Delay [s]", "Energy [J]", "E/Ē", "Priced gap [%]", "Frontier gap [%]"]


class Asked(NamedTuple):
    """What is asked of the study.

    Attributes:
        rounds: Rounds of an episode.
        num_seeds: Number of evaluation seeds.
        settings: Fields of the scenarios by path, see :func:`asl_gym.with_settings`.
    """

    rounds: int
    num_seeds: int
    settings: Mapping[str, Any]


def run_fadings(out: Path, asked: Asked, console: Console, engine: Engine) -> None:
    """Plays what is missing and writes the table, ``fadings.md`` and ``fadings.csv``.

    Args:
        out: Folder with a folder of results for each fading.
        asked: What is asked of it.
        console: Where progress and table are shown.
        engine: What plays.
    """
    for scenario in FADINGS.values():
        configuration = Configuration.build(
            "ASL-v0", scenario, asked.rounds, asked.num_seeds, settings=asked.settings
        )
        suite = build_suite(configuration.evaluator, agents=False)
        played = [each.name for each in suite.entries if _takes_part(each)]
        run_suite(configuration, suite.keep(played), RunFolder(out / scenario), console, engine)
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
