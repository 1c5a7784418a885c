"""The environment's keyword arguments: what they change, and what they refuse."""

import dataclasses
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.demands import Budget
from asl_gym.scenario.presets import preset
from tests.strategies import drawn_trace

N = 3
SMALL = preset("default").with_num_devices(N).replace(horizon=5)


def test_arguments_change_the_scenario(tmp_path: Path) -> None:
    env: Any = gym.make("ASL-v0", scenario="ergodic", num_devices=4, horizon=7).unwrapped
    assert env.scenario == preset("ergodic").with_num_devices(4).replace(horizon=7)
    joules = 1.5 * env.energy_budget
    richer: Any = gym.make("ASL-v0", scenario="ergodic", num_devices=4, budget=joules).unwrapped
    assert richer.energy_budget == pytest.approx(joules, rel=1e-15)
    several = Budget(scope="per_device", fraction=0.4)
    assert ASLEnv(SMALL, budget=several).queue.shape == (N + 1,)  # type: ignore[union-attr]
    SMALL.to_json(tmp_path / "small.json")
    assert ASLEnv(tmp_path / "small.json").scenario == SMALL
    assert ASLEnv(str(tmp_path / "small.json")).scenario == SMALL
    assert ASLEnv(SMALL).energy_budget == SMALL.energy_budget


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("scenario", "nowhere", r"scenario = 'nowhere' is not allowed: expected one of 'default'"),
        ("scenario", 3, "scenario = 3 is not allowed"),
        ("scenario", "absent.json", "existing JSON file"),
        ("action_view", "boxes", r"action_view = 'boxes' is not allowed"),
        ("reward", "energy", r"reward = 'energy' is not allowed: expected one of 'drift'"),
        ("num_devices", 0, "num_devices = 0 is not allowed"),
        ("num_devices", 2.5, r"num_devices = 2.5 is not allowed"),
        ("horizon", 0, "horizon = 0 is not allowed"),
        ("budget", -1.0, r"budget.joules\[0\] = -1.0 is not allowed"),
        ("budget", 1e-3, "more than the minimum energy"),
        ("render_mode", "human", r"render_mode = 'human' is not allowed"),
    ],
)
def test_arguments_that_are_not_allowed(argument: str, value: Any, message: str) -> None:
    given: dict[str, Any] = {argument: value}
    for make in (ASLEnv, ASLVectorEnv):
        with pytest.raises(ValueError, match=message):
            make(**given)


@pytest.mark.parametrize("value", [0, 2.5, "two"])
def test_a_number_of_environments_that_is_not_allowed(value: Any) -> None:
    with pytest.raises(ValueError, match=r"num_envs = .* is not allowed: expected a whole number"):
        ASLVectorEnv(value, SMALL)


@pytest.mark.parametrize("value", ["Disabled", "never", None])
def test_autoreset_modes_that_are_not_allowed(value: Any) -> None:
    with pytest.raises(ValueError, match=r"autoreset_mode = .*: expected one of 'NextStep', 'Same"):
        ASLVectorEnv(2, SMALL, autoreset_mode=value)


def test_unknown_arguments() -> None:
    with pytest.raises(TypeError, match="devices"):
        gym.make("ASL-v0", devices=3)
    with pytest.raises(ValueError, match="reset option 'tarce' is not known"):
        ASLEnv(SMALL).reset(options={"tarce": drawn_trace(SMALL, 0)})
    with pytest.raises(ValueError, match="reset option 'tarce' is not known"):
        ASLVectorEnv(2, SMALL).reset(options={"tarce": drawn_trace(SMALL, 0)})


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.int32, int, float])
def test_a_budget_may_be_any_kind_of_number(kind: Any) -> None:
    assert ASLEnv(SMALL, budget=kind(60)).energy_budget == 60.0


@pytest.mark.parametrize(("mode", "kind"), [("ansi", str), ("rgb_array", np.ndarray)])
def test_render_modes(mode: str, kind: type) -> None:
    env = gym.make("ASL-v0", scenario=SMALL, render_mode=mode)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert isinstance(env.render(), kind)


def test_whole_numbers_of_any_library_are_seeds_and_others_are_refused() -> None:
    env, envs = ASLEnv(SMALL), ASLVectorEnv(2, SMALL)
    first, _ = env.reset(seed=1)
    np.testing.assert_array_equal(env.reset(seed=np.int64(1))[0], first)  # type: ignore[arg-type]
    np.testing.assert_array_equal(envs.reset(seed=np.int64(1))[0][0], first)
    np.testing.assert_array_equal(envs.reset(seed=np.array([5, 1]))[0][1], first)
    for wrong in (1.5, "1", True, -1):
        with pytest.raises(ValueError, match=r"seed = .* is not allowed: expected a whole number"):
            env.reset(seed=wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"seed\[1\] = .* is not allowed"):
            envs.reset(seed=[1, wrong])


@pytest.mark.parametrize("options", [5, "trace", [("trace", None)]])
def test_options_are_a_mapping(options: Any) -> None:
    with pytest.raises(ValueError, match="reset options = "):
        ASLEnv(SMALL).reset(options=options)


def test_bytes_are_no_budget() -> None:
    with pytest.raises(ValueError, match=r"budget.joules = b'3' is not allowed"):
        ASLEnv(SMALL, budget=b"3")  # type: ignore[arg-type]


def test_v_is_an_argument() -> None:
    assert ASLEnv(SMALL, v=2.0).scenario == SMALL.replace(v=2.0)
    with pytest.raises(ValueError, match="v = 0 is not allowed"):
        ASLEnv(SMALL, v=0)


def test_a_specification_survives_json() -> None:
    budget = Budget(fraction=0.3)
    env = gym.make("ASL-v0", scenario=SMALL, budget=budget, action_view="split")
    assert env.spec is not None
    again: Any = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.unwrapped.scenario == SMALL.replace(budget=budget)
    assert again.action_space == env.action_space


def test_an_episodes_length_is_the_horizon() -> None:
    for wrong in ("max_episode_steps", "horizont"):
        with pytest.raises(TypeError, match=f"argument '{wrong}' is not known: .*'horizon'"):
            gym.make_vec("ASL-v0", 2, **{wrong: 5})  # type: ignore[arg-type]


def test_info_tells_split_points_and_their_indices() -> None:
    splits = dataclasses.replace(SMALL.workload, splits=(3, 6, 12))
    env = ASLEnv(SMALL.replace(workload=splits), action_view="split")
    env.reset(seed=0)
    info = env.step([0, 1, 2])[-1]
    assert info["split"].tolist() == [3, 6, 12]
    assert info["split_index"].tolist() == [0, 1, 2]
