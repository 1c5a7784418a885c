"""Queues and weights by hand."""

import numpy as np

from asl_gym.model.costs import RoundCosts
from asl_gym.model.lyapunov import (
    budget_weights,
    energy_weights,
)
from asl_gym.model.option_costs import queue_after

BUDGETS = np.array([2.0, 6.0])
"""Two budgets, so that Ē = 8 and energies weigh 4 and 4/3 times their queues."""


def test_queue_recursion() -> None:
    rounds = [
        (1.0, 4.0, 2.0, 3.0),
        (0.0, 7.0, 6.0, 1.0),
        (0.5, 1.0, 2.0, 0.0),
        (3.0, 6.0, 6.0, 3.0),
    ]
    for queue, energy, budget, after in rounds:
        assert queue_after(queue, energy, budget) == after


def test_budget_weights() -> None:
    np.testing.assert_allclose(budget_weights(BUDGETS), [4.0, 4.0 / 3.0], rtol=1e-15)
    np.testing.assert_array_equal(budget_weights(np.array([7.0])), [1.0])


def test_one_weight_counts_for_every_energy() -> None:
    device, server = energy_weights(np.array([[2.0], [5.0]]), 3)
    np.testing.assert_array_equal(device, [[2.0, 2.0, 2.0], [5.0, 5.0, 5.0]])
    np.testing.assert_array_equal(server, [2.0, 5.0])
    for leading in ((), (2, 3)):
        device, server = energy_weights(np.full((*leading, 1), 2.0), 4)
        np.testing.assert_array_equal(device, np.full((*leading, 4), 2.0))
        np.testing.assert_array_equal(server, np.full(leading, 2.0))


def test_weights_of_several_budgets_are_devices_then_server() -> None:
    device, server = energy_weights(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 2)
    np.testing.assert_array_equal(device, [[1.0, 2.0], [4.0, 5.0]])
    np.testing.assert_array_equal(server, [3.0, 6.0])


def test_energies_of_the_budgets() -> None:
    costs = RoundCosts(np.ones(2), np.array([1.0, 2.0]), np.array(4.0), np.array(7.0))
    np.testing.assert_array_equal(costs.of_budgets(1), [7.0])
    np.testing.assert_array_equal(costs.of_budgets(3), [1.0, 2.0, 4.0])
