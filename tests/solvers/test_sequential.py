"""The exact solver against brute force over split points and a numerical search for frequency."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from asl_gym.model.components import Server
from asl_gym.model.costs import Options
from asl_gym.solvers import sequential_rows
from asl_gym.solvers.decision import SMALLEST_WEIGHT, RoundTerms
from asl_gym.solvers.sequential import optimal_frequency, solve
from tests.strategies import Maker, log_floats, seeds, servers

SERVER = Server(clock_min_hz=1e9, clock_max_hz=4e9, flops_per_cycle=2.0, capacitance=1e-28)


class Instance(RoundTerms):
    """A round's terms."""

    def share(self, device: int, split: int, f: float) -> float:
        """A device's part of the objective, written out."""
        a, e, downlink, w = (float(values[device, split]) for values in self.options)
        server_energy = downlink + self.server.capacitance * f**2 * w
        return (
            float(self.V) * (a + w / f)
            + float(self.device_weight[device]) * e
            + float(self.server_weight) * server_energy
        )


def made_instance(number: int) -> Instance:
    """Up to 3 devices with 4 options each: zero weights, zero work and equal options included."""
    made = Maker(number)
    shape = devices, _ = int(made.rng.integers(1, 4)), int(made.rng.integers(1, 5))
    work = made.table(shape, 1e6, 1e11, 0.0) * made.or_else(1.0, 0.0, 0.25)
    on_device, on_server = (made.table(shape, 1e-3, 1e2, 0.0) for _ in range(2))
    options = Options(made.table(shape, 1e-3, 1e2), on_device, on_server, work)
    weights = np.array([made.or_else(made.log(1e-4, 1e4), 0.0, 0.3) for _ in range(devices + 1)])
    if made.rng.random() < 0.5:
        weights[:] = weights[0]
    server, V = made.server(), made.log(1e-3, 1e3)
    return Instance(options, server, V, weights[:-1], np.array(weights[-1]))


def instances() -> st.SearchStrategy[Instance]:
    """Small rounds, see :func:`made_instance`."""
    return seeds.map(made_instance)


def best_frequency(problem: Instance, device: int, split: int) -> float:
    """Brute force: the best of a grid, polished between its neighbours."""
    low, high = problem.server.clock_min_hz, problem.server.clock_max_hz
    grid = np.geomspace(low, high, 33)
    values = [problem.share(device, split, f) for f in grid]
    best = int(np.argmin(values))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    polished = minimize_scalar(
        lambda f: problem.share(device, split, f),
        bounds=around,
        method="bounded",
        options={"xatol": 1e-9 * low},
    )
    return float(polished.x) if polished.fun < values[best] else float(grid[best])


def brute_force(problem: Instance) -> float:
    """The least objective over every combination of split points."""
    devices, splits = problem.options.fixed_delay.shape
    shares = np.array(
        [
            [problem.share(n, s, best_frequency(problem, n, s)) for s in range(splits)]
            for n in range(devices)
        ]
    )
    choices = np.array(list(itertools.product(range(splits), repeat=devices)))
    return float(np.take_along_axis(shares, choices.T, axis=1).sum(axis=0).min())


# Against brute force


@settings(max_examples=400)
@given(instances())
def test_decision_equals_brute_force(problem: Instance) -> None:
    decision = solve(problem)
    assert float(decision.objective) == pytest.approx(brute_force(problem), rel=1e-9)
    chosen = zip(decision.split_index.tolist(), decision.server_frequency_hz, strict=True)
    spent = sum(problem.share(n, split, float(f)) for n, (split, f) in enumerate(chosen))
    assert float(decision.objective) == pytest.approx(spent, rel=1e-12)
    low, high = problem.server.clock_min_hz, problem.server.clock_max_hz
    assert ((decision.server_frequency_hz >= low) & (decision.server_frequency_hz <= high)).all()


@given(instances(), seeds)
def test_no_other_decision_is_better(problem: Instance, seed: int) -> None:
    rng = np.random.default_rng(seed)
    devices, splits = problem.options.fixed_delay.shape
    least = float(solve(problem).objective)
    for _ in range(20):
        low, high = problem.server.clock_min_hz, problem.server.clock_max_hz
        other = sum(
            problem.share(n, int(rng.integers(splits)), rng.uniform(low, high))
            for n in range(devices)
        )
        assert least <= other * (1 + 1e-12)


@given(st.lists(instances(), min_size=2, max_size=4))
def test_leading_axes_equal_the_loop(problems: list[Instance]) -> None:
    first = problems[0]
    devices = first.options.fixed_delay.shape[0]
    rng = np.random.default_rng(0)
    V = np.array([problem.V for problem in problems])
    device_weight = rng.exponential(size=(len(V), devices))
    server_weight = np.array([float(problem.server_weight) for problem in problems])
    scale = rng.exponential(size=(len(V), 1, 1))
    batch = Options(*(scale * values for values in first.options))
    together = solve(RoundTerms(batch, first.server, V, device_weight, server_weight))
    for i in range(len(V)):
        own = Options(*(values[i] for values in batch))
        terms = RoundTerms(own, first.server, float(V[i]), device_weight[i], server_weight[i])
        for batched, alone in zip(together, solve(terms), strict=True):
            np.testing.assert_array_equal(batched[i], alone)


def test_one_rounds_options_meet_many_weights() -> None:
    problem = made_instance(3)
    weights = np.array([0.0, 1e-2, 1.0, 1e2])
    each_device = np.broadcast_to(weights[:, None], (4, len(problem.device_weight)))
    together = solve(problem._replace(device_weight=each_device, server_weight=weights))
    for i, weight in enumerate(weights):
        own = problem._replace(device_weight=each_device[i], server_weight=np.array(weight))
        for batched, alone in zip(together, solve(own), strict=True):
            np.testing.assert_array_equal(batched[i], alone)


# Frequency


@pytest.mark.parametrize("bound", [1e9, 4e9])
def test_frequency_at_its_kinks(bound: float) -> None:
    """At q = V/(2κf³) the free optimum is f; less weight asks for more, more for less."""
    V = 3.0
    kink = V / (2 * SERVER.capacitance * bound**3)
    weights = kink * np.array([0.5, 1 - 1e-6, 1.0, 1 + 1e-6, 2.0])
    free = bound * np.cbrt(kink / weights)
    expected = np.clip(free, 1e9, 4e9)
    np.testing.assert_allclose(optimal_frequency(V, weights, SERVER), expected, rtol=1e-12)
    assert (expected == bound).any()
    assert (expected != bound).any()


def test_frequency_at_the_limits() -> None:
    weights = np.array([0.0, 1e-300, 1e300])
    np.testing.assert_array_equal(optimal_frequency(2.0, weights, SERVER), [4e9, 4e9, 1e9])
    np.testing.assert_array_equal(optimal_frequency(0.0, np.array([1.0, 0.0]), SERVER), [1e9, 4e9])


@given(servers(), log_floats(1e-3, 1e3), log_floats(1e-4, 1e4))
def test_frequency_is_where_the_slope_vanishes(server: Server, V: float, q: float) -> None:
    """The derivative of V/f + q·κ·f² is 0, or points out of the range at a bound."""
    f = float(optimal_frequency(V, np.array(q), server))
    slope = 2 * q * server.capacitance * f - V / f**2
    if f == server.clock_min_hz:
        assert slope >= -1e-9 * V / f**2
    elif f == server.clock_max_hz:
        assert slope <= 1e-9 * V / f**2
    else:
        assert abs(slope) <= 1e-9 * V / f**2


@given(servers(), log_floats(1e-3, 1e3), log_floats(1e-4, 1e4))
def test_number_by_number_it_is_the_same(server: Server, V: float, q: float) -> None:
    clocks = server.capacitance, server.clock_min_hz, server.clock_max_hz
    at_full_clock = V / (2 * server.capacitance * server.clock_max_hz**3)
    weights = np.array([q, 0.0, SMALLEST_WEIGHT, 0.9 * at_full_clock, 1.1 * at_full_clock, 1e300])
    for delay_weight in (V, 0.0):
        expected = optimal_frequency(delay_weight, weights, server)
        found = [sequential_rows.best_frequency(delay_weight, w, *clocks) for w in weights]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


# Ties


def tied(delay: list[float], device: list[float], downlink: list[float], queue: float = 0.0) -> int:
    options = Options(np.array([delay]), np.array([device]), np.array([downlink]), np.zeros(3))
    weights = np.array([queue]), np.array(queue)
    return int(solve(RoundTerms(options, SERVER, 1.0, *weights)).split_index[0])


def test_a_tie_goes_to_less_energy() -> None:
    assert tied([2.0, 1.0, 1.0], [0.0, 5.0, 4.0], [0.0, 1.0, 1.0]) == 2
    # The downlink counts as well: 5 + 1 < 4 + 3.
    assert tied([2.0, 1.0, 1.0], [0.0, 5.0, 4.0], [0.0, 1.0, 3.0]) == 1


def test_a_tie_in_energy_goes_to_the_lower_index() -> None:
    assert tied([2.0, 1.0, 1.0], [0.0, 4.0, 4.0], [0.0, 1.0, 1.0]) == 1
    assert tied([1.0, 1.0, 1.0], [3.0, 3.0, 3.0], [0.0, 0.0, 0.0], queue=2.0) == 0


@pytest.mark.parametrize(
    ("share", "spent", "best"),
    [
        ([2.0, 1.0, 1.0], [0.0, 6.0, 5.0], 2),
        ([2.0, 1.0, 1.0], [0.0, 5.0, 5.0], 1),
        ([1.0, 1.0, 1.0], [3.0, 3.0, 3.0], 0),
        ([3.0, 2.0, 1.0], [1.0, 1.0, 9.0], 2),
        ([1.0], [4.0], 0),
    ],
)
def test_ties_number_by_number(share: list[float], spent: list[float], best: int) -> None:
    assert sequential_rows.cheapest(np.array(share), np.array(spent)) == best


def test_a_tie_in_the_objective_with_a_queue() -> None:
    # V·D + Q·E = 5 for all three.
    assert tied([1.0, 3.0, 2.0], [4.0, 2.0, 3.0], [0.0, 0.0, 0.0], queue=1.0) == 1
