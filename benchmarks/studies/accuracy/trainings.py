"""The trainings of the study: one for each schedule, division of the data and seed.

What is learned does not depend on the cuts, in either schedule (``tests/training`` holds it to
1e-9), so that one training serves all policies; its cuts are OPEN's.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from rich.console import Console

from asl_gym import OPEN
from asl_gym.training import RoundRecord, TrainingError
from asl_gym.training.setting import Setting
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Engine
from benchmarks.jobs.running import progress_of, results_of

__all__ = ["Plan", "train_all"]


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes:
        settings: A setting for each schedule, whose division and seed are replaced.
        splits: The divisions of the data.
        seeds: The training seeds.
    """

    settings: Sequence[Setting]
    splits: Sequence[str]
    seeds: range

    def trainings(self) -> Iterator[tuple[str, Setting]]:
        """Name and setting of every training."""
        for base in self.settings:
            for seed in self.seeds:
                for split in self.splits:
                    name = f"{base.schedule}-{split}-{seed}"
                    yield name, base.replace(split=split, seed=seed)


def train_all(plan: Plan, folder: Path, console: Console, engine: Engine) -> pd.DataFrame:
    """Trains what is missing.

    Args:
        plan: What is trained.
        folder: Has a folder for each training, with its state after the last round.
        console: Where progress is shown.
        engine: What trains, on this machine, whose folder it is.

    Returns:
        A row for each round of each training: schedule, split, seed, round, accuracy, loss, and
        the seconds that this machine computed.

    Raises:
        BenchmarkError: If a folder holds another training, or a loss is no number.
    """
    trainings = [Training(name, setting, folder / name) for name, setting in plan.trainings()]
    rows: dict[str, pd.DataFrame] = {}
    with progress_of("trainings", console, disable=False) as progress:
        task = progress.add_task("", total=len(trainings))
        with closing(results_of(_train, [[one] for one in trainings], _itself, engine)) as done:
            for training, learned in done:
                rows[training.name] = learned
                progress.update(task, advance=1, description=training.name)
    return pd.concat([rows[each.name] for each in trainings], ignore_index=True)


class Training(NamedTuple):
    """One of the trainings: its name, its setting and its folder."""

    name: str
    setting: Setting
    folder: Path


def _itself(training: Training) -> Training:
    return training


def _train(trainings: Sequence[Training]) -> list[pd.DataFrame]:
    """Goes on with trainings to their ends; returns the rows of each."""
    learned = []
    for _, setting, folder in trainings:
        try:
            training = setting.training(OPEN)
            for _ in training.rounds(setting.rounds, folder):
                pass
        except TrainingError as error:
            raise BenchmarkError(str(error)) from error
        learned.append(_rows(setting, training.records))
    return learned


def _rows(setting: Setting, records: Sequence[RoundRecord]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "schedule": setting.schedule,
            "split": setting.split,
            "seed": setting.seed,
            "round": [record.round_index for record in records],
            "accuracy": [record.accuracy for record in records],
            "loss": [record.loss for record in records],
            "computing_s": [record.computing_s for record in records],
        }
    )
