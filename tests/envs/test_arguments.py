"""The environment's keyword arguments: what they change, and what they refuse."""

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
