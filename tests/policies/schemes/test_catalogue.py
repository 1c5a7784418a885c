"""Every scheme of the catalogue at play."""

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest

from asl_gym import ASLEnv, ASLVectorEnv, FixedSplit, Scenario, preset
from asl_gym.policies.base import Policy
from asl_gym.policies.schemes.catalogue import SCHEMES, Scheme, schemes_for
from asl_gym.scoring.evaluation import Evaluator
from tests.policies.shown import rounds_shown

SEEDS = range(2)
PRESETS = {"sequential": "default", "parallel": "parallel"}
IDS = {"sequential": "ASL-v0", "parallel": "ASLParallel-v0"}
PAIRS = [(scheme, schedule) for scheme in SCHEMES for schedule in scheme.schedules]
NAMES = [f"{scheme.name}-{schedule}" for scheme, schedule in PAIRS]


@cache
def evaluator(env_id: str) -> Evaluator:
    return Evaluator(env_id, horizon=30)


def ends(scheme: Scheme, scenario: Scenario) -> set[Any]:
    values = scheme.values_in(scenario)
    return {values[0], values[len(values) // 2], values[-1]}


def test_the_catalogue_is_complete() -> None:
    assert len({scheme.name for scheme in SCHEMES}) == len(SCHEMES) == 12
    assert len(schemes_for("sequential")) == 10
    assert len(schemes_for("parallel")) == 10
    for scheme in SCHEMES:
        if scheme.name.endswith("-style"):
            assert scheme.label.startswith("in the manner of")
    fixed = next(scheme for scheme in SCHEMES if scheme.name == "fixed-split")
    assert fixed.values_in(preset("lenet5")) == tuple(range(1, 13))
    built = fixed.build(preset("default"), 3)
    assert isinstance(built, FixedSplit)
    assert built.split == 3


@pytest.mark.parametrize(("scheme", "schedule"), PAIRS, ids=NAMES)
def test_none_is_below_the_frontier(scheme: Scheme, schedule: str) -> None:
    """Evaluation works, in both schedules and at all ends of the knob, and no score lies."""
    one = evaluator(IDS[schedule])
    for value in ends(scheme, one.scenario):
        policy = scheme.build(one.scenario, value)
        for score, _ in one.evaluate(policy, SEEDS):
            assert score.priced_gap >= -1e-8
            assert score.frontier_gap >= -1e-8 or score.frontier_status != "ok"


@pytest.mark.parametrize(("scheme", "schedule"), PAIRS, ids=NAMES)
def test_knobs_change_decisions(scheme: Scheme, schedule: str) -> None:
    scenario = preset(PRESETS[schedule])
    values = scheme.values_in(scenario)
    if values == (None,):
        return
    series = [
        next(iter(evaluator(IDS[schedule]).evaluate(at_value(scheme, schedule, value), [0])))[1]
        for value in (values[0], values[-1])
    ]
    assert series[0].energy.mean() != pytest.approx(series[1].energy.mean(), rel=1e-6)


def at_value(scheme: Scheme, schedule: str, value: Any) -> Policy:
    return scheme.build(evaluator(IDS[schedule]).scenario, value)


@pytest.mark.parametrize(("scheme", "schedule"), PAIRS, ids=NAMES)
def test_a_batch_decides_as_its_rows_do(scheme: Scheme, schedule: str) -> None:
    scenario = preset(PRESETS[schedule]).with_num_devices(3).replace(horizon=4)
    policy = scheme.build(scenario, scheme.values_in(scenario)[0])
    envs = ASLVectorEnv(3, scenario, action_view="dict", autoreset_mode="SameStep")
    batch, _ = envs.reset(seed=1)
    states: list[Any] = [None] * 3
    state, starts = None, np.ones(3, dtype=bool)
    for _ in range(9):
        action, state = policy.predict(batch, state, starts)
        for i in range(3):
            alone, states[i] = policy.predict(batch[i], states[i], bool(starts[i]))
            np.testing.assert_array_equal(action["split"][i], alone["split"])
            np.testing.assert_allclose(
                action["server_frequency"][i], alone["server_frequency"], rtol=1e-12
            )
        batch, _, _, starts, _ = envs.step(action)


@pytest.mark.parametrize(
    ("scheme", "env_id"),
    list(itertools.product(schemes_for("sequential"), ("ASLStaleCSI-v0", "ASLMismatch-v0"))),
    ids=lambda each: each.name if isinstance(each, Scheme) else each,
)
def test_they_play_where_rates_are_late_or_parameters_wrong(scheme: Scheme, env_id: str) -> None:
    one = evaluator(env_id)
    policy = scheme.build(one.scenario, scheme.values_in(one.scenario)[-1])
    for score, _ in one.evaluate(policy, SEEDS):
        assert score.priced_gap >= -1e-8


def test_late_rates_are_decided_by_as_they_are_shown() -> None:
    """What an ARES of the source does: this round's cut by the last round's rates."""
    late = preset("stale-csi").with_num_devices(3)
    ares = next(scheme for scheme in SCHEMES if scheme.name == "ares")
    env = ASLEnv(late, action_view="dict")
    observation, _ = env.reset(seed=0)
    policy = ares.build(late, 0.6)
    now = ares.build(preset("default").with_num_devices(3), 0.6)
    for _ in range(5):
        action, _ = policy.predict(observation)
        seen = env.codec.decode(observation[None])
        np.testing.assert_array_equal(action["split"], now.decide(seen)[0][0])  # type: ignore[attr-defined]
        observation, *_ = env.step(action)


@pytest.mark.parametrize("clock", ["max", "equal", "open"])
@pytest.mark.parametrize("name", ["default", "parallel"])
def test_clocks(name: str, clock: Any) -> None:
    scenario = preset(name)
    seen = rounds_shown(scenario, 0, 4)
    splits, frequency = FixedSplit(scenario, 6, clock).decide(seen)
    full = scenario.server.clock_max_hz
    total = frequency.sum(axis=-1) if scenario.shares_server else frequency[:, 0]
    if clock == "open":
        assert (total < full).any()
    else:
        np.testing.assert_allclose(total, full, rtol=1e-9)
    even = (np.ptp(frequency, axis=-1) == 0).all()
    assert even == (clock == "equal" or name == "default")
    if name == "parallel" and clock == "max":
        chosen = scenario.cost_model.chosen_options(splits, seen.unit_costs(scenario.cost_model))
        delay = chosen.fixed_delay + chosen.server_work / frequency
        equal = chosen.fixed_delay + chosen.server_work / (full / 10)
        assert (delay.max(axis=-1) <= equal.max(axis=-1)).all()
