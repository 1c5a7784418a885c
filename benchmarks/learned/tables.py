"""The table of an environment id on the page of the learned agents, as text for people."""

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.learned.comparisons import comparison_of
from benchmarks.reporting.formatting import at_most_three_digits, percent, with_interval
from benchmarks.reporting.statistics import OVERSPENT
from benchmarks.reporting.tables import AT_MINIMUM_ENERGY

__all__ = ["environment_table", "scores_and_means"]

SCORES = ("Priced gap", "Gap [%]", "traces resampled too", "E/Ē", "Better than", "Difference to")
"""Parts of the names of the columns that say how good a policy is."""


def scores_and_means(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table of :func:`environment_table` in two that fit a page: scores, and how they came."""
    policy, *others = table.columns
    scores = [name for name in others if any(part in name for part in SCORES)]
    return table[[policy, *scores]], table.drop(columns=scores)


def environment_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table of an environment id as text.

    Args:
        table: :attr:`benchmarks.learned.results.LearnedResults.table`.
    """
    best = str(table["best"].iloc[0])
    names = dict(zip(table["agent"], table["label"], strict=True))
    measures = _of_batteries if comparison_of(table).tuned_rules else _of_budget
    lines = [line for _, line in table.iterrows()]
    return pd.DataFrame(
        [{**_made(each), **measures(each), **_against(each, best, names[best])} for each in lines]
    )


def _made(line: "pd.Series[Any]") -> dict[str, str]:
    """What a policy is, and how it was trained."""
    return {
        "Policy": str(line["label"]),
        "Learns from": line["signal"] if line["kind"] == "agent" else "–",
        "Training seeds": str(line["training_seeds"]) if line["kind"] == "agent" else "–",
        "Steps": _number(line["steps"], f"{line['steps']:,.0f}"),
        "Training [min]": at_most_three_digits(line["training_seconds"] / 60),
    }


def _of_budget(line: "pd.Series[Any]") -> dict[str, str]:
    """Gaps, and what was spent of the budget."""
    return {
        "Priced gap [%]": _cell(line, "priced_gap", percent),
        "… traces resampled too": _interval(line, "priced_gap", percent),
        "Frontier gap [%]": AT_MINIMUM_ENERGY
        if np.isnan(line["frontier_gap"])
        else percent(line["frontier_gap"]),
        "E/Ē": f"{line['energy_ratio']:.3f}",
        f"Over budget by {OVERSPENT - 1:.0%} [%]": percent(line["overspent_share"]),
        "Over budget [%]": percent(line["over_budget_share"]),
    }


def _of_batteries(line: "pd.Series[Any]") -> dict[str, str]:
    """The gap, what devices waited for their batteries, and what was left in them."""
    return {
        "Gap [%]": _cell(line, "gap", percent),
        "… traces resampled too": _interval(line, "gap", percent),
        "Waits [s]": at_most_three_digits(line["mean_wait_s"]),
        "Final charge [%]": percent(line["final_charge"]),
    }


def _against(line: "pd.Series[Any]", best: str, best_label: str) -> dict[str, str]:
    """Comparisons with OPEN where there is a budget, and with the best baseline; the time."""
    cells = {}
    if "better_than_open" in line:
        cells["Better than OPEN [%]"] = _compared(line, "better_than_open", "open")
    if best != "open":
        cells[f"Better than {best_label} [%]"] = _compared(line, "better_than_best", best)
    cells[f"Difference to {best_label} [points]"] = _compared(line, "difference", best)
    cells["Decision [µs]"] = (
        "–"
        if line["agent"].startswith("best-fixed")
        else at_most_three_digits(line["decision_time_us"])
    )
    return cells


def _number(value: float, text: str) -> str:
    return text if np.isfinite(value) else "–"


def _cell(line: "pd.Series[Any]", column: str, write: Any) -> str:
    ends = (write(line[f"{column}_{end}"]) for end in ("low", "high"))
    return with_interval(write(line[column]), *ends)


def _interval(line: "pd.Series[Any]", column: str, write: Any) -> str:
    low, high = (write(line[f"{column}_traces_{end}"]) for end in ("low", "high"))
    return "–" if "–" in (low, high) else f"[{low}, {high}]"


def _compared(line: "pd.Series[Any]", column: str, reference: str) -> str:
    """A figure with its interval over seeds and traces; nothing for the reference itself."""
    if line["agent"] == reference:
        return "–"
    ends = (percent(line[f"{column}_traces_{end}"]) for end in ("low", "high"))
    return with_interval(percent(line[column]), *ends)
