"""The weights of an agent as numbers alone, and the policy that they are filled into.

A file of weights holds the arrays that acting needs, in the format of ``safetensors``, and nothing
else: reading one runs no code. What else a policy is made of (its class, its layers, the view that
it acts in) is a JSON description, from which code builds it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium as gym
import torch
from safetensors.torch import load, save
from stable_baselines3.common.policies import BasePolicy
from torch import Tensor

from agents.averaged import AveragedPolicy
from agents.configuration import Configuration, policy_arguments, policy_class
from agents.generalist.agent import GeneralistAgent
from agents.generalist.memory import num_beliefs, width_of
from agents.generalist.network import GeneralistPolicy
from agents.hybrid.network import ProposalPolicy
from agents.hybrid.policy import HybridPolicy
from agents.price_network.features import Features
from agents.price_network.network import PricePolicy
from agents.price_network.policy import PriceAgent
from agents.shared.memory import Memory
from agents.shared.network import SharedPolicy
from agents.shared.policy import SharedAgent
from asl_gym import Policy
from asl_gym.scoring.fitting import PolicyFactory

__all__ = ["as_bytes", "build", "describe", "fill", "from_bytes"]

CRITICS = frozenset({"critic", "critic_target", "value_net", "lstm_critic"})
"""Names of the modules that only training needs, unless a policy's class names its own."""

OF_THE_AGENT = ("num_candidates", "decays")
"""Hyperparameters of an algorithm that its agent decides by."""


def describe(configuration: Configuration) -> dict[str, Any]:
    """What a policy is made of, as plain data: ``policy``, ``network`` and ``agent``."""
    model = configuration.model
    return {
        "policy": model["policy"],
        "network": configuration.network,
        "agent": {name: model[name] for name in OF_THE_AGENT if name in model},
    }


def build(
    algorithm: str,
    env_id: str,
    environment: Mapping[str, Any],
    description: Mapping[str, Any],
    weights: Mapping[str, Tensor],
) -> Policy | PolicyFactory:
    """Builds the policy that a description tells of, and fills it.

    Args:
        algorithm: Key of :data:`agents.configuration.ALGORITHMS`.
        env_id: The environment's id.
        environment: Its keyword arguments, the agent's views among them.
        description: From :func:`describe`.
        weights: From :func:`from_bytes`.

    Returns:
        The policy itself, or what binds it to an environment's scenario.

    Raises:
        ValueError: If the description names a policy that there is not, or the weights are others.
    """
    env: Any = gym.make(env_id, disable_env_checker=True, **environment)
    built, agent = policy_class(algorithm, description["policy"]), description["agent"]
    arguments = policy_arguments(description["network"])
    if issubclass(built, SharedPolicy):
        arguments["width"] = Memory(env.unwrapped.scenario, agent.get("decays", ())).width
    if issubclass(built, GeneralistPolicy):
        decays = agent["decays"]
        arguments |= {"width": width_of(decays), "beliefs": num_beliefs(decays)}
    if issubclass(built, PricePolicy):
        arguments["width"] = Features(env.unwrapped.scenario, agent["decays"]).width
    spaces = env.observation_space, env.action_space
    # Initial weights are drawn from torch's global generator, which is not ours to move on.
    with torch.random.fork_rng(devices=[]):
        policy: Any = built(*spaces, lr_schedule=_no_learning, **arguments)
    policy.set_training_mode(False)
    fill(policy, weights)
    if isinstance(policy, ProposalPolicy):
        return partial(HybridPolicy, policy, agent["num_candidates"])
    if isinstance(policy, SharedPolicy):
        return partial(SharedAgent, policy, tuple(agent.get("decays", ())))
    if isinstance(policy, GeneralistPolicy):
        return partial(GeneralistAgent, policy, tuple(agent["decays"]))
    if isinstance(policy, PricePolicy):
        return partial(PriceAgent, policy, tuple(agent["decays"]))
    return policy  # type: ignore[no-any-return]


def _no_learning(progress_remaining: float) -> float:
    return 0.0


def as_bytes(policy: BasePolicy) -> bytes:
    """The contents of a file with the weights that acting needs."""
    kept = {name: value.contiguous() for name, value in _acting(policy).items()}
    return save(kept)


def from_bytes(contents: bytes) -> dict[str, Tensor]:
    """The weights in a file's contents."""
    return load(contents)


def fill(policy: BasePolicy, weights: Mapping[str, Tensor]) -> None:
    """Puts weights into a policy; what only training needs stays as it is.

    Raises:
        ValueError: If they are not those of such a policy; nothing is changed then.
    """
    own = _acting(policy)
    for name in own.keys() | weights.keys():
        shapes = [tuple(each[name].shape) if name in each else None for each in (weights, own)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"weights {name!r} have shape {shapes[0]}: expected {shapes[1]}")
    policy.load_state_dict(weights, strict=False)
    if isinstance(policy, AveragedPolicy):
        policy.begin_from_average()


def _acting(policy: BasePolicy) -> dict[str, Tensor]:
    """The weights that acting needs, by name."""
    left_out = getattr(policy, "ONLY_FOR_TRAINING", CRITICS)
    return {
        name: value
        for name, value in policy.state_dict().items()
        if left_out.isdisjoint(name.split("."))
    }
