"""The price network: what it sees, how it decides, and that it learns."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.fleets import make_fleets_vec_env
from agents.price_network.algorithm import PriceNetwork
from agents.price_network.episodes import EpisodeBuffer, episode_targets
from agents.price_network.features import Features, ShownLuck
from agents.price_network.policy import PriceAgent
from agents.vec_env import make_vec_env
from asl_gym import Scenario, evaluate, preset
from asl_gym.arrays import Array, Float32
from asl_gym.policies.harvest.known import harvest_traces
from asl_gym.policies.harvest.prices import ConstantPrice, DriftPlusPenalty, Myopic
from asl_gym.validation.checks import FieldError
from tests.policies.harvest import played, short_scenario

DECAYS = (0.5, 0.9)


class OnePrice:
    """A network that says the same of every device."""

    def __init__(self, price: float, width: int) -> None:
        self.price, self.width = price, width

    def prices(self, features: Float32) -> Array:
        return np.full((*features.shape[:-1], 6), self.price)


def shown(scenario: Scenario, seeds: range) -> ShownLuck:
    """What whole episodes show, shape (T, B, N)."""
    trace = harvest_traces(scenario, seeds)
    arrays = trace.uplink_bps, trace.downlink_bps, trace.clock_hz, trace.harvest_j, trace.cloud
    return ShownLuck(*(np.asarray(each).swapaxes(0, 1) for each in arrays))


def test_rounds_show_what_whole_episodes_do() -> None:
    scenario = short_scenario()
    features, luck = Features(scenario, DECAYS), shown(scenario, range(2))
    whole, averages = features.of_episodes(luck), features.empty(2)
    assert whole.shape == (48, 2, 3, features.width)
    assert np.isfinite(whole).all()
    assert np.abs(whole).max() < 20.0
    for t in range(48):
        now = ShownLuck(*(each[t] for each in luck))
        # Whatever was remembered before an episode starts doesn't matter.
        averages = features.remember(now, averages, np.array([t == 0, t == 20]))
        of_round = features.of_round(now, averages, np.array([t, t]))
        np.testing.assert_array_equal(of_round[0], whole[t, 0])
        if t >= 20:
            late = features.of_episodes(ShownLuck(*(each[20:, 1:] for each in luck)))[t - 20]
            rates = slice(9, 9 + 6)
            np.testing.assert_allclose(of_round[1, :, rates], late[0, :, rates], rtol=1e-6)


def test_averages_by_hand() -> None:
    scenario = short_scenario()
    features, luck = Features(scenario, (0.5,)), shown(scenario, range(1))
    averages = features.empty(1)
    for t in range(3):
        now = ShownLuck(*(each[t] for each in luck))
        averages = features.remember(now, averages, np.array([False]))
    logs = features._log_rates(ShownLuck(*(each[:3] for each in luck)))[:, 0]
    expected = (logs[0] / 4 + logs[1] / 2 + logs[2]) / 1.75
    np.testing.assert_allclose(averages.totals[0, ..., 0] / averages.weights[0, 0], expected)


@pytest.mark.parametrize("price", [0.0, 0.2])
def test_one_price_decides_as_the_constant_price_does(price: float) -> None:
    scenario, seeds = short_scenario(), range(3)
    network = OnePrice(price, Features(scenario, DECAYS).width)
    ours = played(lambda env: PriceAgent(network, DECAYS, env), scenario, seeds)
    theirs = played(lambda env: ConstantPrice(env, price), scenario, seeds)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-9)


def test_targets_are_those_of_each_device() -> None:
    scenario = short_scenario()
    features, luck = Features(scenario, DECAYS), shown(scenario, range(2))
    prices = np.random.default_rng(0).random((48, 2, 3, 5))
    both = episode_targets(features, luck, prices, 0.9)
    assert both.shape == prices.shape
    assert ((both >= 0.0) & (both <= 1.0)).all()
    alone = episode_targets(features, ShownLuck(*(e[:, 1:] for e in luck)), prices[:, 1:], 0.9)
    np.testing.assert_array_equal(both[:, 1:], alone)
    # At the end a joule is worth what charging it would take, below what the battery began with.
    np.testing.assert_allclose(both[-1], np.tile([1.0, 0.5, 0.0, 0.0, 0.0], (2, 3, 1)), atol=0.01)


def test_the_buffer_keeps_the_latest_episodes_by_fleet() -> None:
    buffer, rng = EpisodeBuffer(3), np.random.default_rng(0)
    for fleet in range(2):
        buffer.add(fleet, ShownLuck(*(np.full((4, 2, 3), float(fleet)) for _ in range(5))))
    drawn = buffer.sample(5, rng)
    assert [(fleet, luck.cloud.shape) for fleet, luck in drawn] == [(0, (4, 1, 3)), (1, (4, 2, 3))]
    assert all((luck.cloud == fleet).all() for fleet, luck in drawn)


@pytest.fixture(scope="module")
def model() -> PriceNetwork:
    """A training of some seconds: short days and few devices."""
    arguments: dict[str, Any] = {"scenario": short_scenario(capacity=64.0), "action_view": "split"}
    env = make_fleets_vec_env("ASLHarvest-v0", 16, 2, **arguments)
    network = {"hidden": 32, "intervals": 16}
    trained = PriceNetwork("PricePolicy", env, sweeps=50, seed=0, policy_kwargs=network)
    env.seed(2**20)
    return trained.learn(2 * 48 * 16)


def test_it_learns_to_beat_the_tuned_price(model: PriceNetwork) -> None:
    scenario, seeds = short_scenario(capacity=64.0), range(6)
    ours = played(model.policy_for, scenario, seeds)[0].sum()
    assert ours < played(DriftPlusPenalty, scenario, seeds)[0].sum()
    assert ours < 0.9 * played(Myopic, scenario, seeds)[0].sum()


def test_it_plays_fleets_of_any_size(model: PriceNetwork, tmp_path: Path) -> None:
    model.save(tmp_path / "model.zip")
    loaded = PriceNetwork.load(tmp_path / "model.zip", device="cpu")
    for devices in (1, 7):
        scenario = short_scenario().with_num_devices(devices)
        one, other = (
            evaluate(each.policy_for, "ASLHarvest-v0", [0], scenario=scenario)[0]
            for each in (model, loaded)
        )
        assert one.mean_delay_s == other.mean_delay_s
        assert one.gap >= 0.0


def test_a_hidden_sky_has_no_price_of_its_own(model: PriceNetwork) -> None:
    hidden = short_scenario(cloud_shown=False)
    (score,) = evaluate(model.policy_for, "ASLHarvest-v0", [0], scenario=hidden)
    assert 0.0 <= score.gap < 0.5


def test_names_what_it_cannot_play(model: PriceNetwork) -> None:
    with pytest.raises(FieldError, match="batteries"):
        model.policy_for(preset("default"))
    with pytest.raises(ValueError, match="features"):
        PriceAgent(OnePrice(0.1, 3), DECAYS, short_scenario())
    with pytest.raises(ValueError, match="FleetsVecEnv"):
        PriceNetwork("PricePolicy", make_vec_env("ASLHarvest-v0", 1, action_view="split"))
    with pytest.raises(FieldError, match="trace_decay"):
        PriceNetwork("PricePolicy", None, trace_decay=1.5)
