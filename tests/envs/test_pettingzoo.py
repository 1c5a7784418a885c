"""The game with an agent a device: PettingZoo's own tests, and that it is the same game."""

import re
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from asl_gym import Trace, preset
from asl_gym.validation.checks import FieldError

pytest.importorskip("pettingzoo")

from pettingzoo.test import parallel_api_test, parallel_seed_test

from asl_gym.pettingzoo import parallel_env
from asl_gym.registration import ENVIRONMENTS

HORIZON = 6
PAGE = Path(__file__).parents[2] / "docs" / "pettingzoo.md"


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
@pytest.mark.parametrize("credit", ["own", "shared"])
@pytest.mark.filterwarnings("error", "ignore:.*those other than 'trace' do nothing")
def test_pettingzoos_own_tests(env_id: str, credit: Any) -> None:
    parallel_api_test(parallel_env(env_id, credit, horizon=HORIZON), num_cycles=20)
    parallel_seed_test(lambda: parallel_env(env_id, credit, horizon=HORIZON), num_cycles=10)


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_it_is_the_same_game(env_id: str) -> None:
    """Rows, rewards and figures are those of the environment that decides for all devices."""
    own, shared = (parallel_env(env_id, credit, horizon=HORIZON) for credit in ("own", "shared"))
    env: Any = gym.make(env_id, action_view="split", observation="devices", horizon=HORIZON)
    rows, _ = env.reset(seed=3)
    seen, _ = own.reset(seed=3)
    shared.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(HORIZON):
        for n, name in enumerate(own.agents):
            np.testing.assert_array_equal(seen[name], np.concatenate([rows[n], rows[-1]]))
        np.testing.assert_array_equal(own.state(), rows)
        splits = rng.integers(env.action_space.nvec)
        actions = dict(zip(own.agents, splits, strict=True))
        rows, reward, _, truncated, info = env.step(splits)
        seen, shares, ended, over, told = own.step(actions)
        assert list(shares.values()) == info["device_reward"].tolist()
        assert set(shared.step(actions)[1].values()) == {reward}
        assert not any(ended.values())
        assert set(over.values()) == {truncated}
        for n, each in enumerate(told.values()):
            assert each["delay"] == info["device_delay"][n]
            assert each["energy"] == info["device_energy"][n]
            assert each["split"] == info["split"][n]
    assert own.agents == []
    assert own.step({}) == ({}, {}, {}, {}, {})


def test_what_is_not_allowed() -> None:
    env = parallel_env(horizon=HORIZON, scenario=preset("default").with_num_devices(2))
    env.reset(seed=0)
    before = env.state()
    with pytest.raises(FieldError, match="actions"):
        env.step({"device_0": 1})
    with pytest.raises(ValueError, match="99"):
        env.step({"device_0": 1, "device_1": 99})
    np.testing.assert_array_equal(env.state(), before)
    with pytest.raises(FieldError, match="credit"):
        parallel_env(credit="mine")  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="action_view"):
        parallel_env(action_view="box")
    with pytest.raises(FieldError, match="env_id"):
        parallel_env("CartPole-v1")


def test_a_trace_may_be_given() -> None:
    env = parallel_env(horizon=HORIZON)
    flat: Any = gym.make("ASL-v0", horizon=HORIZON).unwrapped
    flat.reset(seed=5)
    trace: Trace = flat.trace
    env.reset(seed=0, options={"trace": trace})
    first = env.state()
    env.reset(seed=5)
    np.testing.assert_array_equal(env.state(), first)


def test_the_pages_example_learns() -> None:
    """A part of its episodes, which run as they stand."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code.replace("range(200)", "range(90)"), str(PAGE), "exec"), names)
    assert np.mean(names["history"][-20:]) > 0.75 * np.mean(names["history"][:20])
