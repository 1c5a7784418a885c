"""Rounds to solve: those that OPEN meets, with the queue that it has then."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from asl_gym import OPEN, Scenario
from asl_gym.arrays import Array
from asl_gym.model.costs import Options
from asl_gym.model.radio import cellular
from asl_gym.solvers.round_problem import RoundProblem

__all__ = ["ENV_ID", "Round", "grown", "played_rounds"]

ENV_ID = "ASLParallel-v0"


class Round(RoundProblem):
    """A round, with options of the full shape (N, L), and what SCIP's models need of it."""

    __slots__ = ()

    @property
    def costs(self) -> Array:
        """Weighted energies of all options apart from the server's computing, shape (N, L)."""
        on_devices = self.device_weight[:, None] * self.options.device_energy
        return np.asarray(on_devices + float(self.server_weight) * self.options.fixed_server_energy)

    @property
    def computing_price(self) -> float:
        """Weight on w·f²."""
        return float(self.server_weight) * self.server.capacitance

    def value(self, split_index: NDArray[np.int64], frequency_hz: Array) -> float:
        """The objective of a decision."""
        rows = np.arange(len(split_index))
        a, w = (
            np.broadcast_to(values, self.costs.shape)[rows, split_index]
            for values in (self.options.fixed_delay, self.options.server_work)
        )
        delay = float((a + w / frequency_hz).max())
        computing = self.computing_price * float((w * frequency_hz**2).sum())
        return float(self.V) * delay + float(self.costs[rows, split_index].sum()) + computing


def grown(small: Scenario, num_devices: int) -> Scenario:
    """A scenario with more devices, bandwidth and server growing with them.

    So rounds stay alike: a larger fleet on the same channel would only wait for it.

    Args:
        small: The scenario, of a cellular radio.
        num_devices: The fleet's size.
    """
    factor = num_devices / small.num_devices
    scenario = small.with_num_devices(num_devices)
    radio = cellular(scenario.radio, "a channel that grows with the fleet")
    radio = dataclasses.replace(
        radio,
        bandwidth_hz=factor * radio.bandwidth_hz,
        rate_floor_bps=factor * radio.rate_floor_bps,
    )
    server = dataclasses.replace(
        scenario.server,
        clock_max_hz=factor * scenario.server.clock_max_hz,
        capacitance=scenario.server.capacitance / factor**2,
    )
    return scenario.replace(radio=radio, server=server)


def played_rounds(scenario: Scenario, seed: int, skip: int, count: int) -> Iterator[Round]:
    """Rounds of an episode of OPEN, every ``skip``-th after the first ``skip``.

    Args:
        scenario: The scenario.
        seed: The episode's seed.
        skip: Distance between the rounds, > 0.
        count: Number of rounds.
    """
    last = skip * count + 1
    env: Any = gym.make(
        ENV_ID,
        scenario=scenario.replace(horizon=last),
        action_view=OPEN.action_view,
        disable_env_checker=True,
    ).unwrapped
    policy, model = OPEN(env), env.scenario.cost_model
    observation, _ = env.reset(seed=seed)
    for index in range(1, last):
        observation, *_ = env.step(policy.predict(observation)[0])
        if index % skip == 0:
            seen = env.codec.decode(observation)
            options = model.all_options(seen.unit_costs(model))
            shape = options.fixed_delay.shape
            full = Options(*(np.broadcast_to(values, shape) for values in options))
            weights = env.scenario.weights(seen.queue)
            yield Round.of(env.scenario, full, env.scenario.V, weights)
