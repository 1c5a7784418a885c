"""The tables of a report, as text for people: one frame of strings for terminal and Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.reporting.formatting import (
    at_most_three_digits,
    percent,
    signed_percent,
    with_interval,
)
from benchmarks.reporting.statistics import BEST_FIXED, gap_of

__all__ = [
    "changes_table",
    "markdown",
    "print_table",
    "ranking_table",
    "shortlist",
    "terminal_changes",
    "terminal_ranking",
]

AT_MINIMUM_ENERGY = "at minimum energy"
OVERSPENT_MARK = "†"
TEXT_COLUMNS = (
    "Policy",
    "Learns from",
    "Environment",
    "Fleet",
    "Against",
    "Fading",
    "Measured",
    "Unit",
    "Model",
    "Network",
    "Formula",
    "Constant",
    "Schedule",
    "Split",
)


TERMINAL_COLUMNS = ("#", "Policy", "Delay [s]", "Energy [J]", "E/Ē", "Priced gap [%]")
BATTERY_COLUMNS = ("#", "Policy", "Delay [s]", "Gap [%]", "Waits [s]", "Final charge [%]")
TERMINAL_LINES = 15
"""Columns and greatest number of lines of the ranking in a terminal."""


def shortlist(summary: pd.DataFrame, policies: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The ranking without fixed splits for which the best in hindsight stands.

    Training on the device alone at the full clock is a scheme of its own and stays.
    """
    folded = {clock for clock, (name, _, _) in BEST_FIXED.items() if name in set(summary["policy"])}
    hidden = [
        name
        for name, entry in policies.items()
        if entry["split"] is not None
        and entry["clock"] in folded
        and not (entry["device_only"] and entry["clock"] == "max")
    ]
    return summary[~summary["policy"].isin(hidden)]


def ranking_table(summary: pd.DataFrame, all_intervals: bool = False) -> pd.DataFrame:
    """The ranking in short columns.

    Args:
        summary: What :func:`benchmarks.reporting.statistics.summarise` gives, or some lines of it.
        all_intervals: Whether delay and energy get their intervals as well as the gaps.
    """
    if gap_of(summary) == "gap":
        return _battery_ranking(summary, all_intervals)
    lines = []
    for _, line in summary.iterrows():
        mark = f" {OVERSPENT_MARK}" if line["overspent"] else ""
        lines.append(
            {
                "#": "–" if pd.isna(line["rank"]) else str(line["rank"]),
                "Policy": line["label"],
                "Delay [s]": _cell(line, "mean_delay_s", at_most_three_digits, all_intervals),
                "Energy [J]": _cell(line, "mean_energy_j", at_most_three_digits, all_intervals),
                "E/Ē": at_most_three_digits(line["energy_ratio"]) + mark,
                "Priced gap [%]": _gap_cell(line, "priced_gap", "unpriced"),
                "Frontier gap [%]": _gap_cell(line, "frontier_gap", "at_minimum_energy"),
                "Final queue [J]": at_most_three_digits(line["final_queue_j"]),
                "Decision [µs]": at_most_three_digits(line["decision_time_us"]),
            }
        )
    return pd.DataFrame(lines).fillna("")


def _battery_ranking(summary: pd.DataFrame, all_intervals: bool) -> pd.DataFrame:
    """The ranking of devices on batteries."""
    lines = [
        {
            "#": "–" if pd.isna(line["rank"]) else str(line["rank"]),
            "Policy": line["label"],
            "Delay [s]": _cell(line, "mean_delay_s", at_most_three_digits, all_intervals),
            "Gap [%]": _cell(line, "gap", percent),
            "Waits [s]": _cell(line, "mean_wait_s", at_most_three_digits, all_intervals),
            "End charge [s]": at_most_three_digits(line["end_charge_s"]),
            "Final charge [%]": percent(line["final_charge"]),
            "Energy [J]": _cell(line, "mean_energy_j", at_most_three_digits, all_intervals),
            "Decision [µs]": at_most_three_digits(line["decision_time_us"]),
        }
        for _, line in summary.iterrows()
    ]
    return pd.DataFrame(lines)


def terminal_ranking(summary: pd.DataFrame) -> pd.DataFrame:
    """The ranking in the columns and lines that a terminal has room for, the best first."""
    columns = BATTERY_COLUMNS if gap_of(summary) == "gap" else TERMINAL_COLUMNS
    table = ranking_table(summary)[list(columns)]
    if len(table) <= TERMINAL_LINES:
        return table
    shown = table.head(TERMINAL_LINES - 1)
    more = dict.fromkeys(columns, "")
    more["Policy"] = f"… and {len(table) - len(shown)} more in table.csv"
    return pd.concat([shown, pd.DataFrame([more])])


def terminal_changes(changes: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """The changes of OPEN and of the best agent, against the schemes of a shortlist."""
    subjects = ["open", *summary.loc[summary["kind"] == "agent", "policy"].head(1)]
    short = changes["policy"].isin(subjects) & changes["scheme"].isin(summary["policy"])
    return changes_table(changes[short])


def _cell(
    line: "pd.Series[float]", column: str, write: Callable[[float], str], intervals: bool = True
) -> str:
    if pd.isna(line[column]):
        return AT_MINIMUM_ENERGY
    ends = (write(line[f"{column}_{end}"]) for end in ("low", "high"))
    value = write(line[column])
    return with_interval(value, *ends) if intervals else value


def _gap_cell(line: "pd.Series[float]", column: str, missing: str) -> str:
    """The gap, and on how many episodes there is one where that is not all of them."""
    cell, lacking, episodes = _cell(line, column, percent), line[missing], line["episodes"]
    return f"{cell} ({episodes - lacking} of {episodes})" if 0 < lacking < episodes else cell


def changes_table(changes: pd.DataFrame) -> pd.DataFrame:
    """Schemes in lines; two columns, of delay and of energy, for each policy."""
    lines = []
    for scheme, group in changes.groupby("scheme_label", sort=False):
        line = {"Against": str(scheme)}
        for _, change in group.iterrows():
            line[f"{change['policy_label']}: delay"] = signed_percent(change["delay_change"])
            line[f"{change['policy_label']}: energy"] = signed_percent(change["energy_change"])
        lines.append(line)
    return pd.DataFrame(lines)


def markdown(table: pd.DataFrame) -> str:
    """The table in Markdown, text left and numbers right."""
    alignment = ["left" if name in TEXT_COLUMNS else "right" for name in table.columns]
    return str(table.to_markdown(index=False, disable_numparse=True, colalign=alignment))


def print_table(console: Console, table: pd.DataFrame, title: str) -> None:
    """Shows the table in the terminal."""
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for name in table.columns:
        text = name in TEXT_COLUMNS
        shown.add_column(
            Text(name), justify="left" if text else "right", overflow="fold", no_wrap=not text
        )
    for cells in table.itertuples(index=False):
        shown.add_row(*map(Text, cells))
    console.print(shown)
