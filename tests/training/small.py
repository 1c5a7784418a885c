"""Small networks, data and scenarios to train on."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

import asl_gym
from asl_gym import Scenario, Workload, preset
from asl_gym.networks import profile
from asl_gym.training import Shard, SplitTraining

SAMPLES, BATCH, CLASSES = 10, 4, 5
"""Samples of a round and of a batch: the last batch is smaller."""


class Plain(nn.Module):
    """A chain of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.pool, self.drop = nn.MaxPool2d(2), nn.Dropout(0.3)
        self.fc1, self.fc2 = nn.Linear(36, 8), nn.Linear(8, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.drop(self.pool(F.relu(self.conv(images))).flatten(1))
        return self.fc2(torch.tanh(self.fc1(maps)))  # type: ignore[no-any-return]


class Residual(nn.Module):
    """Ways past layers, and BatchNorm with its running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.conv2, self.norm2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.fc = nn.Linear(4, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        first = F.relu(self.norm1(self.conv1(images)))
        maps = F.relu(first + self.norm2(self.conv2(first)))
        return self.fc(maps.mean((2, 3)))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention and two linear layers, each with a way past it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)
        self.drop1, self.drop2 = nn.Dropout(0.2), nn.Dropout(0.2)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, tokens: Tensor) -> Tensor:
        heads = self.qkv(self.norm1(tokens)).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        tokens = tokens + self.drop1(self.out(found))
        return tokens + self.drop2(self.mlp(self.norm2(tokens)))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Patches as tokens, with a class token."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 5, 8))
        self.blocks = nn.Sequential(Block(), Block())
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1) + self.positions
        return self.head(self.norm(self.blocks(tokens))[:, 0])  # type: ignore[no-any-return]


def chain_of(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """A network's children as a chain that is cut by hand."""
    return list(module.named_children())


def sequential() -> nn.Module:
    """A network whose children can be a chain."""
    layers: dict[str, nn.Module] = {
        "conv": nn.Conv2d(3, 4, 3),
        "norm": nn.BatchNorm2d(4),
        "drop": nn.Dropout(0.3),
        "flat": nn.Flatten(),
        "fc": nn.Linear(144, CLASSES),
    }
    return nn.Sequential(OrderedDict(layers))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "plain": Plain,
    "residual": Residual,
    "transformer": Transformer,
    "chain": sequential,
}


def built(name: str, seed: int = 0) -> nn.Module:
    """A network in double precision."""
    torch.manual_seed(seed)
    return NETWORKS[name]().double().train()


def images(count: int, seed: int = 1) -> TensorDataset:
    """Random images with labels."""
    rng = np.random.default_rng(seed)
    pixels = torch.tensor(rng.normal(size=(count, 3, 8, 8)))
    return TensorDataset(pixels, torch.tensor(rng.integers(CLASSES, size=count)))


def shards(sizes: Sequence[int] = (17, 7, 30)) -> list[Shard]:
    """Shards of different sizes: one smaller than a round's samples, one not a multiple of them."""
    data, ends = images(sum(sizes)), np.cumsum(sizes)
    return [Shard(data, range(end - size, end)) for end, size in zip(ends, sizes, strict=True)]


def scenario_of(
    module: Any, schedule: str = "sequential", horizon: int = 20, **changes: Any
) -> Scenario:
    """Three devices that train a network, at any of its cuts, the one before it all included."""
    found = profile(module, images(1)[:][0], dominated=True)
    given = {"splits": tuple(range(found.num_layers + 1)), "batch_size": BATCH, **changes}
    workload = Workload(found, samples_per_round=SAMPLES, **given)
    base = preset("parallel" if schedule == "parallel" else "default").with_num_devices(3)
    return base.replace(workload=workload, horizon=horizon)


def training_of(
    module: Any, schedule: str = "sequential", policy: Any = asl_gym.RandomPolicy, **arguments: Any
) -> SplitTraining:
    """A training on three devices, cut at random unless told otherwise."""
    given = {"learning_rate": 0.05, "seed": 3, **arguments}
    changes = {"momentum": given.pop("momentum", 0.0)}
    scenario = given.pop("scenario", None) or scenario_of(module, schedule, **changes)
    of_devices = given.pop("shards", None) or shards()
    env = gym.make("ASL-v0", scenario=scenario, action_view=policy.action_view)
    loss = given.pop("loss", F.cross_entropy)
    return SplitTraining(module, loss, of_devices, env, policy, **given)
