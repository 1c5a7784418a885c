"""Split training between processes: a server and devices over gRPC, tensors as safetensors."""

from asl_gym.training.remote.client import DeviceClient
from asl_gym.training.remote.service import DeviceServer

__all__ = ["DeviceClient", "DeviceServer"]
