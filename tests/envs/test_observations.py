"""The observation: there and back, its bounds, and what a decision loses through float32."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.observations import ObservationCodec
from asl_gym.model.demands import MISMATCHED
from asl_gym.policies.open import OPEN
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.solvers.round_problem import RoundProblem
from asl_gym.traces.channel import median_rates
from asl_gym.traces.trace import Trace
from tests.strategies import drawn_trace, scenarios, seeds

ROUNDS = 8


def random_states(scenario: Scenario, seed: int) -> Observation:
    """States with real channels and queues from nothing to dozens of budgets."""
    rng = np.random.default_rng(seed)
    trace = drawn_trace(scenario, seed, ROUNDS)
    shape = ROUNDS, scenario.num_budgets
    queue = scenario.energy_budgets * rng.exponential(10.0, shape) * (rng.random(shape) < 0.8)
    queue[0] = 0.0
    left = np.linspace(1.0, 0.0, ROUNDS)
    return Observation(queue, left, trace.uplink_bps, trace.downlink_bps, trace.clock_hz)


def known(seen: Observation) -> dict[str, Array]:
    """The fields that the scenario shows."""
    return {name: value for name, value in seen._asdict().items() if value is not None}


# The codec


def test_entries_by_hand() -> None:
    scenario = preset("default").with_num_devices(2)
    uplink, downlink = median_rates(scenario.fleet, scenario.radio)
    queue = np.array([(np.e - 1.0) * scenario.energy_budget])
    clock = np.array(scenario.fleet.clock_hz) * [1.0, 0.5]
    seen = Observation(queue, np.array(0.25), uplink * [1.0, 100.0], downlink * [0.1, 1.0], clock)
    encoded = ObservationCodec(scenario).encode(seen)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, [1.0, 0.25, 0.0, 2.0, -1.0, 0.0, 1.0, 0.5], atol=1e-6)


def test_entries_with_several_budgets_start_with_a_queue_each() -> None:
    scenario = preset("per-device-budgets").with_num_devices(2)
    uplink, downlink = median_rates(scenario.fleet, scenario.radio)
    queue = np.expm1([0.0, 1.0, 2.0]) * scenario.energy_budgets
    clock = np.array(scenario.fleet.clock_hz)
    seen = Observation(queue, np.array(1.0), uplink, downlink, clock)
    encoded = ObservationCodec(scenario).encode(seen)
    np.testing.assert_allclose(encoded, [0, 1, 2, 1, 0, 0, 0, 0, 1, 1], atol=1e-6)


@given(scenarios(), seeds)
def test_decoding_undoes_encoding(scenario: Scenario, seed: int) -> None:
    codec, states = ObservationCodec(scenario), random_states(scenario, seed)
    encoded = codec.encode(states)
    assert encoded.shape == (ROUNDS, *codec.space.shape)
    for name, value in known(codec.decode(encoded)).items():
        np.testing.assert_allclose(value, known(states)[name], rtol=2e-6, err_msg=name)


@pytest.mark.parametrize("name", ["default", "per-device-budgets", "mismatch"])
def test_decoding_is_what_its_table_says(name: str) -> None:
    scenario = preset(name)
    codec, n, k = ObservationCodec(scenario), scenario.num_devices, scenario.num_budgets
    shown = np.random.default_rng(0).uniform(0.0, 9.0, (ROUNDS, *codec.space.shape))
    shown[:, k + 1 : k + 1 + 2 * n] = np.linspace(-60.0, 60.0, ROUNDS * 2 * n).reshape(ROUNDS, -1)
    shown[0, :k] = 0.0
    shown[1, :k] = 1e-9
    seen = codec.decode(shown)
    uplink, downlink = median_rates(scenario.fleet, scenario.device_radio)
    parts = np.split(shown, [k, k + 1, k + 1 + n, k + 1 + 2 * n, k + 1 + 3 * n], axis=1)
    expected = [
        scenario.energy_budgets * np.expm1(parts[0]),
        parts[1][:, 0],
        uplink * 10.0 ** parts[2],
        downlink * 10.0 ** parts[3],
        np.asarray(scenario.fleet.clock_hz) * parts[4],
    ]
    if scenario.knowledge.shows_costs:
        units = scenario.reference_delay / n, scenario.energy_budget / n
        costs = np.split(np.expm1(parts[5]), 2, axis=1)
        expected += [costs[0] * units[0], costs[1] * units[1]]
    for values, ours in zip(expected, known(seen).values(), strict=True):
        np.testing.assert_allclose(ours, values, rtol=1e-13)


@pytest.mark.parametrize("kind", ["float64", "read-only", "columns first", "every other"])
def test_observations_of_any_kind_of_array_are_decoded(kind: str) -> None:
    scenario = preset("default")
    codec = ObservationCodec(scenario)
    shown = codec.encode(random_states(scenario, 0))
    given: Any = {
        "float64": shown.astype(float),
        "read-only": np.broadcast_to(shown, shown.shape),
        "columns first": np.asfortranarray(shown),
        "every other": np.repeat(shown, 2, axis=1)[:, ::2],
    }[kind]
    before = given.copy()
    expected = known(codec.decode(shown))
    for name, values in known(codec.decode(given)).items():
        np.testing.assert_array_equal(values, expected[name])
    np.testing.assert_array_equal(given, before)


@given(scenarios(), seeds)
def test_rows_are_encoded_and_decoded_on_their_own(scenario: Scenario, seed: int) -> None:
    codec, states = ObservationCodec(scenario), random_states(scenario, seed)
    encoded = codec.encode(states)
    decoded = codec.decode(encoded)
    for i in range(ROUNDS):
        one = codec.encode(Observation(**{name: v[i] for name, v in known(states).items()}))
        np.testing.assert_array_equal(one, encoded[i])
        for name, alone in known(codec.decode(one)).items():
            np.testing.assert_array_equal(alone, known(decoded)[name][i])


@given(scenarios(), seeds)
def test_bounds_are_finite_and_never_reached(scenario: Scenario, seed: int) -> None:
    space = ObservationCodec(scenario).space
    assert np.isfinite([space.low, space.high]).all()
    encoded = ObservationCodec(scenario).encode(random_states(scenario, seed))
    assert ((encoded > space.low) & (encoded < space.high)).all()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_an_observation_of_another_size_cannot_be_decoded(size: int) -> None:
    codec = ObservationCodec(preset("default"))
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 32\)"):
        codec.decode(np.zeros(size, dtype=np.float32))


@pytest.mark.parametrize("entry", [0, 1, 2, 25, 31])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_an_observation_that_is_not_finite_cannot_be_decoded(entry: int, number: float) -> None:
    codec = ObservationCodec(preset("default"))
    shown = np.zeros((3, 32), dtype=np.float32)
    shown[2, entry] = number
    with pytest.raises(ValueError, match=r"shape \(3, 32\): expected .*, finite numbers"):
        codec.decode(shown)


@given(scenarios(), seeds)
def test_the_environment_shows_its_trace_and_queue(scenario: Scenario, seed: int) -> None:
    env = ASLEnv(scenario)
    shown, _ = env.reset(seed=seed)
    env.action_space.seed(seed)
    for played in range(scenario.horizon):
        seen = env.codec.decode(shown)
        np.testing.assert_allclose(seen.uplink_bps, env.trace.uplink_bps[played], rtol=2e-6)
        np.testing.assert_allclose(seen.downlink_bps, env.trace.downlink_bps[played], rtol=2e-6)
        np.testing.assert_allclose(seen.clock_hz, env.trace.clock_hz[played], rtol=2e-6)
        np.testing.assert_allclose(seen.queue, np.atleast_1d(env.queue), rtol=2e-6)
        assert seen.rounds_left == pytest.approx(1.0 - played / scenario.horizon, rel=1e-6)
        shown, *_ = env.step(env.action_space.sample())
    last = env.codec.decode(shown)
    assert last.rounds_left == 0.0
    np.testing.assert_array_equal(last.uplink_bps, seen.uplink_bps)


# Decisions through the observation


def objectives(scenario: Scenario, states: Observation, splits: Splits, frequency: Array) -> Array:
    """V·D + Σ_k Q_k (Ē/Ē_k) E_k of decisions in the true states."""
    model = scenario.cost_model
    unit = model.unit_costs(states.uplink_bps, states.downlink_bps, states.clock_hz)
    costs = model.round_costs(model.chosen_options(splits, unit), frequency)
    energies = costs.of_budgets(scenario.num_budgets)
    weights = states.queue * scenario.energy_budget / scenario.energy_budgets
    delay = costs.device_delay.sum(axis=-1)
    return np.asarray(scenario.V * delay + (weights * energies).sum(axis=-1))


def optima(scenario: Scenario, states: Observation) -> Array:
    """The exact optimum in the true states."""
    model = scenario.cost_model
    unit = model.unit_costs(states.uplink_bps, states.downlink_bps, states.clock_hz)
    weights = states.queue * scenario.energy_budget / scenario.energy_budgets
    options = model.all_options(unit)
    return RoundProblem.of(scenario, options, scenario.V, weights).solve().objective


def assert_near_optimal(scenario: Scenario, seed: int) -> None:
    states = random_states(scenario, seed)
    shown = ObservationCodec(scenario).encode(states)
    assert shown.dtype == np.float32
    action, _ = OPEN(scenario).predict(shown)
    decided = objectives(scenario, states, action["split"], action["server_frequency"][..., 0])
    least = optima(scenario, states)
    assert (decided <= least * (1 + 1e-6)).all()
    assert (decided >= least * (1 - 1e-12)).all()


@settings(max_examples=150)
@given(scenarios(), seeds)
def test_decisions_are_near_optimal_in_the_true_state(scenario: Scenario, seed: int) -> None:
    assert_near_optimal(scenario, seed)


@pytest.mark.parametrize("name", ["default", "per-device-budgets", "ergodic", "lenet5"])
def test_decisions_are_near_optimal_in_the_presets(name: str) -> None:
    for seed in range(30):
        assert_near_optimal(preset(name), seed)


@given(scenarios(), seeds)
def test_a_single_observation_gets_the_batch_row(scenario: Scenario, seed: int) -> None:
    shown = ObservationCodec(scenario).encode(random_states(scenario, seed))
    policy = OPEN(scenario)
    batch, _ = policy.predict(shown)
    for i, one in enumerate(shown):
        action, state = policy.predict(one, state="kept")
        assert state == "kept"
        np.testing.assert_array_equal(action["split"], batch["split"][i])
        np.testing.assert_array_equal(action["server_frequency"], batch["server_frequency"][i])


# Traces that are handed over


@pytest.mark.parametrize("schedule", ["default", "parallel"])
@pytest.mark.parametrize("view", ["flat", "devices"])
@pytest.mark.parametrize("name", [*Trace.ARRAYS, *Trace.FACTORS])
def test_a_trace_with_extreme_numbers_is_refused_or_played_soundly(
    schedule: str, view: Any, name: str
) -> None:
    scenario = preset(schedule).with_num_devices(2).replace(horizon=2, knowledge=MISMATCHED)
    env = ASLEnv(scenario, observation=view)
    plain = drawn_trace(scenario, 0)
    accepted = []
    for exponent in (-320, -300, -100, -30, -19, -5, 0, 0.2, 5, 19, 30, 100, 300):
        values = np.full(plain.clock_hz.shape, 10.0**exponent)
        if name in Trace.ARRAYS:
            with np.errstate(over="ignore"):
                values = np.minimum(values * getattr(plain, name), 1e308)
        trace = dataclasses.replace(plain, **{name: np.maximum(values, 5e-324)})
        try:
            observation, _ = env.reset(seed=0, options={"trace": trace})
        except ValueError as error:
            assert f"the trace's {name} reaches" in str(error)  # noqa: PT017
            continue
        accepted.append(exponent)
        for _ in range(2):
            assert env.observation_space.contains(observation)
            observation, reward, *_, info = env.step(env.action_space.sample())
            assert np.isfinite([reward, info["delay"], info["energy"]]).all()
    assert 0 in accepted
    assert -320 not in accepted
    assert 300 not in accepted
