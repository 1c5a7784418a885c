"""A round of split training under either schedule.

``sequential`` is vanilla split learning: the device-side half travels from device to device, each
of which goes on training what the one before has left. ``parallel`` is split-federated learning in
the manner of SplitFed V1 (Thapa et al., "SplitFed: When Federated Learning Meets Split Learning",
AAAI 2022): every device, with a server-side half of its own, starts from the same network, and
afterwards the copies of every layer, wherever they lay, are averaged by the devices' numbers of
samples; so are the buffers and the momentum.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from asl_gym.model.components import Schedule
from asl_gym.training.channel import DeviceLink, DeviceLost, Traffic, Turn
from asl_gym.training.counting_link import CountingLink
from asl_gym.training.sides import ServerSide

__all__ = ["TrainedRound", "averaged", "train_round"]


class TrainedRound(NamedTuple):
    """What became of a round.

    Attributes:
        losses: Mean loss of each device's turn, NaN of one that was lost.
        traffic: What each device moved.
        lost: Devices that were lost, with what was noticed; they are left out of the round.
    """

    losses: tuple[float, ...]
    traffic: tuple[Traffic, ...]
    lost: Mapping[int, str]


def train_round(
    schedule: Schedule,
    server: ServerSide,
    turns: Sequence[Turn],
    links: Sequence[DeviceLink],
    samples: Sequence[int],
) -> TrainedRound:
    """Trains a round.

    Args:
        schedule: How devices share it.
        server: The server's side.
        turns: The devices' turns, in their order.
        links: Their links.
        samples: Samples of each device's shard, which average the parallel schedule's copies.
    """
    counted = [CountingLink(link, server.counted) for link in links]
    losses, lost = [float("nan")] * len(turns), {}
    start = server.state()
    copies: list[Mapping[str, Tensor]] = []
    weights: list[int] = []
    for place, turn in enumerate(turns):
        try:
            losses[place] = server.train(turn, counted[place])
        except DeviceLost as error:
            lost[turn.device] = error.reason
            server.load(start)
            continue
        state = server.state()
        if schedule == "sequential":
            start = state
        else:
            copies.append(state)
            weights.append(samples[place])
            server.load(start)
    if copies:
        server.load(averaged(copies, weights))
    return TrainedRound(tuple(losses), tuple(each.traffic for each in counted), lost)


def averaged(copies: Sequence[Mapping[str, Tensor]], weights: Sequence[int]) -> dict[str, Tensor]:
    """The weighted mean of copies of a state; counters are rounded.

    Args:
        copies: The copies, in the devices' order.
        weights: Their weights.
    """
    shares = np.asarray(weights) / sum(weights)
    mean: dict[str, Tensor] = {}
    for name, first in copies[0].items():
        exact = first.dtype if first.is_floating_point() else torch.float64
        total = torch.zeros_like(first, dtype=exact)
        for share, copy in zip(shares, copies, strict=True):
            total += copy[name].to(exact) * float(share)
        mean[name] = total if first.is_floating_point() else total.round().to(first.dtype)
    return mean
