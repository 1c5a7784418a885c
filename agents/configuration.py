"""Hyperparameters as data: one TOML file per algorithm, one table per environment id."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm

from agents.hybrid import Hybrid

__all__ = ["ALGORITHMS", "Configuration", "load_configuration"]

ALGORITHMS: dict[str, type[BaseAlgorithm]] = {"ppo": PPO, "hybrid": Hybrid}
"""The algorithms by the name that commands and files use."""


@dataclass(frozen=True)
class Configuration:
    """How an agent is trained on an environment id.

    Attributes:
        algorithm: Key of :data:`ALGORITHMS`.
        env_id: The environment's id.
        total_steps: Environment steps, summed over environments.
        num_envs: Environments in the batch.
        validate_every: Steps between validations, each with a checkpoint.
        linear_learning_rate_decay: Whether the learning rate falls to 0 over the training.
        environment: Keyword arguments of the environment.
        model: Keyword arguments of the algorithm.
        network: ``net_arch`` and ``activation``, a class of ``torch.nn``.
    """

    algorithm: str
    env_id: str
    total_steps: int
    num_envs: int
    validate_every: int
    linear_learning_rate_decay: bool
    environment: dict[str, Any]
    model: dict[str, Any]
    network: dict[str, Any]

    @property
    def algorithm_class(self) -> type[BaseAlgorithm]:
        """The algorithm's class."""
        return ALGORITHMS[self.algorithm]

    @property
    def evaluation_environment(self) -> dict[str, Any]:
        """The environment's arguments but the action view, which the policy decides."""
        return {name: value for name, value in self.environment.items() if name != "action_view"}

    def model_arguments(self) -> dict[str, Any]:
        """Keyword arguments of the algorithm, schedule and network included."""
        arguments = dict(self.model)
        if self.linear_learning_rate_decay:
            arguments["learning_rate"] = linear_decay(arguments["learning_rate"])
        activation = getattr(torch.nn, self.network["activation"])
        net_arch = list(self.network["net_arch"])
        arguments["policy_kwargs"] = {"net_arch": net_arch, "activation_fn": activation}
        return arguments


def linear_decay(start: float) -> Callable[[float], float]:
    """A learning rate that falls from ``start`` to 0 with the progress that remains."""

    def rate(progress_remaining: float) -> float:
        return start * progress_remaining

    return rate


def load_configuration(algorithm: str, env_id: str) -> Configuration:
    """Reads the hyperparameters of an algorithm on an environment id.

    Raises:
        ValueError: If the algorithm is not known, or has no table for the id.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm {algorithm!r} is not known: expected one of {[*ALGORITHMS]}")
    file = resources.files("agents") / "hyperparameters" / f"{algorithm}.toml"
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    if env_id not in tables:
        raise ValueError(f"{file} has no table for {env_id!r}: it has {[*tables]}")
    return Configuration(algorithm=algorithm, env_id=env_id, **tables[env_id])
