"""The trainings of the study: one for each schedule, division of the data and seed.

What is learned does not depend on the cuts, in either schedule (``tests/training`` holds it to
1e-9), so that one training serves all policies; its cuts are OPEN's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from asl_gym import OPEN
from asl_gym.training import RoundRecord, TrainingError
from asl_gym.training.setting import Setting
from benchmarks.errors import BenchmarkError

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


def train_all(plan: Plan, folder: Path, console: Console) -> pd.DataFrame:
    """Trains what is missing.

    Args:
        plan: What is trained.
        folder: Has a folder for each training, with its state after the last round.
        console: Where progress is shown.

    Returns:
        A row for each round of each training: schedule, split, seed, round, accuracy, loss, and
        the seconds that this machine computed.

    Raises:
        BenchmarkError: If a folder holds another training, or a loss is no number.
    """
    parts = []
    trainings = list(plan.trainings())
    total = sum(setting.rounds for _, setting in trainings)
    with _progress(console) as progress:
        task = progress.add_task("", total=total)
        for name, setting in trainings:
            progress.update(task, description=name)
            training = setting.training(OPEN)
            try:
                for _ in training.rounds(setting.rounds, folder / name):
                    progress.advance(task)
            except TrainingError as error:
                raise BenchmarkError(str(error)) from error
            parts.append(_rows(setting, training.records))
    return pd.concat(parts, ignore_index=True)


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


def _progress(console: Console) -> Progress:
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("rounds,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left · {task.description}", markup=False),
    )
    return Progress(*columns, console=console, refresh_per_second=1)
