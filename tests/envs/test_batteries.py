"""Devices on batteries: the environment against the model by hand."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.arrays import Array, Splits
from asl_gym.envs.actions import ON_BATTERIES, action_view
from asl_gym.envs.batteries.views import PriceView
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.observations import ObservationCodec, observation_codec
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.batteries import Batteries
from asl_gym.model.demands import STALE, Budget
from asl_gym.policies.baselines import FixedSplit
from asl_gym.policies.open import OPEN
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError
from tests.battery_strategies import scenarios_on_batteries
from tests.strategies import seeds

N, HORIZON = 3, 12
BATTERIES = Batteries(rounds_per_day=6, capacity=3.0, initial_charge=0.5)
SMALL = preset("harvest").with_num_devices(N).replace(batteries=BATTERIES, horizon=HORIZON)


def made(scenario: Scenario = SMALL, **arguments: Any) -> Any:
    return gym.make("ASLHarvest-v0", scenario=scenario, **arguments).unwrapped


def options_of(env: ASLEnv) -> tuple[Array, Array]:
    """Delays without waiting and energies of all options of the episode, shape (T, N, L)."""
    model, trace = env.scenario.cost_model, env.trace
    options = model.all_options(model.unit_costs(*trace.real()))
    delay = options.fixed_delay + options.server_work / env.scenario.server.clock_max_hz
    return delay, options.device_energy


def of(options: Array, split_index: Splits) -> Array:
    return np.take_along_axis(options, split_index[..., None], axis=-1)[..., 0]


def played(env: ASLEnv, seed: int) -> list[Any]:
    env.reset(seed=seed)
    env.action_space.seed(seed)
    return [env.step(env.action_space.sample()) for _ in range(env.scenario.horizon)]


# The model


@given(scenarios_on_batteries(), seeds, st.sampled_from([*ON_BATTERIES]))
def test_rounds_are_those_of_the_model(scenario: Scenario, seed: int, view: str) -> None:
    batteries: Any = scenario.batteries
    env = made(scenario, action_view=view)
    rounds = played(env, seed)
    delays, energies = options_of(env)
    unit, power = scenario.fastest_energies, batteries.trickle_power_w
    most = batteries.capacity * unit
    held = start = batteries.initial_charge * most
    for t, (_, reward, _, truncated, info) in enumerate(rounds):
        delay, energy = of(delays[t], info["split_index"]), of(energies[t], info["split_index"])
        waits = np.maximum(energy - held, 0.0) / power
        held = np.minimum(most, np.maximum(held - energy, 0.0) + env.trace.harvest_j[t])
        ends = np.maximum(start - held, 0.0) / power * (t == scenario.horizon - 1)
        np.testing.assert_allclose(info["wait"], waits, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(info["battery"], held, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(info["end_charge"], ends, rtol=1e-9, atol=1e-6)
        np.testing.assert_array_equal(info["harvest"], env.trace.harvest_j[t])
        np.testing.assert_allclose(info["device_delay"], delay + waits + ends, rtol=1e-9)
        np.testing.assert_allclose(info["device_energy"], energy, rtol=1e-9)
        share = -(info["device_delay"] - delays[t].min(axis=-1)) / (unit / power)
        np.testing.assert_allclose(info["device_reward"], share, rtol=1e-7, atol=1e-9)
        assert reward == pytest.approx(info["device_reward"].sum())
        assert info["delay"] == pytest.approx(info["device_delay"].sum())
        assert (info["server_frequency"] == env.scenario.server.clock_max_hz).all()
        assert truncated == (t == scenario.horizon - 1)
        assert not {"queue", "cost"} & set(info)
        held = info["battery"]


def test_the_reward_of_delay_alone() -> None:
    env = made(reward="delay")
    for _, reward, _, _, info in played(env, 0):
        assert reward == pytest.approx(-info["delay"] / env.scenario.reference_delay)


def test_the_fastest_split_at_a_full_battery_costs_nothing() -> None:
    env = made(SMALL.replace(batteries=Batteries(initial_charge=1.0)))
    env.reset(seed=0)
    delays, _ = options_of(env)
    _, reward, _, _, info = env.step(delays[0].argmin(axis=-1))
    assert reward == 0.0
    assert (info["device_reward"] == 0.0).all()


def test_harvests_are_credited_by_the_round_and_follow_the_sun_and_the_sky() -> None:
    scenario = SMALL.replace(horizon=600)
    env = made(scenario)
    env.reset(seed=5)
    trace = env.trace
    expected = BATTERIES.harvest_factors()[trace.cloud.astype(int), np.arange(600)[:, None] % 6]
    np.testing.assert_allclose(trace.harvest_j, expected * scenario.fastest_energies)
    assert set(np.unique(trace.cloud)) == {0.0, 1.0}
    stayed = (trace.cloud[1:] == trace.cloud[:-1]).mean()
    assert stayed == pytest.approx(BATTERIES.cloud_persistence, abs=0.03)
    assert trace.harvest_j.mean(axis=0) / scenario.fastest_energies == pytest.approx(2.0, rel=0.2)


def test_skies_start_from_the_stationary_distribution() -> None:
    envs = ASLVectorEnv(2_000, SMALL.replace(horizon=2))
    envs.reset(seed=0)
    assert envs.simulation.trace.cloud is not None
    assert envs.simulation.trace.cloud[:, 0].mean() == pytest.approx(0.5, abs=0.03)


def test_weather_changes_no_other_stream() -> None:
    env, other = made(), ASLEnv(preset("default").with_num_devices(N).replace(horizon=HORIZON))
    env.reset(seed=3)
    other.reset(seed=3)
    for name in ("uplink_bps", "downlink_bps", "clock_hz"):
        np.testing.assert_array_equal(getattr(env.trace, name), getattr(other.trace, name))


def test_many_rows_and_rounds_are_prepared_in_pieces() -> None:
    envs = ASLVectorEnv(300, SMALL.replace(horizon=40))
    envs.reset(seed=0)
    envs.action_space.seed(0)
    harvests = np.stack([envs.step(envs.action_space.sample())[4]["harvest"] for _ in range(40)])
    np.testing.assert_array_equal(harvests.swapaxes(0, 1), envs.simulation.trace.harvest_j)


def test_the_mean_energy_of_the_fastest_split() -> None:
    scenario = SMALL.replace(horizon=20_000)
    env = made(scenario)
    energies = []
    env.reset(seed=1)
    delays, spent = options_of(env)
    energies = of(spent, delays.argmin(axis=-1)).mean(axis=0)
    np.testing.assert_allclose(energies, scenario.fastest_energies, rtol=0.1)


# Traces that are given


def test_a_given_trace_is_played_with_its_weather() -> None:
    env = made()
    env.reset(seed=1)
    trace = env.trace
    other = made()
    other.reset(seed=2, options={"trace": trace})
    first, second = env.reset(seed=1), other.reset(seed=7, options={"trace": trace})
    np.testing.assert_equal(first, second)
    for _ in range(HORIZON):
        action = env.action_space.sample()
        np.testing.assert_equal(env.step(action), other.step(action))


def test_a_trace_without_weather_is_refused() -> None:
    env, other = made(), ASLEnv(preset("default").with_num_devices(N).replace(horizon=HORIZON))
    other.reset(seed=0)
    with pytest.raises(ValueError, match="has no harvest_j"):
        env.reset(options={"trace": other.trace})


# Observations


@given(scenarios_on_batteries(), seeds, st.sampled_from(["flat", "devices"]))
def test_observations_tell_what_is_there(scenario: Scenario, seed: int, observation: Any) -> None:
    batteries: Any = scenario.batteries
    env = made(scenario, observation=observation)
    rounds = played(env, seed)
    held, day = batteries.initial_charges(scenario.fastest_energies), batteries.rounds_per_day
    observations = [env.reset(seed=seed)[0], *(result[0] for result in rounds)]
    trace, space = env.trace, env.observation_space
    for t, (shown, (*_, info)) in enumerate(zip(observations[:-1], rounds, strict=True)):
        seen = env.codec.decode(shown)
        np.testing.assert_allclose(seen.battery, held, rtol=1e-5, atol=1e-6 * held.max())
        np.testing.assert_allclose(seen.harvest, trace.harvest_j[t], rtol=1e-5)
        np.testing.assert_allclose(seen.uplink_bps, trace.uplink_bps[t], rtol=1e-5)
        np.testing.assert_allclose(seen.clock_hz, trace.clock_hz[t], rtol=1e-5)
        assert seen.rounds_left == pytest.approx(1 - t / scenario.horizon)
        assert seen.time_of_day == pytest.approx((t % day + 0.5) / day)
        assert seen.queue.shape == (0,)
        if batteries.cloud_shown:
            np.testing.assert_array_equal(seen.cloud, trace.cloud[t])
        else:
            assert seen.cloud is None
        np.testing.assert_allclose(env.codec.encode(seen), shown, rtol=1e-5, atol=1e-5)
        held = info["battery"]
    for shown in observations:
        assert (space.low < shown).all()
        assert (shown < space.high).all()


@pytest.mark.parametrize("cloud_shown", [True, False])
def test_an_argument_says_whether_the_sky_is_shown(cloud_shown: bool) -> None:
    env = made(cloud_shown=cloud_shown)
    assert (env.codec.decode(env.reset(seed=0)[0]).cloud is not None) == cloud_shown


def test_encoding_many_observations_equals_encoding_each() -> None:
    codec = observation_codec("flat", SMALL)
    envs = ASLVectorEnv(4, SMALL)
    shown, _ = envs.reset(seed=0)
    np.testing.assert_allclose(codec.encode(codec.decode(shown)), shown, rtol=1e-6, atol=1e-6)


# Actions


def test_prices_pick_the_cheapest_option() -> None:
    env = made(action_view="price")
    env.reset(seed=4)
    rng, power = np.random.default_rng(0), BATTERIES.trickle_power_w
    delays, energies = options_of(env)
    most = BATTERIES.capacities(SMALL.fastest_energies)
    for t in range(HORIZON):
        held, action = env.battery[:, None], rng.uniform(-1, 1, N).astype(np.float32)
        price = 1e-3 ** (0.5 * (1.0 - action.astype(float))) / power
        waits = np.maximum(energies[t] - held, 0.0) / power
        after = np.maximum(held - energies[t], 0.0) + env.trace.harvest_j[t][:, None]
        cost = delays[t] + waits - price[:, None] * np.minimum(after, most[:, None])
        info = env.step(action)[4]
        np.testing.assert_array_equal(info["split_index"], cost.argmin(axis=-1))


def test_prices_and_actions() -> None:
    view = action_view("price", SMALL)
    assert isinstance(view, PriceView)
    positions = np.array([-1.0, 0.0, 1.0])
    prices = view.prices(positions)
    np.testing.assert_allclose(prices * BATTERIES.trickle_power_w, [1e-3, 1e-3**0.5, 1.0])
    np.testing.assert_allclose(view.encode_prices(prices), positions, atol=1e-6)
    np.testing.assert_array_equal(view.encode_prices(np.array([0.0, 1e9])), [-1.0, 1.0])
    with pytest.raises(ValueError, match="has no price"):
        view.encode(np.zeros(N, int), np.zeros(N))


@pytest.mark.parametrize(
    ("view", "bad"),
    [
        ("split", [0, 0, 12]),
        ("split", [0, -1, 0]),
        ("split", [0, 0]),
        ("price", [0.0, 1.1, 0.0]),
        ("price", [0.0, np.nan, 0.0]),
        ("dict", {"split": [0, 0, 0], "server_frequency": [[1e9]] * 3}),
    ],
)
def test_bad_actions_are_refused_and_change_nothing(view: Any, bad: Any) -> None:
    env, twin = made(action_view=view), made(action_view=view)
    for each in (env, twin):
        each.reset(seed=0)
    for given_bad in (bad, np.array(bad) if isinstance(bad, list) else bad):
        with pytest.raises(ValueError, match="expected"):
            env.step(given_bad)
    action = env.action_space.sample()
    np.testing.assert_equal(env.step(action), twin.step(action))


def test_actions_of_any_type() -> None:
    for view, action in (("split", [1, 2, 3]), ("price", [0.25, -0.5, 1.0])):
        results = []
        for given_as in (list, np.array, tuple):
            env = made(action_view=view)
            env.reset(seed=0)
            results.append(env.step(given_as(action)))
        for other in results[1:]:
            np.testing.assert_equal(other, results[0])


# What makes no sense is refused by name


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"action_view": "box"}, "action_view"),
        ({"action_view": "multi_discrete"}, "action_view"),
        ({"reward": "linear_drift"}, "reward"),
        ({"reward": "drift"}, "reward"),
        ({"budget": 10.0}, "budget"),
        ({"v": 2.0}, "v"),
        ({"csi_delay_rounds": 1}, "knowledge"),
        ({"parameter_error": 2.0}, "knowledge"),
        ({"scenario": "default"}, "scenario.batteries"),
        ({"scenario": "parallel"}, "scenario.batteries"),
    ],
)
def test_arguments_that_are_refused(arguments: Any, named: str) -> None:
    with pytest.raises(FieldError) as error:
        gym.make("ASLHarvest-v0", **arguments)
    assert error.value.field == named


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"budget": Budget(fraction=0.5)}, "budget"),
        ({"schedule": "parallel"}, "schedule"),
        ({"initial_queue_j": 1.0}, "initial_queue_j"),
        ({"knowledge": STALE}, "knowledge"),
        ({"batteries": None}, "budget"),
    ],
)
def test_scenarios_that_are_refused(changes: Any, named: str) -> None:
    with pytest.raises(FieldError) as error:
        SMALL.replace(**changes)
    assert error.value.field == named


@pytest.mark.parametrize("reward", ["excess_delay"])
def test_rewards_of_batteries_are_refused_without_them(reward: Any) -> None:
    with pytest.raises(FieldError, match="reward"):
        ASLEnv("default", reward=reward)
    with pytest.raises(FieldError, match="cloud_shown"):
        ASLEnv("default", cloud_shown=False)
    with pytest.raises(FieldError, match="action_view"):
        ASLEnv("default", action_view="price")


def test_what_needs_a_budget_says_so() -> None:
    env = made()
    env.reset(seed=0)
    assert not hasattr(env, "queue")
    assert not hasattr(ASLEnv("default"), "battery")
    for ask in (lambda: env.energy_budget, lambda: SMALL.V, lambda: OPEN(env)):
        with pytest.raises(FieldError, match="energy budget"):
            ask()
    with pytest.raises(FieldError, match=r"scenario\.batteries"):
        ObservationCodec(SMALL)
    with pytest.raises(ValueError, match="full clock"):
        action_view("split", SMALL).encode(np.zeros(N, int), np.full(N, 1e9))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trickle_power_w", 0.0),
        ("capacity", 0.0),
        ("initial_charge", 1.1),
        ("mean_harvest", -1.0),
        ("sun_share", 2.0),
        ("rounds_per_day", 0),
        ("cloud_factors", (1.7, 0.3)),
        ("cloud_factors", (1.0,)),
        ("cloud_persistence", -0.1),
        ("cloud_shown", 1),
    ],
)
def test_batteries_check_themselves(field: str, value: Any) -> None:
    with pytest.raises(FieldError, match=rf"batteries\.{field}"):
        Batteries(**{field: value})


def test_policies_that_know_nothing_of_batteries_play_at_the_full_clock() -> None:
    env = made(action_view="dict")
    policy = FixedSplit(env, split=3)
    action, _ = policy.predict(env.reset(seed=0)[0])
    assert (env.step(action)[4]["split"] == 3).all()
