"""How far runs are that others train: a bar for all of them, and a line for each that is on."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmarks.learned.runs import Run

__all__ = ["steps_shown"]

LOOK_EVERY = 1.0
"""Time between two looks at the runs [s]."""


@contextmanager
def steps_shown(runs: Sequence[Run], console: Console) -> Iterator[None]:
    """Shows the steps of runs while its body has them trained; nothing where there are none."""
    if not runs:
        yield
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} steps"),
        TimeElapsedColumn(),
    )
    ended = threading.Event()
    with Progress(*columns, console=console) as progress:
        watcher = threading.Thread(target=_watch, args=(runs, progress, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()


def _watch(runs: Sequence[Run], progress: Progress, ended: threading.Event) -> None:
    """Brings the bars up to date until all is over."""
    total = sum(run.configuration.total_steps for run in runs)
    whole = progress.add_task(f"{len(runs)} runs to train", total=total)
    lines: dict[Run, TaskID] = {}
    first = {run: run.steps for run in runs}
    while not ended.wait(LOOK_EVERY):
        steps = {run: run.steps for run in runs}
        progress.update(whole, completed=sum(steps.values()))
        for run, done in steps.items():
            _show(run, done, done > first[run], progress, lines)


def _show(run: Run, done: int, is_on: bool, progress: Progress, lines: dict[Run, TaskID]) -> None:
    """Shows a run's line while it is trained."""
    of = run.configuration.total_steps
    if is_on and done < of and run not in lines:
        described = f"{run.label} on {run.configuration.env_id}"
        lines[run] = progress.add_task(described, total=of)
    if run in lines:
        progress.update(lines[run], completed=done, visible=done < of)
