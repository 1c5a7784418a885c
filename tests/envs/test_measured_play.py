"""Traces from a rate table, and environments that play measured traces."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.demands import Budget
from asl_gym.scenario.scenario import Scenario
from asl_gym.traces.measured import MeasuredTraces
from asl_gym.validation.checks import FieldError
from asl_gym.validation.csv_rows import TextFileError
from tests.traces.measured_samples import (
    HORIZON,
    assert_equal,
    drawn,
    rng,
    table_file,
    two_devices,
    two_logs,
)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return two_devices()


# A rate table


def test_table_of_as_many_rounds_is_played_as_it_is(tmp_path: Path, scenario: Scenario) -> None:
    above_cap = 2 * scenario.radio.rate_cap_bps
    rates = np.array([[[1e6, 2e6], [0.0, above_cap]], [[3e6, 1e3], [4e6, 5e6]]])
    path = table_file(tmp_path, rates)
    source = MeasuredTraces(scenario, path)
    trace = source.draw([rng()], 2)[0]
    floor = scenario.radio.rate_floor_bps
    np.testing.assert_array_equal(trace.uplink_bps, [[1e6, 2e6], [floor, above_cap]])
    np.testing.assert_array_equal(trace.downlink_bps, [[3e6, floor], [4e6, 5e6]])
    note = "rates.csv (2 rounds): 2 of 8 rates are raised to the floor of 100000 bit/s"
    assert source.describe() == f"a rate table for 2 devices\n{note}"


def test_longer_table_starts_anywhere_with_all_devices(tmp_path: Path, scenario: Scenario) -> None:
    rates = 1e6 * (1 + np.arange(40.0).reshape(2, 10, 2))
    source = MeasuredTraces(scenario, [table_file(tmp_path, rates)])
    batch = source.draw([rng(seed) for seed in range(50)], 4)
    starts = np.rint((batch.uplink_bps[:, 0, 0] / 1e6 - 1) / 2).astype(int)
    assert set(starts) == set(range(7))
    for seed, start in enumerate(starts):
        np.testing.assert_array_equal(batch.uplink_bps[seed], rates[0, start : start + 4])
        np.testing.assert_array_equal(batch.downlink_bps[seed], rates[1, start : start + 4])
        assert_equal(source.draw([rng(seed)], 4)[0], batch[seed])
    assert batch.uplink_bps.flags.c_contiguous


def test_tables_that_do_not_fit(tmp_path: Path, scenario: Scenario) -> None:
    path = table_file(tmp_path, np.full((2, 3, 2), 1e6))
    with pytest.raises(TextFileError, match="has 3 rounds: expected at least 4"):
        drawn(path, scenario)
    with pytest.raises(TextFileError, match="has 2 devices: expected the scenario's 3"):
        MeasuredTraces(scenario.with_num_devices(3), path)
    with pytest.raises(FieldError, match=r"seconds_per_round = 1\.0 .*None with a rate table"):
        MeasuredTraces(scenario, path, 1.0)
    other = table_file(tmp_path, np.full((2, 3, 2), 1e6), "more.csv")
    with pytest.raises(TextFileError, match=r"more\.csv: a rate table beside .*only one"):
        MeasuredTraces(scenario, [path, other])


# In an environment


def sources(directory: Path, scenario: Scenario) -> list[MeasuredTraces]:
    """Logs and a table, both longer than an episode."""
    rates = rng().uniform(0, 1e8, (2, 9, 2))
    table = MeasuredTraces(scenario, table_file(directory, rates))
    return [MeasuredTraces(scenario, two_logs(directory)), table]


def test_rows_of_the_vector_environment_are_the_scalar_one(
    tmp_path: Path, scenario: Scenario
) -> None:
    for traces in sources(tmp_path, scenario):
        scenario = scenario.replace(budget=Budget(joules=100.0, refers_to="measured traces"))
        vector = ASLVectorEnv(3, scenario, traces=traces, autoreset_mode="SameStep")
        single = [ASLEnv(scenario, traces=pickle.loads(pickle.dumps(traces))) for _ in range(3)]
        observations, _ = vector.reset(seed=5)
        rows = [env.reset(seed=5 + i)[0] for i, env in enumerate(single)]
        np.testing.assert_array_equal(observations, rows)
        vector.action_space.seed(0)
        for _ in range(2 * HORIZON):
            actions = vector.action_space.sample()
            observations, rewards, _, truncated, _ = vector.step(actions)
            for i, env in enumerate(single):
                row, reward, _, end, _ = env.step(actions[i])
                row = env.reset()[0] if end else row
                np.testing.assert_array_equal(observations[i], row)
                assert (rewards[i], truncated[i]) == (reward, end)


def test_an_episode_on_measured_traces_stays_in_its_space(
    tmp_path: Path, scenario: Scenario
) -> None:
    traces = sources(tmp_path, scenario)[0]
    env = ASLEnv(scenario.with_budget_on(traces), traces=traces)
    first, _ = env.reset(seed=0)
    truncated, steps = False, 0
    while not truncated:
        observation, reward, _, truncated, info = env.step(env.action_space.sample())
        assert observation in env.observation_space
        assert math.isfinite(reward)
        assert info["energy"] > 0
        steps += 1
    assert steps == HORIZON
    assert not np.array_equal(first, env.reset()[0])


def test_reset_plays_a_trace_from_files(tmp_path: Path, scenario: Scenario) -> None:
    env = ASLEnv(scenario)
    trace = drawn(two_logs(tmp_path), scenario, 2, HORIZON + 2)
    observation, _ = env.reset(options={"trace": trace})
    np.testing.assert_array_equal(env.trace.uplink_bps, trace.uplink_bps[:HORIZON])
    shown = env.codec.decode(observation)
    np.testing.assert_allclose(shown.downlink_bps, trace.downlink_bps[0], rtol=1e-5)


def test_a_source_made_for_other_devices_is_refused(tmp_path: Path, scenario: Scenario) -> None:
    traces = sources(tmp_path, scenario)[0]
    with pytest.raises(FieldError, match="fleet"):
        ASLEnv(scenario.with_num_devices(3), traces=traces)
    with pytest.raises(FieldError, match="TraceSource"):
        ASLEnv(scenario, traces=5)  # type: ignore[arg-type]


def test_a_budget_that_refers_to_synthetic_channels_is_told(
    tmp_path: Path, scenario: Scenario
) -> None:
    with pytest.warns(UserWarning, match="synthetic channels"):
        ASLEnv(scenario, traces=sources(tmp_path, scenario)[0])
