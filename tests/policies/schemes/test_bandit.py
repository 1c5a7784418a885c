"""μLinUCB: what it learns against least squares, and when it may not train all by itself."""

import math
from typing import Any

import numpy as np
import pytest

from asl_gym import ASLEnv, Knowledge, MuLinUCB, Trace, preset
from asl_gym.arrays import Array
from asl_gym.scenario.scenario import Scenario
from asl_gym.validation.checks import FieldError
from tests.policies.shown import rounds_shown
from tests.strategies import drawn_trace


def constant(scenario: Scenario) -> Trace:
    """A trace whose rates never change."""
    trace = drawn_trace(scenario, 0)
    rates = (np.broadcast_to(each[:1], each.shape) for each in (trace.uplink_bps, trace.clock_hz))
    uplink, clock = rates
    return Trace(uplink, 2.0 * uplink, clock)


def played(policy: MuLinUCB, trace: Trace | None = None) -> tuple[Any, list[dict[str, Any]]]:
    """The last memory of an episode, and what its rounds came to."""
    env, state = ASLEnv(policy.scenario, action_view="dict"), None
    observation, _ = env.reset(seed=1, options={} if trace is None else {"trace": trace})
    infos = []
    for _ in range(policy.scenario.horizon):
        action, state = policy.predict(observation, state, episode_start=state is None)
        observation, *_, info = env.step(action)
        infos.append(info)
    return state, infos


@pytest.mark.parametrize("name", ["default", "parallel", "stale-csi", "mismatch"])
def test_it_learns_by_ridge_regression_from_the_delays_that_it_realised(name: str) -> None:
    """A and b are those of the delays in ``info``, which the policy isn't shown."""
    scenario = preset(name).with_num_devices(3).replace(horizon=12)
    policy = MuLinUCB(scenario)
    env = ASLEnv(scenario, action_view="dict")
    observation, _ = env.reset(seed=1)
    state, gram, moments = None, np.tile(np.eye(3), (3, 1, 1)), np.zeros((3, 3))
    for _ in range(scenario.horizon):
        action, state = policy.predict(observation, state, episode_start=state is None)
        np.testing.assert_allclose(state.gram[0], gram, rtol=1e-9)
        np.testing.assert_allclose(state.moments[0], moments, rtol=1e-4, atol=1e-5)
        seen = env.codec.decode(observation)
        observation, *_, info = env.step(action)
        for n, index in enumerate(info["split_index"]):
            work = scenario.cost_model.tables.device_work[index]
            front = work / (scenario.fleet.flops_per_cycle[n] * seen.clock_hz[n])
            x = policy.features[n, index]
            gram[n] += np.outer(x, x)
            moments[n] += x * (info["device_delay"][n] - front) / policy._unit_delay[n]


def test_with_rates_that_never_change_it_finds_the_least_delay() -> None:
    """Then delays are linear, and in the end each device plays a cut within 1% of the best."""
    scenario = preset("default").with_num_devices(4).replace(horizon=400)
    trace = constant(scenario)
    _, infos = played(MuLinUCB(scenario, weight=0.9), trace)
    model, full = scenario.cost_model, scenario.server.clock_max_hz
    unit = model.unit_costs(*(each[0] for each in trace.real()))
    options = model.all_options(unit)
    least = (options.fixed_delay + options.server_work / full).min(axis=-1)
    period = math.ceil(400**0.25)
    last = [info for t, info in enumerate(infos) if t >= 300 and t % period]
    mean = np.mean([info["device_delay"] for info in last], axis=0)
    np.testing.assert_allclose(mean, least, rtol=0.01)


def test_every_so_often_it_may_not_train_all_by_itself() -> None:
    """Where links are so slow that it always would."""
    scenario = preset("default").with_num_devices(2).replace(horizon=81)
    trace = drawn_trace(scenario, 0)
    rate = np.full_like(trace.clock_hz, 1e5)
    slow = Trace(rate, rate, trace.clock_hz)
    policy = MuLinUCB(scenario, weight=0.999)
    assert policy.period == 3
    _, infos = played(policy, slow)
    alone = np.array([info["split"] == 12 for info in infos])
    assert not alone[::3].any()
    rest = np.arange(81) % 3 > 0
    assert alone[rest & (np.arange(81) > 40)].mean() > 0.5


def test_lower_bounds_written_out() -> None:
    scenario = preset("default").with_num_devices(2)
    policy, rng = MuLinUCB(scenario, weight=0.2), np.random.default_rng(0)
    seen = rounds_shown(scenario, 0, 1)
    x = rng.random((2, 9, 3))
    gram = np.eye(3) + (x[..., :, None] * x[..., None, :]).sum(axis=1)
    moments = (x * rng.random((2, 9, 1))).sum(axis=1)
    bounds = policy._bounds(seen, gram[None], moments[None], np.array([1]))[0]
    greatest = (policy.features**2).sum(axis=-1).max()
    alpha = (1 + 0.05 * math.sqrt(3 * math.log((1 + 200 * greatest**2) / 0.1))) / 0.2
    unit = seen.unit_costs(scenario.cost_model)
    for n in range(2):
        theta, inverse = np.linalg.solve(gram[n], moments[n]), np.linalg.inv(gram[n])
        for index, work in enumerate(scenario.cost_model.tables.device_work):
            f: Array = policy.features[n, index]
            front = work * unit.device_delay[0, n] / policy._unit_delay[n]
            expected = front + f @ theta - alpha * math.sqrt(0.8 * (f @ inverse @ f))
            assert bounds[n, index] == pytest.approx(expected, rel=1e-9)


def test_a_first_round_is_decided_without_a_memory() -> None:
    scenario = preset("default").with_num_devices(2)
    policy, seen = MuLinUCB(scenario), rounds_shown(scenario, 0, 3)
    splits, frequency = policy.decide(seen)
    one = seen._replace(**{name: getattr(seen, name)[1] for name in seen._fields[:5]})
    alone = policy.decide(one)
    np.testing.assert_array_equal(splits[1], alone[0])
    np.testing.assert_array_equal(frequency[1], alone[1])


def test_delays_that_cannot_be_told_are_refused() -> None:
    late = preset("default").replace(knowledge=Knowledge(csi_delay_rounds=2))
    with pytest.raises(FieldError, match="csi_delay_rounds = 2"):
        MuLinUCB(late)
    with pytest.raises(FieldError, match="weight"):
        MuLinUCB(preset("default"), weight=1.0)
