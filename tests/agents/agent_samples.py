"""Small configurations, a small scenario, and what tests ask of trained models."""

import dataclasses
import operator
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from agents.configuration import ALGORITHMS, Configuration, load_configuration
from asl_gym import Budget, Fleet, NetworkProfile, Scenario, Workload, preset

ON_POLICY = {"n_steps": 8}
PPO_LIKE = {**ON_POLICY, "batch_size": 32}
OFF_POLICY = {"buffer_size": 512, "learning_starts": 64, "batch_size": 32, "gradient_steps": 2}
SMALL_MODEL: dict[str, dict[str, Any]] = {
    "ppo": PPO_LIKE,
    "ppo_lagrangian": PPO_LIKE,
    "recurrent_ppo": PPO_LIKE,
    "hybrid": PPO_LIKE,
    "shared": {**PPO_LIKE, "gradient_steps": 4},
    "device_ppo": PPO_LIKE,
    "generalist": {**ON_POLICY, "gradient_steps": 4, "batch_size": 2},
    "price_network": {"batch_size": 64, "sweeps": 2, "sweep_episodes": 2},
    "a2c": ON_POLICY,
    "sac": OFF_POLICY,
    "td3": OFF_POLICY,
    "tqc": OFF_POLICY,
}
"""Arguments by which each algorithm's own are overridden to train in a moment."""


HOMES = {"price_network": "ASLHarvest-v0"}
"""Where algorithms are trained that are not made for ``ASL-v0``."""


def home_of(algorithm: str) -> str:
    """An environment id that an algorithm has hyperparameters for."""
    return HOMES.get(algorithm, "ASL-v0")


def quick_configuration(algorithm: str) -> Configuration:
    """The repository's configuration with a small batch, net and horizon."""
    configuration = load_configuration(algorithm, home_of(algorithm))
    of_devices = algorithm in ("shared", "device_ppo", "generalist", "price_network")
    size = {"hidden": 16} if of_devices else {"net_arch": [16]}
    network = {**configuration.network, **size}
    if algorithm == "recurrent_ppo":
        network["lstm_hidden_size"] = 8
    return dataclasses.replace(
        configuration,
        num_envs=8,
        fleets=2 if configuration.fleets else None,
        scenarios=2 if configuration.scenarios else None,
        total_steps=256,
        validate_every=128,
        environment={**configuration.environment, "horizon": 16 if algorithm in HOMES else 20},
        model={**configuration.model, **SMALL_MODEL[algorithm]},
        network=network,
    )


def trivial_scenario(knowledge: str = "default") -> Scenario:
    """One device, two splits: what a learner solves within seconds."""
    base = preset(knowledge)
    distant = {name: getattr(base.fleet, name)[4:5] for name in Fleet.PER_DEVICE}
    return base.replace(
        fleet=dataclasses.replace(base.fleet, **distant),
        workload=Workload(NetworkProfile.shipped("deep_lenet"), 320, splits=(3, 9)),
        budget=Budget(fraction=0.5),
        horizon=50,
    )


def weights(path: Path, algorithm: str = "ppo") -> list[torch.Tensor]:
    """The weights of a saved model."""
    policy = ALGORITHMS[algorithm].load(path, device="cpu").policy
    return [tensor.clone() for tensor in policy.state_dict().values()]


def learned_state(path: Path, algorithm: str) -> list[tuple[str, torch.Tensor]]:
    """All that a saved model has learned, by place: weights, optimisers, lone variables."""
    model = ALGORITHMS[algorithm].load(path, device="cpu")
    lone = {
        name: getattr(model, name)
        for name in ("log_ent_coef", "multiplier", "smoothed_cost_ratio", "_n_updates")
        if getattr(model, name, None) is not None
    }
    return sorted(_tensors({**model.get_parameters(), **lone}), key=operator.itemgetter(0))


def _tensors(value: Any, place: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, dict):
        for key in value:
            yield from _tensors(value[key], f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for i, each in enumerate(value):
            yield from _tensors(each, f"{place}.{i}")
    elif isinstance(value, torch.Tensor | int | float):
        yield place, torch.as_tensor(value).detach().clone()


def same(
    one: Sequence[tuple[str, torch.Tensor]], other: Sequence[tuple[str, torch.Tensor]]
) -> bool:
    """Whether two learned states are equal to the last bit."""
    return len(one) == len(other) and all(
        a == b and torch.equal(x, y) for (a, x), (b, y) in zip(one, other, strict=True)
    )
