"""Tasks on a Ray cluster."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from asl_gym.extras import not_installed
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Outcome, Outcomes

__all__ = ["RayCluster"]

ROOT = Path(__file__).parents[2]
"""The checkout, which every node gets a copy of."""

LEFT_OUT = [".git", ".venv", "results", "runs", "**/__pycache__"]

PATIENCE = 10.0
"""Time that a cluster has to answer [s]."""

MOST_RETRIES = 20
"""Times that a task is run again whose worker or node died."""


class RayCluster:
    """Tasks, a core each, on the nodes of a Ray cluster; a node that dies costs what it ran.

    Args:
        address: The cluster's address, ``"auto"`` for the one this machine is part of; ``None``
            starts one here.
        jobs: Tasks that run at a time; by default one a core of the cluster.

    Raises:
        BenchmarkError: If Ray is not installed, or there is no cluster at the address.
    """

    def __init__(self, address: str | None = None, jobs: int | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise BenchmarkError(not_installed("ray", "ray")) from error
        self._ray: Any = ray
        self._jobs = jobs
        if not ray.is_initialized():
            self._connect(address)

    def _connect(self, address: str | None) -> None:
        _check_answers(address)
        environment = {"working_dir": str(ROOT), "excludes": LEFT_OUT}
        try:
            self._ray.init(
                address=address,
                runtime_env=environment,
                log_to_driver=False,
                num_cpus=self._jobs if address is None else None,
            )
        except (ConnectionError, ValueError) as error:
            raise BenchmarkError(
                f"address = {address!r}: no Ray cluster answers ({error})"
            ) from error

    def run(self, function: Callable[[Any], Any], tasks: Sequence[Any]) -> Outcomes:
        """See :meth:`benchmarks.jobs.engine.Engine.run`."""
        ray = self._ray
        remote = ray.remote(num_cpus=1, max_retries=MOST_RETRIES)(function)
        left = iter(range(len(tasks)))
        running: dict[Any, int] = {}
        try:
            while True:
                for place in left:
                    running[remote.remote(tasks[place])] = place
                    if len(running) >= self._at_a_time():
                        break
                if not running:
                    return
                (done,), _ = ray.wait(list(running), num_returns=1)
                yield self._outcome(running.pop(done), done)
        finally:
            for task in running:
                ray.cancel(task, force=True)

    def _at_a_time(self) -> int:
        """Tasks handed over: those that run, and as many that wait for them to end."""
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        return self._jobs or 2 * cores

    def _outcome(self, place: int, done: Any) -> Outcome:
        try:
            return Outcome(place, self._ray.get(done), None)
        except self._ray.exceptions.RayTaskError as error:
            return Outcome(place, None, error.cause or error)
        except self._ray.exceptions.RayError as error:
            raise BenchmarkError(
                f"workers of the Ray cluster die again and again: {error}"
            ) from error


def _check_answers(address: str | None) -> None:
    """Looks whether anybody listens there, since Ray itself would wait for minutes."""
    host, colon, port = (address or "").rpartition(":")
    if not colon or "://" in host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        raise BenchmarkError(f"address = {address!r}: no Ray cluster answers ({error})") from error
