"""Running what is missing of a list of jobs."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.jobs.engine import Engine
from benchmarks.jobs.store import Job, Store

__all__ = ["Work", "progress_of", "results_of", "run_missing"]

Item = TypeVar("Item")


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
    missing = [job for job in asked.values() if job not in store]
    with progress_of("jobs", console, disable=not missing) as progress:
        task = progress.add_task("", total=len(asked))
        progress.advance(task, len(asked) - len(missing))
        batches = list(work.batched(missing))
        with closing(results_of(work.perform, batches, _made_by, engine)) as done:
            for job, result in done:
                store.keep(job, result)
                progress.update(task, advance=1, description=job.shown)


def _made_by(job: Job) -> Mapping[str, Any]:
    return job.made_by


def results_of(
    perform: Callable[[Sequence[Any]], list[Any]],
    batches: Sequence[list[Item]],
    portable: Callable[[Item], Any],
    engine: Engine,
) -> Generator[tuple[Item, Any], None, None]:
    """Runs batches of items.

    A single batch is run in this process, item by item: it would take longer to start another.

    Args:
        perform: A function of a module, from items to their results.
        batches: The items.
        portable: What of an item goes to the function.
        engine: What runs several batches.

    Yields:
        Each item and what came of it, as they end.

    Raises:
        Exception: What the function raised, when it did.
    """
    tasks = [[portable(item) for item in batch] for batch in batches]
    if len(tasks) == 1:
        for item, task in zip(batches[0], tasks[0], strict=True):
            yield item, perform([task])[0]
        return
    with closing(engine.run(perform, tasks)) as outcomes:
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error
            yield from zip(batches[outcome.place], outcome.value, strict=True)


def progress_of(what: str, console: Console, disable: bool) -> Progress:
    """A bar of things that are done."""
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn(f"{what},"),
        TimeRemainingColumn(compact=True),
        TextColumn("left · {task.description}", markup=False),
    )
    return Progress(*columns, console=console, disable=disable)
