"""The torch modules behind the shipped profiles."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import nn

from asl_gym.networks.library.convolutional import (
    alexnet,
    mobilenet_v2,
    resnet18,
    resnet50,
    vgg16,
)
from asl_gym.networks.library.inception import inception_v3
from asl_gym.networks.library.lenets import deep_lenet, lenet5
from asl_gym.networks.library.transformers import gpt2, vit_b_16
from asl_gym.networks.planning import Network
from asl_gym.validation.checks import one_of

__all__ = ["NETWORKS", "Shipped", "build_network", "example_input"]

GREY, CIFAR, IMAGENET, INCEPTION = (1, 28, 28), (3, 32, 32), (3, 224, 224), (3, 299, 299)
"""Channels, rows and columns of one image."""
TOKENS = (1024,)
"""Tokens of one text, by their numbers."""


class Shipped(NamedTuple):
    """A network with a shipped profile.

    Attributes:
        build: Builds it, with fresh weights.
        input_shape: Shape of one sample.
        options: How its cuts are chosen, for :func:`asl_gym.networks.profile`.
        is_chain: Whether each of its children is a layer.
    """

    build: Callable[[], nn.Module]
    input_shape: tuple[int, ...]
    options: Mapping[str, Any] = MappingProxyType({})
    is_chain: bool = False

    def network(self, module: nn.Module) -> Network:
        """What the profile is made of."""
        return list(module.named_children()) if self.is_chain else module


CHILDREN, BLOCKS, PARTS_OF_BLOCKS = {"granularity": 1}, {"granularity": 2}, {"granularity": 3}

NETWORKS = {
    "alexnet": Shipped(alexnet, IMAGENET, {"granularity": "modules", "dominated": True}),
    "deep_lenet": Shipped(deep_lenet, GREY, is_chain=True),
    "gpt2": Shipped(gpt2, TOKENS, PARTS_OF_BLOCKS),
    "inception_v3": Shipped(inception_v3, INCEPTION, CHILDREN),
    "lenet5": Shipped(lenet5, GREY, is_chain=True),
    "mobilenet_v2": Shipped(mobilenet_v2, IMAGENET, BLOCKS),
    "mobilenet_v2_cifar": Shipped(partial(mobilenet_v2, small=True), CIFAR, BLOCKS),
    "resnet18": Shipped(resnet18, IMAGENET),
    "resnet18_cifar": Shipped(partial(resnet18, small=True), CIFAR),
    "resnet50": Shipped(resnet50, IMAGENET, BLOCKS),
    "resnet50_cifar": Shipped(partial(resnet50, small=True), CIFAR, BLOCKS),
    "vgg16": Shipped(vgg16, IMAGENET),
    "vgg16_cifar": Shipped(partial(vgg16, small=True), CIFAR),
    "vit_b_16": Shipped(vit_b_16, IMAGENET, PARTS_OF_BLOCKS),
}
"""The networks with a shipped profile, by its name."""


def build_network(name: str) -> nn.Module:
    """Builds the network of that name, with fresh weights.

    Raises:
        FieldError: (a ValueError) If there is none; the message lists those that there are.
    """
    return NETWORKS[one_of("network", name, tuple(NETWORKS))].build()


def example_input(name: str, batch_size: int = 1) -> torch.Tensor:
    """Returns an input that the network of that name accepts: zeros, numbers of tokens for text."""
    shape = NETWORKS[one_of("network", name, tuple(NETWORKS))].input_shape
    return torch.zeros(batch_size, *shape, dtype=torch.long if shape == TOKENS else None)
