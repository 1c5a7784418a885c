"""Inception-v3 (Szegedy et al., arXiv 1512.00567), for images of 299×299 and 1,000 classes.

Layers and names are those of ``torchvision.models`` without the auxiliary classifier, which only
training has.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["inception_v3"]

CLASSES = 1000
EPSILON = 0.001
"""What normalisation adds to the variance."""

Size = int | tuple[int, int]


class NormalisedConvolution(nn.Module):
    """A convolution, normalised, then cut off below 0.

    Args:
        before: Channels that come in.
        after: Channels that go out.
        kernel: Rows and columns of the kernel.
        stride: Stride.
        padding: Rows and columns of zeros on each side.
    """

    def __init__(
        self, before: int, after: int, kernel: Size, stride: int = 1, padding: Size = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=EPSILON)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """From maps to maps."""
        return self.relu(self.bn(self.conv(maps)))  # type: ignore[no-any-return]


class Conv(NamedTuple):
    """A convolution of a block: padded to keep rows and columns where its stride is 1, else not."""

    name: str
    channels: int
    kernel: Size = 1
    stride: int = 1

    def build(self, before: int) -> nn.Module:
        """The convolution for so many incoming channels."""
        rows, columns = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,) * 2
        padding = (rows // 2, columns // 2) if self.stride == 1 else 0
        return NormalisedConvolution(before, self.channels, self.kernel, self.stride, padding)


Step = Conv | tuple[Conv, ...]
"""A convolution, or several side by side of the same maps."""
Branch = Sequence[Step]


class Mixed(nn.Module):
    """A block of Inception: branches side by side, the last of which pools.

    Args:
        before: Channels that come in.
        branches: The convolutions of each branch.
        pooled: Channels that the averaged maps are brought to; 0 where the block halves the maps,
            whose greatest values then pass as they are.
    """

    def __init__(self, before: int, branches: Sequence[Branch], pooled: int = 0) -> None:
        super().__init__()
        self.names: list[list[tuple[str, ...]]] = []
        for branch in branches:
            channels = before
            self.names.append([])
            for step in branch:
                side_by_side = (step,) if isinstance(step, Conv) else step
                for conv in side_by_side:
                    self.add_module(conv.name, conv.build(channels))
                channels = sum(conv.channels for conv in side_by_side)
                self.names[-1].append(tuple(conv.name for conv in side_by_side))
        self.pool = nn.AvgPool2d(3, 1, 1) if pooled else nn.MaxPool2d(3, 2)
        self.branch_pool = NormalisedConvolution(before, pooled, 1) if pooled else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """From maps to maps, halved where the convolutions stride."""
        found = []
        for steps in self.names:
            of_branch = maps
            for names in steps:
                parts = [self.get_submodule(name)(of_branch) for name in names]
                of_branch = torch.cat(parts, 1) if len(parts) > 1 else parts[0]
            found.append(of_branch)
        return torch.cat([*found, self.branch_pool(self.pool(maps))], 1)


def _fine(before: int, pooled: int) -> Mixed:
    """Kernels of 1, 5 and twice 3, on the finest maps (Figure 5)."""
    wide = [Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, 5)]
    twice = [Conv(f"branch3x3dbl_{i}", c, k) for i, c, k in ((1, 64, 1), (2, 96, 3), (3, 96, 3))]
    return Mixed(before, [[Conv("branch1x1", 64)], wide, twice], pooled)


def _first_halving(before: int) -> Mixed:
    twice = [Conv("branch3x3dbl_1", 64), Conv("branch3x3dbl_2", 96, 3)]
    twice.append(Conv("branch3x3dbl_3", 96, 3, 2))
    return Mixed(before, [[Conv("branch3x3", 384, 3, 2)], twice])


def _factorised(before: int, inside: int) -> Mixed:
    """Kernels of 7, each as a row and a column (Figure 6)."""
    once = [Conv("branch7x7_1", inside), Conv("branch7x7_2", inside, (1, 7))]
    once.append(Conv("branch7x7_3", 192, (7, 1)))
    twice = [Conv("branch7x7dbl_1", inside)]
    for index, kernel in enumerate(((7, 1), (1, 7), (7, 1)), start=2):
        twice.append(Conv(f"branch7x7dbl_{index}", inside, kernel))
    twice.append(Conv("branch7x7dbl_5", 192, (1, 7)))
    return Mixed(before, [[Conv("branch1x1", 192)], once, twice], 192)


def _second_halving(before: int) -> Mixed:
    small = [Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, 3, 2)]
    wide = [Conv("branch7x7x3_1", 192), Conv("branch7x7x3_2", 192, (1, 7))]
    wide += [Conv("branch7x7x3_3", 192, (7, 1)), Conv("branch7x7x3_4", 192, 3, 2)]
    return Mixed(before, [small, wide])


def _expanded(before: int) -> Mixed:
    """Rows and columns side by side, on the coarsest maps (Figure 7)."""

    def both(name: str) -> tuple[Conv, Conv]:
        return Conv(f"{name}a", 384, (1, 3)), Conv(f"{name}b", 384, (3, 1))

    once: Branch = [Conv("branch3x3_1", 384), both("branch3x3_2")]
    twice: Branch = [
        Conv("branch3x3dbl_1", 448),
        Conv("branch3x3dbl_2", 384, 3),
        both("branch3x3dbl_3"),
    ]
    return Mixed(before, [[Conv("branch1x1", 320)], once, twice], 192)


class InceptionV3(nn.Module):
    """Inception-v3: its children in the order in which they run."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = NormalisedConvolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = NormalisedConvolution(32, 32, 3)
        self.Conv2d_2b_3x3 = NormalisedConvolution(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = NormalisedConvolution(64, 80, 1)
        self.Conv2d_4a_3x3 = NormalisedConvolution(80, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, 2)
        self._mixed()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout()
        self.fc = nn.Linear(2048, CLASSES)

    def _mixed(self) -> None:
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = _fine(192, 32), _fine(256, 64), _fine(288, 64)
        self.Mixed_6a = _first_halving(288)
        for name, inside in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            self.add_module(f"Mixed_{name}", _factorised(768, inside))
        self.Mixed_7a = _second_halving(768)
        self.Mixed_7b, self.Mixed_7c = _expanded(1280), _expanded(2048)

    def forward(self, images: Tensor) -> Tensor:
        """From images (batch, 3, rows, columns) to class scores (batch, classes)."""
        maps = images
        for name, layer in self.named_children():
            maps = torch.flatten(maps, 1) if name == "fc" else maps
            maps = layer(maps)
        return maps


def inception_v3() -> nn.Module:
    """Inception-v3."""
    return InceptionV3()
