"""Where the splits of the measured timings lie in the networks' modules.

The timings are those of the repository riwaj666/SplitRL_V1, taken with the code of
cloudsyslab/ParetoPipe (arXiv 2601.08025): a Raspberry Pi runs the blocks before a split on 8
images, sends what comes out, and a server runs the rest, without gradients. Networks are those of
``torchvision.models`` for 10 classes. The blocks' files count from 0; the splits do not all:

=============  ===========================  =====================================================
Network        Blocks                       Split k lies
=============  ===========================  =====================================================
AlexNet        layers of ``features``       after k blocks, the last of which is block k − 1
VGG16          layers of ``features``       after k blocks, the last of which is block k − 1
MobileNetV2    layers of ``features``       after k blocks, the last of which is block k − 1
InceptionV3    children                     after k blocks, but 4 and 7 before their pooling
ResNet18       stem, then residual blocks   after k blocks and the stem, which is block 0
resnet50       stem, then residual blocks   after k blocks and the stem; 17 and 18 repeat 16
=============  ===========================  =====================================================

What was sent tells: with these places the transfers of all 105 splits ran at 94–115 MB/s, gigabit
Ethernet. At InceptionV3's splits 4 and 7 it took as long as at 3 and 6, four times as long as what
the pooling leaves would, so the server pooled there.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from torch import nn

from asl_gym.networks.library.convolutional import (
    alexnet,
    mobilenet_v2,
    resnet18,
    resnet50,
    vgg16,
)
from asl_gym.networks.library.inception import inception_v3
from benchmarks.errors import BenchmarkError

__all__ = ["NETWORKS", "TimedNetwork"]


class TimedNetwork(NamedTuple):
    """A network of the timings.

    Attributes:
        name: Its name there.
        blocks_file: The file of its blocks.
        build: Builds it.
        block_ends: The module that ends each block, from block 0.
        first: The split that lies after block 0.
        last: The last split; where that is past the last block, it repeats the one after it.
        otherwise: Splits that lie after another module, by their number.
        image_size: Rows and columns of an image.
    """

    name: str
    blocks_file: str
    build: Callable[[], nn.Module]
    block_ends: tuple[str, ...]
    first: int
    last: int
    otherwise: Mapping[int, str] = MappingProxyType({})
    image_size: int = 224

    def end_of(self, split: float) -> str:
        """The module that a split lies after.

        Raises:
            BenchmarkError: If the network has no such split.
        """
        number = int(split)
        if number != split or not 1 <= number <= self.last:
            allowed = f"expected a whole number from 1 to {self.last}"
            raise BenchmarkError(f"split point of {self.name}: {split} is none, {allowed}")
        block = min(number - self.first, len(self.block_ends) - 1)
        return self.otherwise.get(number, self.block_ends[block])


def _features(count: int) -> tuple[str, ...]:
    return tuple(f"features.{index}" for index in range(count))


def _stem_and_blocks(*stages: int) -> tuple[str, ...]:
    """The stem and the blocks of the stages of a residual network."""
    blocks = (
        f"layer{stage}.{block}"
        for stage, count in enumerate(stages, start=1)
        for block in range(count)
    )
    return ("maxpool", *blocks)


INCEPTION_CHILDREN = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1"),
    *("Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
    *(f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e")),
    *("Mixed_7a", "Mixed_7b", "Mixed_7c", "avgpool", "dropout"),
)
POOLED_BY_THE_SERVER = MappingProxyType({4: "Conv2d_2b_3x3", 7: "Conv2d_4a_3x3"})

NETWORKS = {
    network.name: network
    for network in (
        TimedNetwork("AlexNet", "alexnet.csv", alexnet, _features(13), first=1, last=12),
        TimedNetwork("VGG16", "vgg16.csv", vgg16, _features(31), first=1, last=30),
        TimedNetwork(
            "ResNet18", "resnet18.csv", resnet18, _stem_and_blocks(2, 2, 2, 2), first=0, last=8
        ),
        TimedNetwork(
            "resnet50", "resnet50.csv", resnet50, _stem_and_blocks(3, 4, 6, 3), first=0, last=18
        ),
        TimedNetwork(
            "MobileNetV2", "mobilenetv2.csv", mobilenet_v2, _features(19), first=1, last=18
        ),
        TimedNetwork(
            *("InceptionV3", "inceptionv3.csv", inception_v3, INCEPTION_CHILDREN),
            first=1,
            last=19,
            otherwise=POOLED_BY_THE_SERVER,
            image_size=299,
        ),
    )
}
"""The networks of the timings, by their names there."""
