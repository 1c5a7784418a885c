"""The compiled step against the formulas for whole arrays, and for any number of rows."""

from typing import Any, get_args

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import iterate
from hypothesis import given, settings
from hypothesis import strategies as st

from asl_gym.envs.actions import ACTION_VIEWS, ON_BATTERIES, ActionViewName
from asl_gym.envs.codec import Observation
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.rewards import Reward, rewards_for
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.model.demands import Knowledge
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from tests.battery_strategies import scenarios_on_batteries
from tests.envs.reward_formulas import PlayedQueues, next_queue, rewards
from tests.strategies import scenarios, seeds

VIEWS: tuple[ActionViewName, ...] = tuple(
    each for each in get_args(ActionViewName) if each in ACTION_VIEWS
)
OBSERVATIONS = "flat", "devices"
AUTORESET = AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP
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
    st.sampled_from(rewards_for(False)),
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
        # Devices' shares of the reward have a test of their own.
        del info["device_reward"]
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


def of_ids() -> st.SearchStrategy[Scenario]:
    """The scenarios of the environment ids, in short episodes."""
    names = st.sampled_from(["default", "per-device-budgets", "stale-csi", "mismatch", "parallel"])
    return st.builds(
        lambda name, horizon: preset(name).replace(horizon=horizon), names, st.integers(1, 4)
    )


def assert_rows_are_alone(
    scenario: Scenario, seed: int, rows: int, arguments: Any, mode: AutoresetMode
) -> None:
    """Over two episodes and the reset between them, whatever the number of rows."""
    envs = ASLVectorEnv(rows, scenario, autoreset_mode=mode, **arguments)
    alone = [ASLEnv(scenario, **arguments) for _ in range(rows)]
    firsts = [env.reset(seed=seed + i)[0] for i, env in enumerate(alone)]
    np.testing.assert_array_equal(envs.reset(seed=seed)[0], np.stack(firsts))
    envs.action_space.seed(seed)
    for _ in range(2):
        for t in range(scenario.horizon):
            actions = envs.action_space.sample()
            by_row = list(iterate(envs.action_space, actions))
            steps = [env.step(action) for env, action in zip(alone, by_row, strict=True)]
            observed, reward, _, truncated, info = envs.step(actions)
            ended = t == scenario.horizon - 1
            assert truncated.all() == truncated.any() == ended
            told = info["final_info"] if ended and mode == AutoresetMode.SAME_STEP else info
            for i, (_, its_reward, _, _, its_info) in enumerate(steps):
                np.testing.assert_array_equal(reward[i], its_reward)
                for name, value in its_info.items():
                    np.testing.assert_array_equal(told[name][i], value, err_msg=name)
            last = np.stack([step[0] for step in steps])
            if ended and mode == AutoresetMode.SAME_STEP:
                np.testing.assert_array_equal(np.stack(list(info["final_obs"])), last)
            else:
                np.testing.assert_array_equal(observed, last)
        firsts = [env.reset()[0] for env in alone]
        if mode == AutoresetMode.NEXT_STEP:
            observed, reward, *_ = envs.step(actions)
            assert not reward.any()
        np.testing.assert_array_equal(observed, np.stack(firsts))


ROWS = st.sampled_from((1, 3, 7, 8))


@settings(max_examples=240)
@given(
    st.one_of(scenarios(), of_ids()), seeds, ROWS,
    st.fixed_dictionaries({
        "action_view": st.sampled_from(VIEWS), "observation": st.sampled_from(OBSERVATIONS),
        "reward": st.sampled_from(rewards_for(False)),
    }),
    st.fixed_dictionaries({
        "schedule": st.sampled_from(["sequential", "parallel"]),
        "knowledge": st.builds(Knowledge, st.integers(0, 2), st.sampled_from((1.0, 2.0))),
    }),
    st.sampled_from(AUTORESET),
)  # fmt: skip
def test_a_row_is_the_scalar_environment_to_the_last_bit(
    scenario: Scenario, seed: int, rows: int, arguments: Any, rules: Any, mode: AutoresetMode
) -> None:
    assert_rows_are_alone(scenario.replace(**rules), seed, rows, arguments, mode)


@given(
    scenarios_on_batteries(), seeds, ROWS,
    st.fixed_dictionaries({
        "action_view": st.sampled_from([*ON_BATTERIES]),
        "observation": st.sampled_from(OBSERVATIONS),
        "reward": st.sampled_from(rewards_for(True)),
    }),
    st.sampled_from(AUTORESET),
)  # fmt: skip
def test_a_row_on_batteries_is_the_scalar_environment_to_the_last_bit(
    scenario: Scenario, seed: int, rows: int, arguments: Any, mode: AutoresetMode
) -> None:
    assert_rows_are_alone(scenario, seed, rows, arguments, mode)


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
