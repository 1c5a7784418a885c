"""What each operator of a network costs, and which of them a split's halves run.

Costs are counted from the modules by :mod:`asl_gym.networks`; nothing is taken from the timings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import fx, nn

from asl_gym.arrays import Array
from asl_gym.networks.arranging import Arrangement
from asl_gym.networks.cuts import Cut, named
from asl_gym.networks.graph_plan import GraphPlan
from benchmarks.studies.calibration.splits import TimedNetwork

__all__ = ["BATCH_SIZE", "Operators", "operators_of"]

BATCH_SIZE = 8
CLASSES = 10
"""Images in a batch and classes of the networks that were timed."""

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d", "convolution"}
COLUMNS = ("flops", "moved", "written", "patches", "count", "convolution", "kernel")


@dataclass(frozen=True)
class Operators:
    """Costs of a network's operators in the order in which they run, for a batch.

    Attributes:
        flops: FLOPs, shape (operators,), like all others.
        moved: Bytes read and written.
        written: Bytes written.
        patches: Bytes of the patches that a convolution's kernel meets, laid out one by one as for
            a product of matrices (im2col); 0 for kernels of 1×1 and for all else.
        count: 1; 0 for what costs nothing, such as a view.
        convolution: Whether it is a convolution.
        kernel: Whether it is one with a kernel of more than 1×1 that is not depthwise.
        cuts: All cuts of the network.
    """

    flops: Array
    moved: Array
    written: Array
    patches: Array
    count: Array
    convolution: Array
    kernel: Array
    cuts: Sequence[Cut]

    def cut_after(self, module: str) -> Cut:
        """The cut after a module."""
        return named(module, self.cuts)


def operators_of(network: TimedNetwork) -> Operators:
    """Counts the operators of a network as it was timed: a batch, without gradients."""
    with torch.device("meta"):
        module = _classifying(network.build()).eval()
        size = network.image_size
        plan = GraphPlan(module, torch.zeros(BATCH_SIZE, 3, size, size), None)
    rows = [_costs(plan.arrangement, node) for node in plan.arrangement.order]
    columns = dict(zip(COLUMNS, np.array(rows, dtype=float).T, strict=True))
    return Operators(**columns, cuts=plan.candidates)


def _classifying(module: nn.Module) -> nn.Module:
    """The module with its last layer replaced by one for as many classes as were timed."""
    path, last = next(
        (path, each)
        for path, each in reversed(list(module.named_modules()))
        if isinstance(each, nn.Linear)
    )
    parent, _, name = path.rpartition(".")
    setattr(module.get_submodule(parent), name, nn.Linear(last.in_features, CLASSES))
    return module


def _costs(arrangement: Arrangement, node: fx.Node) -> tuple[float, ...]:
    """One operator's row of :data:`COLUMNS`."""
    work = arrangement.facts[node].forward
    shapes = [tuple(arrangement.facts[each].value.shape) for each in node.all_input_nodes]
    is_convolution = _name(node) in CONVOLUTIONS
    patches, has_kernel = 0, False
    if is_convolution:
        image, weight = shapes[:2]
        positions = math.prod(arrangement.facts[node].value.shape[2:])
        met = math.prod(weight[2:])
        depthwise = weight[1] == 1 < image[1]
        has_kernel = met > 1 and not depthwise
        if met > 1:
            patches = image[0] * image[1] * met * positions * torch.float32.itemsize
    moved = work.bytes_read + work.bytes_written
    costs = work.flops, moved, work.bytes_written, patches, work.operators
    return *costs, is_convolution, has_kernel


def _name(node: fx.Node) -> str:
    return str(getattr(node.target, "_opname", ""))
