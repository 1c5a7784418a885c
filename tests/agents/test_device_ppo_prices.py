"""PPO by device in the view of prices: its decisions, kept noise, inputs, and files of it."""

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch.distributions import Categorical, Normal

from agents import pretrained
from agents.configuration import ALGORITHMS, Configuration, load_configuration
from agents.device_ppo.actions import Prices, SplitPoints, actions_in
from agents.device_ppo.algorithm import DevicePPO
from agents.device_ppo.network import DevicePolicy
from agents.device_ppo.standardised import Standardised
from agents.exported.exporting import as_onnx
from agents.exported.playing import agent_of
from agents.fleets import make_fleets_vec_env
from agents.playing import as_policy
from agents.pretrained.shipping import ship
from agents.training import train
from asl_gym import evaluate
from tests.agents.agent_samples import learned_state, same

ENV_ID, ROUNDS, DEVICES = "ASLHarvest-v0", 12, 10


def small(**changes: Any) -> Configuration:
    """The repository's configuration with short episodes and a small network."""
    shipped = load_configuration("device_ppo", ENV_ID)
    return dataclasses.replace(
        shipped,
        num_envs=8,
        fleets=2,
        total_steps=8 * ROUNDS * 4,
        validate_every=8 * ROUNDS * 2,
        environment={**shipped.environment, "horizon": ROUNDS},
        model={**shipped.model, "n_steps": ROUNDS, "batch_size": 32, **changes},
        network={**shipped.network, "hidden": 8},
    )


def untrained(**changes: Any) -> Any:
    """A model that has not learned, in its environments."""
    made = small(**changes)
    env: Any = make_fleets_vec_env(ENV_ID, made.num_envs, 2, **made.environment)
    return DevicePPO(env=env, seed=0, device="cpu", **made.model_arguments(env.action_space))


# Decisions


def test_prices_are_normal() -> None:
    rng, deviation = np.random.default_rng(0), 0.3
    outputs = torch.tensor(rng.normal(size=(5_000, 4, 1)), dtype=torch.float32)
    said = Prices.distribution(outputs)
    drawn = torch.as_tensor(Prices.draw(said.numpy(), Prices.noise(said.shape, rng), deviation))
    truth: Any = Normal(outputs[..., 0], deviation)
    torch.testing.assert_close(
        Prices.log_probability(said, drawn, deviation), truth.log_prob(drawn)
    )
    torch.testing.assert_close(Prices.entropy(said, deviation), truth.entropy().mean())
    away = drawn - outputs[..., 0]
    assert abs(float(away.mean())) < 4 * deviation / np.sqrt(away.numel())
    assert float(away.std()) == pytest.approx(deviation, rel=0.03)


def test_split_points_are_drawn_from_the_softmax() -> None:
    rng = np.random.default_rng(0)
    outputs = torch.tensor([[[0.0, 1.0, -1.0, 2.0]]]).expand(20_000, 1, 4)
    said = SplitPoints.distribution(outputs)
    drawn = SplitPoints.draw(said.numpy(), SplitPoints.noise(said.shape, rng), 0.0)
    truth: Any = Categorical(logits=outputs)
    shares = np.bincount(drawn[:, 0], minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, truth.probs[0, 0], atol=0.015)
    action = torch.as_tensor(drawn)
    torch.testing.assert_close(
        SplitPoints.log_probability(said, action, 0.0), truth.log_prob(action)
    )
    torch.testing.assert_close(SplitPoints.entropy(said, 0.0), truth.entropy().mean())


def test_outputs_beyond_the_scale_are_played_as_its_ends() -> None:
    outputs = torch.tensor([[[-7.0], [0.25], [3.0]]])
    assert Prices.best(outputs).tolist() == [[-1.0, 0.25, 1.0]]


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(-1.0, 1.0, (2 * DEVICES,)),
        spaces.MultiDiscrete([3, 4]),
        spaces.Discrete(3),
    ],
)
def test_other_views_are_refused(space: spaces.Space[Any]) -> None:
    with pytest.raises(ValueError, match="expected that of action_view='price', or of"):
        actions_in(space, DEVICES)


# Kept noise


def noises(persistence: float, rounds: int = 400) -> tuple[Any, list[Any]]:
    """The noise of some rounds of 8 environments, in which no episode starts after the first."""
    model = untrained(persistence=persistence)
    model._last_episode_starts = np.zeros(8, dtype=bool)
    return model, [model._kept_noise((8, DEVICES, 1)).copy() for _ in range(rounds)]


def test_noise_is_kept_for_some_rounds_in_the_mean() -> None:
    _, found = noises(5.0)
    kept = np.mean([np.mean(one == other) for one, other in pairwise(found)])
    assert kept == pytest.approx(1.0 - 1.0 / 5.0, abs=0.01)
    # It is normal still.
    assert np.std(found) == pytest.approx(1.0, abs=0.05)


def test_noise_is_drawn_anew_where_episodes_start() -> None:
    model, (*_, last) = noises(1e9, 3)
    model._last_episode_starts = np.arange(8) < 3
    new = model._kept_noise((8, DEVICES, 1))
    assert (new[:3] != last[:3]).all()
    assert (new[3:] == last[3:]).all()


def test_without_persistence_no_draw_is_made_but_the_noise() -> None:
    model, found = noises(1.0, 3)
    rng = untrained()._rng
    for each in found:
        np.testing.assert_array_equal(each, rng.standard_normal((8, DEVICES, 1)))
    assert model._rng.random() == rng.random()


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"persistence": 0.5}, "persistence"), ({"deviation": (0.5, 0.0)}, "deviation")],
)
def test_what_cannot_be(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        untrained(**changes)


# Inputs


def test_standardised_features_have_mean_0_and_deviation_1() -> None:
    rng = np.random.default_rng(0)
    features = torch.tensor(rng.normal(3.0, 7.0, (500, 4, 3)), dtype=torch.float32)
    features[:, :-1, 1] = 5.0
    features[:, -1] *= 100.0
    inputs = Standardised(3)
    torch.testing.assert_close(inputs(features), features)
    inputs.fit(features)
    seen = inputs(features)
    devices, system = seen[:, :-1].flatten(0, 1), seen[:, -1]
    for rows in (devices, system):
        torch.testing.assert_close(rows.mean(dim=0), torch.zeros(3), atol=1e-4, rtol=0.0)
    torch.testing.assert_close(devices.std(dim=0), torch.tensor([1.0, 0.0, 1.0]))
    torch.testing.assert_close(system.std(dim=0), torch.ones(3))


def test_the_first_rollout_fits_the_inputs_and_no_more() -> None:
    model = untrained()
    before = [each.clone() for each in model.policy.parameters()]
    model.learn(8 * ROUNDS)
    policy: DevicePolicy = model.policy
    assert policy.standardised is not None
    assert policy.standardised.fitted
    assert policy.network.inputs is policy.average.inputs is policy.standardised
    assert all(map(torch.equal, before, policy.parameters()))
    shift = policy.standardised.shift.clone()
    model.learn(3 * 8 * ROUNDS)
    assert torch.equal(shift, policy.standardised.shift)
    assert not all(map(torch.equal, before, policy.parameters()))


# Runs and files


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(small(), 0, tmp_path_factory.mktemp("runs"), None, False)


def played(policy: Any, **changes: Any) -> Any:
    (score,) = evaluate(policy, ENV_ID, seeds=[1], **{"horizon": 40, **changes})
    return score


@pytest.mark.parametrize("devices", [1, 3, DEVICES])
def test_a_run_plays_fleets_of_any_size(devices: int, trained: Path) -> None:
    factory = as_policy(ALGORITHMS["device_ppo"].load(trained, device="cpu"))
    made: Any = gym.make(ENV_ID)
    score = played(factory, scenario=made.unwrapped.scenario.with_num_devices(devices))
    assert score.rounds == 40
    assert score.gap >= 0.0


def test_a_seed_gives_the_same_weights(trained: Path, tmp_path: Path) -> None:
    again = train(small(), 0, tmp_path, None, False)
    assert same(learned_state(again, "device_ppo"), learned_state(trained, "device_ppo"))


def test_a_run_is_exported_and_shipped(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "folder", lambda: tmp_path)
    model: Any = ALGORITHMS["device_ppo"].load(trained, device="cpu")
    sizes = {"decays": list(model.decays)}
    exported = agent_of(as_onnx(model.policy, ENV_ID, sizes), "agent.onnx")
    ship(trained, small(), {"seed": 0})
    ours = played(as_policy(model))
    for agent in (exported, pretrained.load("device_ppo", ENV_ID)):
        assert played(agent).mean_delay_s == pytest.approx(ours.mean_delay_s, rel=1e-5)
    env: Any = make_fleets_vec_env(ENV_ID, 2, 1, **small().environment)
    arguments = small().model_arguments(env.action_space)
    fresh: Any = DevicePPO(env=env, seed=1, device="cpu", **arguments)
    pretrained.continue_from("device_ppo", ENV_ID, fresh.policy)
    assert fresh.policy.standardised.fitted
    for one, other in zip(
        fresh.policy.average.parameters(), model.policy.average.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_devices_without_batteries_are_refused(trained: Path) -> None:
    model: Any = ALGORITHMS["device_ppo"].load(trained, device="cpu")
    with pytest.raises(ValueError, match="features a device: expected"):
        evaluate(as_policy(model), "ASL-v0", seeds=[0], horizon=5)
