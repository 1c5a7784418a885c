"""The vector environment row by row against scalar environments, exactly."""

import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from asl_gym.envs.actions import views_of
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.scenario.presets import preset
from asl_gym.traces.trace import Trace
from asl_gym.validation.checks import FieldError

B, HORIZON, SEED = 3, 4, 11
MODES = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP
SCENARIOS = {
    "default": preset("default").with_num_devices(3),
    "per device": preset("per-device-budgets").with_num_devices(2),
    "ergodic": preset("ergodic").with_num_devices(1),
    "17 devices": preset("default").with_num_devices(17),
    "batteries": preset("harvest").with_num_devices(3),
}
CASES = [(name, view) for name, scenario in SCENARIOS.items() for view in views_of(scenario)]
SMALL = SCENARIOS["default"].replace(horizon=HORIZON)


def assert_same(mine: Any, theirs: Any) -> None:
    """Exact equality of what reset and step return, arrays of observations included."""
    if isinstance(theirs, dict):
        assert set(mine) == set(theirs)
        for key, value in theirs.items():
            assert_same(mine[key], value)
    elif isinstance(theirs, tuple) or (
        isinstance(theirs, np.ndarray) and theirs.dtype == np.dtype(object)
    ):
        assert len(mine) == len(theirs)
        for one, other in zip(mine, theirs, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(mine, theirs, strict=isinstance(theirs, np.ndarray))


def row_of(value: Any, i: int) -> Any:
    """Row i of what the vector environment returns, in the scalar environment's form."""
    if isinstance(value, dict):
        assert all(value["_" + key].all() for key in value if not key.startswith("_"))
        return {key: row_of(part, i) for key, part in value.items() if not key.startswith("_")}
    return value[i]


class Rows:
    """Scalar environments that reset themselves as a vector environment's rows do."""

    def __init__(self, mode: AutoresetMode, **arguments: Any) -> None:
        self.envs = [ASLEnv(**arguments) for _ in range(B)]
        self.mode, self.ended = mode, False

    def step(self, actions: list[Any]) -> list[tuple[Any, ...]]:
        results = [self._step(env, action) for env, action in zip(self.envs, actions, strict=True)]
        self.ended = results[0][3]
        return results

    def _step(self, env: ASLEnv, action: Any) -> tuple[Any, ...]:
        if self.ended and self.mode == AutoresetMode.NEXT_STEP:
            observation, info = env.reset()
            return observation, 0.0, False, False, info
        result = env.step(action)
        if not (result[3] and self.mode == AutoresetMode.SAME_STEP):
            return result
        observation, info = env.reset()
        final = {"final_obs": result[0], "final_info": result[4]}
        return (observation, *result[1:4], final | info)


def rows_of(actions: Any) -> list[Any]:
    if isinstance(actions, dict):
        return [{key: value[i] for key, value in actions.items()} for i in range(B)]
    return list(actions)


# Rows


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "view"), CASES)
def test_row_i_is_the_scalar_environment_with_seed_plus_i(
    name: str, view: Any, mode: AutoresetMode
) -> None:
    scenario = SCENARIOS[name].replace(horizon=HORIZON)
    envs = ASLVectorEnv(B, scenario, action_view=view, autoreset_mode=mode)
    rows = Rows(mode, scenario=scenario, action_view=view)
    start = envs.reset(seed=SEED)
    for i, env in enumerate(rows.envs):
        assert_same(tuple(row_of(part, i) for part in start), env.reset(seed=SEED + i))
    envs.action_space.seed(SEED)
    for _ in range(3 * (HORIZON + 1)):
        actions = envs.action_space.sample()
        together = envs.step(actions)
        assert all(len(part) == B for part in together[:4])
        for i, alone in enumerate(rows.step(rows_of(actions))):
            assert_same(tuple(row_of(part, i) for part in together), alone)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("reward", ["drift", "linear_drift", "delay"])
@pytest.mark.parametrize("name", ["default", "per device"])
def test_it_equals_gymnasiums_own_vector_environment(
    name: str, reward: Any, mode: AutoresetMode
) -> None:
    scenario = SCENARIOS[name].replace(horizon=HORIZON, initial_queue_j=3.0)
    native = ASLVectorEnv(B, scenario, reward=reward, autoreset_mode=mode)
    synced = SyncVectorEnv([lambda: ASLEnv(scenario, reward=reward)] * B, autoreset_mode=mode)
    assert native.action_space == synced.action_space
    assert native.observation_space == synced.observation_space
    assert native.single_action_space == synced.single_action_space
    assert native.metadata["autoreset_mode"] == synced.metadata["autoreset_mode"]
    assert_same(native.reset(seed=SEED), synced.reset(seed=SEED))
    native.action_space.seed(SEED)
    for _ in range(3 * (HORIZON + 1)):
        actions = native.action_space.sample()
        assert_same(native.step(actions), synced.step(actions))


def test_many_rows_and_rounds() -> None:
    """Enough of them that traces are drawn and rounds prepared in several pieces."""
    scenario = SCENARIOS["17 devices"].replace(horizon=150)
    rows, picked = 60, (0, 29, 59)
    envs = ASLVectorEnv(rows, scenario, action_view="split", autoreset_mode=AutoresetMode.SAME_STEP)
    alone = {i: ASLEnv(scenario, action_view="split") for i in picked}
    envs.reset(seed=SEED)
    for i, env in alone.items():
        env.reset(seed=SEED + i)
    envs.action_space.seed(SEED)
    for t in range(200):
        actions = envs.action_space.sample()
        observations, rewards, _, truncated, info = envs.step(actions)
        for i, env in alone.items():
            shown, reward, _, cut, _ = env.step(actions[i])
            if cut:
                np.testing.assert_array_equal(info["final_obs"][i], shown)
                shown, _ = env.reset()
            np.testing.assert_array_equal(observations[i], shown)
            assert (rewards[i], truncated[i]) == (reward, cut)
            assert cut == (t == 149)


# Seeds


def test_a_list_of_seeds() -> None:
    envs = ASLVectorEnv(B, SMALL)
    seeds = [8, 3, 8]
    start = envs.reset(seed=seeds)
    for i, seed in enumerate(seeds):
        assert_same(tuple(row_of(part, i) for part in start), ASLEnv(SMALL).reset(seed=seed))


def test_reset_without_a_seed_goes_on_with_the_streams() -> None:
    envs, alone = ASLVectorEnv(B, SMALL), [ASLEnv(SMALL) for _ in range(B)]
    envs.reset(seed=SEED)
    for i, env in enumerate(alone):
        env.reset(seed=SEED + i)
    envs.step(envs.action_space.sample())
    for seeds in (None, [None, 4, None], None):
        start = envs.reset(seed=seeds)
        for i, env in enumerate(alone):
            expected = env.reset(seed=None if seeds is None else seeds[i])
            assert_same(tuple(row_of(part, i) for part in start), expected)


def test_unseeded_environments_differ() -> None:
    shown = [ASLVectorEnv(2, SMALL).reset()[0] for _ in range(2)]
    assert len({row.tobytes() for rows in shown for row in rows}) == 4


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3, 4], []])
def test_a_wrong_number_of_seeds_is_refused_and_changes_nothing(seeds: list[int]) -> None:
    envs, twin = ASLVectorEnv(B, SMALL), ASLVectorEnv(B, SMALL)
    for one in (envs, twin):
        one.reset(seed=SEED)
    with pytest.raises(ValueError, match=f"{len(seeds)} seeds were given: expected 3"):
        envs.reset(seed=seeds)
    actions = envs.action_space.sample()
    assert_same(envs.step(actions), twin.step(actions))
    assert_same(envs.reset(), twin.reset())


def test_a_numpy_seed() -> None:
    mine, theirs = (ASLVectorEnv(B, SMALL).reset(seed=seed) for seed in (np.int64(7), 7))
    assert_same(mine, theirs)


# Memory and copies


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["default", "per device", "batteries"])
def test_arrays_returned_earlier_do_not_change(name: str, mode: AutoresetMode) -> None:
    envs = ASLVectorEnv(B, SCENARIOS[name], horizon=HORIZON, autoreset_mode=mode)
    returned: list[Any] = [envs.reset(seed=SEED)]
    kept = [copy.deepcopy(returned[0])]
    for _ in range(2 * (HORIZON + 1)):
        returned.append(envs.step(envs.action_space.sample()))
        kept.append(copy.deepcopy(returned[-1]))
    envs.reset()
    assert_same(tuple(returned), tuple(kept))
    observations = [result[0] for result in returned]
    for i, array in enumerate(observations):
        assert not any(np.shares_memory(array, other) for other in observations[:i])


def test_writing_to_what_was_returned_changes_nothing() -> None:
    envs, twin = ASLVectorEnv(B, SMALL), ASLVectorEnv(B, SMALL)
    assert_same(envs.reset(seed=SEED), twin.reset(seed=SEED))
    for _ in range(2 * HORIZON):
        actions = envs.action_space.sample()
        mine, theirs = envs.step(actions), twin.step(actions)
        assert_same(mine, theirs)
        for array in (*mine[:4], *mine[4].values(), envs.queue):
            array[...] = 77


def test_a_pickled_copy_goes_on_identically() -> None:
    envs = ASLVectorEnv(B, SMALL)
    envs.reset(seed=SEED)
    envs.step(envs.action_space.sample())
    twin = pickle.loads(pickle.dumps(envs))
    for _ in range(2 * HORIZON + 3):
        actions = envs.action_space.sample()
        assert_same(envs.step(actions), twin.step(actions))


# The rest of the contract


def test_make_vec_makes_the_native_class() -> None:
    envs: Any = gym.make_vec("ASL-v0", num_envs=B, scenario=SMALL, action_view="split")
    assert type(envs.unwrapped) is ASLVectorEnv
    assert envs.num_envs == B
    assert_same(envs.reset(seed=SEED), ASLVectorEnv(B, SMALL, action_view="split").reset(seed=SEED))
    rows: Any = gym.make_vec("ASL-v0", num_envs=B, vectorization_mode="sync", scenario=SMALL)
    assert type(rows.unwrapped) is SyncVectorEnv


def test_reset_has_to_come_first() -> None:
    envs = ASLVectorEnv(B, SMALL)
    with pytest.raises(RuntimeError, match="call reset"):
        envs.step(envs.action_space.sample())


def test_queues_and_traces_of_all_rows() -> None:
    for scenario, shape in ((SMALL, (B,)), (SCENARIOS["per device"], (B, 3))):
        envs = ASLVectorEnv(B, scenario)
        envs.reset(seed=SEED)
        info = envs.step(envs.action_space.sample())[4]
        assert envs.queue.shape == shape
        np.testing.assert_array_equal(envs.queue, info["queue"])
        assert envs.energy_budget == scenario.energy_budget
        env = ASLEnv(scenario)
        env.reset(seed=SEED + 1)
        drawn: Any = envs.simulation.trace
        for name in Trace.ARRAYS:
            np.testing.assert_array_equal(getattr(drawn[1], name), getattr(env.trace, name))


def test_a_number_of_environments_of_few_bits_is_a_number_like_any_other() -> None:
    envs = ASLVectorEnv(np.uint8(B), SMALL)  # type: ignore[arg-type]
    assert_same(envs.reset(seed=SEED), ASLVectorEnv(B, SMALL).reset(seed=SEED))


@pytest.mark.parametrize("seed", [np.array(3), "123", {1: 2, 3: 4, 5: 6}])
def test_seeds_that_are_no_sequence(seed: Any) -> None:
    with pytest.raises(FieldError, match=r"^seed = .* a sequence of seeds"):
        ASLVectorEnv(B, SMALL).reset(seed=seed)
