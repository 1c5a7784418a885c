"""The fleet-size-independent agent: its memory, its learning signal, training and other fleets."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.configuration import ALGORITHMS, Configuration, load_configuration
from agents.fleets import FIRST_FLEET_SEED, FleetsVecEnv, make_fleets_vec_env
from agents.playing import as_policy
from agents.shared.memory import Memory
from agents.shared.signal import regrets
from agents.training import train
from agents.vec_env import make_vec_env
from asl_gym import (
    OPEN,
    ASLVectorEnv,
    Budget,
    CalibratedOPEN,
    Evaluator,
    Fleet,
    Observation,
    Scenario,
    Workload,
    evaluate,
    preset,
)
from asl_gym.policies.open import price_splits
from tests.agents.agent_samples import quick_configuration, trivial_scenario, weights

VIEWS = {"action_view": "split", "observation": "devices"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A few hundred steps of training on three devices."""
    configuration = quick_configuration("shared")
    path = train(configuration, 1, tmp_path_factory.mktemp("runs"), progress_bar=False)
    return ALGORITHMS["shared"].load(path, device="cpu")


# The memory


def test_averages_of_rates_by_hand() -> None:
    scenario = preset("stale-csi").with_num_devices(2)
    memory = Memory(scenario, (0.5,))
    envs = ASLVectorEnv(1, scenario, **VIEWS)  # type: ignore[arg-type]
    observation, _ = envs.reset(seed=0)
    state, shown = memory.empty(1), []
    for _ in range(3):
        shown.append(observation[0, :-1, 2:4].astype(float))
        features, state = memory.see(observation, state, np.zeros(1, dtype=bool))
        observation, *_ = envs.step(np.zeros((1, 2), dtype=int))
    columns = features[0, :-1, 10:]
    logarithms = (shown[0] / 4 + shown[1] / 2 + shown[2]) / 1.75
    inverse = (10 ** -shown[0] / 4 + 10 ** -shown[1] / 2 + 10 ** -shown[2]) / 1.75
    np.testing.assert_allclose(columns[:, :2], logarithms, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(columns[:, 2:4], np.log10(inverse), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(features[0, :, 14], np.log(1.75), rtol=1e-5)


def test_memory_is_forgotten_where_an_episode_starts() -> None:
    scenario = preset("mismatch").with_num_devices(2)
    memory = Memory(scenario, (0.9,))
    envs = ASLVectorEnv(2, scenario, **VIEWS)  # type: ignore[arg-type]
    observation, _ = envs.reset(seed=0)
    fresh, _ = memory.see(observation, memory.empty(2), np.zeros(2, dtype=bool))
    _, state = memory.see(observation, memory.empty(2), np.zeros(2, dtype=bool))
    state = memory.decided(observation, np.full((2, 2), 3), state)
    later, *_ = envs.step(np.full((2, 2), 3))
    remembering, _ = memory.see(later, state, np.array([False, True]))
    anew, _ = memory.see(later, memory.empty(2), np.zeros(2, dtype=bool))
    np.testing.assert_array_equal(remembering[1], anew[1])
    assert (remembering[0] != anew[0]).any()
    assert fresh.shape == remembering.shape == (2, 3, memory.width)


def test_realised_costs_over_nominal_tell_the_factors() -> None:
    """1/x = 1 + (D/D_nominal − 1)/share, with x the factor on FLOPs per cycle."""
    scenario = preset("mismatch").with_num_devices(3)
    memory = Memory(scenario, ())
    envs = ASLVectorEnv(1, scenario, **VIEWS)  # type: ignore[arg-type]
    observation, _ = envs.reset(seed=0)
    _, state = memory.see(observation, memory.empty(1), np.ones(1, dtype=bool))
    splits = np.array([[2, 5, 11]])
    state = memory.decided(observation, splits, state)
    observation, *_ = envs.step(splits)
    features, _ = memory.see(observation, state, np.zeros(1, dtype=bool))
    delay, _, share, _ = features[0, :-1, -4:].T.astype(float)
    trace = envs.simulation.trace
    assert trace is not None
    assert trace.flops_per_cycle_factor is not None
    slowness = 1 + (np.exp(delay) - 1) / share
    np.testing.assert_allclose(1 / slowness, trace.flops_per_cycle_factor[0, 0], rtol=1e-3)


# The learning signal


@pytest.mark.parametrize("name", ["default", "stale-csi", "mismatch"])
def test_regrets_are_differences_of_real_prices(name: str) -> None:
    scenario = preset(name).with_num_devices(3)
    envs = ASLVectorEnv(2, scenario, **VIEWS)  # type: ignore[arg-type]
    codec: Any = envs.codec
    observation, _ = envs.reset(seed=0)
    for _ in range(5):
        observation, *_ = envs.step(np.full((2, 3), 4))
    signal = regrets(envs.simulation, codec, observation)
    trace = envs.simulation.trace
    assert trace is not None
    real = [each[:, 5] for each in trace.real()]
    fleet = scenario.fleet
    for row in range(2):
        nominal = scenario
        if trace.flops_per_cycle_factor is not None and trace.capacitance_factor is not None:
            flops = np.asarray(fleet.flops_per_cycle) * trace.flops_per_cycle_factor[row, 5]
            capacitance = np.asarray(fleet.capacitance) * trace.capacitance_factor[row, 5]
            own = dataclasses.replace(
                fleet, flops_per_cycle=tuple(flops), capacitance=tuple(capacitance)
            )
            nominal = scenario.replace(
                fleet=own, budget=Budget(joules=scenario.energy_budget, refers_to="measured traces")
            )
            nominal.__dict__["V"] = scenario.V
        seen = Observation(envs.simulation.queue[row], np.zeros(()), *(r[row] for r in real))
        base = signal.best[row]
        for device in range(3):
            candidates = np.tile(base, (12, 1))
            candidates[:, device] = np.arange(12)
            prices = price_splits(nominal, seen, candidates)
            differences = prices - prices.min()
            regret = signal.regret[row, device]
            assert regret[base[device]] == 0
            assert prices.argmin() == base[device]
            ratio = differences[regret > 0] / regret[regret > 0]
            np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


# Fleets


def test_fleets_are_drawn_from_seeds_of_their_own_and_stay_apart() -> None:
    envs = make_fleets_vec_env("ASL-v0", 6, 3, horizon=4, num_devices=3, **VIEWS)
    assert isinstance(envs, FleetsVecEnv)
    scenarios = envs.get_attr("scenario")
    assert scenarios[0] == scenarios[1] == preset("default").with_num_devices(3).replace(horizon=4)
    drawn = [scenarios[0].with_num_devices(3, seed=FIRST_FLEET_SEED + i) for i in range(2)]
    assert [s.fleet for s in scenarios[2::2]] == [s.fleet for s in drawn]
    envs.seed(7)
    start = envs.reset()
    single = make_vec_env("ASL-v0", 2, scenario=scenarios[4], **VIEWS)
    single.seed(11)
    np.testing.assert_array_equal(start[4:], single.reset())
    actions = np.random.default_rng(0).integers(12, size=(6, 3))
    step, alone = envs.step(actions), single.step(actions[4:])
    for i in range(3):
        np.testing.assert_array_equal(np.asarray(step[i])[4:], alone[i])
    assert step[3][4:] == alone[3]
    with pytest.raises(ValueError, match="fleets = 4"):
        make_fleets_vec_env("ASL-v0", 6, 4)


@pytest.mark.parametrize("num_devices", [1, 3, 20])
def test_one_network_plays_fleets_of_any_size(model: Any, num_devices: int) -> None:
    scenario = preset("default").with_num_devices(num_devices).replace(horizon=5)
    (score,) = evaluate(as_policy(model), seeds=[0], scenario=scenario)
    assert score.rounds == 5


def test_devices_in_another_order_get_the_same_decisions(model: Any) -> None:
    order = np.array([3, 1, 4, 0, 2])
    scenario = preset("default").with_num_devices(5)
    fleet = scenario.fleet
    turned: dict[str, Any] = {
        name: tuple(np.array(getattr(fleet, name))[order]) for name in Fleet.PER_DEVICE
    }
    other = scenario.replace(fleet=dataclasses.replace(fleet, **turned))
    policies = [model.policy_for(one) for one in (scenario, other)]
    rows = ASLVectorEnv(4, scenario, observation="devices").reset(seed=0)[0]
    mixed = rows[:, [*order, 5]]
    decisions = [p.predict(o)[0] for p, o in zip(policies, (rows, mixed), strict=True)]
    np.testing.assert_array_equal(decisions[0][:, order], decisions[1])


def test_a_scenario_that_does_not_fit_is_named(model: Any) -> None:
    with pytest.raises(ValueError, match="features a device"):
        model.policy_for(preset("mismatch"))
    few = preset("default").workload.profile
    with pytest.raises(ValueError, match="split points"):
        model.policy_for(preset("default").replace(workload=Workload(few, 320, splits=(3, 9))))


def test_a_batch_decides_as_its_rows_do(model: Any) -> None:
    scenario = preset("default").with_num_devices(3)
    policy = model.policy_for(scenario)
    rows, _ = ASLVectorEnv(4, scenario, observation="devices").reset(seed=0)
    together, _ = policy.predict(rows)
    for i in range(4):
        np.testing.assert_array_equal(policy.predict(rows[i])[0], together[i])


# Training


def short_training(env_id: str, scenario: Scenario) -> Configuration:
    configuration = load_configuration("shared", env_id)
    return dataclasses.replace(
        configuration,
        num_envs=32,
        fleets=1,
        total_steps=6_400,
        validate_every=6_400,
        environment={**configuration.environment, "scenario": scenario},
        model={**configuration.model, "batch_size": 128},
        network={"hidden": 32},
    )


@pytest.mark.parametrize(
    ("env_id", "knowledge", "optimum"),
    [("ASL-v0", "default", OPEN), ("ASLMismatch-v0", "mismatch", CalibratedOPEN)],
)
def test_it_learns_a_trivial_scenario(
    env_id: str, knowledge: str, optimum: type[OPEN], tmp_path: Path
) -> None:
    scenario = trivial_scenario(knowledge)
    path = train(short_training(env_id, scenario), 0, tmp_path, progress_bar=False)
    model = ALGORITHMS["shared"].load(path, device="cpu")
    evaluator = Evaluator(env_id, scenario=scenario)
    learned, best = (
        np.mean([score.priced_gap for score, _ in evaluator.evaluate(policy, range(5))])
        for policy in (as_policy(model), optimum)
    )
    assert learned <= best + 0.01


def test_training_wants_environments_that_it_can_learn_from(tmp_path: Path) -> None:
    configuration = dataclasses.replace(quick_configuration("shared"), fleets=None)
    with pytest.raises(ValueError, match="FleetsVecEnv"):
        train(configuration, 0, tmp_path, progress_bar=False)


def test_the_average_plays_and_both_are_saved(model: Any, tmp_path: Path) -> None:
    model.save(tmp_path / "again.zip")
    saved = weights(tmp_path / "again.zip", "shared")
    assert all(
        torch.equal(a, b) for a, b in zip(saved, model.policy.state_dict().values(), strict=True)
    )
    average, network = (
        torch.nn.utils.parameters_to_vector(part.parameters())
        for part in (model.policy.average, model.policy.network)
    )
    assert not torch.equal(average, network)
