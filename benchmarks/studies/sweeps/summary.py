"""From a study's rows to a line a point and policy: means with 95% intervals."""

import pandas as pd

from benchmarks.reporting.statistics import interval
from benchmarks.studies.sweeps.definition import Study

__all__ = ["AVERAGED", "summarised"]

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
