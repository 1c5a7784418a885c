"""Playing a study: its jobs, in two turns, and the rows they amount to.

A scheme with a knob is played at every value on validation traces first, which gives its curve in
the delay-energy plane; then at the value whose mean energy is nearest below the budget there, on
the evaluation traces that all policies meet.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from rich.console import Console

from agents.seeds import VALIDATION_SEEDS
from benchmarks.jobs.engine import Engine
from benchmarks.jobs.running import Work, run_missing
from benchmarks.jobs.store import Job, Store
from benchmarks.playing.contenders import contenders
from benchmarks.playing.episodes import episodes_job, jobs_together, play_jobs
from benchmarks.playing.parts import blocks
from benchmarks.playing.suite import Entry
from benchmarks.studies.sweeps.definition import Study
from benchmarks.studies.sweeps.points import Point

__all__ = ["Played", "chosen_knob", "play_study"]

WORK = Work(play_jobs, jobs_together)

Played = tuple[pd.DataFrame, pd.DataFrame]
"""The rows on evaluation traces, and those of knobs on validation traces."""


class _Task(NamedTuple):
    """A job, and what its rows are of."""

    point: Point
    entry: Entry
    job: Job


def play_study(
    study: Study, points: Sequence[Point], store: Store, engine: Engine, console: Console
) -> Played:
    """Plays what is missing of a study.

    Args:
        study: The study.
        points: Its points.
        store: Where results are kept.
        engine: What plays.
        console: Where the progress is shown.

    Returns:
        A row a point, policy and evaluation seed, and a row a point, scheme, value of its knob and
        validation seed.

    Raises:
        BenchmarkError: If a policy is unknown, cannot be built or fails.
    """
    found = [[contenders(name, point.evaluator) for name in study.policies] for point in points]
    knobs = [
        _Task(point, entry, episodes_job(point.evaluator, entry, VALIDATION_SEEDS))
        for point, policies in zip(points, found, strict=True)
        for entries in policies
        if len(entries) > 1
        for entry in entries
    ]
    run_missing([task.job for task in knobs], WORK, store, engine, console)
    curves = _rows(knobs, store)
    tasks = [
        _Task(point, entry, episodes_job(point.evaluator, entry, block))
        for point, policies in zip(points, found, strict=True)
        for block in blocks(range(study.seeds))
        for entry in (_chosen(entries, point, curves) for entries in policies)
    ]
    run_missing([task.job for task in tasks], WORK, store, engine, console)
    return _rows(tasks, store), curves


def chosen_knob(energy_ratios: Sequence[float]) -> int:
    """The place of the mean energy that is nearest below the budget; of the least if none is.

    Args:
        energy_ratios: Mean energies over budget at a knob's values.
    """
    places = range(len(energy_ratios))
    kept = [place for place in places if energy_ratios[place] <= 1.0]
    if kept:
        return max(kept, key=lambda place: energy_ratios[place])
    return min(places, key=lambda place: energy_ratios[place])


def _chosen(entries: Sequence[Entry], point: Point, curves: pd.DataFrame) -> Entry:
    if len(entries) == 1:
        return entries[0]
    ratios = curves[(curves["policy"] == entries[0].name)]
    for name, cell in point.cells.items():
        ratios = ratios[ratios[name] == cell]
    means = ratios.groupby("knob", sort=False)["energy_ratio"].mean()
    return entries[chosen_knob([float(means[str(entry.knob)]) for entry in entries])]


def _rows(tasks: Sequence[_Task], store: Store) -> pd.DataFrame:
    """A row an episode: the point, the policy, and the scores."""
    rows: list[dict[str, Any]] = []
    for point, entry, job in tasks:
        knob = "" if entry.knob is None else str(entry.knob)
        what = {
            **point.cells,
            "env_id": point.evaluator.env_id,
            "policy": entry.name,
            "label": entry.label,
            "kind": entry.kind,
            "knob": knob,
        }
        rows += [{**what, **score} for score in store.result(job)]
    return pd.DataFrame(rows)
