"""Real split training under a policy: the network that learns, on data, by the splits it decides.

Needs torch. :class:`SplitTraining` trains in this process; :mod:`asl_gym.training.remote` between a
server and devices on a network.
"""

try:
    import safetensors  # noqa: F401
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        f'asl_gym.training needs {error.name}: pip install "asl-gym[training]"', name=error.name
    ) from error

from asl_gym.training.errors import TrainingError
from asl_gym.training.records import RoundRecord
from asl_gym.training.shards import Shard
from asl_gym.training.split_training import SplitTraining

__all__ = ["RoundRecord", "Shard", "SplitTraining", "TrainingError"]
