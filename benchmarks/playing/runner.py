"""Playing a suite: what is missing, in parts, each row on the disk as soon as it is there."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pandas as pd
from rich.console import Console

from asl_gym import Evaluator
from asl_gym.scoring.frontier import HindsightFrontier
from asl_gym.traces.trace import Trace
from benchmarks.jobs.engine import Engine
from benchmarks.jobs.running import progress_of, results_of
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.episode_log import EpisodeLog
from benchmarks.playing.parts import Part, PlayedPart, blocks, parts_together, play_parts
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.suite import Entry, Suite

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
    engine: Engine,
) -> None:
    """Plays what is missing of a suite.

    Args:
        configuration: What is played.
        suite: The policies.
        folder: Where the rows go; those that are there are not played again, and those that other
            code or files made are set apart.
        console: Where the progress is shown.
        engine: What plays.

    Raises:
        BenchmarkError: If the folder holds results of another configuration, another run writes to
            it, or a user's policy fails.
    """
    with folder.locked():
        for line in folder.prepare(configuration, suite):
            console.print(line)
        on_batteries = configuration.scenario.batteries is not None
        if not (on_batteries or folder.has_frontier):
            folder.write_frontier(frontier_curve(configuration.evaluator, configuration.seeds))
        with folder.open_log() as log:
            _play(configuration, suite, folder, log, console, engine)
        folder.order_rows()


def _play(
    configuration: Configuration,
    suite: Suite,
    folder: RunFolder,
    log: EpisodeLog,
    console: Console,
    engine: Engine,
) -> None:
    parts = [part for entry in suite.entries for part in _missing(entry, configuration, log)]
    episodes = len(suite.entries) * configuration.num_seeds
    played = results_of(play_parts, parts_together(parts), Part.portable, engine)
    with progress_of("episodes", console, disable=False) as progress, closing(played) as done:
        task = progress.add_task("", total=episodes)
        progress.advance(task, episodes - sum(len(part.seeds) for part in parts))
        for part, one in done:
            _keep(part, one, folder, log)
            progress.update(task, advance=len(part.seeds), description=part.entry.label)


def _missing(entry: Entry, configuration: Configuration, log: EpisodeLog) -> Iterator[Part]:
    """The parts of a policy that are not done."""
    missing = [seed for seed in configuration.seeds if (entry.name, seed) not in log.done]
    for place, seeds in enumerate(blocks(missing)):
        yield Part(configuration, entry, seeds, place == 0)


def _keep(part: Part, played: PlayedPart, folder: RunFolder, log: EpisodeLog) -> None:
    """Keeps what came of a part: the rows last, by which it counts as done."""
    configuration, entry = part.configuration, part.entry
    if played.remembers:
        folder.tell_memory(entry.name, part.seeds[0])
    if played.series is not None:
        folder.write_series(entry.name, played.series)
    for score in played.scores:
        log.append(score, configuration.env_id, configuration.scenario_name, entry.training_seed)


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
