"""Tasks in processes of this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as futures_wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from types import FrameType
from typing import Any

from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Outcome, Outcomes

__all__ = ["Processes"]

_running = threading.Event()
"""Whether this worker runs a task."""

STOPPED = 130
"""Exit status of a worker that was stopped."""

WAKE_EVERY = 1.0
"""Longest time that an interruption may wait [s]."""

MOST_BREAKS = 3
"""Times in a row that a worker may die before any task has ended."""


class Processes:
    """Processes that each run a task at a time.

    They end with the process that started them, in whatever way it ends, and a worker that dies
    takes no more with it than the tasks that ran.

    Args:
        workers: Number of processes.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, function: Callable[[Any], Any], tasks: Sequence[Any]) -> Outcomes:
        """See :meth:`benchmarks.jobs.engine.Engine.run`."""
        missing, breaks = list(range(len(tasks))), 0
        while missing:
            ended = []
            for outcome in self._run_once(function, tasks, missing):
                ended.append(outcome.place)
                yield outcome
            left = sorted(set(missing) - set(ended))
            breaks = breaks + 1 if len(left) == len(missing) else 0
            missing = left
            if breaks == MOST_BREAKS:
                raise BenchmarkError(
                    f"workers died {breaks} times before any of {len(missing)} tasks ended; memory "
                    "is what they most often lack: give fewer --jobs"
                )

    def _run_once(
        self, function: Callable[[Any], Any], tasks: Sequence[Any], missing: Sequence[int]
    ) -> Outcomes:
        """Runs tasks until all have ended or a worker dies."""
        before = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(
            min(self.workers, len(missing)), multiprocessing.get_context(_method()), _begin
        )
        places: dict[Future[Any], int] = {}
        try:
            for place in missing:
                places[pool.submit(_perform, function, tasks[place])] = place
            while places:
                for future in _ended(places):
                    if (outcome := _outcome(places[future], future)) is None:
                        return
                    del places[future]
                    yield outcome
        except BrokenProcessPool:  # Before all were handed over.
            return
        finally:
            pool.shutdown(wait=not places, cancel_futures=True)
            if places:
                _stop(set(multiprocessing.active_children()) - before)


def _ended(futures: Iterable["Future[Any]"]) -> "list[Future[Any]]":
    """Those that have ended, last those whose worker died; waits for one, but wakes now and then.

    A signal that another thread receives is handled only when this one runs.
    """
    return sorted(futures_wait(futures, WAKE_EVERY, FIRST_COMPLETED).done, key=_is_lost)


def _is_lost(future: "Future[Any]") -> bool:
    return isinstance(future.exception(), BrokenProcessPool)


def _outcome(place: int, future: "Future[Any]") -> Outcome | None:
    """A task's outcome; ``None`` where its worker died."""
    if _is_lost(future):
        return None
    error = future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return Outcome(place, None if error else future.result(), error)


def _method() -> str:
    """From a process that has no threads where there is such, else anew."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def _stop(workers: set[Any]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join()


def _begin() -> None:
    """Sets a worker up, before it imports what it runs."""
    # Small networks on several threads are far slower, and each worker has a core.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # Ctrl-C reaches all processes of a terminal; the one that started this one passes it on once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _perform(function: Callable[[Any], Any], task: Any) -> Any:
    """Runs a task; one that is stopped may tidy up, and its worker takes no other."""
    _running.set()
    try:
        return function(task)
    except KeyboardInterrupt:
        os._exit(STOPPED)
    finally:
        _running.clear()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    if not _running.is_set():
        os._exit(STOPPED)
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
