"""Jobs: names by what makes them, the store, batches, and processes that die or are stopped."""

import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from asl_gym.validation.checks import FieldError
from benchmarks.errors import BenchmarkError
from benchmarks.jobs.batches import batched
from benchmarks.jobs.choosing import engine_called
from benchmarks.jobs.engine import Outcomes
from benchmarks.jobs.processes import Processes
from benchmarks.jobs.running import Work, run_missing
from benchmarks.jobs.store import Job, Store

QUIET = Console(quiet=True)


def squares(made_by: Sequence[Any]) -> list[dict[str, int]]:
    return [{"square": each["number"] ** 2} for each in made_by]


def one_each(jobs: Sequence[Job]) -> list[list[Job]]:
    return [[job] for job in jobs]


def fails_at_three(number: int) -> int:
    if number == 3:
        raise BenchmarkError("three")
    return number


def dies_once(task: tuple[int, str]) -> int:
    """Kills its process where a file is not there yet, which it makes."""
    number, mark = task
    if number == 2 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def always_dies(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps(mark: str) -> None:
    Path(mark).write_text(str(os.getpid()))
    time.sleep(600)


class Recording:
    """Runs tasks in this process, and keeps what it was asked to."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def run(self, function: Any, tasks: Sequence[Any]) -> Outcomes:
        self.asked += tasks
        yield from Processes(2).run(function, tasks)


def test_a_jobs_name_is_what_makes_it() -> None:
    job = Job({"policy": "open", "seeds": [0, 1]}, "OPEN")
    assert job.key == Job({"seeds": [0, 1], "policy": "open"}, "another label").key
    assert job.key != Job({"policy": "open", "seeds": [0, 2]}, "OPEN").key
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = Job({"number": float("nan")}).key


def test_a_store_keeps_results_whole(tmp_path: Path) -> None:
    store, job = Store(tmp_path), Job({"number": 3})
    assert job not in store
    store.keep(job, [{"delay": 0.1 + 0.2, "gap": None}])
    assert job in store
    assert Store(tmp_path).result(job) == [{"delay": 0.1 + 0.2, "gap": None}]
    (path,) = tmp_path.rglob("*.json")
    for content in ("", "{", json.dumps({"key": "other", "result": 1}), "[]"):
        path.write_text(content)
        with pytest.raises(BenchmarkError, match="remove it, and it is made anew") as error:
            store.result(job)
        assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(2.0, [[1, 1], [1], [5], [1, 1]]), (100.0, [[1, 1, 1, 5, 1, 1]]), (0.5, [[1]] * 3 + [[5]])],
)
def test_batches_are_bounded(most: float, expected: list[list[int]]) -> None:
    items = [number for batch in expected for number in batch]
    assert list(batched(items, float, most)) == expected


def test_what_is_there_is_not_run_again(tmp_path: Path) -> None:
    store, engine = Store(tmp_path), Recording()
    jobs = [Job({"number": number}) for number in (1, 2, 3, 2)]
    store.keep(jobs[0], {"square": "kept"})
    run_missing(jobs, Work(squares, one_each), store, engine, QUIET)
    assert engine.asked == [[{"number": 2}], [{"number": 3}]]
    assert [store.result(job)["square"] for job in jobs] == ["kept", 4, 9, 4]
    run_missing(jobs, Work(squares, one_each), store, engine, QUIET)
    assert len(engine.asked) == 2


def test_outcomes_are_those_of_the_tasks() -> None:
    outcomes = sorted(Processes(2).run(fails_at_three, range(6)), key=lambda each: each.place)
    assert [each.value for each in outcomes] == [0, 1, 2, None, 4, 5]
    assert [str(each.error) for each in outcomes if each.error] == ["three"]
    assert outcomes[3].error is not None


def test_a_worker_that_dies_costs_its_task_alone(tmp_path: Path) -> None:
    tasks = [(number, str(tmp_path / "mark")) for number in range(5)]
    outcomes = list(Processes(1).run(dies_once, tasks))
    assert sorted(each.value for each in outcomes) == [0, 1, 2, 3, 4]
    assert sorted(each.value for each in outcomes[:2]) == [0, 1]


def test_workers_that_always_die_end_the_run() -> None:
    with pytest.raises(BenchmarkError, match="workers died 3 times before any of 1 tasks ended"):
        list(Processes(1).run(always_dies, [0]))


def test_workers_are_stopped_where_nobody_waits_for_them(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    outcomes = Processes(2).run(_first_ends, [str(mark), ""])
    assert next(outcomes).place == 1
    worker = int(mark.read_text())
    os.kill(worker, 0)
    outcomes.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def _first_ends(mark: str) -> None:
    if mark:
        sleeps(mark)
    time.sleep(1.0)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (("threads",), FieldError, "engine = 'threads' is not allowed: expected one of"),
        (("processes", 0), FieldError, "jobs = 0"),
        (("processes", 1, "auto"), BenchmarkError, "address = 'auto' is for --engine ray"),
    ],
)
def test_engines_that_there_are_not(arguments: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        engine_called(*arguments)
