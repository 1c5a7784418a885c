"""A small network that turns what crosses a cut back into images."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Decoder", "train_decoder"]

CHANNELS, HIDDEN = 16, 256
BATCH = 32
LEARNING_RATE = 2e-3


class Decoder(nn.Module):
    """From the tensors that cross to images.

    Maps pass a convolution of 1×1 and are scaled to the image's size, where two convolutions of 3×3
    look at what lies side by side; vectors and tokens pass two linear layers. Several tensors are
    added up before the last layers. What comes in is brought to mean 0 and variance 1, and what
    goes out begins as the mean image.

    Args:
        crossing: What crossed, of all samples of the server's.
        images: Their images, (samples, channels, rows, columns).
        generator: Draws the weights.
    """

    mean: Tensor

    def __init__(
        self, crossing: Sequence[Tensor], images: Tensor, generator: torch.Generator
    ) -> None:
        super().__init__()
        self._image = tuple(images.shape[1:])
        self._scales = [_scale_of(each) for each in crossing]
        self.first = nn.ModuleList(self._first(tuple(each.shape[1:])) for each in crossing)
        self.middle = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.last = nn.Conv2d(CHANNELS, self._image[0], 3, padding=1)
        self.register_buffer("mean", images.mean(dim=0))
        self.spread = max(float((images - self.mean).square().mean().sqrt()), 1e-9)
        for each in self.modules():
            if isinstance(each, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(each.weight, nonlinearity="relu", generator=generator)
                nn.init.zeros_(each.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.last.weight)

    def _first(self, shape: tuple[int, ...]) -> nn.Module:
        if len(shape) == 3:
            return nn.Conv2d(shape[0], CHANNELS, 1)
        pixels = CHANNELS * self._image[1] * self._image[2]
        size = int(torch.Size(shape).numel())
        narrow = nn.Linear(size, HIDDEN), nn.ReLU()
        return nn.Sequential(nn.Flatten(), *narrow, nn.Linear(HIDDEN, pixels))

    def forward(self, *crossing: Tensor) -> Tensor:
        """From what crosses to images (batch, channels, rows, columns)."""
        scaled = [
            (each.to(self.mean.dtype) - mean) / spread
            for each, (mean, spread) in zip(crossing, self._scales, strict=True)
        ]
        parts = [self._at_size(m(each)) for m, each in zip(self.first, scaled, strict=True)]
        maps = F.relu(torch.stack(parts).sum(dim=0))
        found: Tensor = self.mean + self.spread * self.last(F.relu(self.middle(maps)))
        return found

    def _at_size(self, maps: Tensor) -> Tensor:
        size = self._image[1:]
        if maps.ndim == 2:
            return maps.reshape(-1, CHANNELS, *size)
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
