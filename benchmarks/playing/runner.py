"""Playing a suite: episode after episode, each row on the disk before the next begins.

One process plays all, one policy after the other, so that decision times are not distorted; the
progress bar is redrawn between episodes only, for the same reason.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from asl_gym import EpisodeScore, Evaluator
from asl_gym.scoring.evaluation import EpisodeSeries
from asl_gym.scoring.frontier import HindsightFrontier
from asl_gym.traces.trace import Trace
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.episode_log import EpisodeLog
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import Entry, Suite
from benchmarks.playing.user_policies import PROTOCOL, users_code

__all__ = ["frontier_curve", "run_suite"]

SCALED_MULTIPLIERS = np.geomspace(1e-4, 1e4, 161)
"""λ·Ē/D_ref of the points of the frontier's curve."""

CURVE_POINTS = 161
"""Points of a curve along several budgets."""


def run_suite(
    configuration: Configuration,
    suite: Suite,
    folder: RunFolder,
    console: Console,
    anew: bool = False,
) -> None:
    """Plays what is missing of a suite.

    Args:
        configuration: What is played.
        suite: The policies.
        folder: Where the rows go; those that are there are not played again.
        console: Where the progress is shown.
        anew: Whether rows that other code or files made are removed, so that they are played anew.

    Raises:
        BenchmarkError: If the folder holds results of another configuration or rows that something
            else made, another run writes to it, or a user's policy fails.
    """
    with folder.locked():
        folder.prepare(configuration, suite, anew)
        if not folder.has_frontier:
            folder.write_frontier(frontier_curve(configuration.evaluator, configuration.seeds))
        with folder.open_log() as log, _progress(console) as progress:
            task = progress.add_task("", total=len(suite.entries) * configuration.num_seeds)
            for entry in suite.entries:
                progress.update(task, description=entry.label)
                for _ in _played(entry, configuration, folder, log):
                    progress.advance(task)
                    progress.refresh()


def _progress(console: Console) -> Progress:
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("episodes,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left · {task.description}", markup=False),
    )
    return Progress(*columns, console=console, auto_refresh=False)


def _played(
    entry: Entry, configuration: Configuration, folder: RunFolder, log: EpisodeLog
) -> Iterator[None]:
    """Plays the seeds of a policy that are missing; yields once for each seed, missing or not."""
    missing = [seed for seed in configuration.seeds if (entry.name, seed) not in log.done]
    yield from [None] * (configuration.num_seeds - len(missing))
    if not missing:
        return
    if entry.kind == "user":
        _tell_if_it_remembers(entry, configuration.evaluator, missing[0], folder)
    for score, series in _episodes(entry, configuration.evaluator, missing):
        if score.evaluation_seed == configuration.seeds[0]:
            folder.write_series(entry.name, series)
        log.append(score, configuration.env_id, configuration.scenario_name, entry.training_seed)
        yield


def _tell_if_it_remembers(entry: Entry, evaluator: Evaluator, seed: int, folder: RunFolder) -> None:
    """Notes of a user's policy that its rows depend on what it has played before, if they do."""
    with users_code(f"the policy {entry.name!r} failed", PROTOCOL):
        remembers = evaluator.remembers(entry.policy, seed)
    if remembers:
        folder.tell_memory(entry.name, seed)


def _episodes(
    entry: Entry, evaluator: Evaluator, seeds: list[int]
) -> Iterator[tuple[EpisodeScore, EpisodeSeries]]:
    """Plays episodes; a fault names the policy, and in a user's policy the protocol as well."""
    played = evaluator.evaluate(entry.policy, seeds, entry.name)
    if entry.kind == "user":
        with users_code(f"the policy {entry.name!r} failed", PROTOCOL):
            yield from played
        return
    try:
        yield from played
    except Exception as error:
        error.add_note(f"while the benchmark played the policy {entry.name!r}")
        raise


def frontier_curve(evaluator: Evaluator, seeds: range) -> pd.DataFrame:
    """The hindsight frontier of all seeds' traces put end to end, as points of a curve.

    The policies' means over seeds can be compared with it: no policy lies below.

    Returns:
        ``mean_delay_s`` over ``mean_energy_j``, or over ``energy_ratio``, the common scale of all
        budgets, where there are several.
    """
    if evaluator.scenario.num_budgets > 1:
        traces = [evaluator.frontier(seed).trace for seed in seeds]
        whole = HindsightFrontier(evaluator.scenario, Trace.end_to_end(traces))
        ratio, delay = whole.along_budgets(CURVE_POINTS)
        return pd.DataFrame({"energy_ratio": ratio, "mean_delay_s": delay})
    scenario = evaluator.scenario
    multipliers = SCALED_MULTIPLIERS * scenario.reference_delay / scenario.energy_budget
    # At one multiplier for all traces, the mean over them is what it is on all put end to end.
    curves = [evaluator.frontier(seed).curve(multipliers) for seed in seeds]
    energy, delay = np.mean(curves, axis=0)
    columns = {"mean_energy_j": energy, "mean_delay_s": delay}
    return pd.DataFrame({"scaled_multiplier": SCALED_MULTIPLIERS, **columns})
