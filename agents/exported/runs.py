"""What an exported agent is told of its training: views and figures."""

from typing import Any

from agents.configuration import Configuration
from asl_gym.envs.actions import DEFAULT_VIEW

__all__ = ["sizes_of", "views_of"]

ALGORITHMS_OF_DEVICES = ("shared", "device_ppo")


def views_of(configuration: Configuration) -> tuple[str, str]:
    """The views of the action and of the observation that an agent is trained in."""
    environment = configuration.environment
    return environment.get("action_view", DEFAULT_VIEW), environment.get("observation", "flat")


def sizes_of(configuration: Configuration) -> dict[str, Any]:
    """The agent's own figures, by which it decides."""
    model = configuration.model
    if configuration.algorithm in ALGORITHMS_OF_DEVICES:
        return {"decays": list(model.get("decays", ()))}
    return {"num_candidates": model["num_candidates"]} if "num_candidates" in model else {}
