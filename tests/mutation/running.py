"""Running tests on mutants, each in a process of its own and in memory alone."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import math
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import CodeType, ModuleType
from typing import NamedTuple

import pytest

from tests.mutation.mutants import ROOT, Mutant

__all__ = ["load_libraries", "outcomes", "time_limits"]

Tests = Mapping[str, Sequence[str]]
Limits = Mapping[str, float]

WORKERS = 2
NICENESS = 10
MEMORY = 6 * 2**30
"""What a mutant may take [bytes]."""
PATIENCE = 2.0
"""Times as long as without a fault that tests may take, and at least so many seconds …"""
LEAST_TIME = 20.0

NEEDS_NUMBA = "tests/solvers/test_parallel_solver.py::test_interpreted_code_equals_compiled_code"
OPTIONS = ("-x", "-n", "0", "-p", "no:cacheprovider", "--deselect", NEEDS_NUMBA,
           "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
LOADED_ONCE = ("gymnasium", "hypothesis", "numba", "pytest", "scipy.optimize", "scipy.signal",
               "scipy.special", "stable_baselines3")  # fmt: skip


def load_libraries() -> None:
    """Loads what all mutants share, so that each process starts with it."""
    for name in LOADED_ONCE:
        importlib.import_module(name)


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from other source than its file's."""

    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the mutant in place of the module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._module = mutant.file.removesuffix(".py").replace("/", ".")

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._module:
            return None
        file = str(ROOT / self._mutant.file)
        loader = _Loader(name, file, self._mutant.source)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


def meet(mutant: Mutant, tests: Sequence[str]) -> None:
    """Runs the tests on a mutant in a process of its own; exits with pytest's status."""
    os.setsid()
    os.nice(max(NICENESS - os.nice(0), 0))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    # A search that never ends fills memory.
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    sys.meta_path.insert(0, _Finder(mutant))
    os._exit(pytest.main([*OPTIONS, *tests]))


class Run(NamedTuple):
    """A mutant that meets its tests."""

    mutant: Mutant
    process: BaseProcess
    started: float


def outcomes(
    mutants: Sequence[Mutant], tests: Tests, limits: Limits
) -> Iterator[tuple[Mutant, str]]:
    """Runs mutants side by side; yields what became of each as it ends.

    Args:
        mutants: The mutants.
        tests: The tests that each file's mutants meet.
        limits: Time that the tests of each file may take [s].
    """
    context = multiprocessing.get_context("fork")
    left, running = list(reversed(mutants)), list[Run]()
    while left or running:
        while left and len(running) < WORKERS:
            mutant = left.pop()
            process = context.Process(target=meet, args=(mutant, tests[mutant.file]))
            process.start()
            running.append(Run(mutant, process, time.monotonic()))
        wait([run.process.sentinel for run in running], timeout=1.0)
        for run in tuple(running):
            if (outcome := _outcome(run, limits[run.mutant.file])) is not None:
                running.remove(run)
                yield run.mutant, outcome


def _outcome(run: Run, limit: float) -> str | None:
    """What became of a mutant; ``None`` while it still runs."""
    process = run.process
    if process.exitcode is None and time.monotonic() - run.started > limit:
        assert process.pid is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return "timed out"
    if process.exitcode is None:
        return None
    if process.exitcode in (4, 5):
        raise RuntimeError(f"pytest ran no tests on {run.mutant.name}")
    return "survived" if process.exitcode == 0 else "noticed"


def time_limits(tests: Tests) -> Limits:
    """How long the tests of each file may take [s], from how long they do without a fault."""
    spent: dict[Sequence[str], float] = {}
    for file in tests:
        if tests[file] not in spent:
            started = time.monotonic()
            plain = Mutant(file, file, (ROOT / file).read_text(encoding="utf-8"))
            ((_, outcome),) = outcomes([plain], tests, {file: math.inf})
            if outcome != "survived":
                raise RuntimeError(f"the tests of {file} fail without a mutant")
            spent[tests[file]] = time.monotonic() - started
    return {file: max(PATIENCE * spent[tests[file]], LEAST_TIME) for file in tests}
