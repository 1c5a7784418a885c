"""From a torch module to what it costs at each of its cuts; needs torch."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        'asl_gym.networks needs torch: pip install "asl-gym[profiling]"', name="torch"
    ) from error

from asl_gym.networks.profiling import profile

__all__ = ["profile"]
