"""A setting's training between processes: the server's part and a device's."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.data import TensorDataset

from asl_gym.model.components import Workload
from asl_gym.scoring.fitting import PolicyFactory
from asl_gym.training.records import digest_of
from asl_gym.training.remote.client import DeviceClient
from asl_gym.training.remote.service import DeviceServer, RemoteLink
from asl_gym.training.setting import Setting
from asl_gym.training.shards import Shard
from asl_gym.training.side import Recipe
from asl_gym.training.sides import DeviceSide
from asl_gym.training.split_training import SplitTraining

__all__ = ["agreement", "device_client", "remote_training", "shard_of_labels"]


def agreement(setting: Setting) -> dict[str, Any]:
    """What a device has to agree on with the server, as JSON values."""
    workload: Workload = setting.scenario.workload
    return {
        "profile": digest_of(workload.profile.to_dict()),
        "samples": workload.samples_per_round,
        "batch_size": workload.batch_size,
        "devices": setting.devices,
        "momentum": workload.momentum,
        "seed": setting.seed,
    }


def device_client(setting: Setting, device: int, address: str) -> DeviceClient:
    """A device of a setting, with its own samples.

    Args:
        setting: The setting.
        device: Which device, from 0.
        address: The server's.
    """
    recipe = Recipe(
        setting.scenario.workload, F.cross_entropy, setting.seed, 
        classes=setting.images.classes,
    )  # fmt: skip
    side = DeviceSide(setting.build_module(), recipe)
    return DeviceClient(address, device, side, setting.shards[device], agreement(setting))


def shard_of_labels(link: RemoteLink, shape: tuple[int, ...]) -> Shard:
    """What the server knows of a device's samples: how many they are, and their labels.

    Args:
        link: The device, which has joined.
        shape: Shape of a sample.
    """
    labels = link.join.tensors["labels"]
    unseen = torch.zeros(1, *shape).expand(len(labels), *shape)
    return Shard(TensorDataset(unseen, labels))


def remote_training(
    setting: Setting,
    policy: PolicyFactory,
    address: str,
    wait_s: float | None = None,
    listening: Callable[[int], None] = lambda port: None,
) -> tuple[SplitTraining, DeviceServer]:
    """Waits for the devices of a setting; the training with them, and the server to close.

    Args:
        setting: The setting.
        policy: What builds the policy from the environment.
        address: Where to listen, ``HOST:PORT``.
        wait_s: How long to wait for the devices [s]; ``None`` for ever.
        listening: Called with the port once devices can join.

    Raises:
        TimeoutError: If not all devices have joined in that time.
    """
    server = DeviceServer(address, setting.devices, agreement(setting))
    try:
        listening(server.port)
        server.wait_for_all(wait_s)
        shards = [shard_of_labels(link, setting.images.shape) for link in server.links]
        return setting.training(policy, shards, server.links), server
    except BaseException:
        server.close("the server has stopped")
        raise
