"""From a torch module to its cuts, their costs, its two halves and their times; needs torch."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        'asl_gym.networks needs torch: pip install "asl-gym[networks]"', name="torch"
    ) from error

from asl_gym.networks.counting import NetworkError
from asl_gym.networks.cuts import Cut
from asl_gym.networks.measuring import measure
from asl_gym.networks.profiling import cuts, profile, split

__all__ = ["Cut", "NetworkError", "cuts", "measure", "profile", "split"]
