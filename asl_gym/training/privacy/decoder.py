"""A small network that turns what crosses a cut back into images."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Decoder", "train_decoder"]

CHANNELS, HIDDEN, MOST_VALUES = 16, 256, 10_000
PLACED = 3
"""Axes of maps: channels, rows and columns."""
BATCH = 32
LEARNING_RATE = 2e-3


class Decoder(nn.Module):
    """From the tensors that cross to images.

    Maps pass a convolution of 1×1 and are scaled to the image's size, where two convolutions of 3×3
    look at what lies side by side, and beside them one alone, without anything that bends. Whatever
    has at most 10,000 values passes two linear layers as well, or alone where it has no places.
    All of it is added up. What comes in is brought to mean 0 and variance 1, and what goes out
    begins as the mean image.

    Args:
        crossing: What crossed, of all samples of the server's.
        images: Their images, (samples, channels, rows, columns).
        generator: Draws the weights.
    """

    def __init__(
        self, crossing: Sequence[Tensor], images: Tensor, generator: torch.Generator
    ) -> None:
        super().__init__()
        self._image = tuple(images.shape[1:])
        self._scales = [_scale_of(each) for each in crossing]
        shapes = [tuple(each.shape[1:]) for each in crossing]
        self._maps = [_of_maps(shape, self._image[0]) for shape in shapes]
        self._values = [self._of_values(shape) for shape in shapes]
        layers = [layer for pair in self._maps if pair for layer in pair]
        self.layers = nn.ModuleList([*layers, *filter(None, self._values)])
        self.last = nn.Sequential(
            *(nn.ReLU(), nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), nn.ReLU()),
            nn.Conv2d(CHANNELS, self._image[0], 3, padding=1),
        )
        mean = images.mean(dim=0)
        # Trained, too: maps cannot take away what differs from place to place.
        self.mean = nn.Parameter(mean.clone())
        self.spread = max(float((images - mean).square().mean().sqrt()), 1e-9)
        for each in self.modules():
            if isinstance(each, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(each.weight, nonlinearity="relu", generator=generator)
                nn.init.zeros_(each.bias)  # type: ignore[arg-type]
        for each in (self.last[-1], *(pair[1] for pair in self._maps if pair)):
            nn.init.zeros_(each.weight)  # type: ignore[arg-type]

    def _of_values(self, shape: tuple[int, ...]) -> nn.Module | None:
        size, pixels = math.prod(shape), CHANNELS * self._image[1] * self._image[2]
        if size > MOST_VALUES and len(shape) == PLACED:
            return None
        narrow = nn.Linear(size, HIDDEN), nn.ReLU()
        return nn.Sequential(nn.Flatten(), *narrow, nn.Linear(HIDDEN, pixels))

    def forward(self, *crossing: Tensor) -> Tensor:
        """From what crosses to images (batch, channels, rows, columns)."""
        size = self._image[1:]
        inner: list[Tensor] = []
        found: Tensor = self.mean
        ways = zip(crossing, self._scales, self._values, self._maps, strict=True)
        for each, (mean, spread), values, maps in ways:
            scaled = (each.to(self.mean.dtype) - mean) / spread
            if values is not None:
                inner.append(values(scaled).reshape(-1, CHANNELS, *size))
            if maps is not None:
                bent, straight = (_sized(layer(scaled), size) for layer in maps)
                inner.append(bent)
                found = found + self.spread * straight
        last: Tensor = self.last(torch.stack(inner).sum(dim=0))
        return found + self.spread * last


def _of_maps(shape: tuple[int, ...], channels: int) -> tuple[nn.Conv2d, nn.Conv2d] | None:
    """What maps pass at their own size, with and without something that bends behind it."""
    if len(shape) != PLACED:
        return None
    return nn.Conv2d(shape[0], CHANNELS, 1), nn.Conv2d(shape[0], channels, 3, padding=1)


def _sized(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def _scale_of(tensor: Tensor) -> tuple[float, float]:
    """Mean and standard deviation of all values, the latter at least a little."""
    values = tensor.double()
    return float(values.mean()), max(float(values.std()), 1e-9)


def train_decoder(
    decoder: Decoder,
    crossing: Sequence[Tensor],
    images: Tensor,
    steps: int,
    generator: torch.Generator,
) -> None:
    """Trains a decoder by Adam on the squared error.

    Args:
        decoder: The decoder.
        crossing: What crossed, of all samples.
        images: The samples' images.
        steps: Number of steps.
        generator: Draws the samples of each.
    """
    optimiser = torch.optim.Adam(decoder.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        part = torch.randint(len(images), (BATCH,), generator=generator)
        rebuilt = decoder(*(each[part] for each in crossing))
        loss = F.mse_loss(rebuilt, images[part]) / decoder.spread**2
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
