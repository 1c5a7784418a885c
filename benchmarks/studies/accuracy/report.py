"""The report of the study: tables and figures, from the rounds of trainings and policies."""

from functools import partial
from pathlib import Path

import pandas as pd
from rich.console import Console

from asl_gym.provenance import write_provenance
from benchmarks.reporting.exports import save_widths
from benchmarks.reporting.tables import markdown, print_table
from benchmarks.studies.accuracy.picture import draw_accuracy
from benchmarks.studies.accuracy.targets import (
    change_table,
    final_accuracy,
    reached_rounds,
    shown,
    target_table,
    titles,
    to_targets,
)

__all__ = ["write_report"]

NOTES = (
    "What is learned does not depend on the cuts in either schedule, so that one training serves "
    "all policies: they differ in the seconds and joules that its rounds take.",
    "Seconds and joules are means over training seeds and traces; the final accuracy is the mean "
    "of the last five rounds of a training.",
)


def write_report(out: Path, learned: pd.DataFrame, clock: pd.DataFrame, console: Console) -> None:
    """Writes ``accuracy.md``, its tables as CSV files and a figure for each schedule.

    Args:
        out: The folder.
        learned: Rounds of the trainings.
        clock: Rounds of the policies.
        console: Where the tables are shown.
    """
    reached = reached_rounds(learned)
    found = to_targets(reached, clock)
    table, changes = target_table(found), change_table(found)
    out.mkdir(parents=True, exist_ok=True)
    final = final_accuracy(reached)
    frames = {
        "rounds": learned,
        "clock": clock,
        "targets": table,
        "changes": changes,
        "final": final,
    }
    for name, frame in frames.items():
        frame.to_csv(out / f"{name}.csv", index=False)
    parts = {
        "Final accuracy": _final_shown(learned, reached),
        "Seconds and joules to shares of the final accuracy": shown(
            table, titles("to "), signed=False
        ),
        "OPEN's change against each": shown(changes, titles("to "), signed=True),
    }
    for title, part in parts.items():
        print_table(console, part, title)
    text = "\n\n".join(f"## {title}\n\n{markdown(part)}" for title, part in parts.items())
    write_provenance(out)
    (out / "accuracy.md").write_text("\n\n".join([text, *NOTES]) + "\n", encoding="utf-8")
    for schedule in dict.fromkeys(learned["schedule"]):
        of_schedule = [frame[frame["schedule"] == schedule] for frame in (learned, clock, table)]
        save_widths(partial(draw_accuracy, *of_schedule), out / f"accuracy-{schedule}")
    console.print(f"Written to {out}: accuracy.md, figures accuracy-*, CSV files")


def _final_shown(learned: pd.DataFrame, reached: pd.DataFrame) -> pd.DataFrame:
    """Final accuracies with their range over seeds, and what a round took to compute."""
    final = final_accuracy(reached)
    computing = learned.groupby(["schedule", "split"])["computing_s"]
    least, median = computing.min(), computing.median()
    keys = list(zip(final["schedule"], final["split"], strict=True))
    return pd.DataFrame(
        {
            "Schedule": final["schedule"],
            "Split": final["split"],
            "Final accuracy [%]": [f"{100 * value:.1f}" for value in final["mean"]],
            "Seeds [%]": [
                f"{100 * low:.1f}–{100 * high:.1f}"
                for low, high in zip(final["min"], final["max"], strict=True)
            ],
            "Computing a round, least [s]": [f"{least[key]:.1f}" for key in keys],
            "Median [s]": [f"{median[key]:.1f}" for key in keys],
        }
    )
