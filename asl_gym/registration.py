"""Registration of the environments with Gymnasium."""

from typing import Any

import gymnasium as gym

from asl_gym.model.demands import MISMATCHED, STALE

__all__ = ["ENVIRONMENTS", "register_envs"]

ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "ASL-v0": {},
    "ASLParallel-v0": {"scenario": "parallel", "schedule": "parallel"},
    "ASLStaleCSI-v0": {
        "scenario": "stale-csi",
        "csi_delay_rounds": STALE.csi_delay_rounds,
    },
    "ASLMismatch-v0": {
        "scenario": "mismatch",
        "parameter_error": MISMATCHED.parameter_error,
    },
    "ASLHarvest-v0": {"scenario": "harvest", "on_batteries": True},
}
"""The ids with the arguments that set them apart."""


def register_envs() -> None:
    """Registers the environment ids, once.

    Without ``max_episode_steps``, which would cut horizons that are longer than it: an episode's
    length is the scenario's horizon. Importing the package calls this;
    ``gym.make("asl_gym:ASL-v0")`` imports it by itself.
    """
    for env_id, arguments in ENVIRONMENTS.items():
        if env_id not in gym.registry:
            gym.register(
                id=env_id,
                entry_point="asl_gym.envs.env:ASLEnv",
                vector_entry_point="asl_gym.envs.vector_env:ASLVectorEnv",
                kwargs=arguments,
            )
