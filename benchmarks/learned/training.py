"""Training the page's runs side by side, each in a process of its own.

A run's process has one torch thread, so that its weights do not depend on how many run beside it.
It writes what it says to ``train.log`` in the run's folder, and stops when the process that started
it is gone; what it had trained since its last checkpoint is then trained again.
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from agents.catalogue import label_of
from agents.checkpoints import has_checkpoint
from agents.configuration import Configuration, load_configuration
from agents.description import changes_since, check_configuration, read_description
from agents.errors import RunError
from agents.runs import read_curve, run_folder
from agents.training import train
from benchmarks.errors import BenchmarkError
from benchmarks.learned.page import Page

__all__ = ["Run", "runs_of", "train_missing"]

LOG = "train.log"
LOOK_EVERY = 1.0
"""Time between two looks at the runs [s]."""


@dataclass(frozen=True, eq=False)
class Run:
    """An agent trained with one training seed; compared by identity, as configurations are long.

    Attributes:
        configuration: How it is trained.
        seed: Training seed.
        root: Folder of all runs.
    """

    configuration: Configuration
    seed: int
    root: Path

    @property
    def algorithm(self) -> str:
        """The algorithm's name."""
        return self.configuration.algorithm

    @property
    def name(self) -> str:
        """Its name among the policies of its environment id."""
        return f"{self.algorithm}-seed-{self.seed}"

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{label_of(self.algorithm)}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Its folder."""
        return run_folder(self.root, self.configuration, self.seed)

    @property
    def model_path(self) -> Path:
        """Where its trained model is or will be."""
        return self.folder / "model.zip"

    @property
    def description(self) -> dict[str, Any]:
        """What its ``run.json`` holds.

        Raises:
            BenchmarkError: If it cannot be read.
        """
        with _faults_told():
            return read_description(self.folder)

    @property
    def curve(self) -> list[dict[str, str]]:
        """The rows of its learning curve.

        Raises:
            BenchmarkError: If it cannot be read.
        """
        with _faults_told():
            return read_curve(self.folder / "curve.csv")

    @property
    def changes(self) -> list[str]:
        """How its training goes on otherwise than it began, none where it begins.

        Raises:
            BenchmarkError: If its ``run.json`` cannot be read.
        """
        with _faults_told():
            if not has_checkpoint(self.folder):
                return []
            return changes_since(self.folder, self.configuration.total_steps)

    @property
    def steps(self) -> int:
        """Steps up to its last validation."""
        return int(self.curve[-1]["steps"]) if self.curve else 0

    @property
    def has_ended(self) -> bool:
        """Whether it was trained to the end.

        Raises:
            BenchmarkError: If what is there was trained with another configuration, or cannot be
                read.
        """
        if not self.model_path.exists():
            return False
        with _faults_told():
            check_configuration(self.configuration, self.folder)
        return int(self.description.get("steps", 0)) >= self.configuration.total_steps


@contextmanager
def _faults_told() -> Iterator[None]:
    """A run's fault as one of the command's input."""
    try:
        yield
    except RunError as error:
        raise BenchmarkError(f"{error} (runs are in --runs)") from error


def runs_of(page: Page, root: Path) -> list[Run]:
    """The runs of a page: all agents with the first training seed, then with the next."""
    return [
        Run(load_configuration(algorithm, environment.env_id), seed, root)
        for seed in range(page.num_training_seeds)
        for environment in page.environments
        for algorithm in environment.algorithms
    ]


def train_missing(runs: Sequence[Run], jobs: int, console: Console) -> None:
    """Trains what has not been trained to the end; interrupted runs go on from their checkpoint.

    Args:
        runs: The runs.
        jobs: How many are trained at a time.
        console: Where the progress is shown.

    Raises:
        BenchmarkError: If runs failed, once all others have ended.
    """
    waiting = deque(run for run in runs if not run.has_ended)
    active: dict[Run, BaseProcess] = {}
    failures: list[str] = []
    with _stopping(active), _Display(waiting, console) as display:
        while waiting or active:
            while waiting and len(active) < jobs:
                run = waiting.popleft()
                for change in run.changes:
                    console.print(f"{run.label}: {change}", style="yellow", markup=False)
                active[run] = _start(run)
            wait([process.sentinel for process in active.values()], timeout=LOOK_EVERY)
            for run in [run for run, process in active.items() if not process.is_alive()]:
                process = active.pop(run)
                if process.exitcode or not run.has_ended:
                    failures.append(_failure(run, process.exitcode))
                    console.print(f"Failed: {failures[-1]}", style="red", markup=False)
                display.end(run)
            display.show(active)
    if failures:
        raise BenchmarkError(f"{len(failures)} runs failed: " + "; ".join(failures))


@contextmanager
def _stopping(active: dict["Run", BaseProcess]) -> Iterator[None]:
    """Stops the processes that are left when the body ends."""
    try:
        yield
    finally:
        for process in active.values():
            process.terminate()
        for process in active.values():
            process.join()


def _start(run: Run) -> BaseProcess:
    """Starts a run's process, from one that has the imports behind it where there is such."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context: Any = multiprocessing.get_context(method)
    context.set_forkserver_preload(["benchmarks.learned.training"])
    process: BaseProcess = context.Process(target=_train_here, args=(run,))
    process.start()
    return process


def _train_here(run: Run) -> None:
    """Trains a run in this process, which is there for it alone."""
    # Ctrl-C reaches all processes of a terminal; the one that started this one passes it on once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
        log = (run.folder / LOG).open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        sys.exit(f"Error: {run.folder}: {error}")
    with log, redirect_stdout(log), redirect_stderr(log):
        try:
            train(run.configuration, run.seed, run.root, progress_bar=False)
        except KeyboardInterrupt:
            sys.exit(130)
        except RunError as error:
            print(error)
            sys.exit(1)
        except Exception:
            traceback.print_exc()
            sys.exit(1)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def _failure(run: Run, exitcode: int | None) -> str:
    """Which run failed, and why as far as it said so."""
    log = run.folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    said = lines[-1] if lines and exitcode == 1 else f"its process ended with code {exitcode}"
    return f"{run.label} on {run.configuration.env_id}: {said} (see {log})"


class _Display:
    """One bar for the steps of all runs, and a line for each run that is being trained."""

    def __init__(self, waiting: Sequence[Run], console: Console) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} steps"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=console, disable=not waiting)
        self._runs = list(waiting)
        total = sum(run.configuration.total_steps for run in waiting)
        self._all = self._progress.add_task(f"{len(waiting)} runs to train", total=total)
        self._lines: dict[Run, TaskID] = {}

    def __enter__(self) -> "_Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, active: Sequence[Run] | dict[Run, BaseProcess]) -> None:
        """Brings the bars up to date."""
        for run in active:
            if run not in self._lines:
                described = f"{run.label} on {run.configuration.env_id}"
                self._lines[run] = self._progress.add_task(
                    described, total=run.configuration.total_steps
                )
            self._progress.update(self._lines[run], completed=run.steps)
        self._progress.update(self._all, completed=sum(run.steps for run in self._runs))

    def end(self, run: Run) -> None:
        """Takes a run's line away."""
        if run in self._lines:
            self._progress.remove_task(self._lines.pop(run))
