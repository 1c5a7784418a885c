"""PPO by device: its returns by hand, what it learns from, and other fleets."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from agents.configuration import ALGORITHMS, Configuration
from agents.device_ppo.rollout import Decided, Played, samples_of
from agents.playing import as_policy
from agents.training import train
from asl_gym import OPEN, Scenario, evaluate
from tests.agents.agent_samples import quick_configuration, trivial_scenario


def played(rewards: list[float], values: list[float], ends: list[bool]) -> list[Played]:
    """Rounds of one environment of one device."""
    rounds = []
    for reward, value, end in zip(rewards, values, ends, strict=True):
        shown, chosen = np.zeros((1, 2, 3), np.float32), np.zeros((1, 1), np.int64)
        expected = np.full((1, 1), value, np.float32)
        decided = Decided(shown, chosen, np.zeros((1, 1), np.float32), expected)
        rounds.append(Played(decided, np.full((1, 1), reward), np.array([end])))
    return rounds


def returns(gamma: float, gae_lambda: float, ends: list[bool]) -> list[float]:
    rounds = played([1.0, 2.0, 4.0], [0.5, 0.25, 1.0], ends)
    found = samples_of(rounds, np.full((1, 1), 3.0, np.float32), gamma, gae_lambda).returns
    return [float(each) for each in found[:, 0]]


def test_returns_by_hand() -> None:
    going_on = [False, False, False]
    assert returns(0.0, 0.5, going_on) == [1.0, 2.0, 4.0]
    assert returns(0.5, 1.0, going_on) == pytest.approx([1 + 1 + 1 + 0.375, 2 + 2 + 0.75, 4 + 1.5])
    # λ = 0: the reward and what is expected next.
    assert returns(0.5, 0.0, going_on) == pytest.approx([1 + 0.125, 2 + 0.5, 4 + 1.5])
    # Nothing comes after an end.
    assert returns(0.5, 1.0, [False, True, False]) == pytest.approx([1 + 1, 2, 4 + 1.5])


@pytest.fixture(scope="module")
def trivial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, Any]:
    """An agent that has seen what a learner solves within seconds."""
    scenario = trivial_scenario()
    path = train(trivial_configuration(scenario), 0, tmp_path_factory.mktemp("runs"), None, False)
    return scenario, ALGORITHMS["device_ppo"].load(path, device="cpu")


def trivial_configuration(scenario: Scenario) -> Configuration:
    quick = quick_configuration("device_ppo")
    views = {"action_view": "split", "observation": "devices", "reward": "linear_drift"}
    model = {**quick.model, "learning_rate": 3e-3, "n_epochs": 8}
    return dataclasses.replace(
        quick,
        fleets=1,
        num_envs=32,
        total_steps=12_800,
        validate_every=12_800,
        environment={**views, "scenario": scenario},
        trained_on={"name": "trivial"},
        model=model,
        network={"hidden": 16, "averaging": 0.05},
    )


@pytest.mark.usefixtures("one_validation_seed")
def test_it_learns_from_rewards_alone(trivial: tuple[Scenario, Any]) -> None:
    scenario, model = trivial
    factory: Any = as_policy(model)
    agent, reference = (
        np.mean([score.priced_gap for score in evaluate(each, seeds=range(5), scenario=scenario)])
        for each in (factory, OPEN)
    )
    assert agent < reference + 0.03


def test_it_plays_fleets_of_any_size(trivial: tuple[Scenario, Any]) -> None:
    scenario, model = trivial
    for devices in (1, 4):
        (score,) = evaluate(
            as_policy(model), seeds=[0], scenario=scenario.with_num_devices(devices)
        )
        assert score.rounds == scenario.horizon
