"""From a study's rows to a line a point and policy: means with 95% intervals."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from benchmarks.reporting.formatting import at_most_three_digits, percent, with_interval
from benchmarks.reporting.statistics import OVERSPENT, interval
from benchmarks.reporting.tables import OVERSPENT_MARK
from benchmarks.studies.sweeps.definition import Study

__all__ = ["AVERAGED", "cell_told", "shown", "summarised"]

AVERAGED = ("mean_delay_s", "mean_energy_j", "energy_ratio", "priced_gap", "frontier_gap")
"""Columns that are averaged over evaluation seeds, with intervals ``…_low`` and ``…_high``."""

KEPT = ("env_id", "label", "kind", "knob")


def summarised(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """A line a point and policy, in the order of the study.

    Args:
        study: The study.
        rows: Its rows.

    Returns:
        The axes' cells, ``policy``, what it is, ``episodes``, the means with their intervals, and
        the means of ``energy_budget_j`` and ``frontier_delay_s``.
    """
    lines = []
    keys = [*(axis.name for axis in study.axis), "policy"]
    for values, group in rows.groupby(keys, sort=False):
        line = dict(zip(keys, values, strict=True))
        line |= {name: group[name].iloc[0] for name in KEPT}
        line["episodes"] = len(group)
        for name in AVERAGED:
            sample = group[name].astype(float).dropna()
            line[name] = sample.mean()
            line[f"{name}_low"], line[f"{name}_high"] = interval(sample)
        for name in ("energy_budget_j", "frontier_delay_s"):
            line[name] = group[name].astype(float).mean()
        lines.append(line)
    return pd.DataFrame(lines)


def shown(study: Study, lines: pd.DataFrame) -> pd.DataFrame:
    """The summary as text for people, a line a point and policy.

    Args:
        study: The study.
        lines: What :func:`summarised` gives.
    """
    return pd.DataFrame([_shown(study, line) for _, line in lines.iterrows()])


def _shown(study: Study, line: "pd.Series[Any]") -> dict[str, str]:
    def cell(column: str, write: Callable[[float], str]) -> str:
        return with_interval(*(write(line[f"{column}{end}"]) for end in ("", "_low", "_high")))

    mark = f" {OVERSPENT_MARK}" if line["energy_ratio"] > OVERSPENT else ""
    cells = {axis.shown: cell_told(line[axis.name]) for axis in study.axis}
    return cells | {
        "Policy": str(line["label"]),
        "Delay [s]": cell("mean_delay_s", at_most_three_digits),
        "Energy [J]": cell("mean_energy_j", at_most_three_digits),
        "E/Ē": f"{line['energy_ratio']:.3f}{mark}",
        "Priced gap [%]": cell("priced_gap", percent),
    }


def cell_told(value: Any) -> str:
    """An axis' value for people."""
    return f"{value:,g}" if isinstance(value, int | float) else str(value)
