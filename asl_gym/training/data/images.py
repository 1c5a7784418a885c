"""Labelled images, and those that come with scikit-learn."""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import TensorDataset

from asl_gym.training.shards import check_labels
from asl_gym.validation.checks import FieldError

__all__ = ["LabelledImages", "digits"]

TEST_SHARE = 0.2
"""Share of samples that are tested on, where the source doesn't say which."""
ORDER_SEED = 0
"""Seed of the order in which samples are then divided: sources may be sorted by writer."""


class LabelledImages:
    """Images with labels, to train on and to test on.

    Args:
        name: Where they come from.
        train: Images of shape (samples, channels, rows, columns) with values in [0, 1], and labels.
        test: The same to test on.
        classes: Number of classes.

    Raises:
        FieldError: If a label is out of range, or there are no samples.
    """

    def __init__(
        self, name: str, train: TensorDataset, test: TensorDataset, classes: int = 10
    ) -> None:
        self.name, self.train, self.test, self.classes = name, train, test, classes
        for part, data in (("training", train), ("test", test)):
            if not len(data):
                raise FieldError(f"{name}: {part} samples", 0, "at least one")
            check_labels(f"{name}: {part}", data.tensors[1], classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image: channels, rows, columns."""
        return tuple(self.train.tensors[0].shape[1:])

    @property
    def labels(self) -> NDArray[np.int64]:
        """Labels of the samples to train on."""
        return self.train.tensors[1].numpy()

    @classmethod
    def divided(cls, name: str, images: NDArray[np.float32], labels: NDArray[np.int64]) -> Self:
        """Divides samples into four fifths to train on and one fifth to test on, always the same.

        Args:
            name: Where they come from.
            images: The images.
            labels: Their labels.
        """
        order = np.random.default_rng(ORDER_SEED).permutation(len(labels))
        count = round(TEST_SHARE * len(labels))
        parts = order[count:], order[:count]
        train, test = (dataset_of(images[part], labels[part]) for part in parts)
        return cls(name, train, test)


def dataset_of(images: NDArray[np.float32], labels: NDArray[np.int64]) -> TensorDataset:
    """A torch dataset of arrays."""
    return TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))


def digits() -> LabelledImages:
    """The 1,797 handwritten digits of 8×8 pixels that come with scikit-learn.

    They are the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI
    Machine Learning Repository).
    """
    from sklearn.datasets import load_digits

    given = load_digits()
    pixels = (given.images / 16).astype(np.float32)[:, None]
    return LabelledImages.divided("digits", pixels, given.target.astype(np.int64))
