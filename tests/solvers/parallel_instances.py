"""Rounds of the parallel schedule's problem for tests, and their optimum by exhaustive search."""

import itertools
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from asl_gym.arrays import Array, Mask
from asl_gym.model.components import Server
from asl_gym.model.costs import Options
from asl_gym.solvers.decision import Decision, RoundTerms
from asl_gym.solvers.parallel.allocation import Clock
from asl_gym.solvers.parallel.problem import Incumbent, Problem, Workspace, make_workspace
from asl_gym.solvers.parallel.solver import allocate, price, solve
from tests.strategies import Maker, seeds

FULL_CLOCK = 4e9


def unchecked_server(
    clock_min_hz: float, clock_max_hz: float, flops_per_cycle: float, capacitance: float
) -> Server:
    """A server in units of a test's own, whose figures no scenario could have."""
    server = Server(1e9, FULL_CLOCK, 1.0, 1e-28)
    return server.derived(
        clock_min_hz=clock_min_hz,
        clock_max_hz=clock_max_hz,
        flops_per_cycle=flops_per_cycle,
        capacitance=capacitance,
    )


class Instance(RoundTerms):
    """A round's terms."""

    def solved(self, tolerance: float = 1e-8) -> Decision:
        return solve(self, tolerance)

    def chosen(self, split_index: NDArray[np.int64]) -> Options:
        rows = np.arange(split_index.shape[-1])
        return Options(*(values[rows, split_index] for values in self.options))


class Optimum(NamedTuple):
    """The best decision's objective, its energy and whether it takes the whole server."""

    objective: float
    energy: float
    binding: bool


def needed(a: Array, w: Array, deadline: float | Array, server: Server) -> Array:
    """The least frequencies that keep a deadline, written out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.where(deadline > a, w / np.maximum(deadline - a, 0.0), np.inf)
    return np.where(w > 0, np.maximum(f, server.clock_min_hz), 0.0)


def frequency_of(a: Any, w: Any, deadline: Any, clock: Clock) -> Array:
    """The same up to f_max, for a clock of the compiled solver."""
    server = unchecked_server(clock.least, clock.greatest, 1.0, 1.0)
    return np.minimum(needed(a, w, deadline, server), clock.greatest)


def made_problem(made: "Instance", fixed: float = -1.0) -> Problem:
    """A round as the search sees it."""
    options, server = made.options, made.server
    weight = float(made.server_weight)
    costs = (
        made.device_weight[:, None] * options.device_energy + weight * options.fixed_server_energy
    )
    clock = Clock(server.clock_min_hz, server.clock_max_hz)
    a, w = options.fixed_delay, options.server_work
    return Problem(a, costs, w, float(made.V), weight * server.capacitance, clock, fixed)


def some_options(problem: Problem, number: int) -> Mask:
    """Some of the options, at least one a device."""
    rng = np.random.default_rng(number)
    mask = rng.random(problem.a.shape) < 0.7
    mask[np.arange(len(mask)), rng.integers(mask.shape[1], size=len(mask))] = True
    return mask.astype(np.uint8)


def small_problem(number: int, devices: int = 5, splits: int = 6, fixed: float = -1.0) -> Problem:
    """A round as the search sees it, see :func:`made_instance`."""
    return made_problem(made_instance(number, devices, splits), fixed)


def soonest_of(problem: Problem, mask: Mask) -> Array:
    """The earliest deadline of each option [s], infinity for those that are out."""
    return np.where(mask, problem.a + problem.w / problem.clock.greatest, np.inf)


def nothing_yet(problem: Problem) -> tuple[Incumbent, Workspace]:
    """What a search starts from."""
    devices, options = problem.a.shape
    figures = np.array([np.inf, problem.fixed])
    incumbent = Incumbent(np.full(devices, -1), figures)
    return incumbent, make_workspace(devices, options)


def every_choice(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """All combinations of one option a device, shape (L**N, N)."""
    devices, options = shape
    return np.array(list(itertools.product(range(options), repeat=devices)))


def best_of_splits(problem: Instance, chosen: Options) -> Optimum:
    """The optimum for given splits by numerical searches in the deadline alone."""
    a, w, server = chosen.fixed_delay, chosen.server_work, problem.server
    q = float(problem.server_weight)
    soonest = float((a + w / server.clock_max_hz).max())

    def excess(deadline: float) -> float:
        return float(needed(a, w, deadline, server).sum()) / server.clock_max_hz - 1.0

    start = soonest
    if (w > 0).any() and excess(soonest) > 0:
        late = float((a + w * len(w) / server.clock_max_hz).max())
        if excess(late) < 0:
            start = float(brentq(excess, soonest, late, xtol=1e-15 * late, rtol=1e-15))
        else:
            start = late

    def computing(deadline: float) -> float:
        f = needed(a, w, deadline, server)
        return float((server.capacitance * w * f**2).sum())

    def value(deadline: float) -> float:
        return float(problem.V) * deadline + q * computing(deadline)

    end = max(float((a + w / server.clock_min_hz).max()), start)
    # In logarithms of the time after the start, since the optimum may be close to it or far away.
    best, found = start, value(start)
    if end > start:
        grid = start + np.geomspace(1e-9 * start, end - start, 200)
        values = [value(t) for t in grid]
        i = int(np.argmin(values))
        low, high = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
        polished = minimize_scalar(
            value, bounds=(low if i else start, high), method="bounded",
            options={"xatol": 1e-12 * high},
        )  # fmt: skip
        for deadline in (float(grid[i]), float(polished.x)):
            if value(deadline) < found:
                best, found = deadline, value(deadline)
    fixed = float((problem.device_weight * chosen.device_energy).sum())
    fixed += q * float(chosen.fixed_server_energy.sum())
    energy = float((chosen.device_energy + chosen.fixed_server_energy).sum()) + computing(best)
    load = float(needed(a, w, best, server).sum())
    return Optimum(found + fixed, energy, load >= server.clock_max_hz * (1 - 1e-6))


def exhaustive(problem: Instance) -> Optimum:
    """The best over every combination of splits; of equally good ones that of least energy.

    The frequencies are the upper layer's, which is held against :func:`best_of_splits`.
    """
    chosen = problem.chosen(every_choice(problem.options.fixed_delay.shape))
    f = allocate(chosen, problem.server, problem.V, problem.server_weight)
    w = chosen.server_work
    computing = problem.server.capacitance * w * f**2
    on_server = float(problem.server_weight) * (chosen.fixed_server_energy + computing).sum(axis=1)
    on_devices = (problem.device_weight * chosen.device_energy).sum(axis=1)
    objective = problem.V * (chosen.fixed_delay + w / f).max(axis=1) + on_devices + on_server
    energy = (chosen.device_energy + chosen.fixed_server_energy + computing).sum(axis=1)
    energy = np.where(objective <= objective.min() * (1 + 1e-12), energy, np.inf)
    best = int(energy.argmin())
    load = float(np.where(w[best] > 0, f[best], 0.0).sum())
    full = load >= problem.server.clock_max_hz * (1 - 1e-6)
    return Optimum(float(objective[best]), float(energy[best]), full)


def spent(problem: Instance, decision: Decision) -> Optimum:
    """What a decision really costs, written out."""
    chosen, f = problem.chosen(decision.split_index), decision.server_frequency_hz
    w = chosen.server_work
    delay = float((chosen.fixed_delay + w / f).max())
    computing = problem.server.capacitance * w * f**2
    objective = float(problem.V) * delay + float(
        (problem.device_weight * chosen.device_energy).sum()
    )
    objective += float(problem.server_weight) * float(
        (chosen.fixed_server_energy + computing).sum()
    )
    energy = float((chosen.device_energy + chosen.fixed_server_energy + computing).sum())
    load = float(f[w > 0].sum())
    assert load <= problem.server.clock_max_hz * (1 + 1e-12)
    assert (f >= problem.server.clock_min_hz).all()
    return Optimum(objective, energy, load >= problem.server.clock_max_hz * (1 - 1e-6))


def made_instance(number: int, max_devices: int, max_splits: int) -> Instance:
    """A small round: no weight on energy, huge ones, no work, equal options, one device."""
    made = Maker(number)
    devices, splits = (int(made.rng.integers(1, most + 1)) for most in (max_devices, max_splits))
    shape = devices, splits
    work = made.table(shape, 1e8, 1e11, 0.0) * made.or_else(1.0, 0.0, 1 / 6)
    work = np.where(work == 1.0, 1e9, work)
    on_device, on_server = (made.table(shape, 1e-2, 1e2, 0.0) for _ in range(2))
    options = Options(made.table(shape, 1e-1, 1e2), on_device, on_server, work)
    weights = np.array([made.pick(0.0, made.log(1e-4, 1.0), 1e4) for _ in range(devices + 1)])
    if made.rng.random() < 0.75:
        weights[:] = weights[0]
    server = Server(1e-3 * FULL_CLOCK / devices, FULL_CLOCK, 4.0, made.log(1e-30, 1e-27))
    return Instance(options, server, made.log(1e-1, 1e3), weights[:-1], np.array(weights[-1]))


def instances(max_devices: int = 4, max_splits: int = 6) -> st.SearchStrategy[Instance]:
    """Small rounds, see :func:`made_instance`."""
    return seeds.map(lambda number: made_instance(number, max_devices, max_splits))


def compile_solver() -> None:
    """Calls all that is compiled, so that it is."""
    problem = made_instance(0, 2, 2)
    solve(problem)
    price(problem, np.zeros((1, problem.options.fixed_delay.shape[0]), dtype=np.int64))
