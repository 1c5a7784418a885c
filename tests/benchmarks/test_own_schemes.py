"""What docs/own-scheme.md shows does what it says, and takes part in the benchmark."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from stable_baselines3 import PPO

import asl_gym
from asl_gym import Fleet, Scenario, preset
from benchmarks.playing.episode_log import read_episodes
from tests.benchmarks.commands import FEW, SHORT, failure, run

PAGE = Path(__file__).parents[2] / "docs" / "own-scheme.md"
TABLES, SOLVER = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What the page's code defines, which runs as it stands."""
    names: dict[str, Any] = {}
    for block in (TABLES, SOLVER):
        exec(compile(block, str(PAGE), "exec"), names)
    return names


def pair() -> Scenario:
    """The default scenario with its first two devices."""
    base = preset("default")
    first = {name: getattr(base.fleet, name)[:2] for name in Fleet.PER_DEVICE}
    return base.replace(fleet=replace(base.fleet, **first), horizon=4)


def test_the_scheme_has_fifteen_lines() -> None:
    body = TABLES.split('"""')[2].strip().splitlines()
    assert len([line for line in body if line.strip()]) + 2 <= 15


def test_links_of_the_page_exist() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", PAGE.read_text(encoding="utf-8"))
    assert targets
    assert all((PAGE.parent / target).is_file() for target in targets)


@pytest.mark.parametrize("env_id", ["ASL-v0", "ASLParallel-v0"])
def test_tables_are_what_the_environment_charges(env_id: str) -> None:
    env: Any = gym.make(env_id, action_view="dict", num_devices=3)
    scenario = env.unwrapped.scenario
    policy = asl_gym.OPEN(env)
    observation, _ = env.reset(seed=0)
    options = policy.options(asl_gym.ObservationCodec(scenario).decode(observation))
    split, f = np.array([2, 0, 11]), scenario.server.clock_max_hz / 4
    action = {"split": split, "server_frequency": np.full((3, 1), f)}
    *_, info = env.step(action)
    each = np.arange(3)
    a, e = (table[each, split] for table in (options.fixed_delay, options.fixed_energy))
    w = np.broadcast_to(options.server_work, options.fixed_delay.shape)[each, split]
    np.testing.assert_allclose(info["device_delay"], a + w / f, rtol=1e-5)
    energy = e + scenario.server.capacitance * w * f**2
    assert info["energy"] == pytest.approx(energy.sum(), rel=1e-5)


def test_the_scheme_takes_the_fastest_cut_within_its_share(shown: dict[str, Any]) -> None:
    scenario = pair()
    policy, server = shown["CapPerDevice"](scenario), scenario.server
    env: Any = gym.make("ASL-v0", scenario=scenario)
    observation, _ = env.reset(seed=1)
    seen = asl_gym.ObservationCodec(scenario).decode(observation)
    split, frequency = policy.decide(seen)
    assert (frequency == server.clock_max_hz / 2).all()
    options, share = policy.options(seen), scenario.energy_budget / 2
    for device in range(2):
        found = []
        for cut in range(scenario.split_points.most):
            w = np.broadcast_to(options.server_work, options.fixed_delay.shape)[device, cut]
            delay = options.fixed_delay[device, cut] + w / frequency[device]
            energy = options.fixed_energy[device, cut]
            energy += server.capacitance * w * frequency[device] ** 2
            found.append((energy > share, delay if energy <= share else energy, cut))
        assert split[device] == min(found)[2]


@pytest.mark.parametrize("env_id", ["ASL-v0", "ASLParallel-v0"])
def test_a_fixed_price_lies_on_the_frontier(shown: dict[str, Any], env_id: str) -> None:
    scores = asl_gym.evaluate(shown["FixedPrice"], env_id, [0, 1], num_devices=3, horizon=30)
    for score in scores:
        assert abs(score.frontier_gap) < 1e-5


def test_a_problem_prices_what_is_proposed(shown: dict[str, Any]) -> None:
    scenario = pair()
    policy = shown["FixedPrice"](scenario)
    env: Any = gym.make("ASL-v0", scenario=scenario)
    seen = asl_gym.ObservationCodec(scenario).decode(env.reset(seed=0)[0])
    problem = policy.problem(seen, V=1.0, weights=np.array([policy.price]))
    assert isinstance(problem, asl_gym.RoundProblem)
    every = np.array(list(product(range(scenario.split_points.most), repeat=2)))
    prices = problem.price(every)
    decision = problem.solve()
    assert prices.min() == pytest.approx(float(decision.objective), rel=1e-9)
    assert (every[prices.argmin()] == decision.split_index).all()


def test_by_default_a_problem_is_opens() -> None:
    scenario = pair()
    policy, env = asl_gym.OPEN(scenario), gym.make("ASL-v0", scenario=scenario)
    seen = asl_gym.ObservationCodec(scenario).decode(env.reset(seed=0)[0])
    seen = seen._replace(queue=np.array([300.0]))
    decision = policy.problem(seen).solve()
    split, frequency = policy.decide(seen)
    np.testing.assert_array_equal(decision.split_index, split)
    np.testing.assert_array_equal(decision.server_frequency_hz, frequency)


def test_schemes_and_models_take_part(tmp_path: Path) -> None:
    (tmp_path / "scheme.py").write_text(TABLES, encoding="utf-8")
    model = PPO("MlpPolicy", gym.make("ASL-v0", action_view="split"), n_steps=8, batch_size=8)
    model.save(tmp_path / "mine.zip")
    own = ["--policy", f"{tmp_path}/scheme.py:CapPerDevice", "--policy", f"{tmp_path}/mine.zip"]
    run(tmp_path / "out", *SHORT, *FEW, *own)
    rows = read_episodes(tmp_path / "out" / "episodes.csv")
    assert (rows["policy"] == "CapPerDevice").sum() == 2
    delays = rows[rows["policy"] == "mine"]["mean_delay_s"].to_list()
    expected = asl_gym.evaluate(model, "ASL-v0", [0, 1], horizon=6)
    assert delays == pytest.approx([score.mean_delay_s for score in expected], rel=1e-12)


def test_rows_of_a_model_that_was_retrained_are_played_anew(tmp_path: Path) -> None:
    env, path, out = gym.make("ASL-v0", action_view="split"), tmp_path / "model.zip", tmp_path
    arguments = [*SHORT, "--no-agents", "--only", "mine", "--policy", f"mine={path}"]
    delays = []
    for seed in (0, 1):
        model = PPO("MlpPolicy", env, n_steps=8, batch_size=8, seed=seed)
        model.save(path)
        run(out, *arguments)
        delays.append(read_episodes(out / "episodes.csv")["mean_delay_s"].to_list())
        expected = asl_gym.evaluate(model, "ASL-v0", [0, 1], horizon=6)
        assert delays[-1] == pytest.approx([each.mean_delay_s for each in expected], rel=1e-12)
    assert delays[0] != delays[1]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("missing.zip", "No such file"),
        ("a b.zip", "is not allowed: expected [NAME=]package.module:Class"),
        ("x/y.zip:PPO", "is not allowed: expected [NAME=]package.module:Class"),
    ],
)
def test_models_that_are_none_are_named(
    spec: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = failure(capsys, *SHORT, "--no-agents", "--policy", spec)
    assert f"--policy {spec!r}" in message
    assert told in message
