"""Real split training under a policy: the network that learns, on data, by the splits it decides.

Needs torch. :class:`SplitTraining` trains in this process; :mod:`asl_gym.training.remote` between a
server and devices on a network.
"""

from asl_gym.extras import extra_needed

with extra_needed("training", __name__):
    import safetensors  # noqa: F401
    import torch  # noqa: F401

from asl_gym.training.errors import TrainingError
from asl_gym.training.records import RoundRecord
from asl_gym.training.shards import Shard
from asl_gym.training.split_training import SplitTraining

__all__ = ["RoundRecord", "Shard", "SplitTraining", "TrainingError"]
