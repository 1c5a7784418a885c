"""Hyperparameters as data: one TOML file per algorithm, one table per environment id."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
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
from agents.device_ppo.algorithm import DevicePPO
from agents.generalist.algorithm import Generalist
from agents.hybrid.algorithm import Hybrid
from agents.hyperparameter_files import check_arguments, check_table, shipped_tables, table_of
from agents.ppo_lagrangian import PPOLagrangian
from agents.price_network.algorithm import PriceNetwork
from agents.shared.algorithm import Shared

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
    "device_ppo": DevicePPO,
    "generalist": Generalist,
    "hybrid": Hybrid,
    "ppo_lagrangian": PPOLagrangian,
    "price_network": PriceNetwork,
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

DESCRIBED = ("scenario", "traces")
"""Arguments of the environment that ``trained_on`` describes."""


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
        scenarios: Random scenarios that they are spread over in place of the environment id's own,
            see :func:`agents.generalist.vec_env.make_scenarios_vec_env`.
        trained_on: What ``environment`` has in place of the environment id's own scenario and
            traces, as plain data with a ``name``, see :func:`agents.own_scenarios.on_scenario`.
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
    scenarios: int | None = None
    trained_on: dict[str, Any] | None = None

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

    @property
    def place(self) -> str:
        """The environment id, and what is trained on where that is not its own, as a file name."""
        return f"{self.env_id}-{self.trained_on['name']}" if self.trained_on else self.env_id

    def plain(self) -> dict[str, Any]:
        """All that decides the training, as it comes back from JSON."""
        held = dict(vars(self))
        if self.scenarios is None:
            del held["scenarios"]
        if self.trained_on is None:
            del held["trained_on"]
        else:
            held["environment"] = {
                name: value for name, value in self.environment.items() if name not in DESCRIBED
            }
        plain: dict[str, Any] = json.loads(json.dumps(held, default=_plain))
        return plain

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


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else repr(value)


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


def load_configuration(algorithm: str, env_id: str, own: Path | None = None) -> Configuration:
    """Reads the hyperparameters of an algorithm on an environment id.

    Args:
        algorithm: Key of :data:`ALGORITHMS`.
        env_id: The environment's id.
        own: A file of a user's, see :mod:`agents.hyperparameter_files`.

    Raises:
        ValueError: If the algorithm is not known, has no table for the id, or a field of the file
            is not allowed.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm {algorithm!r} is not known: expected one of {[*ALGORITHMS]}")
    shipped = shipped_tables(algorithm)
    if own is not None:
        return _checked(algorithm, env_id, table_of(own, env_id, shipped))
    if env_id not in shipped:
        raise ValueError(
            f"{algorithm} has no hyperparameters for {env_id!r}: it has some for {[*shipped]}; "
            "give a file with a table for yours"
        )
    return Configuration(algorithm=algorithm, env_id=env_id, **shipped[env_id])


def _checked(algorithm: str, env_id: str, table: dict[str, Any]) -> Configuration:
    check_table(table)
    configuration = Configuration(algorithm=algorithm, env_id=env_id, **table)
    policy = policy_class(algorithm, configuration.model.get("policy", ""))
    made = configuration.algorithm_class
    check_arguments(configuration.model, configuration.network, made, policy)
    return configuration
