"""Stale rates and wrong device parameters: traces, environments and the ids with them."""

import dataclasses
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from asl_gym import OPEN, ASLEnv, ASLVectorEnv, Knowledge, Scenario, Trace, evaluate, preset
from asl_gym.envs.observations import ObservationViewName
from asl_gym.registration import ENVIRONMENTS
from asl_gym.traces.imperfect import impose
from asl_gym.traces.synthetic import SyntheticTraces
from asl_gym.validation.checks import FieldError
from tests.strategies import seeds

HORIZON, SEED = 7, 3
IDS = ("ASLStaleCSI-v0", "ASLMismatch-v0")
BOTH = Knowledge(csi_delay_rounds=2, parameter_error=2.0)


def small(knowledge: Knowledge) -> Scenario:
    return preset("default").with_num_devices(3).replace(horizon=HORIZON, knowledge=knowledge)


def trace_of(scenario: Scenario, seed: int = SEED) -> Trace:
    env = ASLEnv(scenario)
    env.reset(seed=seed)
    return env.trace


# Stale rates


@pytest.mark.parametrize("delay", [1, 3])
def test_shown_rates_are_those_that_were_real_before(delay: int) -> None:
    trace = trace_of(small(Knowledge(csi_delay_rounds=delay)))
    assert trace.num_rounds == HORIZON
    assert not trace.shows_truth
    for name in ("uplink_bps", "downlink_bps"):
        real, shown = getattr(trace, name), getattr(trace, f"shown_{name}")
        np.testing.assert_array_equal(shown[delay:], real[:-delay])
        assert (shown[0] != real[0]).any()


def test_real_rates_decide_the_costs_and_old_ones_are_shown() -> None:
    scenario = small(Knowledge(csi_delay_rounds=1))
    env = ASLEnv(scenario, action_view="split")
    observation, _ = env.reset(seed=SEED)
    trace = env.trace
    truthful = ASLEnv(scenario.replace(knowledge=Knowledge()), action_view="split")
    truthful.reset(options={"trace": Trace(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)})
    for t in range(HORIZON):
        np.testing.assert_allclose(
            env.codec.decode(observation).uplink_bps, trace.shown_uplink_bps[t], rtol=1e-5
        )
        observation, *_, info = env.step([2, 5, 8])
        *_, other = truthful.step([2, 5, 8])
        assert (info["delay"], info["energy"]) == (other["delay"], other["energy"])


# Wrong device parameters


@given(seeds, st.floats(1.0001, 10.0))
def test_factors_are_constant_within_an_episode_and_bounded(seed: int, error: float) -> None:
    trace = trace_of(small(Knowledge(parameter_error=error)), seed)
    for name in Trace.FACTORS:
        factor = getattr(trace, name)
        assert factor.shape == trace.clock_hz.shape
        assert (factor == factor[0]).all()
        assert (factor >= 1 / error).all()
        assert (factor <= error).all()


def test_factors_are_log_uniform_and_independent() -> None:
    scenario = small(Knowledge(parameter_error=3.0))
    drawn = np.array(
        [[getattr(trace_of(scenario, s), f)[0] for f in Trace.FACTORS] for s in range(300)]
    )
    position = np.log(drawn) / np.log(3.0)
    assert abs(position.mean()) < 0.1
    assert abs(position.std() - 1 / np.sqrt(3)) < 0.03
    correlations = np.corrcoef(position.reshape(300, -1).T)
    assert (np.abs(correlations - np.eye(6)) < 0.25).all()


def test_costs_are_those_of_a_fleet_with_the_real_parameters() -> None:
    scenario = small(Knowledge(parameter_error=3.0))
    env = ASLEnv(scenario, action_view="dict")
    env.reset(seed=SEED)
    trace, fleet = env.trace, scenario.fleet
    flops, capacitance = (getattr(trace, name)[0] for name in Trace.FACTORS)
    real = dataclasses.replace(
        fleet,
        flops_per_cycle=tuple(np.asarray(fleet.flops_per_cycle) * flops),
        capacitance=tuple(np.asarray(fleet.capacitance) * capacitance),
    )
    other = ASLEnv(scenario.replace(fleet=real, knowledge=Knowledge()), action_view="dict")
    other.reset(options={"trace": Trace(*trace.real())})
    action = {"split": [2, 5, 8], "server_frequency": [[1e9], [2e9], [3e9]]}
    *_, mine = env.step(action)
    *_, theirs = other.step(action)
    for name in ("device_delay", "device_energy", "server_energy"):
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-12)


def test_realised_costs_of_the_last_round_are_shown() -> None:
    views: tuple[ObservationViewName, ...] = ("flat", "devices")
    for view in views:
        env = ASLEnv(small(Knowledge(parameter_error=3.0)), action_view="split", observation=view)
        observation, _ = env.reset(seed=SEED)
        seen = env.codec.decode(observation)
        assert seen.device_delay is not None
        assert (seen.device_delay == 0).all()
        observation, *_, info = env.step([1, 4, 11])
        seen = env.codec.decode(observation)
        realised = seen.device_delay, seen.device_energy
        for shown, name in zip(realised, ("device_delay", "device_energy"), strict=True):
            assert shown is not None
            np.testing.assert_allclose(np.asarray(shown), info[name], rtol=1e-5)


def test_budget_fraction_refers_to_devices_as_they_may_be() -> None:
    nominal, uncertain = preset("default"), preset("mismatch")
    assert nominal.energy_budget != uncertain.energy_budget
    assert uncertain.energy_budget == pytest.approx(nominal.energy_budget, rel=0.1)


# The ids


@pytest.mark.parametrize("env_id", IDS)
@pytest.mark.parametrize("observation", ["flat", "devices"])
def test_gymnasiums_checker(env_id: str, observation: str) -> None:
    check_env(gym.make(env_id, observation=observation).unwrapped, skip_render_check=True)


@pytest.mark.parametrize("env_id", IDS)
def test_vector_rows_equal_the_scalar_environment(env_id: str) -> None:
    arguments: dict[str, Any] = {"num_devices": 3, "horizon": HORIZON, "action_view": "split"}
    envs: Any = gym.make_vec(env_id, 2, **arguments)
    rows = [gym.make(env_id, **arguments) for _ in range(2)]
    batch, _ = envs.reset(seed=SEED)
    for i, env in enumerate(rows):
        np.testing.assert_array_equal(batch[i], env.reset(seed=SEED + i)[0])
    generator = np.random.default_rng(0)
    for _ in range(HORIZON):
        actions = generator.integers(12, size=(2, 3))
        batch, rewards, *_ = envs.step(actions)
        for i, env in enumerate(rows):
            observation, reward, *_ = env.step(actions[i])
            np.testing.assert_array_equal(batch[i], observation)
            assert rewards[i] == reward


def test_rows_have_factors_of_their_own_and_new_ones_each_episode() -> None:
    envs = ASLVectorEnv(2, small(BOTH))
    envs.reset(seed=SEED)
    first = envs.simulation.trace
    assert first is not None
    assert first.flops_per_cycle_factor is not None
    kept = first.flops_per_cycle_factor[:, 0].copy()
    envs.reset()
    assert envs.simulation.trace is not None
    again = envs.simulation.trace.flops_per_cycle_factor
    assert again is not None
    assert (kept[0] != kept[1]).all()
    assert (kept != again[:, 0]).all()


@pytest.mark.parametrize("env_id", IDS)
def test_open_plays_what_it_is_shown_and_loses_by_it(env_id: str) -> None:
    known, shown = (
        np.mean([score.priced_gap for score in evaluate(OPEN, env, seeds=range(3))])
        for env in ("ASL-v0", env_id)
    )
    assert shown > known + 0.03


def test_an_id_holds_for_other_scenarios_and_other_scenarios_have_budgets_of_their_own() -> None:
    env: Any = gym.make("ASLStaleCSI-v0", scenario="ergodic").unwrapped
    assert env.scenario.knowledge.csi_delay_rounds == 1
    assert env.scenario.radio.fading == "ergodic"
    assert set(IDS) < set(ENVIRONMENTS)


def test_contradicting_knowledge_is_refused() -> None:
    with pytest.raises(FieldError, match="csi_delay_rounds = 1"):
        gym.make("ASLStaleCSI-v0", scenario=small(Knowledge(csi_delay_rounds=2)))
    env: Any = gym.make("ASL-v0", csi_delay_rounds=2)
    assert env.unwrapped.scenario.knowledge.csi_delay_rounds == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("csi_delay_rounds", -1), ("csi_delay_rounds", 0.5), ("parameter_error", 0.9)],
)
def test_knowledge_is_checked(field: str, value: float) -> None:
    with pytest.raises(FieldError, match=f"knowledge.{field}"):
        Knowledge(**{field: value})  # type: ignore[arg-type]


def test_scenarios_with_knowledge_go_to_json_and_back(tmp_path: Any) -> None:
    scenario = small(BOTH)
    scenario.to_json(tmp_path / "scenario.json")
    assert Scenario.from_json(tmp_path / "scenario.json") == scenario
    older = {k: v for k, v in scenario.to_dict().items() if k != "knowledge"}
    assert Scenario.from_dict(older).knowledge == Knowledge()


# Traces with factors


def test_stacking_and_copying_keep_factors() -> None:
    plain = trace_of(small(Knowledge()))
    with_factors = trace_of(small(Knowledge(parameter_error=2.0)))
    batch = Trace.stack([plain, with_factors])
    assert batch.flops_per_cycle_factor is not None
    assert (batch.flops_per_cycle_factor[0] == 1).all()
    for name in Trace.FACTORS:
        np.testing.assert_array_equal(getattr(batch[1], name), getattr(with_factors, name))
        np.testing.assert_array_equal(
            getattr(with_factors.copy(), name), getattr(with_factors, name)
        )
    with pytest.raises(ValueError, match="capacitance_factor"):
        Trace(*plain.real(), capacitance_factor=np.zeros((HORIZON, 3)))


def test_perfect_knowledge_changes_nothing() -> None:
    scenario = small(Knowledge())
    drawn = SyntheticTraces(scenario.fleet, scenario.radio).draw([np.random.default_rng(0)], 5)
    assert impose(Knowledge(), drawn, np.zeros(1, np.uint64)) is drawn
