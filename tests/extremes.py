"""Scenarios at the ends of what is allowed, and play that looks for numbers that are not finite."""

import itertools
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np

from asl_gym.envs.actions import ACTION_VIEWS
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.observations import OBSERVATION_VIEWS
from asl_gym.envs.rewards import rewards_for
from asl_gym.model import limits
from asl_gym.model.components import Fleet, Server, Workload
from asl_gym.model.demands import Budget, Knowledge
from asl_gym.model.profiles import NetworkProfile
from asl_gym.model.radio import Radio
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import Bounds

__all__ = ["extreme_scenario", "findings", "views"]


class Ends:
    """Picks figures at the ends of their ranges, and some between."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, *options: Any) -> Any:
        return options[self.rng.integers(len(options))]

    def figure(self, bounds: Bounds) -> float:
        """An end, or a number between: over the orders of magnitude, where both have a sign."""
        low, high = bounds.low, float(np.nextafter(bounds.high, 0)) if bounds.open_high else None
        high = bounds.high if high is None else high
        share = self.pick(0.0, 1.0, self.rng.random())
        if low > 0:
            between = float(np.exp(np.log(low) * (1 - share) + np.log(high) * share))
        else:
            between = low + share * (high - low)
        return min(max(between, low), high)

    def several(self, bounds: Bounds, size: int) -> tuple[float, ...]:
        return tuple(self.figure(bounds) for _ in range(size))

    def table(self, bounds: Bounds, size: int) -> tuple[float, ...]:
        """Figures of a profile, zeros among them."""
        positive = bounds._replace(low=limits.LEAST_FIGURE, high=bounds.high / size)
        return tuple(self.pick(0.0, self.figure(positive)) for _ in range(size))

    def profile(self, layers: int) -> NetworkProfile:
        flops, bits = limits.FLOPS, limits.BITS
        forward, backward, parameters = (
            (0.0, *itertools.accumulate(self.table(each, layers))) for each in (flops, flops, bits)
        )
        least = limits.LEAST_TOTAL_FLOPS
        if forward[-1] + backward[-1] < least:
            forward = (0.0, *(least for _ in range(layers)))
        names = tuple(map(str, range(layers)))
        bits_after = self.table(bits, layers + 1)
        return NetworkProfile("extreme", names, forward, backward, bits_after, parameters)

    def workload(self) -> Workload:
        profile = self.profile(int(self.rng.integers(1, 4)))
        samples = self.pick(1, limits.MAX_SAMPLES, int(self.rng.integers(1, 1000)))
        splits = self.pick(None, tuple(range(profile.num_layers + 1)), (0,))
        return Workload(profile, samples, splits)

    def fleet(self) -> Fleet:
        n = int(self.rng.integers(1, 4))
        ranges = limits.CLOCK, limits.FLOPS_PER_CYCLE, limits.CAPACITANCE, limits.POWER
        clock, per_cycle, capacitance, power = (self.several(each, n) for each in ranges)
        distance = self.several(limits.DISTANCE, n)
        share = self.figure(limits.CLOCK_FRACTION)
        return Fleet(clock, per_cycle, capacitance, power, distance, share)

    def server(self) -> Server:
        least, greatest = sorted(self.several(limits.CLOCK, 2))
        per_cycle, capacitance = limits.FLOPS_PER_CYCLE, limits.CAPACITANCE
        return Server(least, greatest, self.figure(per_cycle), self.figure(capacitance))

    def radio(self) -> Radio:
        bandwidth, most = self.figure(limits.BANDWIDTH), self.figure(limits.SPECTRAL_EFFICIENCY)
        return Radio(
            bandwidth,
            self.figure(limits.POWER),
            self.figure(limits.NOISE_DENSITY),
            self.figure(limits.DECIBEL),
            self.figure(limits.PATH_LOSS),
            self.figure(limits.PATH_LOSS_EXPONENT),
            self.figure(limits.SHADOWING),
            self.figure(Bounds(0, 1, open_high=True)),
            self.pick("block", "ergodic", "none"),
            min(self.figure(limits.RATE), 0.5 * bandwidth * most),
            most,
            self.pick(True, False),
        )


def extreme_scenario(seed: int, schedule: str) -> Scenario:
    """A scenario whose figures lie mostly at the ends of their ranges."""
    ends = Ends(seed)
    error = ends.pick(1.0, limits.PARAMETER_ERROR.high)
    scope = ends.pick("system", "system", "per_device")
    return Scenario(
        fleet=ends.fleet(),
        server=ends.server(),
        radio=ends.radio(),
        workload=ends.workload(),
        schedule=schedule,  # type: ignore[arg-type]
        budget=Budget(scope, fraction=ends.figure(limits.FRACTION)),
        horizon=3,
        v=ends.figure(limits.KNOB),
        knowledge=Knowledge(int(ends.pick(0, 2)), error),
    )


def views() -> list[tuple[str, str, str]]:
    """Every view of the action with each view of the observation and each reward."""
    return list(itertools.product(ACTION_VIEWS, OBSERVATION_VIEWS, rewards_for(False)))


def findings(env: ASLEnv, seed: int, rounds: int = 3) -> Iterator[str]:
    """Plays extreme actions and tells what is not finite or not inside the observation space."""
    rng = np.random.default_rng(seed)
    observation, info = env.reset(seed=seed)
    for played in range(min(rounds, env.scenario.horizon) + 1):
        if not env.observation_space.contains(observation):
            yield f"observation of round {played} outside its space: {observation}"
        for name, value in info.items():
            if not np.isfinite(np.asarray(value, dtype=float)).all():
                yield f"info[{name!r}] of round {played} is {value}"
        if played < min(rounds, env.scenario.horizon):
            observation, reward, *_, info = env.step(extreme_action(env.action_space, rng))
            if not np.isfinite(reward):
                yield f"reward of round {played} is {reward}"


def extreme_action(space: gym.Space[Any], rng: np.random.Generator) -> Any:
    """An action at the ends of its space."""
    if isinstance(space, gym.spaces.Dict):
        return {name: extreme_action(each, rng) for name, each in space.items()}
    if isinstance(space, gym.spaces.MultiDiscrete):
        return (space.nvec - 1) * rng.integers(2, size=space.shape)
    assert isinstance(space, gym.spaces.Box)
    return np.where(rng.random(space.shape) < 0.5, space.low, space.high)
