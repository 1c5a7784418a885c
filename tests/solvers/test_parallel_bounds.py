"""What the parallel certificate rests on, at the default fleet's size, against second methods."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from asl_gym import preset
from asl_gym.arrays import Splits
from asl_gym.model.costs import Options
from asl_gym.solvers.parallel.problem import make_workspace
from asl_gym.solvers.parallel.relaxation import underestimate
from asl_gym.solvers.parallel.solver import TOLERANCE, price, solve
from asl_gym.solvers.round_problem import RoundProblem
from tests.solvers.parallel_instances import Instance, made_instance, made_problem, needed
from tests.strategies import drawn_trace

DEVICES, SPLITS = 10, 12
TOLERANCES = (1e-2, 1e-4, 1e-6, 1e-8)
"""Of the search, all of which must agree."""

ROUNDS, DEADLINES = 120, 4

DELAY_WEIGHT = 1450.0
"""About the preset's V [J²/s], whose exact one needs the budget, and so the solver itself."""


@pytest.mark.parametrize("number", range(40))
def test_tangents_touch_the_truth_and_lie_nowhere_above_it(number: int) -> None:
    rng = np.random.default_rng(number)
    problem = made_instance(number, DEVICES, SPLITS)
    server, plain = problem.server, made_problem(problem)
    a, costs, w, rate = plain.a, plain.c, plain.w, plain.price
    work = make_workspace(*a.shape)
    soonest = a + w / server.clock_max_hz
    for _ in range(20):
        start = float(rng.choice(soonest.ravel())) * np.exp(rng.normal(0.0, 0.3))
        end = start * (1.0 + np.exp(rng.uniform(-9.0, 1.0)))
        if not underestimate(plain, np.ones(a.shape, dtype=np.uint8), start, end, work):
            continue
        for n in range(a.shape[0]):
            for k in range(work.counts[n]):
                o = int(work.active[n, k])
                deadlines = np.linspace(max(start, soonest[n, o]), end, 50)
                f = needed(a[n, o], w[n, o], deadlines, server)
                h = costs[n, o] + rate * w[n, o] * f**2
                for ends, true in ((work.cost[:, n, k], h), (work.load[:, n, k], f)):
                    line = np.interp(deadlines, [start, end], ends)
                    above = 1e-9 * np.abs(ends).max()
                    assert (line <= true + above).all()


@pytest.fixture(scope="module")
def rounds() -> list[Instance]:
    """Rounds of the default fleet under queues from next to none to great ones."""
    scenario = preset("parallel")
    model, trace = scenario.cost_model, drawn_trace(scenario, 0, ROUNDS)
    options = model.all_options(model.unit_costs(*trace.real(slice(0, ROUNDS))))
    weights = np.geomspace(1e-1, 1e4, ROUNDS)[np.random.default_rng(1).permutation(ROUNDS)]
    shape, found = options.fixed_delay.shape, []
    for t in range(ROUNDS):
        one = Options(*(np.broadcast_to(values, shape)[t] for values in options))
        found.append(Instance(*RoundProblem.of(scenario, one, DELAY_WEIGHT, weights[t : t + 1])))
    return found


def test_the_search_needs_few_nodes(rounds: list[Instance]) -> None:
    """Rounds solved by so many nodes, a few less than today; and fewer nodes solve fewer."""
    for nodes, least, most in ((1, 5, 30), (9, 44, 75), (25, 106, 118), (75, 120, 120)):
        gaps = [float(solve(problem, max_nodes=nodes).gap) for problem in rounds]
        assert least <= sum(gap <= TOLERANCE for gap in gaps) <= most


def splits_for(problem: Instance, deadline: float) -> Splits | None:
    """The cheapest splits that keep a deadline on the server's clock, by integer programming."""
    a, w, server = problem.options.fixed_delay, problem.options.server_work, problem.server
    f = needed(a, w, deadline, server)
    fits = (f <= server.clock_max_hz) & (a <= deadline)
    f = np.where(fits, f, 0.0)
    on_server = problem.options.fixed_server_energy + server.capacitance * w * f**2
    cost = problem.device_weight[:, None] * problem.options.device_energy
    cost = cost + problem.server_weight * on_server
    one_each = np.kron(np.eye(len(a)), np.ones(a.shape[1]))
    found = milp(
        cost.ravel() / cost.max(),
        constraints=[
            LinearConstraint(one_each, 1, 1),
            LinearConstraint(f.ravel() / server.clock_max_hz, -np.inf, 1),
        ],
        integrality=np.ones(a.size),
        bounds=Bounds(0, fits.ravel().astype(float)),
    )
    return None if found.x is None else found.x.reshape(a.shape).argmax(axis=1)


def test_integer_programs_over_deadlines_find_nothing_better(rounds: list[Instance]) -> None:
    """The bound lies below, and the objective no more than the tolerance above, what they find."""
    found = 0
    for problem in rounds:
        decision = solve(problem)
        picked = problem.chosen(decision.split_index)
        deadline = (picked.fixed_delay + picked.server_work / decision.server_frequency_hz).max()
        for share in np.geomspace(0.97, 1.2, DEADLINES):
            splits = splits_for(problem, float(share * deadline))
            if splits is not None:
                other = float(price(problem, splits[None])[0])
                assert float(decision.lower_bound) <= other * (1 + 1e-12)
                assert float(decision.objective) <= other * (1 + 1e-6)
                found += 1
    assert found >= ROUNDS * DEADLINES / 2


def test_every_tolerance_agrees(rounds: list[Instance]) -> None:
    for problem in rounds:
        decisions = [solve(problem, tolerance) for tolerance in TOLERANCES]
        best = min(float(decision.objective) for decision in decisions)
        for decision, tolerance in zip(decisions, TOLERANCES, strict=True):
            assert float(decision.lower_bound) <= best * (1 + 1e-12)
            assert float(decision.objective) <= best * (1 + tolerance)
