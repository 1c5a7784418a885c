"""Convolutional networks for images of 224×224 (1,000 classes) and of CIFAR's 32×32 (10 classes).

Layers and names are those of ``torchvision.models``. The small ones are the forms usual for CIFAR:
the stem halves nothing, and one linear layer classifies.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["alexnet", "mobilenet_v2", "resnet18", "resnet50", "vgg16"]

CLASSES, SMALL_CLASSES = 1000, 10


class Classifier(nn.Module):
    """Features, pooled to a fixed size, then classified.

    Args:
        features: From images to maps of features.
        pooled: Rows and columns that the maps are averaged to.
        classifier: From the flattened maps to classes.
    """

    def __init__(self, features: nn.Module, pooled: int, classifier: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d(pooled)
        self.classifier = classifier

    def forward(self, images: Tensor) -> Tensor:
        """From images (batch, 3, rows, columns) to class scores (batch, classes)."""
        maps = self.avgpool(self.features(images))
        return self.classifier(torch.flatten(maps, 1))  # type: ignore[no-any-return]


def _relu() -> nn.Module:
    return nn.ReLU(inplace=True)


def alexnet() -> nn.Module:
    """AlexNet in its one-column form (Krizhevsky, arXiv 1404.5997)."""
    features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), _relu(), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(64, 192, 5, padding=2), _relu(), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(192, 384, 3, padding=1), _relu()),
        *(nn.Conv2d(384, 256, 3, padding=1), _relu()),
        *(nn.Conv2d(256, 256, 3, padding=1), _relu(), nn.MaxPool2d(3, stride=2)),
    )
    classifier = nn.Sequential(
        *(nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), _relu()),
        *(nn.Dropout(), nn.Linear(4096, 4096), _relu(), nn.Linear(4096, CLASSES)),
    )
    return Classifier(features, 6, classifier)


VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions between poolings."""


def vgg16(*, small: bool = False) -> nn.Module:
    """VGG-16, configuration D (Simonyan and Zisserman, arXiv 1409.1556)."""
    layers: list[nn.Module] = []
    channels = 3
    for stage in VGG16:
        for wider in stage:
            layers += [nn.Conv2d(channels, wider, 3, padding=1), _relu()]
            channels = wider
        layers.append(nn.MaxPool2d(2))
    if small:
        return Classifier(nn.Sequential(*layers), 1, nn.Linear(512, SMALL_CLASSES))
    classifier = nn.Sequential(
        *(nn.Linear(512 * 7 * 7, 4096), _relu(), nn.Dropout()),
        *(nn.Linear(4096, 4096), _relu(), nn.Dropout(), nn.Linear(4096, CLASSES)),
    )
    return Classifier(nn.Sequential(*layers), 7, classifier)


class Residual(nn.Module):
    """A block of ResNet: convolutions beside a way past them.

    Args:
        sizes: (kernel, channels, stride) of each convolution.
        channels: Channels that come in.
    """

    def __init__(self, sizes: Sequence[tuple[int, int, int]], channels: int) -> None:
        super().__init__()
        before = channels
        self.depth = len(sizes)
        for index, (kernel, after, stride) in enumerate(sizes, start=1):
            conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
            self.add_module(f"conv{index}", conv)
            self.add_module(f"bn{index}", nn.BatchNorm2d(after))
            before = after
        self.relu = _relu()
        self.downsample: nn.Module | None = None
        stride = max(stride for _, _, stride in sizes)
        if stride > 1 or before != channels:
            conv = nn.Conv2d(channels, before, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(before))

    def forward(self, maps: Tensor) -> Tensor:
        """From maps to maps, halved where a convolution strides."""
        found = maps
        for index in range(1, self.depth + 1):
            conv, norm = self.get_submodule(f"conv{index}"), self.get_submodule(f"bn{index}")
            found = norm(conv(found))
            if index < self.depth:
                found = self.relu(found)
        past = maps if self.downsample is None else self.downsample(maps)
        return self.relu(found + past)  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """A residual network of four stages (He et al., arXiv 1512.03385).

    Args:
        blocks: Blocks of each stage.
        is_deep: Whether a block is a bottleneck, with its stride in the 3×3 convolution.
        small: Whether for CIFAR.
    """

    def __init__(self, blocks: Sequence[int], *, is_deep: bool, small: bool) -> None:
        super().__init__()
        stem = (
            nn.Conv2d(3, 64, 3, 1, 1, bias=False)
            if small
            else nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        )
        self.conv1, self.bn1, self.relu = stem, nn.BatchNorm2d(64), _relu()
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        channels = 64
        for index, count in enumerate(blocks):
            width = 64 * 2**index
            stage = []
            for block in range(count):
                stride = 2 if index and not block else 1
                sizes = [(3, width, stride), (3, width, 1)]
                if is_deep:
                    sizes = [(1, width, 1), (3, width, stride), (1, 4 * width, 1)]
                stage.append(Residual(sizes, channels))
                channels = sizes[-1][1]
            self.add_module(f"layer{index + 1}", nn.Sequential(*stage))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, SMALL_CLASSES if small else CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """From images (batch, 3, rows, columns) to class scores (batch, classes)."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for index in range(1, 5):
            maps = self.get_submodule(f"layer{index}")(maps)
        return self.fc(torch.flatten(self.avgpool(maps), 1))  # type: ignore[no-any-return]


def resnet18(*, small: bool = False) -> nn.Module:
    """ResNet-18."""
    return ResNet((2, 2, 2, 2), is_deep=False, small=small)


def resnet50(*, small: bool = False) -> nn.Module:
    """ResNet-50."""
    return ResNet((3, 4, 6, 3), is_deep=True, small=small)


def _conv_norm(before: int, after: int, kernel: int, stride: int, groups: int) -> list[nn.Module]:
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(after)]


class InvertedResidual(nn.Module):
    """A block of MobileNetV2: widen, convolve each channel alone, narrow.

    Args:
        before: Channels that come in.
        after: Channels that go out.
        stride: Stride.
        expansion: How many times as wide it is inside.
    """

    def __init__(self, before: int, after: int, stride: int, expansion: int) -> None:
        super().__init__()
        inside = before * expansion
        layers = (
            [*_conv_norm(before, inside, 1, 1, 1), nn.ReLU6(inplace=True)] if expansion > 1 else []
        )
        layers += [*_conv_norm(inside, inside, 3, stride, inside), nn.ReLU6(inplace=True)]
        self.conv = nn.Sequential(*layers, *_conv_norm(inside, after, 1, 1, 1))
        self.adds = stride == 1 and before == after

    def forward(self, maps: Tensor) -> Tensor:
        """From maps to maps."""
        found = self.conv(maps)
        return maps + found if self.adds else found  # type: ignore[no-any-return]


MOBILENET_V2 = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
"""Expansion, channels, blocks and first stride of each stage (Table 2)."""


def mobilenet_v2(*, small: bool = False) -> nn.Module:
    """MobileNetV2 of width 1 (Sandler et al., arXiv 1801.04381)."""
    layers = [nn.Sequential(*_conv_norm(3, 32, 3, 1 if small else 2, 1), nn.ReLU6(inplace=True))]
    channels = 32
    blocks: list[nn.Module] = []
    for index, (expansion, after, count, first) in enumerate(MOBILENET_V2):
        first = 1 if small and index == 1 else first
        for block in range(count):
            blocks.append(InvertedResidual(channels, after, 1 if block else first, expansion))
            channels = after
    last = nn.Sequential(*_conv_norm(channels, 1280, 1, 1, 1), nn.ReLU6(inplace=True))
    features = nn.Sequential(*layers, *blocks, last)
    classes = SMALL_CLASSES if small else CLASSES
    return Classifier(features, 1, nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, classes)))
