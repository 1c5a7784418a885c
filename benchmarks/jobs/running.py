"""Running what is missing of a list of jobs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.jobs.engine import Engine
from benchmarks.jobs.store import Job, Store

__all__ = ["Work", "run_missing"]


class Work(NamedTuple):
    """How jobs of a kind are done.

    Attributes:
        perform: A function of a module: from what makes each of some jobs to their results.
        batched: Puts jobs together that are done at a time.
    """

    perform: Callable[[Sequence[Mapping[str, Any]]], list[Any]]
    batched: Callable[[Sequence[Job]], Iterable[list[Job]]]


def run_missing(
    jobs: Sequence[Job], work: Work, store: Store, engine: Engine, console: Console
) -> None:
    """Runs the jobs of which the store has no result; each is kept as soon as it is there.

    Args:
        jobs: The jobs; one that comes twice is run once.
        work: How they are done.
        store: Where the results are kept.
        engine: What runs them.
        console: Where the progress is shown.

    Raises:
        Exception: What a job raised, when it did; results that were kept stay.
    """
    asked = {job.key: job for job in jobs}
    batches = list(work.batched([job for job in asked.values() if job not in store]))
    with _progress(console, disable=not batches) as progress:
        task = progress.add_task("", total=len(asked))
        progress.advance(task, len(asked) - sum(map(len, batches)))
        tasks = [[job.made_by for job in batch] for batch in batches]
        for outcome in engine.run(work.perform, tasks):
            if outcome.error is not None:
                raise outcome.error
            batch = batches[outcome.place]
            for job, result in zip(batch, outcome.value, strict=True):
                store.keep(job, result)
            progress.update(task, advance=len(batch), description=batch[-1].shown)


def _progress(console: Console, disable: bool) -> Progress:
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("jobs,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left · {task.description}", markup=False),
    )
    return Progress(*columns, console=console, disable=disable)
