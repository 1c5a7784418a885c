"""Shipped files are small and act as the trained models did."""

from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stable_baselines3.common.base_class import BaseAlgorithm

from agents import pretrained, slimming
from agents.configuration import ALGORITHMS, load_configuration
from agents.playing import as_policy
from agents.vec_env import make_vec_env
from asl_gym import evaluate


def untrained(algorithm: str) -> BaseAlgorithm:
    configuration = load_configuration(algorithm, "ASL-v0")
    env = make_vec_env("ASL-v0", configuration.num_envs, **configuration.environment)
    arguments = configuration.model_arguments(env.action_space)
    return configuration.algorithm_class(env=env, seed=0, device="cpu", **arguments)


def fill_optimisers(model: Any) -> None:
    """Gives every optimiser a state, as training does."""
    for name in model._get_torch_save_params()[0]:
        if name.endswith("optimizer"):
            optimizer = attrgetter(name)(model)
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = parameter.detach() * 0 + 1e-3
            optimizer.step()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pretrained, "_folder", lambda: tmp_path)
    return tmp_path


@pytest.mark.parametrize("algorithm", ["ppo", "recurrent_ppo", "tqc", "hybrid"])
def test_a_slim_model_decides_alike_and_is_much_smaller(algorithm, tmp_path):
    model = untrained(algorithm)
    fill_optimisers(model)
    trained = tmp_path / "trained.zip"
    model.save(trained)
    making = {"algorithm": algorithm, "seed": 0}
    shipped = pretrained.ship(trained, algorithm, "ASL-v0", making)
    assert shipped.stat().st_size < 0.4 * trained.stat().st_size
    first, second = (
        evaluate(as_policy(each), seeds=[3], horizon=5)[0]
        for each in (
            ALGORITHMS[algorithm].load(trained, device="cpu"),
            pretrained.load(algorithm, "ASL-v0"),
        )
    )
    assert first.mean_delay_s == second.mean_delay_s
    assert first.mean_energy_j == second.mean_energy_j


def test_a_module_that_acting_needs_is_not_taken_for_a_critic(tmp_path, monkeypatch):
    monkeypatch.setattr(slimming, "CRITICS", frozenset({"policy_net"}))
    model = untrained("ppo")
    model.save(tmp_path / "trained.zip")
    with pytest.raises(ValueError, match="decides otherwise without its critics"):
        pretrained.ship(tmp_path / "trained.zip", "ppo", "ASL-v0", {"algorithm": "ppo", "seed": 0})
    assert pretrained.manifest() == {}
    assert not (tmp_path / "ppo-ASL-v0.zip").exists()


def test_critics_and_optimisers_are_emptied():
    model: Any = untrained("tqc")
    fill_optimisers(model)
    slimming.slim(model)
    assert not model.actor.optimizer.state
    assert all(np.all(each.detach().numpy() == 0) for each in model.critic.parameters())
    assert any(np.any(each.detach().numpy() != 0) for each in model.actor.parameters())
