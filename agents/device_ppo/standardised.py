"""Features in units in which all of them spread alike."""

import torch
from torch import nn

__all__ = ["Standardised"]

LEAST_SPREAD = 1e-4
"""Features that spread less than this are the same everywhere, and are not scaled."""


class Standardised(nn.Module):
    """Features less their mean, over their standard deviation; as they are until fitted.

    Rows of devices and the system's row, whose columns are others, have means of their own.

    Args:
        width: Features of a row.

    Attributes:
        fitted: Whether :meth:`fit` was called, a tensor, so that it is saved with the weights.
    """

    shift: torch.Tensor
    scale: torch.Tensor
    fitted: torch.Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(2, width))
        self.register_buffer("scale", torch.ones(2, width))
        self.register_buffer("fitted", torch.tensor(False))

    @torch.no_grad()
    def fit(self, features: torch.Tensor) -> None:
        """Takes means and standard deviations from features of shape (S, N + 1, width)."""
        for row, values in enumerate((features[:, :-1].flatten(0, 1), features[:, -1])):
            spread = values.std(dim=0)
            self.shift[row] = values.mean(dim=0)
            self.scale[row] = torch.where(spread > LEAST_SPREAD, spread, 1.0)
        self.fitted.fill_(True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Standardised features, of the same shape (B, N + 1, width)."""
        rows = features[:, :-1], features[:, -1:]
        return torch.cat([(rows[i] - self.shift[i]) / self.scale[i] for i in range(2)], dim=1)
