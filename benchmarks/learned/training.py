"""Training the page's runs side by side.

A run has one torch thread, so that its weights do not depend on how many run beside it. It writes
what it says to ``train.log`` in its folder. What is trained is kept there too, in checkpoints that
all workers must be able to read: where one dies, what it had trained since is trained again.
"""

import traceback
from collections.abc import Sequence
from contextlib import closing, redirect_stderr, redirect_stdout

from rich.console import Console

from agents.errors import RunError
from agents.training import train
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Engine
from benchmarks.learned.progress import steps_shown
from benchmarks.learned.runs import Run

__all__ = ["train_here", "train_missing"]

LOG = "train.log"


def train_missing(runs: Sequence[Run], console: Console, engine: Engine) -> None:
    """Trains what has not been trained to the end; interrupted runs go on from their checkpoint.

    Args:
        runs: The runs.
        console: Where the progress is shown.
        engine: What trains.

    Raises:
        BenchmarkError: If runs failed, once all others have ended.
    """
    missing = [run for run in runs if not run.has_ended]
    for run in missing:
        for change in run.changes:
            console.print(f"{run.label}: {change}", style="yellow", markup=False)
    failures: list[str] = []
    with steps_shown(missing, console), closing(engine.run(train_here, missing)) as outcomes:
        for outcome in outcomes:
            run = missing[outcome.place]
            if outcome.error is not None or not run.has_ended:
                failures.append(_failure(run, outcome.error))
                console.print(f"Failed: {failures[-1]}", style="red", markup=False)
    if failures:
        raise BenchmarkError(f"{len(failures)} runs failed: " + "; ".join(failures))


def train_here(run: Run) -> None:
    """Trains a run in this process; what it says goes to a file of the run's folder.

    Raises:
        BenchmarkError: If it fails.
    """
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        log = (run.folder / LOG).open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise BenchmarkError(f"{error.strerror}: {str(run.folder)!r}") from error
    with log, redirect_stdout(log), redirect_stderr(log):
        try:
            train(run.configuration, run.seed, run.root, progress_bar=False)
        except RunError as error:
            print(error)
            raise BenchmarkError(str(error)) from error
        except Exception as error:
            traceback.print_exc()
            # Those of other libraries may not go from one process to another.
            raise BenchmarkError(f"{type(error).__name__}: {error}") from error


def _failure(run: Run, error: Exception | None) -> str:
    """Which run failed, and why."""
    why = error or "its model is not there: all nodes must share the folder of the runs"
    return f"{run.label} on {run.configuration.env_id}: {why} (see {run.folder / LOG})"
