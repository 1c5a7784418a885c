"""Two networks for 28×28 grey images such as MNIST's.

``deep_lenet`` is a twelve-layer convolutional network in LeNet's manner, this project's own. The
other, ``lenet5``, is LeNet-5 (LeCun et al., "Gradient-based learning applied to document
recognition", Proc. IEEE 86(11), 1998) in its usual modern form: ReLU, max pooling, a full second
convolution and a linear output.
"""

from collections import OrderedDict

from torch import nn

__all__ = ["deep_lenet", "lenet5"]


def deep_lenet() -> nn.Sequential:
    """Builds the default network: 12 layers, an activation counted with its layer.

    Returns:
        A module from shape (batch, 1, 28, 28) to (batch, 10).
    """

    def conv(inputs: int, outputs: int, padding: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=padding), nn.ReLU())

    layers: list[tuple[str, nn.Module]] = [
        ("conv1", conv(1, 32, padding=0)),
        ("conv2", conv(32, 32, padding=0)),
        ("pool1", nn.MaxPool2d(2)),
        ("conv3", conv(32, 64, padding=1)),
        ("conv4", conv(64, 64, padding=1)),
        ("pool2", nn.MaxPool2d(2)),
        ("conv5", conv(64, 128, padding=1)),
        ("conv6", conv(128, 128, padding=1)),
        ("pool3", nn.MaxPool2d(2)),
        ("fc1", nn.Sequential(nn.Flatten(), nn.Linear(1152, 382), nn.ReLU())),
        ("fc2", nn.Sequential(nn.Linear(382, 192), nn.ReLU())),
        ("fc3", nn.Linear(192, 10)),
    ]
    return nn.Sequential(OrderedDict(layers))


def lenet5() -> nn.Sequential:
    """Builds LeNet-5 as 12 layers, every module one layer.

    Returns:
        A module from shape (batch, 1, 28, 28) to (batch, 10).
    """
    layers: list[tuple[str, nn.Module]] = [
        ("conv1", nn.Conv2d(1, 6, 5, padding=2)),
        ("relu1", nn.ReLU()),
        ("pool1", nn.MaxPool2d(2)),
        ("conv2", nn.Conv2d(6, 16, 5)),
        ("relu2", nn.ReLU()),
        ("pool2", nn.MaxPool2d(2)),
        ("flatten", nn.Flatten()),
        ("fc1", nn.Linear(400, 120)),
        ("relu3", nn.ReLU()),
        ("fc2", nn.Linear(120, 84)),
        ("relu4", nn.ReLU()),
        ("fc3", nn.Linear(84, 10)),
    ]
    return nn.Sequential(OrderedDict(layers))
