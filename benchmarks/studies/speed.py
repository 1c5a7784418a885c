"""How fast environment and reference policy are, as ratios measured in one run.

Machines differ and are noisy: every figure stands beside what the project aims at, and the vector
environment beside Gymnasium's own CartPole, alternating with it in the same process. What comes
before the first step is in :mod:`benchmarks.studies.setting_up`.
"""

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from agents.configuration import load_configuration
from agents.hybrid.algorithm import Hybrid
from agents.vec_env import make_vec_env
from asl_gym import OPEN, HindsightFrontier, Policy, Scenario, Trace, preset
from asl_gym.traces.synthetic import SyntheticTraces
from benchmarks.studies.measurement import Measurement
from benchmarks.studies.setting_up import measure_setting_up

__all__ = ["measure_all"]

REPEATS = 5
SCALAR_STEPS = 4_000
MEMORY_ENVS = 8_192
MEMORY_AIM_KIB = 4.0
DECISIONS = 1_000
BATCH = 1_024

SCALARS = (("ASL-v0", "split", 0.9), ("ASL-v0", "box", 0.9), ("ASLParallel-v0", "split", 0.25))
"""Environments and views that are measured one at a time, and the share of CartPole's steps that
each aims at."""


class Batch(NamedTuple):
    """Environments that are measured together.

    Attributes:
        env_id: Environment id.
        view: View of the action.
        num_envs: Environments of each kind.
        aim: How many times CartPole's steps device-decisions aim at.
        threads: In how many threads an equal part of ours is played each.
    """

    env_id: str
    view: str
    num_envs: int
    aim: float
    threads: int = 1


BATCHES = (
    *(Batch("ASL-v0", "split", num_envs, 3.0) for num_envs in (1, 16, 256, 1_024)),
    Batch("ASL-v0", "split", 8_192, 1.0),
    Batch("ASL-v0", "split", 8_192, 1.0, threads=2),
    Batch("ASL-v0", "box", 1_024, 1.0),
    Batch("ASLParallel-v0", "split", 1_024, 1.0),
)

OPEN_ALONE_AIM_US = 40.0
"""Above the time of a call that does nothing."""
OPEN_BATCHED_AIM = 850_000.0
LYDROO_ROUND_US = 31_600.0
"""A round of LyDROO at 10 devices on 2 cores (Bi, Huang, Wang, Zhang, IEEE TWC 2021)."""
HYBRID_AIM_US = LYDROO_ROUND_US / 30
FRONTIER_AIM_MS = 100.0
FRONTIER_ENERGY = 0.985
"""Mean energy at which an episode's frontier is asked for, in budgets: about what OPEN spends."""
FRONTIERS = {"a budget a device": "per-device-budgets", "devices at once": "parallel"}


def seconds(run: Callable[[], object]) -> float:
    """Time of one call [s]."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def play_scalar(env: gym.Env[Any, Any], actions: list[Any]) -> None:
    """Steps through ready-made actions, resetting at each episode's end."""
    env.reset()
    for action in actions:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()


def measure_scalar(env_id: str, view: str, aim: float) -> Measurement:
    """Steps per second of one environment of 10 devices against CartPole's, resets counted.

    Args:
        env_id: Environment id.
        view: View of the action.
        aim: How many of CartPole's steps it aims at.
    """
    envs = gym.make(env_id, action_view=view), gym.make("CartPole-v1")
    actions = []
    for env in envs:
        env.reset(seed=0)
        env.action_space.seed(0)
        actions.append([env.action_space.sample() for _ in range(SCALAR_STEPS)])
        play_scalar(env, actions[-1][:400])
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(REPEATS):
        for env, own, rates in zip(envs, actions, (ours, theirs), strict=True):
            rates.append(SCALAR_STEPS / seconds(partial(play_scalar, env, own)))
    share = median(a / b for a, b in zip(ours, theirs, strict=True))
    what = f"scalar {env_id}, view {view}, against {aim:g} times CartPole-v1's steps/s"
    return Measurement(what, median(ours), "steps/s", aim * median(theirs), share / aim)


def play_batch(envs: gym.vector.VectorEnv[Any, Any, Any], actions: Any, steps: int) -> None:
    """Steps a vector environment; it resets by itself."""
    for _ in range(steps):
        envs.step(actions)


def ready_batch(env_id: str, num_envs: int, **arguments: Any) -> tuple[Any, Any]:
    """A vector environment in its first episode, and a batch of actions."""
    envs = gym.make_vec(env_id, num_envs, **arguments)
    envs.reset(seed=0)
    envs.action_space.seed(0)
    actions = envs.action_space.sample()
    play_batch(envs, actions, 3)
    return envs, actions


def measure_vector(batch: Batch) -> Measurement:
    """Device-decisions per second of many environments against CartPole's steps per second.

    A whole episode each time, drawing and autoreset counted.
    """
    each = batch.num_envs // batch.threads
    parts = [ready_batch(batch.env_id, each, action_view=batch.view) for _ in range(batch.threads)]
    theirs, their_actions = ready_batch("CartPole-v1", batch.num_envs)
    scenario = parts[0][0].unwrapped.scenario
    steps, devices = scenario.horizon + 1, scenario.num_devices
    ours_s, theirs_s = [], []
    with ThreadPoolExecutor(batch.threads) as pool:

        def play_ours() -> None:
            list(pool.map(lambda part: play_batch(part[0], part[1], steps), parts))

        for _ in range(REPEATS):
            ours_s.append(seconds(play_ours))
            theirs_s.append(seconds(partial(play_batch, theirs, their_actions, steps)))
    share = median(devices * b / a for a, b in zip(ours_s, theirs_s, strict=True)) / batch.aim
    decisions = steps * batch.num_envs * devices / median(ours_s)
    aim = batch.aim * steps * batch.num_envs / median(theirs_s)
    together = "" if batch.threads == 1 else f", {batch.threads} threads"
    envs = f"{batch.num_envs:,} × {batch.env_id}, view {batch.view}{together}"
    what = f"{envs}, against {batch.aim:g} times CartPole-v1's steps/s"
    return Measurement(what, decisions, "device-decisions/s", aim, share)


def measure_memory() -> Measurement:
    """Memory of a vector environment in play, what it has handed out last counted."""
    ready_batch("ASL-v0", 2, action_view="split")
    tracemalloc.start()
    envs, actions = ready_batch("ASL-v0", MEMORY_ENVS, action_view="split")
    kept = envs.step(actions)
    value = tracemalloc.get_traced_memory()[0] / MEMORY_ENVS / 1024.0
    tracemalloc.stop()
    del kept
    what = f"memory of {MEMORY_ENVS:,} × ASL-v0 of 10 devices, each"
    return Measurement(what, value, "KiB", MEMORY_AIM_KIB, MEMORY_AIM_KIB / value)


def observations_in_mid_episode() -> Any:
    """A batch of observations of rounds where queues are at work."""
    envs = gym.make_vec("ASL-v0", BATCH, action_view="dict")
    observations, _ = envs.reset(seed=0)
    policy = OPEN(envs)
    for _ in range(20):
        observations, *_ = envs.step(policy.predict(observations)[0])
    return observations


def seconds_of_decisions(policy: Policy, observations: Any) -> float:
    """Time of deciding so many times, one observation at a time [s]."""

    def alone() -> None:
        for i in range(DECISIONS):
            policy.predict(observations[i % BATCH])

    return seconds(alone)


def measure_alone(what: str, policy: Policy, observations: Any, aim_us: float) -> Measurement:
    """A policy's decision time, one observation at a time, observation to action."""
    seconds_of_decisions(policy, observations)
    times = [seconds_of_decisions(policy, observations) for _ in range(REPEATS)]
    value = 1e6 * median(times) / DECISIONS
    return Measurement(what, value, "µs/round", aim_us, aim_us / value)


class Idle:
    """A policy that hands back what it is shown, to tell what being called takes."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Any, Any]:
        """Returns the observation and the state."""
        return observation, state


def measure_open_alone(policy: Policy, observations: Any) -> Measurement:
    """OPEN's decision time, one observation at a time, above that of a call that does nothing."""
    policies = policy, Idle()
    for each in policies:
        seconds_of_decisions(each, observations)
    above = []
    for _ in range(REPEATS):
        ours, idle = (seconds_of_decisions(each, observations) for each in policies)
        above.append(1e6 * (ours - idle) / DECISIONS)
    value, aim = median(above), OPEN_ALONE_AIM_US
    what = "OPEN, one round at a time, above a call that does nothing"
    return Measurement(what, value, "µs/round", aim, aim / value)


def measure_open(observations: Any) -> list[Measurement]:
    """OPEN's decision time alone and batched."""
    policy = OPEN(gym.make("ASL-v0"))

    def batched() -> None:
        for _ in range(20):
            policy.predict(observations)

    batched()
    rate = median(20 * BATCH / seconds(batched) for _ in range(REPEATS))
    return [
        measure_open_alone(policy, observations),
        Measurement(f"OPEN, {BATCH:,} rounds at once", rate, "rounds/s", OPEN_BATCHED_AIM,
                    rate / OPEN_BATCHED_AIM),
    ]  # fmt: skip


def measure_hybrid(observations: Any) -> Measurement:
    """The hybrid agent's decision time with fresh weights, on which it does not depend."""
    configuration = load_configuration("hybrid", "ASL-v0")
    candidates = configuration.model["num_candidates"]
    model = Hybrid(
        "MlpPolicy",
        make_vec_env("ASL-v0", 1, **configuration.environment),
        num_candidates=candidates,
        policy_kwargs={"net_arch": configuration.network["net_arch"]},
        seed=0,
        device="cpu",
    )
    what = f"hybrid agent, {candidates} candidates, one round at a time, against LyDROO's time / 30"
    return measure_alone(what, model.policy_for(model.scenario), observations, HYBRID_AIM_US)


def measure_frontier(what: str, scenario: Scenario) -> Measurement:
    """Time of an episode's frontier as the evaluation asks for it: at budget and energy spent."""
    source = SyntheticTraces(scenario.fleet, scenario.device_radio)
    generators = [np.random.default_rng(seed) for seed in range(REPEATS + 1)]
    drawn = source.draw(generators, scenario.horizon)

    def ask(trace: Trace) -> None:
        frontier = HindsightFrontier(scenario, trace)
        frontier.at_budget()
        frontier.at(FRONTIER_ENERGY * scenario.energy_budgets)

    ask(drawn[0])
    value = median(1e3 * seconds(partial(ask, drawn[i])) for i in range(1, REPEATS + 1))
    devices, rounds = scenario.num_devices, scenario.horizon
    what = f"hindsight frontier, {what}, {devices} devices, {rounds} rounds"
    return Measurement(what, value, "ms/episode", FRONTIER_AIM_MS, FRONTIER_AIM_MS / value)


def measure_all() -> list[Measurement]:
    """All figures, in the order in which they are reported."""
    np.random.default_rng()  # NumPy's generators load on first use.
    observations = observations_in_mid_episode()
    return [
        *(measure_scalar(*each) for each in SCALARS),
        *(measure_vector(each) for each in BATCHES),
        measure_memory(),
        *measure_open(observations),
        measure_hybrid(observations),
        *measure_setting_up(),
        *(measure_frontier(what, preset(name)) for what, name in FRONTIERS.items()),
    ]
