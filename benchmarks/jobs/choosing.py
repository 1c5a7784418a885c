"""Which engine runs the tasks of a command."""

import os
from typing import Literal, get_args

from asl_gym.validation.checks import one_of, whole_number
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.engine import Engine
from benchmarks.jobs.processes import Processes

__all__ = ["EngineName", "engine_called", "usable_cores"]

EngineName = Literal["processes", "ray"]


def usable_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def engine_called(name: str, jobs: int | None = None, address: str | None = None) -> Engine:
    """Returns an engine.

    Args:
        name: ``"processes"`` or ``"ray"``.
        jobs: Tasks that run at a time; by default as many as there are cores.
        address: The Ray cluster's, ``"auto"`` for the one this machine is part of; by default one
            is started here.

    Raises:
        FieldError: If there is no such engine, or ``jobs`` is no whole number of at least 1.
        BenchmarkError: If an address is given for processes, or Ray is missing.
    """
    one_of("engine", name, get_args(EngineName))
    if jobs is not None:
        whole_number("jobs", jobs, 1)
    if name == "ray":
        from benchmarks.jobs.ray_cluster import RayCluster

        return RayCluster(address, jobs)
    if address is not None:
        raise BenchmarkError(f"address = {address!r} is for --engine ray: leave it out")
    return Processes(jobs or usable_cores())
