"""Clock and meter of the study: seconds and joules of every round under each policy."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from asl_gym.training.setting import Setting
from benchmarks.playing.suite import Entry, build_suite

__all__ = ["DEFAULT_AGENT", "clocks", "policies_of"]

DEFAULT_AGENT = "hybrid"


def policies_of(setting: Setting, only: Sequence[str]) -> tuple[Entry, ...]:
    """The policies that are compared: OPEN, the existing schemes and an agent.

    Args:
        setting: The training.
        only: Names or labels of those to compare with OPEN; by default all schemes and an agent.

    Raises:
        BenchmarkError: If a name is unknown.
    """
    if only:
        return build_suite(setting.evaluator, only=["open", *only]).entries
    entries = build_suite(setting.evaluator).entries
    return tuple(e for e in entries if e.kind in ("OPEN", "scheme") or e.name == DEFAULT_AGENT)


def clocks(setting: Setting, entries: Iterable[Entry], traces: range) -> pd.DataFrame:
    """What the rounds take under each policy, on common traces.

    Args:
        setting: The training, whose environment is played for so many rounds.
        entries: The policies.
        traces: Evaluation seeds of the traces.

    Returns:
        A row for each policy, trace and round, with the seconds and joules up to its end.
    """
    parts = []
    for entry in entries:
        played = setting.evaluator.episodes(entry.policy, traces)
        for seed, series in zip(traces, played, strict=True):
            columns = {
                "schedule": setting.schedule,
                "policy": entry.name,
                "label": entry.label,
                "kind": entry.kind,
                "trace": seed,
                "round": np.arange(len(series.delay)),
                "seconds": np.cumsum(series.delay),
                "joules": np.cumsum(series.energy),
            }
            parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)
