"""OPEN taken apart: six policies, and the cuts at given clocks against all combinations."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from asl_gym import OPEN, Scenario, ablation_policy, preset
from asl_gym.arrays import Array, Splits
from asl_gym.envs.codec import Observation
from asl_gym.policies.base import ScenarioPolicy
from asl_gym.policies.cuts import nominal_clock
from asl_gym.policies.schemes.ablation import (
    ABLATION,
    FixedResourceOPEN,
    RandomCut,
    least_deadline,
)
from asl_gym.policies.schemes.common_cut import CommonCut
from asl_gym.validation.checks import FieldError
from tests.policies.shown import rounds_shown
from tests.strategies import scenarios, seeds


def objectives(scenario: Scenario, seen: Observation, splits: Splits, frequency: Array) -> Array:
    """V·D + Σ_k Q_k (Ē/Ē_k) E_k of decisions, one a round."""
    model = scenario.cost_model
    costs = model.round_costs(model.chosen_options(splits, seen.unit_costs(model)), frequency)
    energies = costs.of_budgets(scenario.num_budgets)
    weighted = (scenario.weights(seen.queue) * energies).sum(axis=-1)
    return np.asarray(scenario.V * scenario.round_delay(costs.device_delay) + weighted)


@settings(max_examples=30)
@given(scenarios(max_devices=3, max_layers=4), seeds)
def test_dynamic_cuts_at_given_clocks_are_the_best_of_all(scenario: Scenario, seed: int) -> None:
    for each in (scenario, scenario.replace(schedule="parallel")):
        seen = rounds_shown(each, seed)
        splits, frequency = FixedResourceOPEN(each).decide(seen)
        assert (frequency == nominal_clock(each)).all()
        found = objectives(each, seen, splits, frequency)
        choices = itertools.product(*map(range, each.split_points.counts))
        others = [objectives(each, seen, np.tile(choice, (2, 1)), frequency) for choice in choices]
        np.testing.assert_allclose(found, np.min(others, axis=0), rtol=1e-9)


def test_deadlines_with_ties() -> None:
    delay = np.array([[1.0, 2.0, 2.0], [2.0, 2.0, 3.0]])
    cost = np.array([[9.0, 4.0, 5.0], [7.0, 6.0, 0.5]])
    expected = {0.1: 3.0, 5.0: 3.0, 6.0: 2.0, 100.0: 2.0}
    for V, deadline in expected.items():
        assert least_deadline(delay, cost, V) == deadline


def built(scenario: Scenario, pair: tuple[Any, Any]) -> ScenarioPolicy:
    policy = ablation_policy(scenario, *pair)
    assert isinstance(policy, ScenarioPolicy)
    return policy


@pytest.mark.parametrize("name", ["default", "parallel"])
def test_the_six_policies(name: str) -> None:
    scenario = preset(name).with_num_devices(3)
    seen = rounds_shown(scenario, 5, 40)
    decided = {pair: built(scenario, pair).decide(seen) for pair in ABLATION}
    assert len(decided) == 6
    for (cut, resource), (splits, frequency) in decided.items():
        if resource == "fixed":
            assert (frequency == nominal_clock(scenario)).all()
        else:
            assert (frequency < scenario.server.clock_max_hz).any()
        if cut == "fixed":
            chosen = scenario.split_points.chosen(splits)
            assert (chosen == CommonCut(scenario).split).all()
    optimal = objectives(scenario, seen, *OPEN(scenario).decide(seen))
    for pair, decision in decided.items():
        behind = objectives(scenario, seen, *decision) / optimal
        assert (behind >= 1 - 2e-6).all()
        assert (behind.mean() > 1.001) == (pair != ("dynamic", "optimal"))
    for cut in ("random", "fixed", "dynamic"):
        # The upper layer is the best clock for the cuts, whatever they are.
        splits, frequency = decided[cut, "optimal"]
        fixed = np.full(frequency.shape, nominal_clock(scenario))
        best = objectives(scenario, seen, splits, frequency)
        assert (best <= objectives(scenario, seen, splits, fixed) * (1 + 1e-9)).all()


def test_random_cuts_start_anew_with_an_episode_and_are_even() -> None:
    scenario = preset("default")
    policy, seen = RandomCut(scenario), rounds_shown(scenario, 0, 500)
    first = policy.cuts(seen)
    policy.begin_episode(0)
    np.testing.assert_array_equal(policy.cuts(seen), first)
    policy.begin_episode(1)
    assert (policy.cuts(seen) != first).any()
    shares = np.bincount(first.ravel(), minlength=12) / first.size
    assert np.abs(shares - 1 / 12).max() < 0.02


def test_unknown_names() -> None:
    with pytest.raises(FieldError, match="cut = 'best'"):
        ablation_policy(preset("default"), "best", "fixed")  # type: ignore[arg-type]
    with pytest.raises(FieldError, match="resource = 'full'"):
        ablation_policy(preset("default"), "fixed", "full")  # type: ignore[arg-type]
