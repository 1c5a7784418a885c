"""How well a device's inputs can be rebuilt from what crosses a cut, as beside the profile."""

from asl_gym.training.privacy.reconstruction import Reconstruction, private_splits, reconstruct

__all__ = ["Reconstruction", "private_splits", "reconstruct"]
