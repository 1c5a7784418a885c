"""Hyperparameters as data: one TOML file per algorithm, one table per environment id."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from sb3_contrib import TQC, RecurrentPPO
from stable_baselines3 import A2C, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.policies import BasePolicy

from agents.categorical import BatchedMlpLstmPolicy, BatchedMlpPolicy
from agents.hybrid import Hybrid
from agents.ppo_lagrangian import PPOLagrangian
from agents.shared import Shared

__all__ = [
    "ALGORITHMS",
    "Configuration",
    "load_configuration",
    "policy_arguments",
    "policy_class",
]

ALGORITHMS: dict[str, type[BaseAlgorithm]] = {
    "ppo": PPO,
    "a2c": A2C,
    "hybrid": Hybrid,
    "ppo_lagrangian": PPOLagrangian,
    "recurrent_ppo": RecurrentPPO,
    "sac": SAC,
    "shared": Shared,
    "td3": TD3,
    "tqc": TQC,
}
"""The algorithms by the name that commands and files use."""

POLICIES: dict[str, type[BasePolicy]] = {
    "BatchedMlpPolicy": BatchedMlpPolicy,
    "BatchedMlpLstmPolicy": BatchedMlpLstmPolicy,
}
"""The policies' classes by the name that hyperparameter files use beside the libraries' own."""

POLICY_DECIDES = ("action_view", "observation")
"""Arguments of the environment that an evaluation takes from the policy."""


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
        model: Keyword arguments of the algorithm; ``policy`` is a name of the library's or one of
            :data:`POLICIES`.
        network: Keyword arguments of the algorithm's policy (``policy_kwargs``); ``activation``
            names a class of ``torch.nn`` and stands for ``activation_fn``.
        action_noise_std: Standard deviation of the normal noise that an algorithm with a
            deterministic policy explores by, in units of a ``Box(-1, 1)``; ``None`` for none.
        fleets: Fleets that the environments are spread over, see
            :func:`agents.fleets.make_fleets_vec_env`; ``None`` for the scenario's own alone.
    """

    algorithm: str
    env_id: str
    total_steps: int
    num_envs: int
    validate_every: int
    linear_learning_rate_decay: bool
    environment: dict[str, Any]
    model: dict[str, Any]
    network: dict[str, Any] = field(default_factory=dict)
    action_noise_std: float | None = None
    fleets: int | None = None

    @property
    def algorithm_class(self) -> type[BaseAlgorithm]:
        """The algorithm's class."""
        return ALGORITHMS[self.algorithm]

    @property
    def evaluation_environment(self) -> dict[str, Any]:
        """The environment's arguments but the views, which the policy decides."""
        return {
            name: value for name, value in self.environment.items() if name not in POLICY_DECIDES
        }

    def model_arguments(self, action_space: gym.Space[Any]) -> dict[str, Any]:
        """Keyword arguments of the algorithm: schedule, network and noise included.

        Args:
            action_space: The action space of one environment, which gives the noise its size.
        """
        arguments = dict(self.model)
        arguments["policy"] = policy_class(self.algorithm, arguments["policy"])
        if self.linear_learning_rate_decay:
            arguments["learning_rate"] = linear_decay(arguments["learning_rate"])
        if self.action_noise_std is not None:
            zero = np.zeros(action_space.shape or ())
            arguments["action_noise"] = NormalActionNoise(zero, zero + self.action_noise_std)
        arguments["policy_kwargs"] = policy_arguments(self.network)
        return arguments


def policy_class(algorithm: str, name: str) -> type[BasePolicy]:
    """The class that a hyperparameter file calls by a name.

    Raises:
        ValueError: If there is none of that name for the algorithm.
    """
    known = {**ALGORITHMS[algorithm].policy_aliases, **POLICIES}
    if name not in known:
        raise ValueError(f"policy = {name!r} of {algorithm}: expected one of {[*known]}")
    return known[name]


def policy_arguments(network: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of a policy's class from a hyperparameter file's table ``network``."""
    arguments = dict(network)
    if "activation" in arguments:
        arguments["activation_fn"] = getattr(torch.nn, arguments.pop("activation"))
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
