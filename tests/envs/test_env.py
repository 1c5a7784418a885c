"""The environment's contract: checkers, determinism, memory, episodes and information."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import cloudpickle
import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from asl_gym.arrays import Array
from asl_gym.envs.actions import ACTION_VIEWS, views_of
from asl_gym.envs.env import ASLEnv
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.trace import Trace

N, HORIZON = 3, 5
SMALL = preset("default").with_num_devices(N).replace(horizon=HORIZON)
PER_DEVICE = preset("per-device-budgets").with_num_devices(N).replace(horizon=HORIZON)
HARVEST = preset("harvest").with_num_devices(N).replace(horizon=HORIZON)
VIEWS = tuple(ACTION_VIEWS)
SCENARIOS = {"system": SMALL, "per device": PER_DEVICE, "batteries": HARVEST}
CASES = [(name, view) for name, scenario in SCENARIOS.items() for view in views_of(scenario)]

ARRAYS = (
    *("device_delay", "device_energy", "device_reward"),
    *("split", "split_index", "server_frequency"),
)
NUMBERS = "delay", "energy", "cost", "server_energy"


def play(env: Any, rounds: int, seed: int = 0) -> list[Any]:
    """Plays random rounds, over the ends of episodes; returns all that step and reset gave."""
    env.action_space.seed(seed)
    given = []
    for _ in range(rounds):
        result = env.step(env.action_space.sample())
        given.append(result)
        if result[3]:
            given.append(env.reset())
    return given


def assert_same(mine: Any, theirs: Any) -> None:
    np.testing.assert_equal(mine, theirs, strict=True)


# Checkers


@pytest.mark.parametrize(("name", "view"), [case for case in CASES if case[0] != "per device"])
def test_gymnasiums_checker(name: str, view: str) -> None:
    arguments: Any = {"scenario": SCENARIOS[name], "action_view": view}
    check_env(gym.make("ASL-v0", disable_env_checker=True, **arguments).unwrapped)


@pytest.mark.parametrize(("name", "view"), [case for case in CASES if case[1] != "dict"])
def test_stable_baselines_checker(name: str, view: str) -> None:
    sb3_check_env(gym.make("ASL-v0", scenario=SCENARIOS[name], action_view=view))


def test_the_default_environment_is_made_by_its_name_alone() -> None:
    env = gym.make("ASL-v0")
    assert env.unwrapped.scenario == preset("default")  # type: ignore[attr-defined]
    assert env.action_space == gym.make("ASL-v0", action_view="split").action_space
    assert env.spec is not None
    assert env.spec.max_episode_steps is None
    assert isinstance(gym.make("asl_gym:ASL-v0").unwrapped, ASLEnv)


# Determinism


@pytest.mark.parametrize(("name", "view"), CASES)
def test_a_seed_fixes_everything(name: str, view: Any) -> None:
    scenario = SCENARIOS[name]
    fresh, used = ASLEnv(scenario, action_view=view), ASLEnv(scenario, action_view=view)
    used.reset(seed=9)
    play(used, 7, seed=1)
    assert_same(fresh.reset(seed=4), used.reset(seed=4))
    assert_same(play(fresh, 3 * HORIZON + 2), play(used, 3 * HORIZON + 2))


def test_seeds_and_episodes_differ() -> None:
    env = ASLEnv(SMALL)
    shown = [env.reset(seed=0)[0], env.reset(seed=1)[0], env.reset()[0], env.reset()[0]]
    assert len({values.tobytes() for values in shown}) == 4


def test_actions_do_not_change_an_episodes_luck() -> None:
    env = ASLEnv(SMALL)
    traces = []
    for seed in (0, 1):
        env.reset(seed=2)
        play(env, HORIZON, seed)
        traces.append(env.trace)
    for name in Trace.ARRAYS:
        np.testing.assert_array_equal(getattr(traces[0], name), getattr(traces[1], name))


@pytest.mark.parametrize(("name", "view"), [case for case in CASES if case[0] != "per device"])
@pytest.mark.parametrize(
    "through",
    [
        lambda env: pickle.loads(pickle.dumps(env)),
        lambda env: cloudpickle.loads(cloudpickle.dumps(env)),
        copy.deepcopy,
    ],
    ids=["pickle", "cloudpickle", "deepcopy"],
)
def test_a_copy_goes_on_identically(name: str, view: str, through: Callable[[Any], Any]) -> None:
    env = gym.make("ASL-v0", scenario=SCENARIOS[name], action_view=view)
    env.reset(seed=3)
    play(env, HORIZON + 2)
    twin = through(env)
    assert_same(play(env, 2 * HORIZON), play(twin, 2 * HORIZON))


# Memory


def arrays_in(value: Any) -> list[Array]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [array for part in value for array in arrays_in(part)] if type(value) is tuple else []


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=[*SCENARIOS])
def test_what_is_returned_is_the_callers_own(scenario: Scenario) -> None:
    """No two arrays share memory, none changes later, and writing to them changes nothing."""
    env, twin = ASLEnv(scenario), ASLEnv(scenario)
    first = env.reset(seed=0)
    assert_same(first, twin.reset(seed=0))
    returned = [first, *play(env, 2 * HORIZON)]
    arrays = [array for result in returned for array in arrays_in(result)]
    assert len(arrays) >= 2 * HORIZON * 5
    for i, array in enumerate(arrays):
        assert not any(np.shares_memory(array, other) for other in arrays[:i])
    kept = copy.deepcopy(returned)
    play(env, 2 * HORIZON)
    assert_same(returned, kept)
    for result in play(twin, 2 * HORIZON - 1):
        for array in arrays_in(result):
            array[...] = 1e3
    env.reset(seed=0)
    play(env, 2 * HORIZON - 1)
    assert_same(play(env, 4), play(twin, 4))


def test_the_queue_and_the_trace_that_are_read_are_copies() -> None:
    env, twin = ASLEnv(PER_DEVICE), ASLEnv(PER_DEVICE)
    for one in (env, twin):
        one.reset(seed=0)
        play(one, 2)
    queue: Any = env.queue
    queue[...] = 1e9
    for name in Trace.ARRAYS:
        getattr(env.trace, name)[...] = 1.0
    assert_same(play(env, HORIZON), play(twin, HORIZON))


def test_writing_to_information_does_not_change_what_is_drawn() -> None:
    env, twin = (ASLEnv(PER_DEVICE, render_mode="ansi") for _ in range(2))
    for one in (env, twin):
        one.reset(seed=0)
    info = play(env, 1)[0][4]
    play(twin, 1)
    for name in ARRAYS:
        info[name][...] = 3
    assert env.render() == twin.render()


# Episodes


@pytest.mark.parametrize("horizon", [1, 7])
def test_an_episode_is_cut_at_the_horizon(horizon: int) -> None:
    env = ASLEnv(SMALL, horizon=horizon)
    for _ in range(2):
        env.reset()
        ends = [env.step(env.action_space.sample())[2:4] for _ in range(horizon)]
        assert ends == [(False, False)] * (horizon - 1) + [(False, True)]
        with pytest.raises(RuntimeError, match="not ended: call reset"):
            env.step(env.action_space.sample())


def test_reset_has_to_come_first() -> None:
    env = ASLEnv(SMALL)
    with pytest.raises(RuntimeError, match="has started: call reset"):
        env.step(env.action_space.sample())
    with pytest.raises(RuntimeError, match="reset"):
        _ = env.trace


# Information


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("scenario", [SMALL, PER_DEVICE], ids=["system", "per device"])
def test_information_is_complete_and_consistent(view: Any, scenario: Scenario) -> None:
    scenario = scenario.replace(initial_queue_j=2.5)
    env = ASLEnv(scenario, action_view=view)
    _, info = env.reset(seed=0)
    assert set(info) == {"queue"}
    queue = np.atleast_1d(info["queue"])
    np.testing.assert_array_equal(queue, np.full(scenario.num_budgets, 2.5))
    for result in play(env, HORIZON)[:HORIZON]:
        observation, reward, _, _, info = result
        assert set(info) == {*NUMBERS, *ARRAYS, "queue"}
        assert observation.dtype == np.float32
        assert all(type(value) is float for value in (reward, *(info[key] for key in NUMBERS)))
        assert all(info[key].shape == (N,) for key in ARRAYS)
        assert info["split"].dtype == np.int64
        assert info["delay"] == pytest.approx(info["device_delay"].sum(), rel=1e-12)
        spent = [*info["device_energy"], info["server_energy"]]
        assert info["energy"] == pytest.approx(sum(spent), rel=1e-12)
        assert info["cost"] == info["energy"]
        splits = np.array(scenario.workload.admissible_splits)
        np.testing.assert_array_equal(info["split"], splits[info["split_index"]])
        low, high = scenario.server.clock_min_hz, scenario.server.clock_max_hz
        assert ((info["server_frequency"] >= low) & (info["server_frequency"] <= high)).all()
        charged = spent if scenario.num_budgets > 1 else [info["energy"]]
        queue = np.maximum(queue + charged - scenario.energy_budgets, 0.0)
        np.testing.assert_allclose(np.atleast_1d(info["queue"]), queue, rtol=1e-12)
    env = ASLEnv(scenario, action_view=view)
    env.reset(seed=0)
    info = env.step(env.action_space.sample())[4]
    assert_same(env.queue, info["queue"])
    assert type(env.queue) is (float if scenario.num_budgets == 1 else np.ndarray)


def test_split_points_are_named_not_numbered() -> None:
    workload = SMALL.workload
    admissible = type(workload)(workload.profile, workload.samples_per_round, (0, 4, 12))
    env = ASLEnv(SMALL.replace(workload=admissible), action_view="split")
    env.reset(seed=0)
    assert env.step(np.array([0, 1, 2]))[4]["split"].tolist() == [0, 4, 12]


def test_costs_follow_from_trace_and_decision() -> None:
    """The delay of a round from the equations, with rates and clocks of the episode's trace."""
    env = ASLEnv(SMALL, action_view="dict")
    env.reset(seed=6)
    trace, (fleet, server) = env.trace, (SMALL.fleet, SMALL.server)
    profile, samples = SMALL.workload.profile, SMALL.workload.samples_per_round
    for t in range(HORIZON):
        split = np.array([1, 6, 12])
        frequency = np.array([1e9, 2e9, 3e9])
        info = env.step({"split": split - 1, "server_frequency": frequency[:, None]})[4]
        flops = np.array(profile.training_flops)
        smashed = np.array(profile.activation_bits)[split] * samples * (split < 12)
        bits = np.array(profile.parameter_bits)[split] + smashed
        device = samples * flops[split] / (np.array(fleet.flops_per_cycle) * trace.clock_hz[t])
        work = samples * (flops[-1] - flops[split]) / server.flops_per_cycle
        radio = bits / trace.downlink_bps[t] + bits / trace.uplink_bps[t]
        np.testing.assert_allclose(info["device_delay"], radio + device + work / frequency)
