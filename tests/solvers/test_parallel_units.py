"""The parallel solver in other units: powers of two change no bit of what it finds."""

from typing import NamedTuple

import numpy as np
import pytest

from asl_gym.solvers.parallel.solver import solve
from tests.solvers.parallel_instances import Instance, made_instance, unchecked_server
from tests.solvers.test_parallel_solver import random_instance


class Units(NamedTuple):
    """How many new units make an old one."""

    cost: float = 1.0
    second: float = 1.0
    cycle: float = 1.0


def told_in(units: Units, problem: Instance) -> Instance:
    """The same round; energy stays in joules."""
    options, server = problem.options, problem.server
    hertz = units.cycle / units.second
    weights = units.cost * problem.device_weight, units.cost * problem.server_weight
    return Instance(
        options._replace(
            fixed_delay=units.second * options.fixed_delay,
            server_work=units.cycle * options.server_work,
        ),
        unchecked_server(
            hertz * server.clock_min_hz,
            hertz * server.clock_max_hz,
            server.flops_per_cycle,
            server.capacitance / (units.cycle * hertz * hertz),
        ),
        problem.V * units.cost / units.second,
        *weights,
    )


@pytest.mark.parametrize("exponent", [-40, 40])
@pytest.mark.parametrize("unit", Units._fields)
def test_units_change_no_decision(unit: str, exponent: int) -> None:
    units = Units(**{unit: 2.0**exponent})
    for problem in [f(seed) for seed in range(30) for f in (random_instance, small_instance)]:
        for nodes in (1, 10_000):
            expected = solve(problem, max_nodes=nodes)
            found = solve(told_in(units, problem), max_nodes=nodes)
            np.testing.assert_array_equal(found.split_index, expected.split_index)
            hertz = units.cycle / units.second
            np.testing.assert_array_equal(
                found.server_frequency_hz, hertz * expected.server_frequency_hz
            )
            assert found.objective == units.cost * expected.objective
            assert found.lower_bound == units.cost * expected.lower_bound


def small_instance(number: int) -> Instance:
    """Workless options, huge weights and none among them."""
    return made_instance(number, 4, 6)
