"""``ASLParallel-v0``: devices at once, one server shared."""

from functools import cache
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym import OPEN, FixedSplit, GreedyDelay, Scenario, evaluate, preset
from asl_gym.envs.actions import ACTION_VIEWS, action_view
from asl_gym.envs.rendering.round_view import rounded
from asl_gym.envs.server_share import fitted_to_server
from asl_gym.model.radio import cellular
from asl_gym.policies.open import price_splits
from asl_gym.scoring import frontier
from asl_gym.scoring.frontier import HindsightFrontier
from asl_gym.traces.channel import mean_snr
from asl_gym.traces.trace import Trace
from tests.strategies import drawn_trace, random_splits, seeds, solver_of

PARALLEL = preset("parallel")
FULL_CLOCK = PARALLEL.server.clock_max_hz
SHORT = PARALLEL.replace(horizon=12)


def make(view: str, **kwargs: Any) -> Any:
    return gym.make("ASLParallel-v0", scenario=SHORT, action_view=view, **kwargs).unwrapped


def given_clock(info: dict[str, Any], scenario: Scenario = SHORT) -> Any:
    """The clock that devices with server work have together [Hz]."""
    split_index = np.searchsorted(scenario.workload.admissible_splits, info["split"])
    working = scenario.cost_model.server_work(split_index) > 0
    return np.where(working, info["server_frequency"], 0.0).sum(axis=-1)


@pytest.mark.parametrize("view", ACTION_VIEWS)
def test_gymnasium_has_nothing_to_object_to(view: str) -> None:
    check_env(make(view, disable_env_checker=True))


@pytest.mark.parametrize("view", ACTION_VIEWS)
def test_rows_equal_the_scalar_environment(view: str) -> None:
    envs: Any = gym.make_vec("ASLParallel-v0", 3, scenario=SHORT, action_view=view)
    scalars = [make(view) for _ in range(3)]
    batch, _ = envs.reset(seed=5)
    for i, env in enumerate(scalars):
        np.testing.assert_array_equal(env.reset(seed=5 + i)[0], batch[i])
    envs.action_space.seed(1)
    for _ in range(SHORT.horizon):
        actions = envs.action_space.sample()
        batch, reward, _, _, info = envs.step(actions)
        for i, env in enumerate(scalars):
            own = {k: v[i] for k, v in actions.items()} if view == "dict" else actions[i]
            row, own_reward, _, _, own_info = env.step(own)
            np.testing.assert_array_equal(row, batch[i])
            assert own_reward == reward[i]
            for name, value in own_info.items():
                np.testing.assert_array_equal(value, info[name][i])


@pytest.mark.parametrize("view", ACTION_VIEWS)
def test_a_round_lasts_as_long_as_its_slowest_device_and_the_server_suffices(view: str) -> None:
    env = make(view)
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(SHORT.horizon):
        info = env.step(env.action_space.sample())[-1]
        assert info["delay"] == info["device_delay"].max()
        assert given_clock(info) <= FULL_CLOCK * (1 + 1e-12)
        assert (info["server_frequency"] >= 1e-3 * FULL_CLOCK / SHORT.num_devices).all()


# Dividing the server's clock


@given(seeds, st.floats(0.01, 5.0))
def test_too_much_is_scaled_down_above_the_least_clock(seed: int, demand: float) -> None:
    rng, server = np.random.default_rng(seed), SHORT.device_server
    split_index = random_splits(SHORT, rng)
    work = SHORT.cost_model.server_work(split_index)
    asked = np.clip(rng.exponential(demand, 10) * 3e8, server.clock_min_hz, server.clock_max_hz)
    got = fitted_to_server(asked, work, server)
    working = work > 0
    assert (got[~working] == server.clock_min_hz).all()
    if asked[working].sum() <= server.clock_max_hz:
        np.testing.assert_allclose(got[working], asked[working], rtol=1e-12)
    else:
        assert got[working].sum() == pytest.approx(server.clock_max_hz, rel=1e-12)
        ratio = (got - server.clock_min_hz)[working] / (asked - server.clock_min_hz)[working].clip(
            1
        )
        asked_more = asked[working] > server.clock_min_hz
        np.testing.assert_allclose(ratio[asked_more], ratio[asked_more][0], rtol=1e-9)


def test_the_level_is_divided_equally_among_devices_with_work() -> None:
    view = action_view("multi_discrete", SHORT)
    splits = np.array([[2] * 7 + [11] * 3])
    least = SHORT.device_server.clock_min_hz
    for level, total in ((15, FULL_CLOCK), (0, 1e-3 * FULL_CLOCK)):
        action = np.concatenate([splits, [[level]]], axis=1)
        _, f = view.decode(action, np.zeros((1, 1)))
        np.testing.assert_allclose(f[0, :7], total / 7, rtol=1e-12)
        assert (f[0, 7:] == least).all()
        np.testing.assert_array_equal(view.encode(splits, f), action)


def test_the_split_view_gives_what_the_shown_rates_ask_for() -> None:
    """Its frequencies give the price by what is shown; the real rates decide the costs."""
    scenario = SHORT.replace(initial_queue_j=200.0)
    drawn = drawn_trace(scenario, 3)
    wrong = drawn.changed(
        shown_uplink_bps=2.0 * drawn.uplink_bps, shown_downlink_bps=2.0 * drawn.downlink_bps
    )
    env: Any = gym.make("ASLParallel-v0", scenario=scenario, action_view="split").unwrapped
    results = []
    for trace in (drawn, wrong):
        observation, _ = env.reset(options={"trace": trace})
        seen = env.codec.decode(observation)
        split_index = np.full(10, 2)
        info = env.step(split_index)[-1]
        model = scenario.cost_model
        unit = model.unit_costs(seen.uplink_bps, seen.downlink_bps, seen.clock_hz)
        costs = model.round_costs(model.chosen_options(split_index, unit), info["server_frequency"])
        price = scenario.V * costs.device_delay.max() + 200.0 * costs.energy
        expected = price_splits(scenario, seen, split_index[None, :])
        assert price == pytest.approx(float(expected[0]), rel=1e-5)
        results.append(info)
    assert (results[0]["server_frequency"] != results[1]["server_frequency"]).any()
    real = scenario.cost_model.unit_costs(
        drawn.uplink_bps[0], drawn.downlink_bps[0], drawn.clock_hz[0]
    )
    parts = scenario.cost_model.delay_parts(split_index, results[1]["server_frequency"], real)
    np.testing.assert_allclose(np.sum(list(parts.values()), axis=0), results[1]["device_delay"])


def test_the_split_view_says_that_it_needs_the_channel() -> None:
    view = action_view("split", SHORT)
    with pytest.raises(ValueError, match="shown"):
        view.decode(np.zeros((1, 10), dtype=int), np.zeros((1, 1)))


# Scenario


def test_each_device_has_its_share_of_the_bandwidth() -> None:
    """B/N makes 1/N of the noise, so N times the signal-to-noise ratio."""
    radio = cellular(PARALLEL.radio, "tests")
    share = cellular(PARALLEL.device_radio, "tests")
    assert share.bandwidth_hz == radio.bandwidth_hz / 10
    assert share.rate_cap_bps == pytest.approx(radio.rate_cap_bps / 10)
    whole, part = mean_snr(PARALLEL.fleet, radio), mean_snr(PARALLEL.fleet, share)
    np.testing.assert_allclose(part, np.multiply(10, whole), rtol=1e-12)


@cache
def traces() -> tuple[Trace, ...]:
    env: Any = gym.make("ASLParallel-v0").unwrapped
    drawn = []
    for seed in range(20):
        env.reset(seed=seed)
        drawn.append(env.trace)
    return tuple(drawn)


def test_the_scenario_meets_the_criteria(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the default scenario as far as they apply; the server is full in most rounds."""
    monkeypatch.setattr(frontier, "TOLERANCE", 1e-5)  # shares of choices need no more
    model, splits, server, total, full = PARALLEL.cost_model, [], 0.0, 0.0, []
    for trace in traces():
        solver = solver_of(PARALLEL, trace)
        least = solver.mean_costs(0.0, np.ones(1)).energies[0]
        fastest = solver.mean_costs(1.0, np.zeros(1)).energies[0]
        assert least < PARALLEL.energy_budget < fastest
        point = HindsightFrontier(PARALLEL, trace).at_budget()
        assert point.status == "ok"
        decision = solver.decide_all(1.0, point.multipliers)
        assert decision.gap.max() <= 1e-3
        unit = model.unit_costs(trace.uplink_bps, trace.downlink_bps, trace.clock_hz)
        parts = model.delay_parts(decision.split_index, decision.server_frequency_hz, unit)
        server += parts["server_delay"].sum()
        total += sum(part.sum() for part in parts.values())
        splits.append(decision.split_index.ravel())
        working = model.server_work(decision.split_index) > 0
        clock = np.where(working, decision.server_frequency_hz, 0.0).sum(axis=-1)
        full.append(clock >= 0.999 * FULL_CLOCK)
    shares = np.bincount(np.concatenate(splits), minlength=12) / np.concatenate(splits).size
    assert (shares >= 0.07).sum() >= 4
    assert shares.max() <= 0.55
    assert server >= 0.1 * total
    assert 0.3 <= np.mean(full) <= 0.98
    assert PARALLEL.server.capacitance * FULL_CLOCK**3 <= 100.0
    clocks = np.array(PARALLEL.fleet.clock_hz)
    assert (np.array(PARALLEL.fleet.capacitance) * clocks**3).max() <= 5.0


# Policies and frontier


def test_the_frontier_is_a_true_bound_and_says_how_tight() -> None:
    trace = drawn_trace(SHORT, 1)
    whole = HindsightFrontier(SHORT, trace)
    for factor in (0.9, 1.0, 1.2):
        point = whole.at(factor * SHORT.energy_budget)
        assert 0 <= point.slack <= 1e-4
        solver = solver_of(SHORT, trace)
        for multiplier in (0.5, 1.0, 2.0):
            reached = solver.mean_costs(1.0, multiplier * point.multipliers)
            bound = point.delay + point.multipliers @ (point.energies - reached.energies)
            assert reached.delay >= bound * (1 - 1e-12)


@settings(max_examples=20, deadline=None)
@given(seeds)
def test_the_solvers_bound_is_below_its_objective_on_traces(seed: int) -> None:
    trace = drawn_trace(SHORT, seed)
    for weight in (1e-3, 0.1, 10.0):
        means = solver_of(SHORT, trace).mean_costs(1.0, np.array([weight]))
        assert means.lower_bound <= means.objective <= means.lower_bound * (1 + 2e-6)
        spent = means.delay + weight * means.energies[0]
        assert spent == pytest.approx(means.objective, rel=1e-9)


def test_open_keeps_its_energy_and_stays_close_to_the_frontier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frontier, "TOLERANCE", 1e-5)
    scores = evaluate(OPEN, "ASLParallel-v0", seeds=range(2), horizon=1_000)
    assert max(score.energy_ratio for score in scores) <= 1.01
    assert max(score.priced_gap for score in scores) <= 0.015


def test_the_fastest_policy_is_on_the_frontier_and_fixed_splits_are_above_it() -> None:
    for score in evaluate(GreedyDelay, "ASLParallel-v0", seeds=range(2), scenario=SHORT):
        assert 0 <= score.frontier_gap <= 1e-5
    fixed = evaluate(
        lambda env: FixedSplit(env, 3, "open"), "ASLParallel-v0", seeds=range(2), scenario=SHORT
    )
    assert min(score.frontier_gap for score in fixed) > 0.05


def test_a_fixed_split_at_full_clock_uses_the_whole_server() -> None:
    env = make("dict")
    observation, _ = env.reset(seed=0)
    info = env.step(FixedSplit(env, 3).predict(observation)[0])[-1]
    assert given_clock(info) == pytest.approx(FULL_CLOCK, rel=1e-9)
    delays = info["device_delay"]
    np.testing.assert_allclose(delays, delays.max(), rtol=1e-5)


def test_rendering_shows_the_slowest_devices_delay() -> None:
    env = make("box", render_mode="ansi")
    env.reset(seed=0)
    delays = env.step(np.zeros(20, dtype=np.float32))[-1]["device_delay"]
    assert f"delay {rounded(delays.max())} s" in env.render()
