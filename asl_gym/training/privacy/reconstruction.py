"""Rebuilding inputs from what crosses, cut by cut.

A server that wants to see a device's data has what crosses, the device's half (it averages it or
hands it on), and data of its own of the same kind. So it can train a decoder on its own data and
apply it to what the device sends (the attack of a black box in He, Zhang and Lee, "Model Inversion
Attacks Against Collaborative Inference", ACSAC 2019). The error is the decoder's squared error on
the device's samples over that of their mean image: 0 is a perfect copy, 1 tells no more than the
mean. It bounds nothing: a better decoder may rebuild more.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from asl_gym.model.profiles import NetworkProfile
from asl_gym.networks.untouched import untouched
from asl_gym.training.cut_network import CutNetwork
from asl_gym.training.privacy.decoder import Decoder, train_decoder
from asl_gym.validation.checks import FieldError, number, whole_number

__all__ = ["Reconstruction", "private_splits", "reconstruct"]

AT_ONCE = 100
"""Samples that run through the device's half together."""


class Reconstruction(NamedTuple):
    """What a decoder makes of what crosses at a cut.

    Attributes:
        split: The split point.
        name: The layer that it comes after.
        error: Squared error over that of the mean image.
        images: The device's samples as rebuilt.
    """

    split: int
    name: str
    error: float
    images: Tensor


def reconstruct(
    module: nn.Module,
    profile: NetworkProfile,
    own: Tensor,
    private: Tensor,
    splits: Sequence[int] | None = None,
    steps: int = 1000,
    seed: int = 0,
) -> list[Reconstruction]:
    """Rebuilds a device's samples from what crosses at each cut.

    Args:
        module: The network, with the weights that it has when the samples cross; left as it was.
        profile: Its profile.
        own: Images that the server has, (samples, channels, rows, columns).
        private: Images of a device.
        splits: Split points; by default all at which something crosses.
        steps: Steps of training each decoder.
        seed: Seed of the decoders.

    Raises:
        FieldError: If an argument is not allowed.
    """
    whole_number("steps", steps, 1)
    if len(private) < 2 or not _spread(private) > 0:
        raise FieldError("private", private, "at least two images that differ")
    network = CutNetwork(module, profile)
    chosen = range(profile.num_layers) if splits is None else splits
    found = []
    for split in chosen:
        whole_number("split", split, 0, profile.num_layers - 1)
        generator = torch.Generator().manual_seed(seed)
        sent, of_device = (_crossing(network, split, each) for each in (own, private))
        decoder = Decoder(sent, own, generator)
        train_decoder(decoder, sent, own, steps, generator)
        with torch.no_grad():
            rebuilt = torch.cat([decoder(*part) for part in _parts(of_device)])
        error = float(((rebuilt - private) ** 2).mean() / _spread(private))
        found.append(Reconstruction(split, profile.cut_names[split], error, rebuilt))
    return found


def _crossing(network: CutNetwork, split: int, images: Tensor) -> list[Tensor]:
    """What crosses of all images, with the network as it trains but nothing of it changed."""
    parts = []
    with untouched(network.module, runs=True), torch.no_grad():
        for (part,) in _parts([images]):
            # The halves take batches of one size: the last one is filled up.
            filled = (
                torch.cat([part, images[: AT_ONCE - len(part)]]) if len(part) < AT_ONCE else part
            )
            sent = network.halves(split, (filled,)).device(filled)
            parts.append([each[: len(part)] for each in sent])
    return [torch.cat(each) for each in zip(*parts, strict=True)]


def _parts(tensors: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    return list(zip(*(torch.split(each, AT_ONCE) for each in tensors), strict=True))


def _spread(images: Tensor) -> Tensor:
    """Mean squared error of the mean image."""
    return ((images - images.mean(dim=0)) ** 2).mean()


def private_splits(found: Sequence[Reconstruction], least_error: float) -> tuple[int, ...]:
    """Split points from which less can be rebuilt, for ``Workload(splits=…)``.

    Split points that were not measured are kept out, but for the last of all, at which nothing
    crosses and which is no part of what was measured: add it where it is to be admissible.

    Args:
        found: The measured cuts.
        least_error: The least error of a cut that is kept.

    Raises:
        FieldError: If none is left.
    """
    number("least_error", least_error)
    kept = tuple(each.split for each in found if each.error >= least_error)
    if not kept:
        most = max(each.error for each in found)
        raise FieldError("least_error", least_error, f"at most {most:.3g}, the greatest measured")
    return kept
