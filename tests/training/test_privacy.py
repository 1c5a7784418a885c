"""Rebuilding inputs from what crosses: what a perfect cut and an empty one give."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from asl_gym.networks import profile
from asl_gym.training.privacy import Reconstruction, private_splits, reconstruct
from asl_gym.training.privacy.picture import draw_reconstructions, three_of
from asl_gym.validation.checks import FieldError


class Forgetful(nn.Module):
    """Hands the images on, then keeps their mean alone, then nothing of them."""

    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(1, 1, 1)
        self.norm = nn.BatchNorm2d(1)
        self.narrow = nn.Linear(36, 1)
        self.blind = nn.Linear(1, 8)
        self.out = nn.Linear(8, 2)
        with torch.no_grad():
            self.narrow.weight.fill_(1 / 36)
            self.blind.weight.zero_()

    def forward(self, images: Tensor) -> Tensor:
        mean = self.narrow(self.norm(self.same(images)).flatten(1))
        return self.out(self.blind(mean))  # type: ignore[no-any-return]


def smooth_images(count: int, seed: int) -> Tensor:
    """Images of a few random patterns, so that a mean says something and the whole says all."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(0).uniform(size=(3, 1, 6, 6))
    shares = rng.uniform(size=(count, 3))
    return torch.tensor(np.tensordot(shares, patterns, 1) / 3, dtype=torch.float32)


def test_errors_rise_with_what_is_forgotten_and_the_module_is_left_alone() -> None:
    torch.manual_seed(0)
    module = Forgetful().train()
    before = copy.deepcopy(module.state_dict())
    own, private = smooth_images(300, 1), smooth_images(230, 2)
    found = profile(module, own[:1], granularity=1, dominated=True)
    rows = reconstruct(module, found, own, private, steps=300)
    errors = {row.name: row.error for row in rows}
    assert list(errors) == ["input", "same", "norm", "narrow", "blind"]
    assert errors["same"] < 0.1
    assert errors["norm"] < 0.1
    assert 0.15 < errors["narrow"] < 0.95, errors
    assert errors["blind"] == pytest.approx(1.0, abs=0.05)
    assert all(row.images.shape == private.shape for row in rows)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    again = reconstruct(module, found, own, private, steps=300, splits=[3])
    assert again[0].error == errors["narrow"]
    assert private_splits(rows, 0.15) == (3, 4)


def test_the_error_is_one_for_the_mean_image() -> None:
    """A decoder that learns nothing: its first output is the mean of the server's images."""
    module = Forgetful().train()
    own = smooth_images(300, 1)
    found = profile(module, own[:1], granularity=1, dominated=True)
    (row,) = reconstruct(module, found, own, own, steps=1, splits=[4])
    assert row.error == pytest.approx(1.0, abs=0.05)


def rows_of(errors: list[float]) -> list[Reconstruction]:
    images = torch.zeros(12, 1, 4, 4)
    return [Reconstruction(i, f"layer{i}", error, images) for i, error in enumerate(errors)]


def test_cuts_that_tell_too_much_are_kept_out() -> None:
    rows = rows_of([0.0, 0.1, 0.4, 0.3, 0.8])
    assert private_splits(rows, 0.3) == (2, 3, 4)
    with pytest.raises(FieldError, match=r"least_error = 0.9 is not allowed: expected at most 0.8"):
        private_splits(rows, 0.9)


def test_three_cuts_are_drawn_below_the_originals() -> None:
    rows = rows_of([0.0, 0.1, 0.4, 0.3, 0.8])
    shown = three_of(rows)
    assert [row.split for row in shown] == [1, 3, 4]
    figure = draw_reconstructions(torch.zeros(12, 1, 4, 4), shown)
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == [
        "original", "1 (layer1)\nerror 0.10", "3 (layer3)\nerror 0.30", "4 (layer4)\nerror 0.80",
    ]  # fmt: skip
