"""The parallel upper layer against root finding: deadlines and shares of the clock."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.optimize import brentq

from asl_gym.arrays import Array
from asl_gym.model.costs import Options
from asl_gym.solvers.parallel import allocation
from asl_gym.solvers.parallel.allocation import (
    Clock,
    earliest_deadline,
    equal_share_deadline,
    optimal_deadline,
    share_clock,
)
from asl_gym.solvers.parallel.solver import allocate
from tests.solvers.parallel_instances import frequency_of, made_instance, made_problem, some_options

NUMBERS = range(30)
SCALES = (1e-9, 1.0, 1e9)
"""Of delays and works: frequencies stay, deadlines go along."""


class Chosen(NamedTuple):
    """Chosen options' delays and works, and what the upper layer needs besides."""

    a: Array
    w: Array
    V: float
    price: float
    clock: Clock


def chosen(number: int, scale: float = 1.0) -> Chosen:
    """An option of each device; the server of every other instance has time to spare."""
    rng, problem = np.random.default_rng(number), made_problem(made_instance(number, 6, 6))
    splits = rng.integers(problem.a.shape[1], size=len(problem.a))
    a, w = (values[np.arange(len(splits)), splits] * scale for values in problem[:3:2])
    price = 1e-26 * 10.0 ** rng.uniform(-6, 6)
    return Chosen(a, w, problem.V, price, problem.clock)


def excess(deadline: float, case: Chosen) -> float:
    """How much more than the server's clock a deadline takes [Hz]."""
    return float(frequency_of(case.a, case.w, deadline, case.clock).sum()) - case.clock.greatest


@pytest.mark.parametrize("scale", SCALES)
def test_the_earliest_deadline_just_fills_the_server(scale: float) -> None:
    for number in range(100):
        case = chosen(number, scale)
        found = earliest_deadline(case.a, case.w, case.clock)
        soonest = float((case.a + case.w / case.clock.greatest).max())
        late = float((case.a + case.w * len(case.a) / case.clock.greatest).max())
        expected = soonest
        if excess(soonest, case) > 1e-9 * case.clock.greatest and late > soonest:
            precise = {"xtol": 1e-14 * late, "rtol": 1e-14}
            expected = float(brentq(excess, soonest, late, (case,), **precise))
        assert found == pytest.approx(expected, rel=1e-12)


def saving(case: Chosen, deadline: float) -> float:
    """What a later deadline saves of the server's energy, for each second."""
    f = frequency_of(case.a, case.w, deadline, case.clock)
    return float((2.0 * case.price * f**3)[f > case.clock.least].sum())


@pytest.mark.parametrize("scale", SCALES)
def test_at_the_best_deadline_waiting_costs_what_it_saves(scale: float) -> None:
    for number in range(200):
        case = chosen(number, scale)
        best = optimal_deadline(*case)
        earliest = earliest_deadline(case.a, case.w, case.clock)
        assert best >= earliest
        assert saving(case, best * (1.0 + 1e-9)) <= case.V
        if best > earliest:
            assert saving(case, best * (1.0 - 1e-9)) >= case.V


def test_newtons_method_takes_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [chosen(number) for number in range(200)]
    exact = [(earliest_deadline(c.a, c.w, c.clock), optimal_deadline(*c)) for c in cases]
    # Compiled code holds the constant.
    first: Any
    best: Any
    first, best = (getattr(f, "py_func", f) for f in (earliest_deadline, optimal_deadline))
    monkeypatch.setattr(allocation, "MAX_STEPS", 10)
    found = [(first(c.a, c.w, c.clock), best(*c)) for c in cases]
    far = abs(np.array(found) / np.array(exact) - 1.0) > 1e-13
    # Where devices reach f_min on the way intervals are halved, which takes longer.
    assert (far.sum(axis=0) <= [0, 15]).all()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_clock_suffices_for_a_deadline_a_hair_too_early(number: int) -> None:
    case = chosen(number)
    for share in (1.0, 1.0 - 1e-9, 1.0 + 1e-3):
        deadline = share * earliest_deadline(case.a, case.w, case.clock)
        frequency = np.empty(len(case.a))
        share_clock(case.a, case.w, deadline, case.clock, frequency)
        needed = frequency_of(case.a, case.w, deadline, case.clock)
        assert frequency[case.w > 0].sum() <= case.clock.greatest * (1.0 + 1e-15)
        assert (frequency >= case.clock.least * (1.0 - 1e-15)).all()
        if needed.sum() >= case.clock.greatest:
            filled = frequency[case.w > 0].sum()
            assert filled == pytest.approx(case.clock.greatest, rel=1e-12)
        if len(case.a) > 1 or share >= 1.0:
            expected = np.maximum(needed, case.clock.least)
            np.testing.assert_allclose(frequency, expected, rtol=1e-4)


@pytest.mark.parametrize("number", NUMBERS)
def test_equal_shares_of_the_clock_keep_the_equal_share_deadline(number: int) -> None:
    problem = made_problem(made_instance(number, 5, 6))
    mask = some_options(problem, number)
    splits = np.zeros(len(mask), dtype=np.int64)
    found = equal_share_deadline(problem.a, problem.w, mask, problem.clock, splits)
    delays = np.where(mask, problem.a + problem.w * len(mask) / problem.clock.greatest, np.inf)
    assert found == pytest.approx(delays.min(axis=1).max(), rel=1e-14)
    picked = delays[np.arange(len(mask)), splits]
    np.testing.assert_allclose(picked, delays.min(axis=1), rtol=1e-14)


def test_every_row_has_its_own_weight_on_delay() -> None:
    """None at all first, after which the others still count."""
    weights = np.array([0.0, 0.5, 1.0, 20.0])
    problem = made_instance(3, 4, 5)
    picked = problem.chosen(np.zeros(len(problem.device_weight), dtype=np.int64))
    price = 1e-28
    server = dataclasses.replace(problem.server, capacitance=price)
    given = Options(*(np.tile(values, (len(weights), 1)) for values in picked))
    found = allocate(given, server, weights, np.ones(len(weights)))
    clock = Clock(server.clock_min_hz, server.clock_max_hz)
    assert (found[0] == clock.least).all()
    for V, frequency in zip(weights[1:], found[1:], strict=True):
        a, w = picked.fixed_delay, picked.server_work
        deadline = optimal_deadline(a, w, float(V), price, clock)
        expected = np.maximum(frequency_of(a, w, deadline, clock), clock.least)
        np.testing.assert_allclose(frequency, expected, rtol=1e-9)
        assert (frequency > clock.least).any()
