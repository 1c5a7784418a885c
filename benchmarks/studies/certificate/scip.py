"""The round's problem for SCIP, in two models, both started from a known decision.

``bilinear`` says it as it stands: products of time and frequency, and of work and frequency
squared, of each device. ``perspective`` gives every option variables of its own and says the same
with rotated second-order cones, t·f ≥ w x² and z·x ≥ f², which is convex but for the binaries.
Clocks are in GHz, work in Gcycles, the objective in units of its value at the start.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies.certificate.rounds import Round

__all__ = ["MODELS", "Outcome", "run_scip"]

GIGA = 1e9
RELATIVE_GAP = 1e-4
"""SCIP may stop at this gap, a hundred times our own solver's."""

FEASIBILITY = 1e-9


@dataclass(frozen=True)
class Outcome:
    """What SCIP found.

    Attributes:
        seconds: Time of solving [s], without building the model.
        finished: Whether it ended before the time limit.
        objective: The best objective, priced by our own formula, its splits with its frequencies.
        bound: Its lower bound.
    """

    seconds: float
    finished: bool
    objective: float
    bound: float


@dataclass
class _Model:
    scip: Any
    chosen: list[list[Any]]
    deadline: Any
    values: list[tuple[Any, float]]
    frequency: list[Any]


def _base(problem: Round, start: Any, tau: float) -> _Model:
    """Binaries, one option a device, and the deadline, with what they are at the start."""
    from pyscipopt import Model, quicksum

    scip = Model()
    scip.hideOutput()
    devices, options = problem.costs.shape
    chosen = [
        [scip.addVar(vtype="B", name=f"x{n}_{o}") for o in range(options)] for n in range(devices)
    ]
    for row in chosen:
        scip.addCons(quicksum(row) == 1)
    values = [
        (chosen[n][o], float(o == start[0][n])) for n in range(devices) for o in range(options)
    ]
    deadline = scip.addVar(lb=0, ub=2 * tau, name="deadline")
    return _Model(scip, chosen, deadline, [*values, (deadline, tau)], [])


def _bilinear(problem: Round, start: Any, unit: float, tau: float) -> _Model:
    from pyscipopt import quicksum

    model = _base(problem, start, tau)
    scip, x, deadline = model.scip, model.chosen, model.deadline
    devices, options = problem.costs.shape
    a, w = problem.options.fixed_delay, problem.options.server_work / GIGA
    least, most = problem.server.clock_min_hz / GIGA, problem.server.clock_max_hz / GIGA
    terms = [problem.V / unit * deadline]
    for n in range(devices):
        f = scip.addVar(lb=least, ub=most)
        work = scip.addVar(lb=0, ub=float(w[n].max()))
        time = scip.addVar(lb=0, ub=2 * tau)
        energy = scip.addVar(lb=0, ub=float(w[n].max()) * most**2)
        scip.addCons(work == quicksum(float(w[n, o]) * x[n][o] for o in range(options)))
        delay = quicksum(float(a[n, o]) * x[n][o] for o in range(options))
        scip.addCons(time + delay <= deadline)
        scip.addCons(time * f >= work)
        scip.addCons(energy >= work * f * f)
        terms.append(problem.computing_price * GIGA**3 / unit * energy)
        terms += [float(problem.costs[n, o]) / unit * x[n][o] for o in range(options)]
        o, clock = int(start[0][n]), float(start[1][n]) / GIGA
        load = float(w[n, o])
        model.frequency.append(f)
        model.values += [(f, clock), (work, load), (time, tau - float(a[n, o]))]
        model.values.append((energy, load * clock**2))
    # Devices without work hold the least clock here, which the server's clock has to allow for.
    scip.addCons(quicksum(model.frequency) <= most + devices * least)
    scip.setObjective(quicksum(terms))
    return model


def _perspective(problem: Round, start: Any, unit: float, tau: float) -> _Model:
    from pyscipopt import quicksum

    model = _base(problem, start, tau)
    scip, x, deadline = model.scip, model.chosen, model.deadline
    devices, options = problem.costs.shape
    a, w = problem.options.fixed_delay, problem.options.server_work / GIGA
    least, most = problem.server.clock_min_hz / GIGA, problem.server.clock_max_hz / GIGA
    terms, clocks = [problem.V / unit * deadline], []
    for n in range(devices):
        mine, times = [], []
        for o in range(options):
            picked = float(o == start[0][n])
            clock = picked * float(start[1][n]) / GIGA
            terms.append(float(problem.costs[n, o]) / unit * x[n][o])
            if w[n, o] <= 0:
                continue
            f, t = scip.addVar(lb=0, ub=most), scip.addVar(lb=0, ub=2 * tau)
            z = scip.addVar(lb=0, ub=most**2)
            scip.addCons(f <= most * x[n][o])
            scip.addCons(f >= least * x[n][o])
            scip.addCons(t <= 2 * tau * x[n][o])
            scip.addCons(t * f >= float(w[n, o]) * x[n][o] * x[n][o])
            scip.addCons(z * x[n][o] >= f * f)
            terms.append(problem.computing_price * GIGA**3 * float(w[n, o]) / unit * z)
            mine.append(f)
            times.append(t)
            model.values += [(f, clock), (z, clock**2)]
            model.values.append((t, picked * (tau - float(a[n, o]))))
        delay = quicksum(float(a[n, o]) * x[n][o] for o in range(options))
        scip.addCons(delay + quicksum(times) <= deadline)
        model.frequency.append(quicksum(mine))
        clocks += mine
    scip.addCons(quicksum(clocks) <= most)
    scip.setObjective(quicksum(terms))
    return model


MODELS = {"bilinear": _bilinear, "perspective": _perspective}
"""The models by name."""


def run_scip(problem: Round, name: str, time_limit_s: float) -> Outcome:
    """Solves a round with SCIP, which is given our own decision to start from.

    Args:
        problem: The round.
        name: A key of :data:`MODELS`.
        time_limit_s: Time limit [s].
    """
    decision = problem.solve()
    unit = float(decision.objective)
    start = decision.split_index, decision.server_frequency_hz
    tau = _deadline(problem, *start) * (1 + FEASIBILITY)
    model = MODELS[name](problem, start, unit, tau)
    scip = model.scip
    scip.setParam("limits/time", time_limit_s)
    scip.setParam("limits/gap", RELATIVE_GAP)
    solution = scip.createSol()
    for variable, value in model.values:
        scip.setSolVal(solution, variable, value)
    scip.addSol(solution)
    scip.optimize()
    return Outcome(
        seconds=float(scip.getSolvingTime()),
        finished=scip.getStatus() in ("optimal", "gaplimit"),
        objective=_priced(problem, model),
        bound=unit * float(scip.getDualbound()),
    )


def _deadline(
    problem: Round, split_index: NDArray[np.int64], frequency: NDArray[np.float64]
) -> float:
    rows = np.arange(len(split_index))
    a = problem.options.fixed_delay[rows, split_index]
    return float((a + problem.options.server_work[rows, split_index] / frequency).max())


def _priced(problem: Round, model: _Model) -> float:
    """The value of SCIP's splits with the exact upper layer, so that its tolerances don't count."""
    best = model.scip.getBestSol()
    split_index = np.array(
        [int(np.argmax([model.scip.getSolVal(best, x) for x in row])) for row in model.chosen]
    )
    return float(problem.price(split_index[None, :])[0])
