"""Small networks of many kinds, each with an input of three samples."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asl_gym.networks.library.convolutional import InvertedResidual, Residual

CHANNELS = 4


class Dense(nn.Module):
    """DenseNet's manner: each layer sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.layers = nn.ModuleList(nn.Conv2d(4 + 2 * i, 2, 3, padding=1) for i in range(3))
        self.norms = nn.ModuleList(nn.BatchNorm2d(4 + 2 * i) for i in range(3))
        self.fc = nn.Linear(10, 5)

    def forward(self, images: Tensor) -> Tensor:
        maps = [self.stem(images)]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            maps.append(layer(F.relu(norm(torch.cat(maps, 1)), inplace=True)))
        return self.fc(F.adaptive_avg_pool2d(torch.cat(maps, 1), 1).flatten(1))  # type: ignore[no-any-return]


class UNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.middle = nn.Conv2d(8, 8, 3, padding=1, groups=4)
        self.up2, self.up1 = (
            nn.ConvTranspose2d(8, 4, 2, 2),
            nn.ConvTranspose2d(8, 4, 2, 2, groups=2),
        )
        self.out = nn.Conv2d(7, 2, 1)

    def forward(self, images: Tensor) -> Tensor:
        first = F.relu(self.down1(F.max_pool2d(images, 2)))
        second = F.relu(self.down2(F.max_pool2d(first, 2)))
        found = F.interpolate(self.middle(second), scale_factor=1)
        found = torch.cat([F.relu(self.up2(found)), first], 1)
        return self.out(torch.cat([self.up1(found), images], 1))  # type: ignore[no-any-return]


class ViT(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 5, 8))
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.2)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 5)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.token.expand(len(tokens), -1, -1), tokens], 1)
        return self.head(self.encoder(tokens + self.positions)[:, 0])  # type: ignore[no-any-return]


class GPTBlock(nn.Module):
    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.qkv, self.projection = nn.Linear(8, 24), nn.Linear(8, 8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.register_buffer("mask", torch.ones(6, 6, dtype=torch.bool).tril(), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Attention by hand, with the dropout on its weights and a mask that is a constant."""
        query, key, value = (
            each.unflatten(-1, (2, 4)).transpose(1, 2)
            for each in self.qkv(self.norm1(tokens)).chunk(3, -1)
        )
        scores = torch.einsum("bhqd,bhkd->bhqk", query, key) / 2
        weights = scores.masked_fill(~self.mask, float("-inf")).softmax(-1)
        found = F.dropout(weights, 0.2, self.training) @ value
        tokens = tokens + self.projection(found.transpose(1, 2).flatten(2))
        return tokens + self.mlp(self.norm2(tokens))  # type: ignore[no-any-return]


class GPT(nn.Module):
    """Its head's weights are the embedding's where they are tied."""

    def __init__(self, *, tied: bool) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.blocks = nn.Sequential(GPTBlock(), GPTBlock())
        self.head = nn.Linear(8, 11, bias=False)
        if tied:
            self.head.weight = self.wte.weight

    def forward(self, numbers: Tensor) -> Tensor:
        places = torch.arange(numbers.shape[1])
        return self.head(self.blocks(self.wte(numbers) + self.wpe(places)))  # type: ignore[no-any-return]


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 6, 2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 5, batch_first=True)
        self.fc = nn.Linear(5, 3)

    def forward(self, steps: Tensor) -> Tensor:
        found, _ = self.lstm(steps)
        return self.fc(self.gru(found)[1][-1])  # type: ignore[no-any-return]


class TwoInputs(nn.Module):
    """Two inputs, one in a dictionary, a skip connection, tuples between layers, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.words = nn.Conv2d(3, 4, 3), nn.Linear(7, 6)
        self.body = nn.Bilinear(6, 4, 5)
        self.out = nn.Linear(5, 5)

    def both(self, image: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        return self.image(image).mean((2, 3)), self.words(words)

    def forward(self, image: Tensor, more: dict[str, Tensor]) -> dict[str, Any]:
        seen, read = self.both(image, more["words"])
        found = self.body(read, seen)
        skipped = self.out(F.relu(found)) + found
        return {"scores": skipped * more["scale"], "parts": (read, seen)}


class Tied(nn.Module):
    """An autoencoder whose decoder is its encoder's transpose; the encoder runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.middle = nn.Linear(6, 4), nn.Linear(4, 4)

    def forward(self, values: Tensor) -> Tensor:
        found = F.linear(self.middle(torch.tanh(self.encoder(values))), self.encoder.weight.T)
        return self.encoder(found + values)  # type: ignore[no-any-return]


class Frozen(nn.Module):
    """A frozen stem, a part without gradients, weights made of weights, a buffer of its own."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(6, 6).requires_grad_(False)
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(6, 4))
        self.spectral = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4))
        self.register_buffer("scale", torch.ones(4))

    def forward(self, values: Tensor) -> Tensor:
        found = self.normed(torch.tanh(self.stem(values)))
        with torch.no_grad():
            gate = torch.sigmoid(found.mean(0))
        if self.training:
            self.scale.mul_(0.9).add_(0.1 * gate)
        return self.spectral(found.detach() * gate + found) * self.scale  # type: ignore[no-any-return]


class InPlace(nn.Module):
    """Layers that work in place, on views too, and a result that is used before and after."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 4)

    def forward(self, values: Tensor) -> Tensor:
        found = self.first(values)
        half = found[:, :3]
        half.mul_(3)
        found = found.sigmoid_() * 2
        found[:, 0] = 1.5
        found.add_(values)
        return self.second(F.leaky_relu_(found)) + half.mean(1, keepdim=True)  # type: ignore[no-any-return]


class ByShape(nn.Module):
    """Control flow that depends on shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv1d(2, 4, 3), nn.Linear(4, 3)

    def forward(self, values: Tensor) -> Tensor:
        found = F.pad(values, (1, 1))
        while found.shape[-1] > 4:
            found = F.avg_pool1d(torch.relu(F.conv1d(found, self.conv.weight[:2], padding=1)), 2)
        return self.fc(self.conv(found).amax(-1))  # type: ignore[no-any-return]


def residual() -> nn.Module:
    plain = Residual([(3, CHANNELS, 1), (3, CHANNELS, 1)], CHANNELS)
    deep = Residual([(1, 4, 1), (3, 4, 2), (1, 8, 1)], CHANNELS)
    return nn.Sequential(nn.Conv2d(3, 4, 3), plain, deep, nn.Flatten(), nn.Linear(72, 5))


def mobile() -> nn.Module:
    blocks = InvertedResidual(4, 4, 1, 2), InvertedResidual(4, 6, 2, 3)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5)
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), *blocks, *head)


def normalised() -> nn.Module:
    """Normalisation and dropout in training mode."""
    return nn.Sequential(
        *(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True), nn.Dropout(0.4)),
        *(nn.Linear(8, 8), nn.BatchNorm1d(8, affine=False), nn.Dropout(0.3, inplace=True)),
        *(nn.Unflatten(1, (4, 2)), nn.InstanceNorm1d(4, track_running_stats=True)),
        *(nn.Dropout1d(0.5), nn.Flatten(), nn.AlphaDropout(0.2), nn.Linear(8, 3)),
    )


def normalised_twice() -> nn.Module:
    """A layer that runs twice and counts its runs."""
    norm = nn.BatchNorm1d(6)
    return nn.Sequential(norm, nn.Linear(6, 6), nn.Tanh(), norm, nn.Linear(6, 3))


def images(size: int = 8) -> Tensor:
    return torch.randn(3, 3, size, size)


def numbers() -> Tensor:
    return torch.randint(11, (3, 6))


ZOO: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any]]] = {
    "residual": (residual, images),
    "dense": (Dense, images),
    "unet": (UNet, images),
    "mobile": (mobile, images),
    "vit": (ViT, images),
    "gpt": (lambda: GPT(tied=False), numbers),
    "gpt_tied": (lambda: GPT(tied=True), numbers),
    "recurrent": (Recurrent, lambda: torch.randn(3, 5, 4)),
    "two_inputs": (
        TwoInputs,
        lambda: (images(), {"words": torch.randn(3, 7), "scale": torch.rand(3, 1)}),
    ),
    "tied": (Tied, lambda: torch.randn(3, 6)),
    "normalised": (normalised, lambda: torch.randn(3, 6)),
    "normalised_twice": (normalised_twice, lambda: torch.randn(3, 6)),
    "frozen": (Frozen, lambda: torch.randn(3, 6)),
    "in_place": (InPlace, lambda: torch.randn(3, 6)),
    "by_shape": (ByShape, lambda: torch.randn(3, 2, 16)),
}
"""Builders of a network and of its input."""
