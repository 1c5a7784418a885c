"""The generalist: what it sees of options, training on many scenarios, and playing any of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.configuration import ALGORITHMS, load_configuration
from agents.generalist.agent import GeneralistAgent
from agents.generalist.memory import KNOWN_OF_DEVICE, OptionMemory, num_beliefs, width_of
from agents.generalist.network import OptionNetwork
from agents.generalist.scenarios import SHIPPED, drawn_network, drawn_scenario
from agents.generalist.vec_env import ScenariosVecEnv, make_scenarios_vec_env
from agents.own_scenarios import OwnScenario, on_scenario
from agents.shared.policy import FleetAgent
from agents.training import train
from asl_gym import (
    OPEN,
    ASLVectorEnv,
    CalibratedOPEN,
    Evaluator,
    FilteredOPEN,
    Scenario,
    evaluate,
    preset,
    with_settings,
)
from asl_gym.arrays import Float32
from asl_gym.policies.open import price_splits
from asl_gym.validation.checks import FieldError
from benchmarks.learned.transfer.protocol import page_protocols
from tests.agents.agent_samples import quick_configuration, trivial_scenario

VIEWS: Any = {"action_view": "split", "observation": "devices"}
DECAYS = (0.6, 0.95)


class OneBelief:
    """Decides by the costs of a single belief."""

    def __init__(self, belief: int) -> None:
        self.belief = belief

    def decide(self, features: Float32) -> Any:
        return features[..., self.belief].argmin(axis=-1)


def by_belief(belief: int, decays: tuple[float, ...]) -> Any:
    return lambda env: FleetAgent(OneBelief(belief), OptionMemory(env.unwrapped.scenario, decays))


@pytest.mark.parametrize(
    ("env_id", "belief", "version"),
    [
        ("ASL-v0", 0, OPEN),
        ("ASLStaleCSI-v0", 0, OPEN),
        ("ASLStaleCSI-v0", 1, FilteredOPEN),
        ("ASLMismatch-v0", 0, CalibratedOPEN),
    ],
)
def test_each_belief_is_a_version_of_open(env_id: str, belief: int, version: Any) -> None:
    """Who takes the cheapest option by one belief decides as that version of OPEN does."""
    evaluator = Evaluator(env_id, horizon=40)
    (_, ours), (_, theirs) = (
        next(evaluator.evaluate(policy, [3])) for policy in (by_belief(belief, (0.8,)), version)
    )
    # Observations of both have float32's precision, which splits that are all but alike show.
    assert (ours.split == theirs.split).mean() > 0.99


def test_costs_are_differences_of_prices() -> None:
    scenario = preset("stale-csi").with_num_devices(1)
    memory = OptionMemory(scenario, DECAYS)
    envs = ASLVectorEnv(2, scenario, **VIEWS)
    observation, _ = envs.reset(seed=1)
    for _ in range(4):
        observation, *_ = envs.step(np.full((2, 1), 3))
    features, state = memory.see(observation, memory.empty(2), np.ones(2, dtype=bool))
    every = np.broadcast_to(np.arange(12)[:, None], (2, 12, 1))
    prices = price_splits(scenario, memory.codec.decode(observation), every)
    above = prices - prices.min(axis=-1, keepdims=True)
    # In the first round that is seen, an average is what is shown.
    np.testing.assert_allclose(state.spread[:, 0, 0], above.mean(axis=-1), rtol=1e-9)
    expected = np.log1p(4.0 * np.minimum(above / state.spread[:, 0], 50.0))
    for belief in range(num_beliefs(DECAYS)):
        np.testing.assert_allclose(features[:, 0, :, belief], expected, rtol=1e-5, atol=1e-6)
    assert features.shape == (2, 1, 12, width_of(DECAYS))


def test_memory_is_forgotten_where_an_episode_starts() -> None:
    for name in ("stale-csi", "mismatch"):
        scenario = preset(name).with_num_devices(2)
        memory = OptionMemory(scenario, DECAYS)
        envs = ASLVectorEnv(2, scenario, **VIEWS)
        observation, _ = envs.reset(seed=0)
        _, state = memory.see(observation, memory.empty(2), np.ones(2, dtype=bool))
        splits = np.full((2, 2), 3)
        state = memory.decided(observation, splits, state)
        later, *_ = envs.step(splits)
        remembering, _ = memory.see(later, state, np.array([False, True]))
        anew, _ = memory.see(later, memory.empty(2), np.zeros(2, dtype=bool))
        np.testing.assert_array_equal(remembering[1], anew[1])
        assert (remembering[0] != anew[0]).any()


def test_what_is_known_is_told() -> None:
    known, unknown = (
        OptionMemory(preset(name).with_num_devices(2), ()) for name in ("default", "mismatch")
    )
    for memory, told in ((known, [0.0, 0.0, 1.0, 1.0]), (unknown, [0.0, np.log(3.0), 0.0, 0.0])):
        envs = ASLVectorEnv(1, memory._scenario, **VIEWS)
        observation, _ = envs.reset(seed=0)
        features, _ = memory.see(observation, memory.empty(1), np.ones(1, dtype=bool))
        np.testing.assert_allclose(features[0, 0, 0, -KNOWN_OF_DEVICE:], told, rtol=1e-6)


def test_scenarios_that_it_cannot_play_are_refused() -> None:
    with pytest.raises(FieldError, match="schedule = 'parallel' is not allowed"):
        OptionMemory(preset("parallel"), DECAYS)
    both = with_settings("mismatch", {"knowledge.csi_delay_rounds": 1})
    with pytest.raises(FieldError, match=r"csi_delay_rounds = 1 is not allowed: expected 0"):
        OptionMemory(both, DECAYS)


def test_order_and_number_of_options_do_not_matter() -> None:
    torch.manual_seed(0)
    network = OptionNetwork(width_of(DECAYS), num_beliefs(DECAYS), 16)
    features = torch.randn(2, 3, 7, width_of(DECAYS))
    logits = network(features)
    order = torch.randperm(7)
    torch.testing.assert_close(network(features[:, :, order]), logits[:, :, order])
    torch.testing.assert_close(network(features[:, [2, 0]]), logits[:, [2, 0]])


# Scenarios


def test_drawn_scenarios_are_all_different_and_can_be_played() -> None:
    rng = np.random.default_rng(3)
    drawn = [drawn_scenario(rng) for _ in range(24)]
    assert len(set(drawn)) == 24
    networks = {each.workload.profile.name for each in drawn}
    assert "drawn" in networks
    assert networks <= {*SHIPPED, "drawn"}
    assert {each.knowledge.shows_costs for each in drawn} == {False, True}
    assert len({each.knowledge.csi_delay_rounds for each in drawn}) > 1
    assert not any(each.knowledge.shows_costs and each.knowledge.csi_delay_rounds for each in drawn)
    for each in drawn[:6]:
        (score,) = evaluate(OPEN, scenario=each, seeds=[0], horizon=5)
        assert score.mean_delay_s > 0


def test_no_case_of_transfer_is_trained_on() -> None:
    """Networks, fleets and logs; the environment ids' own networks apart."""
    (protocol,) = (each for each in page_protocols() if each.path.stem == "protocol")
    asked = {case.entry.set.get("workload.profile") for case in protocol.cases()} - {None}
    assert asked
    assert not asked & {*SHIPPED}
    assert all(case.entry.fleet[1] < 10_000 for case in protocol.cases() if case.entry.fleet)


def test_drawn_networks_are_profiles_of_many_shapes() -> None:
    rng = np.random.default_rng(0)
    sizes = {drawn_network(rng).num_layers for _ in range(40)}
    assert len(sizes) > 10


def test_padding_changes_nothing() -> None:
    env: Any = make_scenarios_vec_env("ASL-v0", 6, 3, **VIEWS)
    assert isinstance(env, ScenariosVecEnv)
    env.seed(5)
    first_seen: Any = env.reset()
    shown: Any = env.shown(first_seen)
    for part, own in zip(env.parts, shown, strict=True):
        assert own.shape[1:] == part.observation_space.shape
        assert (own[:, : part.envs.scenario.num_devices, 2:5] != 0).all()
    actions = [
        np.full((len(own), part.envs.scenario.num_devices), place + 1)
        for place, (part, own) in enumerate(zip(env.parts, shown, strict=True))
    ]
    observations, rewards, _, infos = env.step(env.joined(actions))
    after: Any = observations
    assert len(infos) == len(rewards) == 6
    for part, seen, played in zip(env.parts, env.shown(after), env.split(rewards), strict=True):
        alone = ASLVectorEnv(2, part.envs.scenario, **VIEWS)
        first = 5 + 2 * env.parts.index(part)
        alone.reset(seed=[first, first + 1])
        place = env.parts.index(part) + 1
        again, reward, *_ = alone.step(np.full((2, part.envs.scenario.num_devices), place))
        np.testing.assert_array_equal(seen, again)
        np.testing.assert_array_equal(played, reward.astype(np.float32))
    with pytest.raises(FieldError, match="scenarios = 4 is not allowed: expected a divisor"):
        make_scenarios_vec_env("ASL-v0", 6, 4, **VIEWS)


# Training and playing


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A few hundred steps of training on two scenarios."""
    configuration = quick_configuration("generalist")
    path = train(configuration, 1, tmp_path_factory.mktemp("runs"), progress_bar=False)
    return ALGORITHMS["generalist"].load(path, device="cpu")


@pytest.mark.parametrize("profile", ["lenet5", "mobilenet_v2", "gpt2"])
@pytest.mark.parametrize("devices", [3, 12])
def test_it_plays_any_network_and_fleet(model: Any, profile: str, devices: int) -> None:
    scenario = with_settings("default", {"workload.profile": profile}).with_num_devices(devices)
    (score,) = evaluate(model.policy_for, scenario=scenario, seeds=[0], horizon=10)
    assert score.rounds == 10


def test_it_plays_several_budgets(model: Any) -> None:
    (score,) = evaluate(
        model.policy_for, scenario=preset("per-device-budgets"), seeds=[0], horizon=10
    )
    assert score.rounds == 10


def test_it_learns(model: Any) -> None:
    """A scenario that is in no training."""
    scenario: Scenario = trivial_scenario()
    (score,) = evaluate(model.policy_for, scenario=scenario, seeds=[0])
    (reference,) = evaluate(OPEN, scenario=scenario, seeds=[0])
    assert score.priced_gap < reference.priced_gap + 0.05


def test_another_memory_than_it_was_made_for_is_refused(model: Any) -> None:
    with pytest.raises(ValueError, match=r"decays = \(0\.5,\) give 8 features of an option"):
        GeneralistAgent(model.policy, (0.5,), preset("default"))


def test_an_own_scenario_is_refused() -> None:
    configuration = load_configuration("generalist", "ASL-v0")
    with pytest.raises(FieldError, match="generalist is trained on random scenarios"):
        on_scenario(configuration, OwnScenario(scenario="default", settings={"v": 2.0}))


def test_a_model_tells_what_it_is(model: Any, tmp_path: Path) -> None:
    from agents.model_files import algorithm_of

    model.save(tmp_path / "model.zip")
    assert algorithm_of(tmp_path / "model.zip") is ALGORITHMS["generalist"]
