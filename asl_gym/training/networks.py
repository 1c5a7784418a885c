"""Networks to train: that of the digits, the shipped ones, and their first weights."""

import torch
from torch import nn

from asl_gym.networks.library import NETWORKS
from asl_gym.validation.checks import FieldError, one_of

__all__ = ["build_trained", "default_network", "digits_network", "draw_weights"]

DIGITS = "digits"


def digits_network() -> nn.Sequential:
    """A small network for the digits: six layers, an activation counted with its layer.

    Returns:
        A module from shape (batch, 1, 8, 8) to (batch, 10).
    """

    def conv(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU())

    network = nn.Sequential()
    network.add_module("conv1", conv(1, 16))
    network.add_module("conv2", conv(16, 32))
    network.add_module("pool", nn.MaxPool2d(2))
    network.add_module("conv3", conv(32, 32))
    network.add_module("fc1", nn.Sequential(nn.Flatten(), nn.Linear(512, 64), nn.ReLU()))
    network.add_module("fc2", nn.Linear(64, 10))
    return network


def draw_weights(module: nn.Module, seed: int) -> nn.Module:
    """Draws the weights of layers by He et al., "Delving Deep into Rectifiers" (2015).

    With those that torch draws by itself, gradients vanish on the way through twelve layers without
    normalisation, and plain SGD stands still.
    """
    generator = torch.Generator().manual_seed(seed)
    for each in module.modules():
        if isinstance(each, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(each.weight, nonlinearity="relu", generator=generator)
            if each.bias is not None:
                nn.init.zeros_(each.bias)
    return module


def default_network(shape: tuple[int, ...]) -> str:
    """The network for images of a shape.

    Raises:
        FieldError: If there is none.
    """
    known = {(1, 8, 8): DIGITS, (1, 28, 28): "deep_lenet", (3, 32, 32): "mobilenet_v2_cifar"}
    if shape not in known:
        allowed = f"one of {', '.join(map(str, known))}, or a network named"
        raise FieldError("shape of an image", shape, allowed)
    return known[shape]


def build_trained(name: str, seed: int) -> nn.Module:
    """A network of that name, in training mode, with weights of that seed.

    Raises:
        FieldError: If there is none; the message lists those that there are.
    """
    one_of("network", name, (DIGITS, *NETWORKS))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = digits_network() if name == DIGITS else NETWORKS[name].build()
    return draw_weights(module, seed).train()
