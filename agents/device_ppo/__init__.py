"""PPO with credit by device: one network for all devices, from realised rewards alone."""

from agents.device_ppo.algorithm import DevicePPO

__all__ = ["DevicePPO"]
