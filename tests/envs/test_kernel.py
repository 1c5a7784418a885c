"""The compiled step against the formulas for whole arrays, and for any number of rows."""

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym.envs.actions import ActionViewName
from asl_gym.envs.codec import Observation
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.rewards import REWARDS, Reward
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.demands import Knowledge
from asl_gym.scenario.scenario import Scenario
from tests.envs.reward_formulas import PlayedQueues, next_queue, rewards
from tests.strategies import scenarios, seeds

VIEWS: tuple[ActionViewName, ...] = get_args(ActionViewName)
OBSERVATIONS = "flat", "devices"
KNOWLEDGE = Knowledge(), Knowledge(csi_delay_rounds=1), Knowledge(parameter_error=2.0)


def of_arrays(env: ASLEnv, action: Any, reward: Reward) -> dict[str, Any]:
    """A round by the formulas for whole arrays, from the same decision."""
    scenario, simulation = env.scenario, env.simulation
    model = scenario.cost_model
    batch = (
        {name: v[None] for name, v in action.items()} if isinstance(action, dict) else action[None]
    )
    split, frequency = env.view.decode(batch, simulation.queue, simulation.shown_unit_costs)
    options = model.chosen_options(split, simulation.unit_costs())
    costs = model.round_costs(options, frequency)
    delay = scenario.round_delay(costs.device_delay)
    energies = costs.of_budgets(scenario.num_budgets)
    after = next_queue(simulation.queue, energies, scenario.energy_budgets)
    queues = PlayedQueues(simulation.queue, energies, after)
    return {
        "delay": delay[0],
        "energy": costs.energy[0],
        "cost": costs.energy[0],
        "device_delay": costs.device_delay[0],
        "device_energy": costs.device_energy[0],
        "server_energy": costs.server_energy[0],
        "split": scenario.split_points.chosen(split)[0],
        "split_index": split[0],
        "server_frequency": np.broadcast_to(frequency[0], split[0].shape),
        "queue": after[0] if scenario.num_budgets > 1 else after[0, 0],
        "reward": rewards(reward, scenario, delay, queues)[0],
    }


def with_knowledge(scenario: Scenario, knowledge: Knowledge, schedule: Any) -> Scenario:
    return scenario.replace(knowledge=knowledge, schedule=schedule)


@settings(max_examples=60)
@given(
    scenarios(),
    seeds,
    st.sampled_from(VIEWS),
    st.sampled_from(REWARDS),
    st.sampled_from(KNOWLEDGE),
    st.sampled_from(["sequential", "parallel"]),
)
def test_a_step_is_what_the_formulas_for_arrays_say(
    scenario: Scenario,
    seed: int,
    view: ActionViewName,
    reward: Reward,
    knowledge: Knowledge,
    schedule: Any,
) -> None:
    scenario = with_knowledge(scenario, knowledge, schedule)
    env = ASLEnv(scenario, action_view=view, reward=reward)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    for _ in range(scenario.horizon):
        action = env.action_space.sample()
        expected = of_arrays(env, action, reward)
        _, given_reward, _, _, info = env.step(action)
        for name, value in {**info, "reward": given_reward}.items():
            size = np.abs(expected[name]).max()
            np.testing.assert_allclose(
                value, expected[name], rtol=1e-12, atol=1e-12 * size, err_msg=name
            )


@settings(max_examples=40)
@given(scenarios(), seeds, st.sampled_from(OBSERVATIONS), st.sampled_from(KNOWLEDGE))
def test_observations_are_those_of_the_physical_quantities(
    scenario: Scenario, seed: int, observation: Any, knowledge: Knowledge
) -> None:
    scenario = scenario.replace(knowledge=knowledge)
    env = ASLEnv(scenario, action_view="split", observation=observation)
    shown, _ = env.reset(seed=seed)
    env.action_space.seed(seed)
    realised: tuple[Any, Any] = (None, None)
    if knowledge.shows_costs:
        realised = (np.zeros(scenario.num_devices), np.zeros(scenario.num_devices))
    for t in range(scenario.horizon):
        trace, queue = env.simulation.trace, env.simulation.queue[0]
        assert trace is not None
        rates = trace.shown_uplink_bps[0, t], trace.shown_downlink_bps[0, t]
        left = np.array(1.0 - t / scenario.horizon)
        seen = Observation(queue, left, *rates, trace.clock_hz[0, t], *realised)
        np.testing.assert_array_equal(env.codec.encode(seen), shown)
        shown, *_, info = env.step(env.action_space.sample())
        if knowledge.shows_costs:
            realised = info["device_delay"], info["device_energy"]


@settings(max_examples=30)
@given(
    scenarios(), seeds, st.sampled_from(VIEWS), st.sampled_from(KNOWLEDGE),
    st.sampled_from(["sequential", "parallel"]), st.sampled_from(OBSERVATIONS),
)  # fmt: skip
def test_the_number_of_rows_changes_no_bit(
    scenario: Scenario, seed: int, view: Any, knowledge: Knowledge, schedule: Any, observation: Any
) -> None:
    scenario = with_knowledge(scenario, knowledge, schedule)
    arguments: dict[str, Any] = {"action_view": view, "observation": observation}
    alone = [ASLEnv(scenario, **arguments) for _ in range(8)]
    firsts = [env.reset(seed=seed + i)[0] for i, env in enumerate(alone)]
    alone[0].action_space.seed(seed)
    actions = [alone[0].action_space.sample() for _ in alone]
    steps = [env.step(action) for env, action in zip(alone, actions, strict=True)]
    for rows in (1, 3, 7, 8):
        envs = ASLVectorEnv(rows, scenario, **arguments)
        observed, _ = envs.reset(seed=seed)
        np.testing.assert_array_equal(observed, np.stack(firsts[:rows]))
        batch: Any = (
            np.stack(actions[:rows])
            if view != "dict"
            else {
                name: np.stack([action[name] for action in actions[:rows]]) for name in actions[0]
            }
        )
        observed, reward, _, _, info = envs.step(batch)
        for i, (shown, its_reward, _, _, its_info) in enumerate(steps[:rows]):
            np.testing.assert_array_equal(reward[i], its_reward)
            for name, value in its_info.items():
                np.testing.assert_array_equal(info[name][i], value, err_msg=name)
            if scenario.horizon > 1:
                np.testing.assert_array_equal(observed[i], shown)


@pytest.mark.parametrize("view", ["split", "multi_discrete", "box"])
def test_a_refused_action_changes_nothing(view: ActionViewName) -> None:
    env = ASLEnv(action_view=view)
    env.reset(seed=0)
    env.action_space.seed(0)
    action = env.action_space.sample()
    env.step(action)
    before = env.simulation.totals.copy(), env.queue, env.simulation.round_index
    wrong = action.copy()
    wrong[-1] = 99 if view != "box" else np.nan
    with pytest.raises(ValueError, match="lies outside the space"):
        env.step(wrong)
    np.testing.assert_array_equal(env.simulation.totals, before[0])
    assert (env.queue, env.simulation.round_index) == before[1:]
    twin = ASLEnv(action_view=view)
    twin.reset(seed=0)
    twin.step(action)
    np.testing.assert_array_equal(env.step(action)[0], twin.step(action)[0])
