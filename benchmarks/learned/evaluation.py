"""Playing the trained agents of all training seeds, beside the baselines, on common traces."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from agents.bookkeeping import sha256_of, write_json
from agents.configuration import ALGORITHMS
from agents.playing import as_policy
from agents.seeds import VALIDATION_SEEDS
from asl_gym.policies.base import Policy
from asl_gym.scoring.fitting import build_policy
from asl_gym.validation.json_files import read_json
from benchmarks.jobs.engine import Engine
from benchmarks.learned.comparisons import comparison_for
from benchmarks.learned.page import Page
from benchmarks.learned.runs import Run, played_on
from benchmarks.playing.configuration import Configuration
from benchmarks.playing.run_folder import RunFolder
from benchmarks.playing.runner import run_suite
from benchmarks.playing.suite import Entry, Suite, build_suite

__all__ = ["agent_entries", "play_missing", "play_page", "read_validation"]

VALIDATION = "validation.json"


@dataclass(frozen=True)
class TrainedModel:
    """Builds the policy of a trained model, which is loaded only if it is played.

    Attributes:
        algorithm: Key of :data:`agents.configuration.ALGORITHMS`.
        path: The model that training saved.
    """

    algorithm: str
    path: Path

    def __call__(self, env: Any) -> Policy:
        """Loads the model, and sets torch to one thread, which is fastest for small networks."""
        torch.set_num_threads(1)
        model = ALGORITHMS[self.algorithm].load(self.path, device="cpu")
        return build_policy(as_policy(model), env)


def agent_entries(runs: Sequence[Run]) -> list[Entry]:
    """The policies of those runs that have ended."""
    return [
        Entry(
            name=run.name,
            label=run.label,
            kind="agent",
            policy=TrainedModel(run.algorithm, run.model_path),
            training_seed=run.seed,
            agent=run.algorithm,
            files={run.model_path.name: sha256_of(run.model_path)},
        )
        for run in runs
        if run.has_ended
    ]


def play_page(page: Page, runs: Sequence[Run], out: Path, console: Console, engine: Engine) -> None:
    """Plays what is missing of a page, environment id by environment id.

    Args:
        page: The page.
        runs: Its runs.
        out: Folder with a folder of results for each environment id.
        console: Where the progress is shown.
        engine: What plays.
    """
    for environment in page.environments:
        configuration = Configuration.build(
            environment.env_id, rounds=page.rounds, num_seeds=page.num_evaluation_seeds
        )
        baselines = build_suite(configuration.evaluator, agents=False).entries
        folder = RunFolder(out / environment.env_id)
        write_validation(configuration, baselines, folder)
        own = played_on(environment, runs)
        play_missing(configuration, [*baselines, *agent_entries(own)], folder, console, engine)


def play_missing(
    configuration: Configuration,
    entries: Sequence[Entry],
    folder: RunFolder,
    console: Console,
    engine: Engine,
) -> None:
    """Plays what is missing; rows of models that were trained anew since are set apart.

    Args:
        configuration: What is played.
        entries: The policies.
        folder: Where the rows go.
        console: Where the progress is shown.
        engine: What plays.
    """
    console.print(f"Playing {configuration.env_id}, {configuration.scenario.num_devices} devices:")
    run_suite(configuration, Suite(tuple(entries), {}), folder, console, engine)


def write_validation(
    configuration: Configuration, baselines: Sequence[Entry], folder: RunFolder
) -> None:
    """Scores what agents are compared with on the traces of the learning curves, once."""
    path = folder.path / VALIDATION
    if path.exists():
        return
    gaps, comparison = {}, comparison_for(configuration.scenario)
    shown = comparison.shown({entry.name: entry.kind for entry in baselines})
    for entry in baselines:
        if entry.name in shown:
            played = configuration.evaluator.evaluate(entry.policy, VALIDATION_SEEDS)
            of_seeds = [getattr(score, comparison.gap) for score, _ in played]
            gaps[entry.name] = float(np.mean(of_seeds))
    folder.path.mkdir(parents=True, exist_ok=True)
    write_json(path, gaps)


def read_validation(folder: RunFolder) -> dict[str, float]:
    """Gaps on the learning curves' traces of what agents are compared with, by policy."""
    path = folder.path / VALIDATION
    gaps: dict[str, float] = read_json(path, "validation") if path.exists() else {}
    return gaps
