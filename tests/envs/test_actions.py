"""Views of the action: what they mean, and what happens to actions that mean nothing."""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from asl_gym.envs.action_view import ActionView
from asl_gym.envs.actions import ACTION_VIEWS, NUM_FREQUENCY_LEVELS, action_view
from asl_gym.envs.env import ASLEnv
from asl_gym.envs.vector_env import ASLVectorEnv
from asl_gym.scenario.presets import preset
from asl_gym.scenario.scenario import Scenario
from tests.strategies import random_frequencies, random_splits, scenarios, seeds

N, HORIZON = 3, 6
SMALL = preset("default").with_num_devices(N).replace(horizon=HORIZON)
M = SMALL.workload.num_splits
LOW, HIGH = SMALL.server.clock_min_hz, SMALL.server.clock_max_hz
EMPTY_QUEUE = np.zeros((1, 1))
VIEWS = tuple(ACTION_VIEWS)


def view(name: str, scenario: Scenario = SMALL) -> ActionView:
    return action_view(name, scenario)


def batched(action: Any) -> Any:
    if isinstance(action, dict):
        return {name: np.asarray(value)[None] for name, value in action.items()}
    return np.asarray(action)[None]


# What they mean


def test_box_has_equal_bins_and_a_logarithmic_frequency() -> None:
    edges = 2.0 * np.arange(M + 1) / M - 1.0
    inside = 0.5 * (edges[1:] + edges[:-1])
    positions = [-1.0, *np.nextafter(edges[1:-1], 2), *inside, 1.0]
    expected = [0, *range(1, M), *range(M), M - 1]
    for position, index in zip(positions, expected, strict=True):
        action = np.full(2 * N, position)
        splits, frequency = view("box").decode(action[None], EMPTY_QUEUE)
        assert (splits == index).all()
        exact = LOW * (HIGH / LOW) ** (0.5 * (position + 1.0))
        np.testing.assert_allclose(frequency, np.full((1, N), exact), rtol=1e-12)


def test_box_takes_splits_first() -> None:
    splits, frequency = view("box").decode(np.array([[-1, 1, -1, 1, -1, 1.0]]), EMPTY_QUEUE)
    np.testing.assert_array_equal(splits, [[0, M - 1, 0]])
    np.testing.assert_allclose(frequency, [[HIGH, LOW, HIGH]], rtol=1e-15)


@pytest.mark.parametrize("level", range(NUM_FREQUENCY_LEVELS))
def test_multi_discrete_has_log_spaced_levels(level: int) -> None:
    action = np.array([[0, 5, M - 1, level]])
    splits, frequency = view("multi_discrete").decode(action, EMPTY_QUEUE)
    np.testing.assert_array_equal(splits, [[0, 5, M - 1]])
    exact = LOW * (HIGH / LOW) ** (level / (NUM_FREQUENCY_LEVELS - 1))
    np.testing.assert_allclose(np.broadcast_to(frequency, (1, N)), np.full((1, N), exact))


def test_dict_is_taken_at_its_word() -> None:
    action = {"split": [[0, 5, M - 1]], "server_frequency": [[[LOW], [1e9], [HIGH]]]}
    splits, frequency = view("dict").decode(action, EMPTY_QUEUE)
    np.testing.assert_array_equal(splits, [[0, 5, M - 1]])
    np.testing.assert_array_equal(frequency, [[LOW, 1e9, HIGH]])


@pytest.mark.parametrize("relative_queue", [0.0, 1e-3, 0.3, 2.0, 1e6])
def test_split_takes_the_frequency_from_the_solver(relative_queue: float) -> None:
    """f* = (V/(2κQ))^⅓ within the server's range, with one weight for all energy."""
    queue = np.array([[relative_queue * SMALL.energy_budget]])
    splits, frequency = view("split").decode(np.array([[1, 2, 3]]), queue)
    np.testing.assert_array_equal(splits, [[1, 2, 3]])
    with np.errstate(divide="ignore"):
        free = np.cbrt(SMALL.V / (2 * SMALL.server.capacitance * queue))
    expected = np.broadcast_to(np.clip(free, LOW, HIGH), (1, N))
    np.testing.assert_allclose(np.broadcast_to(frequency, (1, N)), expected, rtol=1e-12)


def test_split_weighs_the_servers_own_queue() -> None:
    scenario = preset("per-device-budgets").with_num_devices(N)
    budgets = scenario.energy_budgets
    queue = np.array([[1e9, 1e9, 1e9, 0.6 * budgets[-1]]])
    _, frequency = view("split", scenario).decode(np.array([[1, 2, 3]]), queue)
    weight = queue[0, -1] * scenario.energy_budget / budgets[-1]
    exact = np.cbrt(scenario.V / (2 * scenario.server.capacitance * weight))
    assert LOW < exact < HIGH
    np.testing.assert_allclose(np.broadcast_to(frequency, (1, N)), np.full((1, N), exact))


# There and back


@given(scenarios(), seeds, st.sampled_from(VIEWS))
def test_decisions_survive_encoding(scenario: Scenario, seed: int, name: str) -> None:
    rng, queue = np.random.default_rng(seed), np.zeros((5, scenario.num_budgets))
    splits = random_splits(scenario, rng, 5)
    shared = random_frequencies(scenario, rng, 5)[:, :1]
    frequency = np.broadcast_to(shared, splits.shape)
    chosen = view(name, scenario)
    action = chosen.encode(splits, frequency)
    assert chosen.batch_space(5).contains(action)
    back, at = chosen.decode(action, queue)
    np.testing.assert_array_equal(back, splits)
    log_range = np.log(scenario.server.clock_max_hz / scenario.server.clock_min_hz)
    loss = {"dict": 0.0, "box": 1e-6, "multi_discrete": 0.5 / (NUM_FREQUENCY_LEVELS - 1)}
    if name in loss:
        np.testing.assert_allclose(np.log(at / shared), 0.0, atol=(loss[name] + 1e-9) * log_range)


@given(scenarios(), seeds, st.sampled_from(VIEWS))
def test_samples_of_the_space_decode(scenario: Scenario, seed: int, name: str) -> None:
    chosen = view(name, scenario)
    space = chosen.batch_space(4)
    space.seed(seed)
    splits, frequency = chosen.decode(space.sample(), np.zeros((4, scenario.num_budgets)))
    assert splits.shape == (4, scenario.num_devices)
    assert ((splits >= 0) & (splits < scenario.split_points.counts)).all()
    low, high = scenario.server.clock_min_hz, scenario.server.clock_max_hz
    assert ((frequency >= low) & (frequency <= high)).all()


@pytest.mark.parametrize("name", VIEWS)
def test_a_server_with_one_clock_only(name: str) -> None:
    server = dataclasses.replace(SMALL.server, clock_min_hz=HIGH)
    chosen = view(name, SMALL.replace(server=server))
    action = chosen.encode(np.array([[0, 5, M - 1]]), np.full((1, N), HIGH))
    assert chosen.batch_space(1).contains(action)
    splits, frequency = chosen.decode(action, EMPTY_QUEUE)
    np.testing.assert_array_equal(splits, [[0, 5, M - 1]])
    assert (frequency == HIGH).all()


def test_there_is_no_other_view() -> None:
    with pytest.raises(ValueError, match=r"'boxes' is not allowed: expected one of 'box'"):
        action_view("boxes", SMALL)


# Actions of other types, and outside the space

GOOD: dict[str, Any] = {
    "box": np.linspace(-1.0, 1.0, 2 * N),
    "multi_discrete": np.array([0, 5, M - 1, 7]),
    "dict": {"split": np.array([0, 5, M - 1]), "server_frequency": np.full((N, 1), 1e9)},
    "split": np.array([0, 5, M - 1]),
}


def as_types(good: Any) -> Iterator[Any]:
    """The same action in every type that can hold it."""
    if isinstance(good, dict):
        for splits in as_types(good["split"]):
            for frequency in as_types(good["server_frequency"]):
                yield {"split": splits, "server_frequency": frequency}
        return
    yield good.tolist()
    for kind in (np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64, np.uint64):
        with np.errstate(invalid="ignore"):
            cast = good.astype(kind)
        if (cast.astype(float) == good).all():
            cast.flags.writeable = False
            yield cast


@pytest.mark.parametrize("name", VIEWS)
def test_types_do_not_matter_and_actions_stay_as_they_are(name: str) -> None:
    good = np.array([-1, 1, 0, 1, -1, 0]) if name == "box" else GOOD[name]
    kinds = list(as_types(good))
    assert len(kinds) >= 4
    expected = view(name).decode(batched(good), EMPTY_QUEUE)
    env = ASLEnv(SMALL.replace(horizon=len(kinds)), action_view=name)  # type: ignore[arg-type]
    env.reset(seed=0)
    for action in kinds:
        before = copy.deepcopy(action)
        info = env.step(action)[4]
        np.testing.assert_equal(action, before)
        np.testing.assert_array_equal(info["split"], expected[0][0] + 1)
        decoded = view(name).decode(batched(action), EMPTY_QUEUE)
        for mine, theirs in zip(decoded, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def edited(good: Any, position: Any, value: float) -> Any:
    changed = np.array(good, dtype=float)
    changed[position] = value
    return changed


def bad_actions(name: str) -> Iterator[Any]:
    """Actions that a view has to refuse."""
    good = GOOD[name]
    if name == "dict":
        splits, frequency = good["split"], good["server_frequency"]
        yield from ({}, {"split": splits}, {"server_frequency": frequency}, good | {"more": 1})
        yield from (splits, [splits, frequency], None)
        for value in (LOW * (1 - 1e-9), HIGH * (1 + 1e-9), 0.0, -1e9, np.nan, np.inf):
            yield good | {"server_frequency": edited(frequency, 1, value)}
        yield good | {"server_frequency": np.full(frequency.shape, np.inf, np.float16)}
        yield good | {"server_frequency": np.ma.masked_array(frequency, frequency > 0)}
        for wrong in (frequency[:, 0], frequency[1:], frequency.T, 1e9, "fast", None):
            yield good | {"server_frequency": wrong}
        for wrong in bad_actions("split"):
            yield good | {"split": wrong}
        return
    outside = (-1.5, 1.0 + 1e-9) if name == "box" else (-1, M, 16, 0.5, M - 1 + 1e-6)
    for value in (*outside, np.nan, np.inf, -np.inf):
        yield edited(good, 0, value)
    if name == "multi_discrete":
        yield from (edited(good, -1, NUM_FREQUENCY_LEVELS), edited(good, -1, 2.5))
    yield from (good[1:], [*good, 0], good[:, None], good[None], good[0], [], None, "slow")
    yield from (np.ma.masked_array(good, good >= 0), np.full(good.shape, np.inf, np.float16))
    for tensor in (torch.tensor(good, dtype=torch.float32),):
        yield from (tensor.to(torch.bfloat16), tensor.to_sparse(), tensor.requires_grad_())
    yield from (good.astype(str), good.astype(object), good.astype(complex), {"split": good})


BAD = [(name, i) for name in VIEWS for i, _ in enumerate(bad_actions(name))]


def assert_unmoved(env: Any, twin: Any, good: Any) -> None:
    """Whether the next rounds are those of a twin that never saw the bad action."""
    for _ in range(2):
        results = [one.step(copy.deepcopy(good)) for one in (env, twin)]
        for mine, theirs in zip(*(result[:4] for result in results), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        infos = [result[4] for result in results]
        assert infos[0].keys() == infos[1].keys()
        for key in infos[0]:
            np.testing.assert_array_equal(infos[0][key], infos[1][key])


def started(make: Callable[[], Any], good: Any) -> list[Any]:
    """Two equal environments, a round into an episode."""
    envs = [make(), make()]
    for env in envs:
        env.reset(seed=5)
        env.step(good)
    return envs


@pytest.mark.parametrize(("name", "which"), BAD)
def test_a_bad_action_is_refused_and_changes_nothing(name: str, which: int) -> None:
    bad = list(bad_actions(name))[which]
    env, twin = started(lambda: ASLEnv(SMALL, action_view=name), GOOD[name])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"expected|inhomogeneous"):
        env.step(bad)
    assert_unmoved(env, twin, GOOD[name])


def in_batch(good: Any, bad: Any) -> Any:
    """A batch of two good actions and a bad one, as well as it can be put together."""
    if isinstance(good, dict):
        if not isinstance(bad, dict):
            return [good, good, bad]
        return {name: [good.get(name), good.get(name), value] for name, value in bad.items()}
    return [good, good, bad]


@pytest.mark.parametrize(("name", "which"), BAD)
def test_a_bad_row_is_refused_and_changes_nothing(name: str, which: int) -> None:
    bad = in_batch(GOOD[name], list(bad_actions(name))[which])
    good = in_batch(GOOD[name], GOOD[name])
    make = lambda: ASLVectorEnv(3, SMALL, action_view=name)  # type: ignore[arg-type]  # noqa: E731
    env, twin = started(make, good)
    with pytest.raises(ValueError, match=r"expected|inhomogeneous"):
        env.step(bad)
    assert_unmoved(env, twin, good)
