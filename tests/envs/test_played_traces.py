"""Episodes that play a given trace: ``reset(options={"trace": …})``."""

import copy
from typing import Any

import numpy as np
import pytest

from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.scenario.presets import preset
from asl_gym.traces.trace import Trace
from tests.strategies import drawn_trace

N, HORIZON = 3, 5
SMALL = preset("default").with_num_devices(N).replace(horizon=HORIZON)


def play(env: Any, rounds: int = HORIZON) -> list[Any]:
    env.action_space.seed(0)
    return [env.step(env.action_space.sample()) for _ in range(rounds)]


def assert_equal_traces(mine: Trace, theirs: Trace) -> None:
    for name in Trace.ARRAYS:
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


def constant(rounds: int = HORIZON, devices: int = N, clock_hz: float = 1e9) -> Trace:
    shape = rounds, devices
    return Trace(np.full(shape, 1e6), np.full(shape, 2e6), np.full(shape, clock_hz))


def test_a_given_trace_is_played() -> None:
    trace = drawn_trace(SMALL, 8)
    env = ASLEnv(SMALL)
    shown, _ = env.reset(options={"trace": trace})
    assert_equal_traces(env.trace, trace)
    np.testing.assert_allclose(env.codec.decode(shown).uplink_bps, trace.uplink_bps[0], rtol=2e-6)
    np.testing.assert_allclose(env.codec.decode(shown).clock_hz, trace.clock_hz[0], rtol=2e-6)


def test_an_episodes_own_trace_played_again_is_the_same_episode() -> None:
    env, again = ASLEnv(SMALL), ASLEnv(SMALL)
    first = env.reset(seed=3)
    second = again.reset(seed=77, options={"trace": env.trace})
    np.testing.assert_equal(first, second)
    np.testing.assert_equal(play(env), play(again))


def test_a_longer_trace_is_cut_at_the_horizon() -> None:
    long = drawn_trace(SMALL, 8, rounds=HORIZON + 4)
    env = ASLEnv(SMALL)
    env.reset(options={"trace": long})
    assert_equal_traces(env.trace, long.mapped(lambda values: values[:HORIZON]))
    assert [result[3] for result in play(env)] == [False] * (HORIZON - 1) + [True]


def test_the_next_episode_is_drawn_again() -> None:
    """A played trace takes nothing from the generator's stream."""
    env, twin = ASLEnv(SMALL), ASLEnv(SMALL)
    env.reset(seed=5, options={"trace": drawn_trace(SMALL, 1)})
    play(env)
    np.testing.assert_equal(env.reset(), twin.reset(seed=5))
    assert_equal_traces(env.trace, twin.trace)


def test_the_callers_trace_is_neither_changed_nor_kept() -> None:
    trace = drawn_trace(SMALL, 8)
    before = trace.copy()
    env, twin = ASLEnv(SMALL), ASLEnv(SMALL)
    for one, played in ((env, trace), (twin, before.copy())):
        one.reset(seed=0, options={"trace": played})
    play(env)
    env.reset()
    assert_equal_traces(trace, before)
    env.reset(options={"trace": trace})
    trace.uplink_bps[...] = 1e5
    trace.clock_hz[...] = 1e8
    assert_equal_traces(env.trace, before)
    np.testing.assert_equal(play(env), play(twin))


@pytest.mark.parametrize("wrong", ["both", "uplink", "downlink"])
def test_the_controller_sees_the_shown_rates_and_pays_for_the_real_ones(wrong: str) -> None:
    real = drawn_trace(SMALL, 8)
    uplink_factor = 1.0 if wrong == "downlink" else 0.5
    downlink_factor = 1.0 if wrong == "uplink" else 2.0
    told: Any = {
        "shown_uplink_bps": uplink_factor * real.uplink_bps,
        "shown_downlink_bps": downlink_factor * real.downlink_bps,
    }
    if wrong != "both":
        told = {f"shown_{wrong}_bps": told[f"shown_{wrong}_bps"]}
    imperfect = Trace(*real.real(), **told)
    env, twin = ASLEnv(SMALL), ASLEnv(SMALL)
    shown, _ = env.reset(options={"trace": imperfect})
    twin.reset(options={"trace": real})
    seen = env.codec.decode(shown)
    np.testing.assert_allclose(seen.uplink_bps, uplink_factor * real.uplink_bps[0], rtol=2e-6)
    np.testing.assert_allclose(seen.downlink_bps, downlink_factor * real.downlink_bps[0], rtol=2e-6)
    for mine, theirs in zip(play(env), play(twin), strict=True):
        np.testing.assert_equal(mine[1:], theirs[1:])


@pytest.mark.parametrize(
    "trace",
    [
        constant(rounds=HORIZON - 1),
        constant(devices=N - 1),
        constant(devices=N + 1),
        Trace.stack([constant()] * 2),
        np.ones((HORIZON, N)),
        "trace",
        {"uplink_bps": np.ones((HORIZON, N))},
    ],
    ids=["short", "few devices", "many devices", "batch", "array", "string", "dict"],
)
def test_a_trace_that_does_not_fit_is_refused_and_changes_nothing(trace: Any) -> None:
    env, twin = ASLEnv(SMALL), ASLEnv(SMALL)
    for one in (env, twin):
        one.reset(seed=0)
        play(one, 2)
    with pytest.raises(ValueError, match="expected"):
        env.reset(seed=1, options={"trace": trace})
    np.testing.assert_equal(play(env, 2), play(twin, 2))
    np.testing.assert_equal(env.reset(), twin.reset())


def test_a_trace_beyond_the_observations_bounds_is_refused_or_shown_within() -> None:
    """Clocks far above the fleet's own."""
    env = ASLEnv(SMALL)
    try:
        shown, _ = env.reset(options={"trace": constant(clock_hz=1e11)})
    except ValueError:
        return
    assert env.observation_space.contains(shown)


@pytest.mark.parametrize("name", Trace.ARRAYS)
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_a_trace_holds_positive_numbers(name: str, value: float) -> None:
    arrays: dict[str, Any] = {key: np.ones((HORIZON, N)) for key in Trace.ARRAYS}
    arrays[name][2, 1] = value
    with pytest.raises(ValueError, match=f"trace.{name} holds .*: expected finite numbers > 0"):
        Trace(**arrays)


@pytest.mark.parametrize("name", Trace.ARRAYS)
def test_a_trace_has_one_shape(name: str) -> None:
    arrays: dict[str, Any] = {key: np.ones((HORIZON, N)) for key in Trace.ARRAYS}
    arrays[name] = np.ones((HORIZON, N + 1))
    with pytest.raises(ValueError, match=r"has shape .*: expected \(\.\.\., T, N\)"):
        Trace(**arrays)


# Batches


def test_one_trace_for_all_rows() -> None:
    trace = drawn_trace(SMALL, 8)
    envs, env = ASLVectorEnv(3, SMALL), ASLEnv(SMALL)
    shown, _ = envs.reset(options={"trace": trace})
    alone, _ = env.reset(options={"trace": trace})
    np.testing.assert_array_equal(shown, np.broadcast_to(alone, shown.shape))


def test_a_trace_for_each_row() -> None:
    traces = [drawn_trace(SMALL, seed) for seed in range(3)]
    envs = ASLVectorEnv(3, SMALL)
    shown, _ = envs.reset(options={"trace": Trace.stack(traces)})
    actions = envs.action_space.sample()
    together = envs.step(actions)
    for i, trace in enumerate(traces):
        env = ASLEnv(SMALL)
        np.testing.assert_array_equal(env.reset(options={"trace": trace})[0], shown[i])
        observation, reward, _, _, info = env.step(actions[i])
        np.testing.assert_array_equal(observation, together[0][i])
        assert reward == together[1][i]
        np.testing.assert_array_equal(info["device_delay"], together[4]["device_delay"][i])


@pytest.mark.parametrize("rows", [2, 4])
def test_a_batch_of_another_size_is_refused(rows: int) -> None:
    envs, twin = ASLVectorEnv(3, SMALL), ASLVectorEnv(3, SMALL)
    for one in (envs, twin):
        one.reset(seed=0)
    with pytest.raises(ValueError, match=r"expected \(T, N\) or \(3, T, N\)"):
        envs.reset(seed=4, options={"trace": Trace.stack([constant()] * rows)})
    np.testing.assert_equal(envs.reset(), twin.reset())


def test_options_are_left_alone() -> None:
    options = {"trace": drawn_trace(SMALL, 8)}
    before = copy.copy(options)
    ASLEnv(SMALL).reset(options=options)
    assert options == before
