"""From a torch module to its cuts, their costs, its two halves and their times; needs torch."""

from asl_gym.extras import extra_needed

with extra_needed("networks", __name__):
    import torch  # noqa: F401

from asl_gym.networks.counting import NetworkError
from asl_gym.networks.cuts import Cut
from asl_gym.networks.measuring import measure
from asl_gym.networks.profiling import cuts, profile, split

__all__ = ["Cut", "NetworkError", "cuts", "measure", "profile", "split"]
