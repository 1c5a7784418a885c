"""Registration of the environments with Gymnasium."""

import gymnasium as gym

__all__ = ["register_envs"]


def register_envs() -> None:
    """Registers the environment ids, once.

    Without ``max_episode_steps``, which would cut horizons that are longer than it: an episode's
    length is the scenario's horizon. Importing the package calls this;
    ``gym.make("asl_gym:ASL-v0")`` imports it by itself.
    """
    if "ASL-v0" not in gym.registry:
        gym.register(
            id="ASL-v0",
            entry_point="asl_gym.env:ASLEnv",
            vector_entry_point="asl_gym.vector_env:ASLVectorEnv",
        )
