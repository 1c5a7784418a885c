"""The parallel schedule's solver against exhaustive search, and what its certificate promises."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asl_gym.compiling import COMPILED, discard_stale
from asl_gym.model.components import Server
from asl_gym.model.costs import Options
from asl_gym.solvers.decision import RoundTerms
from asl_gym.solvers.parallel.solver import allocate, price, solve
from tests.solvers.parallel_instances import (
    FULL_CLOCK,
    Instance,
    best_of_splits,
    exhaustive,
    instances,
    spent,
)
from tests.strategies import seeds

SLOW = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def random_instance(seed: int, size: tuple[int, int] | None = None) -> Instance:
    """Rounds in which the server is mostly too small, and energy weighs little."""
    rng = np.random.default_rng(seed)
    drawn = int(rng.integers(1, 5)), int(rng.integers(2, 7))
    shape = devices, _ = drawn if size is None else size

    def table(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), shape))

    work = np.where(rng.random(shape) < 0.1, 0.0, table(1e9, 1e11))
    options = Options(table(1, 10), table(0.1, 100), table(0.1, 10), work)
    weight = float(rng.choice([0.0, 1e-4, 1e-3, 1e-2, 0.1]))
    server = Server(1e-3 * FULL_CLOCK / devices, FULL_CLOCK, 4.0, 1e-28)
    weights = np.full(devices, weight), np.array(weight)
    return Instance(options, server, 1.0, *weights)


def check_against_exhaustive_search(problem: Instance) -> bool:
    """Asserts that the decision is optimal and the bound true; says whether the server is full."""
    decision, best = problem.solved(), exhaustive(problem)
    real = spent(problem, decision)
    assert real.objective == pytest.approx(best.objective, rel=1e-6)
    assert real.objective == pytest.approx(float(decision.objective), rel=1e-9)
    assert float(decision.lower_bound) <= best.objective * (1 + 1e-12)
    assert 0 <= float(decision.gap) <= 1e-7
    weightless = not problem.device_weight.any() and problem.server_weight == 0
    # A decision that is faster, by however little, need not be the one of least energy.
    if weightless and real.objective >= best.objective * (1 - 1e-15):
        assert real.energy <= best.energy * (1 + 1e-6)
    return real.binding


@SLOW
@given(instances())
def test_decision_equals_exhaustive_search(problem: Instance) -> None:
    check_against_exhaustive_search(problem)


def test_decision_equals_exhaustive_search_where_the_server_is_full() -> None:
    binding = [check_against_exhaustive_search(random_instance(seed)) for seed in range(400)]
    assert np.mean(binding) >= 0.5


@given(instances(max_devices=8, max_splits=10), seeds)
def test_no_other_decision_is_below_the_bound(problem: Instance, seed: int) -> None:
    """Also when the search is cut short: the bound is true and the decision is one."""
    rng = np.random.default_rng(seed)
    devices, splits = problem.options.fixed_delay.shape
    others = rng.integers(splits, size=(200, devices))
    prices = price(problem, others)
    for nodes in (1, 10, 100_000):
        decision = solve(problem, max_nodes=nodes)
        assert float(decision.lower_bound) <= prices.min() * (1 + 1e-12)
        assert float(decision.lower_bound) <= float(decision.objective)
        assert spent(problem, decision).objective == pytest.approx(float(decision.objective))
    assert float(decision.objective) <= prices.min() * (1 + 1e-5)


@given(st.lists(seeds, min_size=2, max_size=4))
def test_leading_axes_equal_the_loop(numbers: list[int]) -> None:
    problems = [random_instance(number, (3, 4)) for number in numbers]
    batch = Options(
        *(np.stack(parts) for parts in zip(*(p.options for p in problems), strict=True))
    )
    V = np.array([p.V for p in problems])
    weights = np.stack([p.device_weight for p in problems])
    on_server = np.array([float(p.server_weight) for p in problems])
    together = solve(RoundTerms(batch, problems[0].server, V, weights, on_server))
    for i, problem in enumerate(problems):
        for batched, alone in zip(together, solve(problem), strict=True):
            np.testing.assert_array_equal(batched[i], alone)


def decisions_told() -> list[str]:
    """Decisions of some rounds, to the last bit."""
    told = []
    for seed in range(40):
        decision = random_instance(seed).solved(1e-6)
        ends = float(decision.objective).hex(), float(decision.lower_bound).hex()
        frequencies = [f.hex() for f in decision.server_frequency_hz.tolist()]
        told.append(f"{decision.split_index.tolist()} {frequencies} {ends}")
    return told


def test_interpreted_code_equals_compiled_code() -> None:
    """The same results to the last bit with and without numba."""
    assert COMPILED
    script = (
        "from tests.solvers.test_parallel_solver import COMPILED, decisions_told\n"
        "print(COMPILED, *decisions_told(), sep='\\n')"
    )
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", *decisions_told()]


# Special cases


def problem_of(
    a: list[list[float]], e: list[list[float]], w: list[list[float]], V: float, q: float
) -> Instance:
    devices = len(a)
    options = Options(np.array(a), np.array(e), np.zeros((devices, len(a[0]))), np.array(w))
    server = Server(1e-3 * FULL_CLOCK / devices, FULL_CLOCK, 4.0, 1e-28)
    return Instance(options, server, V, np.full(devices, q), np.array(q))


def test_without_weight_on_delay_every_device_gets_the_least_clock() -> None:
    problem = problem_of([[1.0, 2.0]] * 2, [[5.0, 3.0]] * 2, [[1e9, 1e9]] * 2, 0.0, 1.0)
    decision = problem.solved()
    assert decision.split_index.tolist() == [1, 1]
    assert (decision.server_frequency_hz == problem.server.clock_min_hz).all()
    assert float(decision.gap) == 0


def test_without_weight_on_energy_the_fastest_of_least_energy() -> None:
    """The first device sets the pace; the second one is in time with either, one being cheaper."""
    problem = problem_of([[10.0, 11.0], [1.0, 2.0]], [[1, 1], [5, 2]], [[0, 0], [1e9, 0]], 1.0, 0.0)
    decision = problem.solved()
    assert decision.split_index.tolist() == [0, 1]
    assert float(decision.objective) == 10.0


def test_equal_devices_share_equally() -> None:
    """Three devices with w at a = 0 and no weight on energy: f = f_max/3, τ = 3w/f_max."""
    problem = problem_of([[0.0]] * 3, [[1.0]] * 3, [[4e9]] * 3, 2.0, 0.0)
    decision = problem.solved()
    np.testing.assert_allclose(decision.server_frequency_hz, FULL_CLOCK / 3, rtol=1e-12)
    assert float(decision.objective) == pytest.approx(2.0 * 3.0, rel=1e-12)


def test_the_solver_reaches_large_fleets() -> None:
    rng = np.random.default_rng(0)
    shape = 300, 12
    work = rng.uniform(1e8, 1e10, shape)
    options = Options(
        rng.uniform(1, 50, shape), rng.uniform(1, 50, shape), rng.uniform(0, 1, shape), work
    )
    server = Server(1e-3 * FULL_CLOCK / 300, FULL_CLOCK, 4.0, 1e-28)
    decision = solve(RoundTerms(options, server, 100.0, np.ones(300), np.array(1.0)))
    assert float(decision.gap) <= 1e-6


# Upper layer


@settings(max_examples=200, deadline=None)
@given(instances(), seeds)
def test_allocation_equals_a_numerical_search(problem: Instance, seed: int) -> None:
    """The upper layer against searches in the deadline by scipy.optimize, for random splits."""
    devices, splits = problem.options.fixed_delay.shape
    split_index = np.random.default_rng(seed).integers(splits, size=(devices,))
    found = best_of_splits(problem, problem.chosen(split_index))
    value = float(price(problem, split_index[None, :])[0])
    assert value <= found.objective * (1 + 1e-9)
    assert value == pytest.approx(found.objective, rel=1e-6)


def test_allocation_of_one_device_is_the_sequential_one() -> None:
    """For one device with a free optimum f = (V/2qκ)^⅓, below f_max."""
    chosen = Options(*(np.array([value]) for value in (1.0, 1.0, 1.0, 1e9)))
    server = Server(4e6, FULL_CLOCK, 4.0, 1e-28)
    q = 1.0 / (2e-28 * 1e27)
    f = allocate(chosen, server, 1.0, np.array(q))
    np.testing.assert_allclose(f, [1e9], rtol=1e-12)


def test_of_two_decisions_that_nearly_tie_the_faster_one_is_taken() -> None:
    """And of those that tie exactly the one of least energy."""
    work = np.zeros((1, 3))
    energy = np.array([[4.0, 3.0, 2.0]])
    for late, expected in ((0.0, 2), (1e-12, 1)):
        delay = np.array([[1.0, 1.0, 1.0 + late]])
        options = Options(delay, energy, np.zeros((1, 3)), work)
        server = Server(1e6, FULL_CLOCK, 4.0, 1e-28)
        decision = solve(RoundTerms(options, server, 1.0, np.zeros(1), np.zeros(())))
        assert decision.split_index.tolist() == [expected]


def test_processes_that_start_at_once_may_discard_the_same_stale_code(tmp_path, monkeypatch):
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    (tmp_path / "solver.py").write_text("")
    stale, gone, fresh = (cache / f"{name}.nbi" for name in ("stale", "gone", "fresh"))
    for path in (stale, gone, fresh):
        path.write_text("")
    for path, age in ((tmp_path / "solver.py", 100), (stale, 50), (gone, 50), (fresh, 150)):
        os.utime(path, (age, age))
    unlink = Path.unlink

    def unlinked_twice(path: Path, missing_ok: bool = False) -> None:
        unlink(path)
        unlink(path, missing_ok)  # As if another process had been there first.

    monkeypatch.setattr(Path, "unlink", unlinked_twice)
    discard_stale(tmp_path)
    assert [each.name for each in cache.iterdir()] == ["fresh.nbi"]
