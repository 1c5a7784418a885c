"""Transformers: a vision transformer for images of 224×224 and GPT-2 for texts of 1,024 tokens.

Both are stacks of the same blocks, which normalise first: attention, then two linear layers, each
beside a way past it.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["gpt2", "vit_b_16"]

WIDTH, HEADS, BLOCKS = 768, 12, 12


class Attention(nn.Module):
    """Attention of each token to all, or to those before it.

    Args:
        is_causal: Whether to those before it alone.
    """

    def __init__(self, *, is_causal: bool) -> None:
        super().__init__()
        self.qkv, self.projection = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.is_causal = is_causal

    def forward(self, tokens: Tensor) -> Tensor:
        """From tokens (batch, length, width) to tokens."""
        heads = self.qkv(tokens).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads
        found = F.scaled_dot_product_attention(query, key, value, is_causal=self.is_causal)
        return self.projection(found.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class Past(nn.Module):
    """A layer on normalised tokens, added to the tokens themselves.

    Args:
        layer: The layer.
        dropout: Probability with which one of its outputs is dropped.
    """

    def __init__(self, layer: nn.Module, dropout: float) -> None:
        super().__init__()
        self.norm, self.layer, self.dropout = nn.LayerNorm(WIDTH), layer, nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """From tokens (batch, length, width) to tokens."""
        return tokens + self.dropout(self.layer(self.norm(tokens)))  # type: ignore[no-any-return]


def _blocks(dropout: float, *, is_causal: bool) -> nn.Sequential:
    def block() -> nn.Sequential:
        mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        attention = Past(Attention(is_causal=is_causal), dropout)
        return nn.Sequential(OrderedDict(attention=attention, mlp=Past(mlp, dropout)))

    return nn.Sequential(*(block() for _ in range(BLOCKS)))


class VisionTransformer(nn.Module):
    """ViT-B/16 (Dosovitskiy et al., arXiv 2010.11929): patches of 16×16 as tokens.

    Args:
        size: Rows and columns of an image.
        classes: Classes.
    """

    def __init__(self, size: int = 224, classes: int = 1000) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, WIDTH, 16, stride=16)
        self.class_token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.positions = nn.Parameter(
            torch.empty(1, (size // 16) ** 2 + 1, WIDTH).normal_(std=0.02)
        )
        self.blocks = _blocks(0.0, is_causal=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, classes)

    def forward(self, images: Tensor) -> Tensor:
        """From images (batch, 3, size, size) to class scores (batch, classes)."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        tokens = self.norm(self.blocks(tokens + self.positions))
        return self.head(tokens[:, 0])  # type: ignore[no-any-return]


class GPT2(nn.Module):
    """GPT-2 of 12 blocks (Radford et al., "Language models are unsupervised multitask learners").

    Its head has weights of its own: GPT-2's are those of the embedding, which ties the last layer
    to the first, so that every cut would divide a tie.

    Args:
        vocabulary: Kinds of tokens.
        length: Most tokens of a text.
    """

    def __init__(self, vocabulary: int = 50_257, length: int = 1024) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(length, WIDTH)
        self.dropout = nn.Dropout(0.1)
        self.blocks = _blocks(0.1, is_causal=True)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, vocabulary, bias=False)

    def forward(self, numbers: Tensor) -> Tensor:
        """From the tokens' numbers (batch, length) to the next ones' scores."""
        places = torch.arange(numbers.shape[1], device=numbers.device)
        tokens = self.dropout(self.tokens(numbers) + self.positions(places))
        return self.head(self.norm(self.blocks(tokens)))  # type: ignore[no-any-return]


def vit_b_16() -> nn.Module:
    """ViT-B/16."""
    return VisionTransformer()


def gpt2() -> nn.Module:
    """The small GPT-2."""
    return GPT2()
