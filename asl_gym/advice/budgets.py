"""Budgets of devices that can be kept, and of a server that nothing binds."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from asl_gym.advice.answers import Answer
from asl_gym.arrays import Array
from asl_gym.model.demands import Budget
from asl_gym.scenario.reference import reference_trace
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.trace_solver import TraceSolver

__all__ = ["least_energies", "ready"]

UNBOUND = 1.01
"""The server's budget over the most that it can spend."""

LEAST_BUDGET_J = 1e-9
"""The server's budget where it can't spend anything [J]."""

SERVER_SHARE = 1e-9
"""Weight of the server's energy where the devices' least energies are looked for."""


def least_energies(scenario: Scenario, raw_data: bool) -> Array:
    """The least mean energy that each device can spend in a round of the reference trace [J], (N,).

    It is against this trace that a scenario's budgets are checked.
    """
    system = _admitting(scenario, raw_data).system
    devices = system.num_devices
    solver = TraceSolver(system, reference_trace(system, scenario.knowledge), devices + 1)
    weights = np.append(np.ones(devices), SERVER_SHARE)
    return solver.mean_costs(0.0, weights).energies[:-1]


def ready(scenario: Scenario, answers: Mapping[str, Answer], raw_data: bool) -> Scenario:
    """The scenario with the devices' budgets, the server's being more than it can spend."""
    kinds = scenario.fleet.kind or ()
    devices = [answers[kind].budget_j for kind in kinds]
    server = max(UNBOUND * _most_on_server(scenario), LEAST_BUDGET_J)
    budget = Budget("per_device", joules=(*devices, server))
    return _admitting(scenario, raw_data).replace(budget=budget)


def _admitting(scenario: Scenario, raw_data: bool) -> Scenario:
    """The scenario without split point 0, which was looked at for comparison, if it may not be."""
    workload = scenario.workload
    if raw_data or workload.splits is None or workload.splits[0] != 0:
        return scenario
    own = dataclasses.replace(workload, splits=None)
    return scenario.replace(workload=own)


def _most_on_server(scenario: Scenario) -> float:
    """The most that the server side can spend in a round [J]: full clock, worst cuts."""
    model, server = scenario.cost_model, scenario.server
    rates = np.ones(scenario.num_devices)
    options = model.all_options(model.unit_costs(rates, rates, np.asarray(scenario.fleet.clock_hz)))
    # Links draw nothing to send, so that the rates don't matter.
    computing = server.computing_energy(np.array(server.clock_max_hz), options.server_work)
    return float((options.fixed_server_energy + computing).max(axis=-1).sum())
